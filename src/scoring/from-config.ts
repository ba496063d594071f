import type { Config } from "../base/config-schema.js";
import { CONFIG_RATE_HZ, type PostprocessOptions } from "./postprocess.js";

/** Post-processing as a configuration asks for it; its sample counts are meant at 256 Hz. */
export function postprocessFromConfig({ postprocessing }: Pick<Config, "postprocessing">): PostprocessOptions {
  const { hysteresis, morphology, duration, events } = postprocessing;
  return {
    onThreshold: hysteresis.tau_on,
    offThreshold: hysteresis.tau_off,
    minOnsetSeconds: hysteresis.min_onset_samples / CONFIG_RATE_HZ,
    minOffsetSeconds: hysteresis.min_offset_samples / CONFIG_RATE_HZ,
    openingSeconds: morphology.opening_kernel / CONFIG_RATE_HZ,
    closingSeconds: morphology.closing_kernel / CONFIG_RATE_HZ,
    minEventSeconds: duration.min_duration_s,
    maxEventSeconds: duration.max_duration_s,
    mergeGapSeconds: events.tau_merge,
    confidence: events.confidence_method,
    confidencePercentile: events.confidence_percentile,
  };
}
