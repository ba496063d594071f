import { ConfigError } from "@ictal/base/errors";
import type { Config } from "../base/config-schema.js";
import { cacheKeyFromConfig } from "../cache/from-config.js";
import type { Augmentations } from "../dataset/augment.js";
import { balanceFromConfig } from "../dataset/from-config.js";
import { createDetector } from "../model/detector.js";
import { modelFromConfig } from "../model/from-config.js";
import { checkWindow } from "./check-fit.js";
import type { TrainOptions } from "./options.js";
import type { Stitching } from "./stitching.js";

const EXECUTOR_OF: Readonly<Record<string, string>> = { cuda: "onnx-cuda", cpu: "onnx-cpu", mps: "onnx-webgpu" };

/** The executor that `experiment.device` means: PyTorch's device names or an executor's own. */
export function deviceFromConfig({ experiment }: Config): string {
  return EXECUTOR_OF[experiment.device] ?? experiment.device;
}

/** The stitching that `postprocessing.stitching.method` means. */
export function stitchingFromConfig({ postprocessing }: Config): Stitching {
  const { method } = postprocessing.stitching;
  return method === "max" ? "max" : method === "overlap_add_weighted" ? "triangular" : "mean";
}

function augmentFromConfig({ data: { augment } }: Config): Augmentations | undefined {
  if (!augment) return undefined;
  return {
    channelDropout: augment.channel_dropout,
    timeShiftSeconds: augment.time_shift_seconds,
    amplitudeScale: augment.amplitude_scale,
    signFlip: augment.sign_flip,
    noise: augment.noise,
    frequencyShiftHz: augment.frequency_shift_hz,
  };
}

function dataFromConfig(config: Config): TrainOptions["data"] {
  const { data } = config;
  return {
    cacheDir: data.cache_dir,
    key: cacheKeyFromConfig(config),
    windowSeconds: data.window_size,
    strideSeconds: data.stride,
    devSplit: data.split_policy === "custom" ? null : "dev",
    devShare: data.validation_split,
    splitSeed: data.split_seed,
    balance: data.use_balanced_sampling ? balanceFromConfig(config) : false,
  };
}

/** Metrics that are better when smaller. */
const FEWER_IS_BETTER = ["loss", "fpPerDay"];

function checkDirection({ metric, mode }: Config["training"]["early_stopping"]): void {
  if (mode === "min" || !FEWER_IS_BETTER.includes(metric)) return;
  throw new ConfigError(
    `training.early_stopping.mode is max, but ${metric} is better when smaller; set it to min, or choose another metric`,
    { key: "training.early_stopping.mode", value: mode, allowed: "min" },
  );
}

/**
 * A training run from a configuration. `experiment.output_dir` becomes the run's folder; `data.limit_files` is left to
 * whoever builds the cache or gives `data.limit`. Throws a ConfigError for a cache
 * that cannot be, for windows that the model cannot divide, and for a metric whose best is its worst.
 */
export function trainOptionsFromConfig(config: Config): TrainOptions {
  const { training, experiment, logging } = config;
  const { early_stopping: stopping } = training;
  const model = modelFromConfig(config.model);
  checkWindow(createDetector(model), config.data.window_size, config.data.sampling_rate);
  checkDirection(stopping);
  return {
    runDir: experiment.output_dir,
    data: dataFromConfig(config),
    augment: augmentFromConfig(config),
    numWorkers: config.data.num_workers,
    model,
    epochs: training.epochs,
    batchSize: training.batch_size,
    accumulate: training.gradient_accumulation_steps,
    seed: experiment.seed,
    learningRate: training.learning_rate,
    schedule: { kind: training.scheduler.type, warmupRatio: training.scheduler.warmup_ratio },
    loss: {
      kind: training.loss,
      alpha: training.focal_alpha,
      gamma: training.focal_gamma,
      labelSmoothing: training.label_smoothing,
      posWeight: "auto",
    },
    optimizer: {
      name: training.optimizer,
      weightDecay: training.weight_decay,
      decayAll: training.decay_all,
      gradientClip: training.gradient_clip,
      emaDecay: training.ema_decay,
    },
    device: deviceFromConfig(config),
    maxSteps: training.max_steps ?? undefined,
    maxHours: training.max_hours ?? undefined,
    checkpointEveryEpochs: training.checkpoint_interval,
    validation: { stitching: stitchingFromConfig(config) },
    metric: { name: stopping.metric, mode: stopping.mode },
    patience: stopping.patience,
    logEverySteps: logging.log_every_n_steps,
    tensorBoard: logging.tensorboard,
    resume: training.resume,
  };
}
