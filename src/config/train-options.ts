import { ConfigError } from "@ictal/base/errors";
import { withDefaults } from "@ictal/base/options";
import { AUGMENT_OPTIONS } from "../dataset/augment-options.js";
import { SPLIT_OPTIONS, WINDOW_OPTIONS } from "../dataset/window-options.js";
import { createDetector } from "../model/detector.js";
import { checkWindow } from "../training/check-fit.js";
import { CLASS_WEIGHT_DEFAULTS, LOSS_OPTIONS } from "../training/loss-options.js";
import { OPTIMIZER_OPTIONS } from "../training/optimizer-options.js";
import type { TrainOptions } from "../training/options.js";
import { LOWER_IS_BETTER, METRIC_DEFAULTS, METRIC_OPTIONS, RUN_OPTIONS } from "../training/run-options.js";
import { SCHEDULE_OPTIONS } from "../training/schedule-options.js";
import { channelsFromConfig } from "./channels.js";
import { balanceFromConfig, cacheKeyFromConfig, deviceFromConfig, stitchingFromConfig } from "./layer-options.js";
import { modelFromConfig } from "./model-options.js";
import { optionsFrom } from "./options-from.js";
import type { Config } from "./schema.js";
import { splitFromConfig } from "./split-choice.js";

function dataFromConfig(config: Config): TrainOptions["data"] {
  const { data } = config;
  return {
    cacheDir: data.cache_dir,
    key: cacheKeyFromConfig(config),
    ...optionsFrom(config, WINDOW_OPTIONS),
    ...optionsFrom(config, SPLIT_OPTIONS),
    split: splitFromConfig(config),
    balance: data.use_balanced_sampling ? balanceFromConfig(config) : false,
  };
}

function checkDirection({ metric, mode }: Config["training"]["early_stopping"]): void {
  if (mode === "min" || !LOWER_IS_BETTER.includes(metric)) return;
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
  const { length: inputChannels } = channelsFromConfig(config);
  const model = modelFromConfig(config.model, { isCausal: config.experiment.causal, inputChannels });
  checkWindow(createDetector(model), config.data.window_size, config.data.sampling_rate);
  checkDirection(config.training.early_stopping);
  const { augment } = config.data;
  return {
    ...optionsFrom(config, RUN_OPTIONS),
    runDir: config.experiment.output_dir,
    data: dataFromConfig(config),
    ...(augment && { augment: optionsFrom(config, AUGMENT_OPTIONS) }),
    model,
    schedule: optionsFrom(config, SCHEDULE_OPTIONS),
    loss: { ...optionsFrom(config, LOSS_OPTIONS), ...CLASS_WEIGHT_DEFAULTS },
    optimizer: optionsFrom(config, OPTIMIZER_OPTIONS),
    device: deviceFromConfig(config),
    validation: { stitching: stitchingFromConfig(config) },
    metric: withDefaults(METRIC_DEFAULTS, optionsFrom(config, METRIC_OPTIONS)),
  };
}
