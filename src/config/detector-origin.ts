import { ConfigError } from "@ictal/base/errors";
import { describeCache } from "../cache/describe.js";
import { createDetector } from "../model/detector.js";
import { checkWindow } from "../training/check-fit.js";
import type { WeightsOrigin } from "../training/checkpoint-state.js";
import { channelsFromConfig } from "./channels.js";
import { chainFromConfig } from "./layer-options.js";
import { modelFromConfig } from "./model-options.js";
import type { Config } from "./schema.js";

/** Samples of the configured windows. Throws a ConfigError when they are no whole number. */
export function windowSamplesOf({ data }: Pick<Config, "data">): number {
  const samples = data.window_size * data.sampling_rate;
  if (Number.isSafeInteger(samples) && samples > 0) return samples;
  throw new ConfigError(
    `windows of ${data.window_size} s are ${samples} samples at ${data.sampling_rate} Hz; expected a whole number`,
    { key: "data.window_size", value: data.window_size },
  );
}

/**
 * What weights of the configured detector take, for files that do not say so themselves: its sizes, windows, rate, channels and the
 * cache of its preprocessing. Throws a ConfigError on sizes that cannot be.
 */
export function detectorOrigin(config: Pick<Config, "data" | "preprocessing" | "experiment" | "model">): WeightsOrigin {
  const { length: inputChannels } = channelsFromConfig(config);
  const model = modelFromConfig(config.model, { isCausal: config.experiment.causal, inputChannels });
  const detector = createDetector(model);
  checkWindow(detector, config.data.window_size, config.data.sampling_rate);
  const { channels, key: cacheKey } = describeCache(chainFromConfig(config), config.data.sample_type);
  const { sampling_rate: sampleRateHz } = config.data;
  return { model: detector.config, windowSamples: windowSamplesOf(config), sampleRateHz, channels, cacheKey };
}
