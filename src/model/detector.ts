import { ConfigError } from "@ictal/base/errors";
import { nearestName } from "@ictal/base/nearest";
import type { Network } from "./network.js";
import { DETECTOR_NAMES, kindOf, type ModelConfig } from "./registry.js";
import { formatSummary, summarize } from "./summary.js";

export { type DropoutSpec, logitCount } from "./network.js";
export type { ModelConfig } from "./registry.js";

/** A network that can describe itself. */
export interface Detector extends Network<ModelConfig> {
  /**
   * Its parts as lines of text: shapes, parameters and FLOPs for one window of `sampleCount` samples.
   * @default 15360, a minute at 256 Hz
   */
  summary(sampleCount?: number): string;
}

/** The error for a `model.name` that no detector has. */
export function unknownDetector(name: unknown): ConfigError {
  const allowed = DETECTOR_NAMES.join(", ");
  const nearest = nearestName(String(name), DETECTOR_NAMES);
  const hint = nearest ? `; did you mean ${nearest}?` : "";
  return new ConfigError(`unknown model.name: ${String(name)}; known are ${allowed}${hint}`, {
    key: "model.name",
    value: name,
    ...(nearest !== undefined && { nearest }),
    allowed,
  });
}

/** Build the detector a configuration describes. Throws a ConfigError on impossible sizes. */
export function createDetector(config: ModelConfig): Detector {
  const kind = kindOf(config.name);
  if (!kind) throw unknownDetector(config.name);
  const network = kind.create(config);
  return { ...network, summary: (sampleCount = 15360) => formatSummary(summarize(network, sampleCount)) };
}
