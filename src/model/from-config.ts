import { ConfigError } from "@ictal/base/errors";
import { nearestName } from "@ictal/base/nearest";
import { type Config, configSchema } from "../base/config-schema.js";
import { unknownDetector } from "./detector.js";
import { DETECTOR_NAMES, kindOf, type ModelConfig } from "./registry.js";

/** Keys of the model section that belong to no single detector, and the reference's own sections. */
const SHARED_KEYS = Object.keys(configSchema.shape.model.unwrap().shape);

/** Throws a ConfigError on a section that no detector reads. */
function checkSections(model: Config["model"]): void {
  const known = [...SHARED_KEYS, ...DETECTOR_NAMES];
  const unknown = Object.keys(model).find((key) => !known.includes(key));
  if (unknown === undefined) return;
  const nearest = nearestName(unknown, known);
  const hint = nearest ? `did you mean model.${nearest}?` : `known here: ${known.join(", ")}`;
  throw new ConfigError(`unknown key model.${unknown}; ${hint}`, {
    key: `model.${unknown}`,
    nearest,
    allowed: known.join(", "),
  });
}

/**
 * The detector that a configuration's model section asks for: `model.name`, which is needed, chooses it, the section of that name sizes it
 * (the reference's detector has sections of its own). Throws a ConfigError on a missing or unknown name, on an unknown section and on values
 * that the network cannot have.
 */
export function modelFromConfig(model: Config["model"]): ModelConfig {
  if (model.name === "")
    throw new ConfigError(
      `model.name is not given: it chooses the detector, one of ${DETECTOR_NAMES.join(", ")}; to train, a configuration also names data.data_dir and data.cache_dir`,
      { key: "model.name", allowed: DETECTOR_NAMES.join(", ") },
    );
  const kind = kindOf(model.name);
  if (!kind) throw unknownDetector(model.name);
  checkSections(model);
  if (model.initialization === "reference" && kind.name !== "seizure_detector") {
    throw new ConfigError(
      `invalid model.initialization: "reference"; it is a start of seizure_detector, ${kind.name} has only its own`,
      { key: "model.initialization", value: "reference", allowed: "own" },
    );
  }
  return kind.fromConfig(model);
}
