/** What `experiment.causal` does not allow. */
import { ConfigError } from "@ictal/base/errors";
import { DETECTOR_OPTIONS } from "../model/detector-options.js";
import type { Config } from "./schema.js";

const CAUSAL_DETECTORS = Object.entries(DETECTOR_OPTIONS)
  .filter(([, options]) => "causal" in options)
  .map(([name]) => name);

function refuse(key: string, value: unknown, what: string, allowed: string): never {
  throw new ConfigError(
    `experiment.causal is true, but ${key}: ${JSON.stringify(value)} looks ahead: ${what}; set it to ${allowed}, or experiment.causal to false`,
    { key, value, allowed },
  );
}

/** Throws a ConfigError for a detector that cannot do without the future. */
export function requireCausalKind(name: string): void {
  if (CAUSAL_DETECTORS.includes(name)) return;
  refuse("model.name", name, "each of its values sees the whole window", CAUSAL_DETECTORS.join(" or "));
}

/** Throws a ConfigError that names the first part of a causal configuration that looks ahead without a bound. */
export function requireCausal({ experiment, preprocessing, model }: Config): void {
  if (!experiment.causal) return;
  const { phase, preset } = preprocessing;
  if (phase === "zero")
    refuse("preprocessing.phase", phase, "filters run backwards from the end of the recording", "causal");
  if (preset === "reference")
    refuse("preprocessing.preset", preset, "it resamples the whole recording by one Fourier transform", "default");
  if (model.name in DETECTOR_OPTIONS) requireCausalKind(model.name);
}
