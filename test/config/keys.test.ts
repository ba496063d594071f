import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { valueAt } from "@ictal/base/records";
import {
  cacheKeyFromConfig,
  chainFromConfig,
  gapsFromConfig,
  layoutFromConfig,
  postprocessFromConfig,
  predictionStrideFromConfig,
  stitchingFromConfig,
} from "../../src/config/layer-options.js";
import { parseConfig } from "../../src/config/load-config.js";
import { modelFromConfig } from "../../src/config/model-options.js";
import { type Config, configSchema } from "../../src/config/schema.js";
import { trainOptionsFromConfig } from "../../src/config/train-options.js";
import { keysOf, objectWithin } from "../../src/config/without-effect.js";
import { createDetector } from "../../src/model/detector.js";
import { DETECTOR_OPTIONS } from "../../src/model/detector-options.js";
import { DETECTOR_NAMES, DETECTORS } from "../../src/model/registry.js";
import { fillTrainOptions } from "../../src/training/options.js";

/** Two allowed values of each key that both differ from what is there, in a configuration in which the key may act. */
const VALUES: Readonly<Record<string, readonly unknown[]>> = {
  "data.dataset": ["chb_mit"],
  "data.data_dir": ["elsewhere"],
  "data.cache_dir": ["elsewhere"],
  "data.use_balanced_sampling": [false],
  "data.channels": [["C3", "C4"]],
  "data.sampling_rate": [128],
  "data.window_size": [30],
  "data.stride": [5],
  "data.decision_stride": [2],
  "data.num_workers": [3],
  "data.pin_memory": [true],
  "data.persistent_workers": [false],
  "data.prefetch_factor": [4],
  "data.split.by": ["patients", "folds"],
  "data.split.dev": [0.3],
  "data.split.eval": [0.3],
  "data.split.seed": [7],
  "data.split.folds": [5],
  "data.split.fold": [1],
  "data.split.file": ["splits"],
  "data.split_policy": ["custom"],
  "data.validation_split": [0.3],
  "data.split_seed": [7],
  "data.max_samples": [100],
  "data.max_hours": [3],
  "data.limit_files": [5],
  "data.sample_type": ["float32"],
  "data.missing_electrodes": ["reject"],
  "data.gaps": ["split"],
  "data.balance.rule": ["prevalence"],
  "data.balance.prevalence": [0.3],
  "data.balance.full_ratio": [1],
  "data.balance.none_ratio": [1],
  "data.balance.even_patients": [true],
  "data.augment.channel_dropout": [0.1],
  "data.augment.time_shift_seconds": [1],
  "data.augment.amplitude_scale": [[0.9, 1.1]],
  "data.augment.sign_flip": [0.1],
  "data.augment.noise": [0.1],
  "data.augment.frequency_shift_hz": [0.5],
  "preprocessing.bandpass": [[1, 40]],
  "preprocessing.notch_freq": [50],
  "preprocessing.normalize": [false],
  "preprocessing.use_mne": [true],
  "preprocessing.preset": ["reference"],
  "preprocessing.filter_order": [2],
  "preprocessing.notch_q": [20],
  "preprocessing.phase": ["zero"],
  "preprocessing.reference": ["average"],
  "preprocessing.clip": [5],
  "preprocessing.normalization_memory": [60],
  "model.name": ["unet"],
  "model.unet.channels": [[4, 8, 8]],
  "model.unet.kernel_size": [3],
  "model.unet.stem_stride": [4],
  "model.unet.downsample_factor": [2],
  "model.unet.output_stride": [8],
  "model.unet.dropout": [0],
  "model.eegnet.temporal_filters": [4],
  "model.eegnet.depth": [1],
  "model.eegnet.pointwise_filters": [8],
  "model.eegnet.temporal_kernel": [64],
  "model.eegnet.separable_kernel": [8],
  "model.eegnet.pools": [[4, 8]],
  "model.eegnet.head_kernel": [5],
  "model.eegnet.dropout": [0],
  "model.seizure_transformer.channels": [[8, 16, 32, 64, 128]],
  "model.seizure_transformer.kernels": [[9, 9, 7, 7, 5]],
  "model.seizure_transformer.decoder_kernels": [[3, 5, 5, 7, 9]],
  "model.seizure_transformer.residual_kernels": [[3, 3]],
  "model.seizure_transformer.layers": [1],
  "model.seizure_transformer.heads": [2],
  "model.seizure_transformer.feed_forward": [64],
  "model.seizure_transformer.head_kernel": [9],
  "model.seizure_transformer.dropout": [0],
  "model.initialization": ["reference"],
  "model.encoder.stages": [3], // refused: it does not fit the channels
  "model.encoder.channels": [[16, 32, 64, 128]],
  "model.encoder.kernel_size": [7],
  "model.encoder.downsample_factor": [4],
  "model.rescnn.n_blocks": [1],
  "model.rescnn.kernel_sizes": [[3]],
  "model.rescnn.dropout": [0],
  "model.mamba.n_layers": [1],
  "model.mamba.d_model": [256],
  "model.mamba.d_state": [8],
  "model.mamba.conv_kernel": [3, 5],
  "model.mamba.head_size": [32],
  "model.mamba.dropout": [0],
  "model.decoder.stages": [3],
  "model.decoder.kernel_size": [4],
  "postprocessing.hysteresis.tau_on": [0.9],
  "postprocessing.hysteresis.tau_off": [0.5],
  "postprocessing.hysteresis.min_onset_samples": [64],
  "postprocessing.hysteresis.min_offset_samples": [64],
  "postprocessing.morphology.opening_kernel": [13],
  "postprocessing.morphology.closing_kernel": [33],
  "postprocessing.morphology.use_gpu": [true],
  "postprocessing.duration.min_duration_s": [4],
  "postprocessing.duration.max_duration_s": [500],
  "postprocessing.events.tau_merge": [3],
  "postprocessing.events.confidence_method": ["peak"],
  "postprocessing.events.confidence_percentile": [0.5],
  "postprocessing.stitching.method": ["max", "overlap_add_weighted", "soonest"],
  "postprocessing.stitching.window_size": [100],
  "postprocessing.stitching.stride": [100],
  "postprocessing.min_duration": [4],
  "training.epochs": [2],
  "training.batch_size": [2],
  "training.loss": ["bce"],
  "training.focal_alpha": [0.3],
  "training.focal_gamma": [1],
  "training.learning_rate": [1e-3],
  "training.weight_decay": [0.1],
  "training.optimizer": ["sgd"],
  "training.resume": [true],
  "training.scheduler.type": ["linear"],
  "training.scheduler.warmup_ratio": [0.2],
  "training.gradient_clip": [2],
  "training.mixed_precision": [true],
  "training.gradient_accumulation_steps": [2],
  "training.early_stopping.patience": [9],
  "training.early_stopping.metric": ["auroc"],
  "training.early_stopping.mode": ["min"],
  "training.early_stopping.fallback_metric": ["loss"],
  "training.checkpoint_interval": [2],
  "training.label_smoothing": [0.1],
  "training.ema_decay": [0.9],
  "training.max_steps": [5],
  "training.max_hours": [5],
  "training.decay_all": [true],
  "evaluation.metrics": [["auroc"]],
  "evaluation.fa_rates": [[3]],
  "evaluation.save_predictions": [true],
  "evaluation.save_plots": [true],
  "evaluation.mode": ["x"],
  "experiment.name": ["x"],
  "experiment.description": ["x"],
  "experiment.seed": [7],
  "experiment.causal": [true],
  "experiment.device": ["wasm"],
  "experiment.output_dir": ["x"],
  "experiment.cache_dir": ["x"],
  "experiment.log_level": ["DEBUG", "ERROR"],
  "experiment.save_model": [false],
  "experiment.save_best_only": [true],
  "experiment.checkpoint_path": ["x"],
  "experiment.wandb.enabled": [true],
  "experiment.wandb.project": ["x"],
  "experiment.wandb.entity": ["x"],
  "experiment.wandb.tags": [["x"]],
  "logging.log_every_n_steps": [5],
  "logging.log_gradients": [true],
  "logging.log_weights": [true],
  "logging.tensorboard": [false],
  "resources.max_memory_gb": [8],
  "resources.distributed": [true],
  "resources.mixed_precision": [true],
  "resources.compile_model": [true, false],
};

/** Keys with one meaning only: any other value is refused, or is another word for the same. */
const ONE_MEANING = ["data.n_channels", "preprocessing.montage", "model.architecture"];

/** Keys that verbs read themselves, with the text of the source that does. */
const READ_BY_VERBS: Readonly<Record<string, readonly [file: string, text: string]>> = {
  "data.data_dir": ["src/cli/ready-cache.ts", "const { data_dir, cache_dir } = config.data"],
  "data.limit_files": ["src/cli/train.ts", "limit: config.data.limit_files"],
  "evaluation.fa_rates": ["src/cli/train.ts", "falseAlarmRates: config.evaluation.fa_rates"],
  "experiment.name": ["src/cli/report-page.ts", "config.experiment.name"],
  "experiment.description": ["src/cli/report-page.ts", "config.experiment.description"],
};

const read = (text: string) => parseConfig(text, "a.yaml", { environment: {}, projectDir: "/project" });
const yaml = (tree: unknown) => JSON.stringify(tree); // YAML holds JSON

function withValue(tree: unknown, [key, ...rest]: readonly string[], value: unknown): unknown {
  const own = (tree ?? {}) as Readonly<Record<string, unknown>>;
  return { ...own, [key!]: rest.length === 0 ? value : withValue(own[key!], rest, value) };
}

/** Everything that a configuration decides; the message where it is refused. */
function effectOf(config: Config): unknown {
  const attempt = (work: () => unknown) => {
    try {
      return work();
    } catch (error) {
      return String(error);
    }
  };
  return JSON.stringify([
    attempt(() => fillTrainOptions(trainOptionsFromConfig(config))),
    attempt(() => createDetector(modelFromConfig(config.model)).config),
    attempt(() => [chainFromConfig(config), cacheKeyFromConfig(config), gapsFromConfig(config)]),
    attempt(() => layoutFromConfig(config)),
    attempt(() => postprocessFromConfig(config)),
    attempt(() => [stitchingFromConfig(config), predictionStrideFromConfig(config)]),
  ]);
}

/** A configuration in which keys act that depend on others. */
const BASE = {
  model: { name: "seizure_detector" },
  training: { loss: "focal" },
  postprocessing: { events: { confidence_method: "percentile" } },
};

const CAUSAL_KEYS = ["data.decision_stride", "preprocessing.normalization_memory"];

/** The configuration in which `key` may act. */
function baseOf(key: string): object {
  if (CAUSAL_KEYS.includes(key)) return { ...BASE, experiment: { causal: true } };
  const name = DETECTOR_NAMES.find((detector) => key.startsWith(`model.${detector}.`));
  return name === undefined ? BASE : { ...BASE, model: { name } };
}

const leaves = keysOf(configSchema).filter(({ schema }) => !objectWithin(schema));

test("every key of the schema is tried", () => {
  const keys = leaves.map(({ key }) => key).filter((key) => !ONE_MEANING.includes(key));
  assert.deepEqual(Object.keys(VALUES).sort(), keys.sort());
});

test("every key of a configuration changes something, is refused, or is told in the notice", () => {
  for (const [key, values] of Object.entries(VALUES)) {
    const base = read(yaml(baseOf(key)));
    assert.equal(base.notice, undefined);
    const before = effectOf(base.config);
    for (const value of values) {
      const { config, notice } = read(yaml(withValue(baseOf(key), key.split("."), value)));
      const isTold =
        notice?.split(", ").some((part) => key.startsWith(part.replace("no effect here: ", "").split(" (")[0]!)) ??
        false;
      const [file, text] = READ_BY_VERBS[key] ?? [];
      const isRead =
        file !== undefined && readFileSync(new URL(`../../../${file}`, import.meta.url), "utf8").includes(text!);
      const acts = effectOf(config) !== before || isRead;
      assert.ok(acts || isTold, `${key}: ${value} does nothing and is not told`);
      if (key !== "model.mamba.conv_kernel")
        assert.notEqual(acts, isTold, `${key}: ${value} acts and is told to do nothing`);
    }
  }
});

test("keys that act only beside others are told where they do not", () => {
  for (const [text, told] of [
    ["training: { focal_alpha: 0.3 }", /training\.focal_alpha \(it acts with training\.loss: focal\)/],
    [
      "postprocessing: { events: { confidence_percentile: 0.5 } }",
      /confidence_percentile \(it acts with .*percentile\)/,
    ],
    [
      "data: { use_balanced_sampling: false, balance: { none_ratio: 1 } }",
      /data\.balance \(it acts with data\.use_balanced_sampling: true\)/,
    ],
    ["model: { name: unet, mamba: { n_layers: 2 } }", /model\.mamba \(it acts with model\.name: seizure_detector\)/],
    ["model: { name: unet, eegnet: { depth: 2 } }", /model\.eegnet \(it acts with model\.name: eegnet\)/],
    ["model: { mamba: { n_layers: 0, d_state: 8 } }", /model\.mamba\.d_state \(there is no Mamba layer/],
    ["model: { rescnn: { n_blocks: 0, dropout: 0 } }", /model\.rescnn\.dropout \(there is no residual block/],
  ] as const)
    assert.match(read(text).notice ?? "", told, text);
});

test("a key that asks for what is done anyway is not told", () => {
  const text = `
data: { pin_memory: false, persistent_workers: true, max_samples: null }
experiment: { save_model: true, save_best_only: false, log_level: INFO }
evaluation: { save_plots: false }
model: { decoder: { stages: 4, kernel_size: 2 } }
resources: { distributed: false, max_memory_gb: null }
`;
  assert.equal(read(text).notice, undefined);
});

test("valueAt gives own members only", () => {
  assert.equal(valueAt({}, ["constructor"]), undefined);
  assert.equal(valueAt({ a: { b: 1 } }, ["a", "b"]), 1);
});

test("every detector has its sizes in the schema, and a section of one that was not chosen is checked too", () => {
  assert.deepEqual(Object.fromEntries(DETECTORS.map(({ name, options }) => [name, options])), DETECTOR_OPTIONS);
  assert.throws(() => read("model: { name: unet, eegnet: { dept: 2 } }"), {
    name: "ConfigError",
    message: /^a\.yaml:1: unknown key model\.eegnet\.dept; did you mean model\.eegnet\.depth\?$/,
  });
  assert.throws(() => read("model: { name: unet,\n  unet: { kernel_size: 4 } }"), {
    name: "ConfigError",
    message: /^a\.yaml:2: invalid model\.unet\.kernel_size: 4; expected an odd number$/,
  });
});
