import assert from "node:assert/strict";
import { test } from "node:test";
import { balanceFromConfig, chainFromConfig, postprocessFromConfig } from "../src/config/layer-options.js";
import { parseConfig } from "../src/config/load-config.js";
import { configSchema } from "../src/config/schema.js";
import { BALANCE_DEFAULTS } from "../src/dataset/balance-options.js";
import { createDetector } from "../src/model/detector.js";
import { POSTPROCESS_DEFAULTS } from "../src/scoring/postprocess.js";
import { SZCORE_DEFAULTS } from "../src/scoring/szcore.js";
import { DEFAULT_CHAIN, REFERENCE_CHAIN } from "../src/signal/chain.js";
import { fillLossOptions } from "../src/training/loss.js";
import { TERM_WEIGHT_DEFAULTS } from "../src/training/loss-options.js";
import { fillTrainOptions } from "../src/training/options.js";

/** Keys with their values, nested ones with dots, one a line. */
function flat(value: unknown, prefix = ""): string[] {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    return [`${prefix}: ${JSON.stringify(value)}`];
  return Object.entries(value).flatMap(([key, member]) => flat(member, prefix === "" ? key : `${prefix}.${key}`));
}

const lines = (text: string) =>
  text
    .trim()
    .split("\n")
    .map((line) => line.trim());

/** Changing a default is a visible change: edit this list with it. Keys without a line have no default. */
const CONFIGURATION = `
data.data_dir: "data/mirror/synthetic-42/edf/train"
data.cache_dir: "cache/data"
data.use_balanced_sampling: true
data.sampling_rate: 256
data.window_size: 60
data.stride: 10
data.num_workers: 0
data.split.by: "official"
data.split.eval: 0.2
data.split_policy: "official_tusz"
data.validation_split: 0.2
data.split_seed: 42
data.sample_type: "int16"
data.missing_electrodes: "interpolate"
data.gaps: "refuse"
data.balance.full_ratio: 0.3
data.balance.none_ratio: 2.5
data.balance.even_patients: false
preprocessing.montage: "10-20"
preprocessing.bandpass: [0.5,120]
preprocessing.notch_freq: 60
preprocessing.normalize: true
preprocessing.preset: "default"
preprocessing.filter_order: 3
preprocessing.notch_q: 30
preprocessing.phase: "causal"
preprocessing.reference: "recorded"
preprocessing.clip: 10
model.name: ""
model.initialization: "own"
model.encoder.stages: 4
model.encoder.channels: [64,128,256,512]
model.encoder.kernel_size: 5
model.encoder.downsample_factor: 2
model.rescnn.n_blocks: 3
model.rescnn.kernel_sizes: [3,5,7]
model.rescnn.dropout: 0.1
model.mamba.n_layers: 6
model.mamba.d_model: 512
model.mamba.d_state: 16
model.mamba.conv_kernel: 4
model.mamba.head_size: 64
model.mamba.dropout: 0.1
postprocessing.hysteresis.tau_on: 0.86
postprocessing.hysteresis.tau_off: 0.78
postprocessing.hysteresis.min_onset_samples: 128
postprocessing.hysteresis.min_offset_samples: 256
postprocessing.morphology.opening_kernel: 11
postprocessing.morphology.closing_kernel: 31
postprocessing.duration.min_duration_s: 3
postprocessing.duration.max_duration_s: 600
postprocessing.events.tau_merge: 2
postprocessing.events.confidence_method: "mean"
postprocessing.events.confidence_percentile: 0.75
postprocessing.stitching.method: "overlap_add"
training.epochs: 1
training.batch_size: 16
training.loss: "bce"
training.focal_alpha: 0.5
training.focal_gamma: 2
training.learning_rate: 0.0003
training.weight_decay: 0.05
training.optimizer: "adamw"
training.resume: false
training.scheduler.type: "cosine"
training.scheduler.warmup_ratio: 0.1
training.gradient_clip: 1
training.gradient_accumulation_steps: 1
training.early_stopping.patience: 5
training.early_stopping.metric: "sensitivity_at_10fa"
training.early_stopping.mode: "max"
training.early_stopping.fallback_metric: "auroc"
training.checkpoint_interval: 1
training.label_smoothing: 0
training.ema_decay: 0
training.decay_all: false
evaluation.fa_rates: [10,5,2.5,1]
experiment.name: "debug"
experiment.description: ""
experiment.seed: 42
experiment.causal: false
experiment.device: "auto"
experiment.output_dir: "results"
logging.log_every_n_steps: 10
logging.tensorboard: true
`;

test("a configuration's defaults are exactly those listed here", () => {
  assert.deepEqual(flat(configSchema.parse({})), lines(CONFIGURATION));
});

const TRAINING = `
accumulate: 1
allowDataChange: false
batchSize: 16
checkpointEveryEpochs: 1
checkpointEverySteps: 0
data.balance.evenPatients: false
data.balance.fullRatio: 0.3
data.balance.noneRatio: 2.5
data.cacheDir: "c"
data.devShare: 0.2
data.devSplit: "dev"
data.split.by: "official"
data.split.devShare: 0.2
data.split.evalShare: 0.2
data.split.ownDev: true
data.split.seed: 42
data.splitSeed: 42
data.strideSeconds: 10
data.trainSplit: "train"
data.windowSeconds: 60
device: "auto"
epochs: 1
existing: "refuse"
keepLast: 2
learningRate: 0.0003
logEverySteps: 10
loss.alpha: 0.5
loss.gamma: 2
loss.kind: "bce"
loss.labelSmoothing: 0
loss.posWeight: "auto"
metric.fallback: "auroc"
metric.mode: "max"
metric.name: "sensitivity_at_10fa"
model.name: "unet"
numWorkers: 0
optimizer.beta1: 0.9
optimizer.beta2: 0.999
optimizer.decayAll: false
optimizer.emaDecay: 0
optimizer.epsilon: 1e-8
optimizer.gradientClip: 1
optimizer.name: "adamw"
optimizer.weightDecay: 0.05
patience: 5
resume: false
runDir: "r"
schedule.kind: "cosine"
schedule.warmupRatio: 0.1
seed: 42
tensorBoard: true
validation.stitching: "mean"
validation.strideSeconds: 60
`;

test("a training run's defaults are exactly those listed here", () => {
  const filled = fillTrainOptions({ runDir: "r", data: { cacheDir: "c" }, model: { name: "unet" } });
  assert.deepEqual(flat(filled).sort(), lines(TRAINING));
});

const POSTPROCESSING = `
onThreshold: 0.86
offThreshold: 0.78
minOnsetSeconds: 0.5
minOffsetSeconds: 1
openingSeconds: 0.04296875
closingSeconds: 0.12109375
minEventSeconds: 3
maxEventSeconds: 600
mergeGapSeconds: 2
confidence: "mean"
confidencePercentile: 0.75
`;

test("post-processing's defaults are exactly those listed here, and a configuration's are the same", () => {
  assert.deepEqual(flat(POSTPROCESS_DEFAULTS), lines(POSTPROCESSING));
  assert.deepEqual(postprocessFromConfig(parseConfig("", "a.yaml", { environment: {} }).config), POSTPROCESS_DEFAULTS);
});

const CHAIN = `
targetRateHz: 256
lowCutHz: 0.5
highCutHz: 120
filterOrder: 3
notchHz: 60
notchQ: 30
phase: "causal"
reference: "recorded"
missing: "interpolate"
clip: 10
normalize: true
resample: "polyphase"
offsetSeconds: 1
secondNotchHz: null
statistics: "filtered"
`;

test("the chain's defaults are exactly those listed here, and a configuration's are the same", () => {
  assert.deepEqual(flat(DEFAULT_CHAIN), lines(CHAIN));
  assert.deepEqual(REFERENCE_CHAIN, { ...DEFAULT_CHAIN, resample: "fourier", offsetSeconds: 0 });
  assert.deepEqual(chainFromConfig(parseConfig("", "a.yaml", { environment: {} }).config), DEFAULT_CHAIN);
});

test("SzCORE's tolerances and durations are its publication's", () => {
  assert.equal(SZCORE_DEFAULTS.toleranceStartSeconds, 30);
  assert.equal(SZCORE_DEFAULTS.toleranceEndSeconds, 60);
  assert.equal(SZCORE_DEFAULTS.minOverlap, 0);
  assert.equal(SZCORE_DEFAULTS.maxEventSeconds, 300);
  assert.equal(SZCORE_DEFAULTS.minGapSeconds, 90);
});

test("the balance of classes is the reference's, by function and by configuration", () => {
  assert.deepEqual(BALANCE_DEFAULTS, { fullRatio: 0.3, noneRatio: 2.5, evenPatients: false });
  assert.deepEqual(balanceFromConfig(parseConfig("", "a.yaml", { environment: {} }).config), BALANCE_DEFAULTS);
});

test("the loss is cross-entropy, by function and by configuration", () => {
  assert.equal(TERM_WEIGHT_DEFAULTS.posWeight, 1);
  assert.deepEqual(fillLossOptions({}), { kind: "bce", alpha: 0.5, gamma: 2, labelSmoothing: 0 });
});

const DETECTORS = `
seizure_detector.name: "seizure_detector"
seizure_detector.initialization: "own"
seizure_detector.inputChannels: 19
seizure_detector.residualBlocks: 3
seizure_detector.residualKernels: [3,5,7]
seizure_detector.residualDropout: 0.1
seizure_detector.mambaLayers: 6
seizure_detector.mambaDropout: 0.1
seizure_detector.baseChannels: 64
seizure_detector.stages: 4
seizure_detector.expand: 2
seizure_detector.headSize: 64
seizure_detector.chunk: 64
seizure_detector.stateSize: 16
seizure_detector.mambaConvolution: 4
unet.name: "unet"
unet.inputChannels: 19
unet.channels: [16,32,64,64]
unet.kernelSize: 5
unet.convolutions: 1
unet.stemStride: 8
unet.downsampleFactor: 4
unet.outputStrideSamples: 32
unet.dropout: 0.1
eegnet.name: "eegnet"
eegnet.inputChannels: 19
eegnet.temporalFilters: 8
eegnet.depth: 2
eegnet.pointwiseFilters: 16
eegnet.temporalKernel: 128
eegnet.separableKernel: 16
eegnet.pools: [8,8]
eegnet.headKernel: 9
eegnet.dropout: 0.25
seizure_transformer.name: "seizure_transformer"
seizure_transformer.inputChannels: 19
seizure_transformer.channels: [32,64,128,256,512]
seizure_transformer.kernels: [11,9,7,7,5]
seizure_transformer.decoderKernels: [3,5,5,7,7]
seizure_transformer.residualKernels: [3,3,3,3,2,3,2]
seizure_transformer.layers: 8
seizure_transformer.heads: 4
seizure_transformer.feedForward: 2048
seizure_transformer.headKernel: 11
seizure_transformer.dropout: 0.1
`;

test("the detectors' defaults are exactly those listed here", () => {
  const names = ["seizure_detector", "unet", "eegnet", "seizure_transformer"] as const;
  assert.deepEqual(
    names.flatMap((name) => flat(createDetector({ name }).config, name)),
    lines(DETECTORS),
  );
});
