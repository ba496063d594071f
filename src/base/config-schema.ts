/**
 * The sections of a run's configuration. Names and defaults follow the reference system's YAML files (brain-go-brr v2,
 * `src/brain_brr/config/schemas.py`), so that those load unchanged; keys of our own are marked "ours".
 * A key that means nothing here, or nothing beside other keys, says so where it stands, by `noEffect` and `actsOnlyWith`.
 */
import { z } from "zod";
import { DEFAULTS } from "./defaults.js";
import { actsOnlyWith, noEffect } from "./without-effect.js";

const positive = z.number().positive();
const count = z.number().int().min(1);
const fraction = z.number().min(0).max(1);
const oddCount = count.refine((value) => value % 2 === 1, { error: "expected an odd number" });
const seed = z.number().int();

const { data: DATA, preprocessing: CHAIN, postprocessing: POST, training: TRAIN } = DEFAULTS;

const data = z.strictObject({
  dataset: noEffect(z.enum(["tuh_eeg", "chb_mit"]).optional(), "the layout of a corpus is found from its files"),
  /** Corpus root, its `edf` folder or one split's folder; a path or an s3:// URL. */
  data_dir: z.string().min(1).default("data/mirror/synthetic-42/edf/train"),
  cache_dir: z.string().min(1).default("cache/data"),
  use_balanced_sampling: z.boolean().default(DATA.use_balanced_sampling),
  sampling_rate: positive.default(CHAIN.sampling_rate),
  n_channels: z.literal(19).default(19),
  /** Seconds. */
  window_size: positive.default(DATA.window_size),
  /** Seconds between window starts. */
  stride: positive.default(DATA.stride),
  /** Worker threads for the cache; 0 means one per core. */
  num_workers: z.number().int().min(0).max(256).default(0),
  pin_memory: noEffect(z.boolean().optional(), "batches are reused buffers", { does: false }),
  persistent_workers: noEffect(z.boolean().optional(), "workers live as long as the build", { does: true }),
  prefetch_factor: noEffect(z.number().int().optional(), "the next batch is always prepared"),
  /** "official_tusz" uses the corpus's own train and dev; "custom" cuts `validation_split` of the patients off train. */
  split_policy: z.enum(["official_tusz", "custom"]).default("official_tusz"),
  validation_split: z.number().min(0).max(0.5).default(DATA.validation_split),
  split_seed: seed.default(DATA.split_seed),
  max_samples: noEffect(count.nullish(), "limit_files or BGB_LIMIT_FILES limits a run", { does: null }),
  max_hours: noEffect(positive.nullish(), "limit_files or BGB_LIMIT_FILES limits a run", { does: null }),
  /** Ours: at most this many recordings; the environment variable BGB_LIMIT_FILES overrides it. */
  limit_files: count.nullish(),
  /** Ours: what the cache stores. */
  sample_type: z.enum(["int16", "float32"]).default(DATA.sample_type),
  /** Ours: a recording without Fz/Pz is interpolated (and flagged) or left out. */
  missing_electrodes: z.enum(["interpolate", "reject"]).default(CHAIN.missing_electrodes),
  /** Ours: a recording whose timestamps jump is left out, or kept as segments with their own times. */
  gaps: z.enum(["refuse", "split"]).default(CHAIN.gaps),
  /** Ours: full and seizure-free windows drawn per partial window. */
  balance: actsOnlyWith(
    z
      .strictObject({
        full_ratio: z.number().min(0).default(DATA.full_ratio),
        none_ratio: z.number().min(0).default(DATA.none_ratio),
        /** As evenly from all patients as they have windows. */
        even_patients: z.boolean().default(DATA.even_patients),
      })
      .prefault({}),
    "data.use_balanced_sampling",
    [true],
  ),
  /** Ours: how training windows are varied; what is left out is not done. */
  augment: z
    .strictObject({
      channel_dropout: fraction.optional(),
      time_shift_seconds: z.number().min(0).optional(),
      amplitude_scale: z
        .tuple([positive, positive])
        .refine(([low, high]) => low <= high, { error: "expected the low bound first" })
        .optional(),
      sign_flip: fraction.optional(),
      noise: z.number().min(0).optional(),
      frequency_shift_hz: z.number().min(0).optional(),
    })
    .optional(),
});

const preprocessing = z.strictObject({
  montage: z.enum(["10-20", "standard_1020"]).default("10-20"),
  /** Pass band in Hz. */
  bandpass: z
    .tuple([z.number().min(0.1), z.number().max(200)])
    .refine(([low, high]) => low < high, { error: "expected a low edge below the high one" })
    .default(CHAIN.bandpass),
  notch_freq: z.union([z.literal(50), z.literal(60)]).default(CHAIN.notch_freq),
  normalize: z.boolean().default(CHAIN.normalize),
  use_mne: noEffect(z.boolean().optional(), "the EDF reader is our own", { does: false }),
  /** Ours: "reference" repeats the reference system's steps, Fourier resampling of the whole recording included, for parity. */
  preset: z.enum(["default", "reference"]).default("default"),
  /** Ours. */
  filter_order: count.max(10).default(CHAIN.filter_order),
  /** Ours. */
  notch_q: positive.default(CHAIN.notch_q),
  /** Ours: "causal" suits streaming and latency figures, "zero" is zero-phase. */
  phase: z.enum(["causal", "zero"]).default(CHAIN.phase),
  /** Ours. */
  reference: z.enum(["recorded", "average", "tcp20", "tcp22"]).default(CHAIN.reference),
  /** Ours: bound in standard deviations. */
  clip: positive.default(CHAIN.clip),
});

const NETWORK = "seizure_detector";
const OTHER_NETWORK =
  "model.architecture is a key of the reference's V3 configurations, and V3 is another network (it adds a graph over electrodes) that Ictal does not have; " +
  "write model.name with one of the detectors that `ictal model list` prints. seizure_detector is the reference's V2";

/** Keys that only the reference's network reads. */
const ofNetwork = <T extends z.ZodType>(section: T): T => actsOnlyWith(section, "model.name", [NETWORK]);
const inBlocks = <T extends z.ZodType>(key: T): T =>
  noEffect(key, "there is no residual block: model.rescnn.n_blocks is 0", {
    unless: (_, at) => at("model.rescnn.n_blocks") !== 0,
  });
const inLayers = <T extends z.ZodType>(key: T): T =>
  noEffect(key, "there is no Mamba layer: model.mamba.n_layers is 0", {
    unless: (_, at) => at("model.mamba.n_layers") !== 0,
  });

/** A detector other than the reference's has a section by its own name, which the detector itself checks. */
const model = z
  .object({
    /**
     * Which detector; `ictal model list` names them. The reference's own sections mean seizure_detector; else it is needed to
     * train: empty where a file does not give it.
     */
    name: z.string().min(1).default(""),
    architecture: z
      .unknown()
      .refine((value) => value === undefined, { error: OTHER_NETWORK })
      .optional(),
    /** Ours: "own" is PyTorch's start and Mamba's own; the reference overwrites both with its start for convolutions. */
    initialization: z.enum(["own", "reference"]).default("own"),
    encoder: ofNetwork(
      z
        .strictObject({
          stages: count.default(4),
          channels: z.array(count).min(1).default([64, 128, 256, 512]),
          kernel_size: oddCount.default(5),
          downsample_factor: count.default(2),
        })
        .prefault({}),
    ),
    rescnn: ofNetwork(
      z
        .strictObject({
          n_blocks: z.number().int().min(0).default(3),
          kernel_sizes: inBlocks(z.array(oddCount).min(1).default([3, 5, 7])),
          dropout: inBlocks(z.number().min(0).max(0.9).default(0.1)),
        })
        .prefault({}),
    ),
    mamba: ofNetwork(
      z
        .strictObject({
          n_layers: z.number().int().min(0).default(6),
          d_model: inLayers(count.default(512)),
          d_state: inLayers(count.default(16)),
          /** 2 to 4, as the published kernels have it; the reference makes 4 of any other width, and so it is here. */
          conv_kernel: noEffect(
            count.default(4),
            "the published kernels are 2 to 4 wide; as in the reference it becomes 4",
            {
              unless: (width) => typeof width === "number" && width >= 2 && width <= 4,
            },
          ),
          /** Ours: channels per head; a divisor of twice d_model. */
          head_size: inLayers(count.default(64)),
          dropout: inLayers(z.number().min(0).max(0.9).default(0.1)),
        })
        .prefault({}),
    ),
    decoder: ofNetwork(
      z
        .strictObject({
          stages: noEffect(count.optional(), "the decoder mirrors the encoder", {
            unless: (stages, at) => stages === at("model.encoder.stages"),
          }),
          kernel_size: noEffect(count.optional(), "the decoder mirrors the encoder, by 2", { does: 2 }),
        })
        .prefault({}),
    ),
  })
  .catchall(z.record(z.string(), z.unknown()));

const postprocessing = z.strictObject({
  hysteresis: z
    .strictObject({
      tau_on: fraction.default(POST.tau_on),
      tau_off: fraction.default(POST.tau_off),
      /** Samples at 256 Hz. */
      min_onset_samples: count.default(POST.min_onset_samples),
      min_offset_samples: count.default(POST.min_offset_samples),
    })
    .refine(({ tau_on, tau_off }) => tau_on > tau_off, { error: "expected tau_on above tau_off" })
    .prefault({}),
  morphology: z
    .strictObject({
      opening_kernel: oddCount.default(POST.opening_kernel),
      closing_kernel: oddCount.default(POST.closing_kernel),
      use_gpu: noEffect(z.boolean().optional(), "post-processing takes milliseconds on the CPU", { does: false }),
    })
    .prefault({}),
  duration: z
    .strictObject({
      min_duration_s: z.number().min(0).default(POST.min_duration_s),
      max_duration_s: positive.default(POST.max_duration_s),
    })
    .refine((value) => value.max_duration_s >= value.min_duration_s, {
      error: "expected max_duration_s not below min_duration_s",
    })
    .prefault({}),
  events: z
    .strictObject({
      tau_merge: z.number().min(0).default(POST.tau_merge),
      confidence_method: z.enum(["mean", "peak", "percentile"]).default(POST.confidence_method),
      confidence_percentile: actsOnlyWith(
        fraction.default(POST.confidence_percentile),
        "postprocessing.events.confidence_method",
        ["percentile"],
      ),
    })
    .prefault({}),
  stitching: z
    .strictObject({
      method: z.enum(["overlap_add", "overlap_add_weighted", "max"]).default(TRAIN.stitching),
      window_size: noEffect(count.optional(), "windows follow data.window_size"),
      stride: noEffect(count.optional(), "strides follow data.stride"),
    })
    .prefault({}),
  min_duration: noEffect(positive.optional(), "postprocessing.duration.min_duration_s is read"),
});

const PRECISION =
  "weights and sums are float32; the products are as exact as the device makes them, which on newer NVIDIA cards is TF32";

const training = z.strictObject({
  epochs: z.number().int().min(0).default(TRAIN.epochs),
  batch_size: count.default(TRAIN.batch_size),
  loss: z.enum(["bce", "focal"]).default(TRAIN.loss),
  focal_alpha: actsOnlyWith(fraction.default(TRAIN.focal_alpha), "training.loss", ["focal"]),
  focal_gamma: actsOnlyWith(z.number().min(0).default(TRAIN.focal_gamma), "training.loss", ["focal"]),
  learning_rate: positive.max(1).default(TRAIN.learning_rate),
  weight_decay: z.number().min(0).default(TRAIN.weight_decay),
  optimizer: z.enum(["adamw", "adam", "sgd"]).default(TRAIN.optimizer),
  resume: z.boolean().default(TRAIN.resume),
  scheduler: z
    .strictObject({
      type: z.enum(["cosine", "linear", "constant"]).default(TRAIN.schedule),
      warmup_ratio: z.number().min(0).max(0.5).default(TRAIN.warmup_ratio),
    })
    .prefault({}),
  /** Global norm; 0 turns clipping off. */
  gradient_clip: z.number().min(0).default(TRAIN.gradient_clip),
  mixed_precision: noEffect(z.boolean().optional(), PRECISION, { does: false }),
  gradient_accumulation_steps: count.default(TRAIN.gradient_accumulation_steps),
  early_stopping: z
    .strictObject({
      patience: count.default(TRAIN.patience),
      metric: z.string().default(TRAIN.metric),
      mode: z.enum(["max", "min"]).default(TRAIN.mode),
    })
    .prefault({}),
  /** Epochs between checkpoints. */
  checkpoint_interval: count.default(TRAIN.checkpoint_interval),
  /** Ours. */
  label_smoothing: z.number().min(0).max(0.5).default(TRAIN.label_smoothing),
  /** Ours: decay of the averaged weights; 0 keeps none. */
  ema_decay: z.number().min(0).max(1).default(TRAIN.ema_decay),
  /** Ours. */
  max_steps: count.nullish(),
  /** Ours: wall-clock budget after which training stops in order, resumable. */
  max_hours: positive.nullish(),
  /** Ours: the reference decays every parameter; the default spares biases, norms, A_log, D and dt_bias. */
  decay_all: z.boolean().default(TRAIN.decay_all),
});

const evaluation = z.strictObject({
  metrics: noEffect(
    z.array(z.string()).optional(),
    "every metric is computed; ictal score --scorer chooses the scorer",
  ),
  fa_rates: z
    .array(positive)
    .min(1)
    .default([...DEFAULTS.evaluation.fa_rates]),
  save_predictions: noEffect(z.boolean().optional(), "ictal predict --out writes predictions", { does: false }),
  save_plots: noEffect(z.boolean().optional(), "ictal report draws figures", { does: false }),
  mode: noEffect(z.string().optional(), "splits are chosen by flag"),
});

const experiment = z.strictObject({
  name: z.string().default("debug"),
  description: z.string().default(""),
  seed: seed.default(TRAIN.seed),
  /** "auto", "cuda", "cpu", "mps" or the name of an executor. */
  device: z
    .enum(["auto", "cuda", "cpu", "mps", "onnx-cpu", "onnx-cuda", "onnx-webgpu", "tensorflow", "webgpu", "wasm"])
    .default("auto"),
  output_dir: z.string().min(1).default("results"),
  cache_dir: noEffect(z.string().optional(), "the cache is in data.cache_dir"),
  log_level: noEffect(
    z.enum(["DEBUG", "INFO", "WARNING", "ERROR"]).optional(),
    "the same lines are printed at every level",
    {
      does: "INFO",
    },
  ),
  save_model: noEffect(z.boolean().optional(), "the best and the newest checkpoints are always kept", { does: true }),
  save_best_only: noEffect(z.boolean().optional(), "the best and the newest checkpoints are always kept", {
    does: false,
  }),
  checkpoint_path: noEffect(
    z.string().nullish(),
    "training resumes from experiment.output_dir; ictal predict takes --checkpoint",
    { does: null },
  ),
  wandb: noEffect(
    z
      .strictObject({
        enabled: z.boolean().optional(),
        project: z.string().optional(),
        entity: z.string().nullish(),
        tags: z.array(z.string()).optional(),
      })
      .optional(),
    "runs are logged as JSONL and TensorBoard events",
  ),
});

const logging = z.strictObject({
  log_every_n_steps: count.default(TRAIN.log_every_n_steps),
  log_gradients: noEffect(z.boolean().optional(), "the norm of the gradient is logged, no histogram", { does: false }),
  log_weights: noEffect(z.boolean().optional(), "no histogram of the weights is logged", { does: false }),
  tensorboard: z.boolean().default(TRAIN.tensorboard),
});

const resources = z.strictObject({
  max_memory_gb: noEffect(positive.nullish(), "memory is bounded by design", { does: null }),
  distributed: noEffect(z.boolean().optional(), "one process trains", { does: false }),
  mixed_precision: noEffect(z.boolean().optional(), PRECISION, { does: false }),
  compile_model: noEffect(
    z.boolean().optional(),
    "the executor decides: onnx-* compile the training step, the others run it operation by operation",
  ),
});

/** The whole configuration. */
export const configSchema = z.strictObject({
  data: data.prefault({}),
  preprocessing: preprocessing.prefault({}),
  model: model.prefault({}),
  postprocessing: postprocessing.prefault({}),
  training: training.prefault({}),
  evaluation: evaluation.prefault({}),
  experiment: experiment.prefault({}),
  logging: logging.prefault({}),
  resources: resources.prefault({}),
});

/** A checked configuration with every default filled in; keys as in the YAML files. */
export type Config = z.infer<typeof configSchema>;
