import { ConfigError } from "@ictal/base/errors";
import { unknownDetector } from "../model/detector.js";
import { SEIZURE_DETECTOR_OPTIONS, STAGE_KERNEL, stageChannels } from "../model/detectors/seizure-detector-options.js";
import { DETECTOR_NAMES, kindOf, type ModelConfig } from "../model/registry.js";
import { requireCausalKind } from "./causal.js";
import { REFERENCE_NETWORK } from "./model-section.js";
import { optionsFrom } from "./options-from.js";
import type { Config } from "./schema.js";

function wrongKey(key: string, value: unknown, allowed: string): ConfigError {
  return new ConfigError(`invalid ${key}: ${JSON.stringify(value)}; expected ${allowed}`, { key, value, allowed });
}

/** Throws a ConfigError on sizes that the reference's sections can name and its network cannot have. */
function checkReferenceSizes({ encoder, mamba }: Config["model"]): void {
  const doubling = stageChannels(encoder.channels[0] ?? 0, encoder.stages);
  if (encoder.channels.join() !== doubling.join()) {
    const allowed = `${encoder.stages} stages that double: ${doubling.join(", ")}`;
    throw wrongKey("model.encoder.channels", encoder.channels, allowed);
  }
  if (encoder.kernel_size !== STAGE_KERNEL)
    throw wrongKey("model.encoder.kernel_size", encoder.kernel_size, `${STAGE_KERNEL}, which the network fixes`);
  if (encoder.downsample_factor !== 2)
    throw wrongKey("model.encoder.downsample_factor", encoder.downsample_factor, "2, which the network fixes");
  const modelSize = doubling.at(-1);
  if (mamba.n_layers > 0 && mamba.d_model !== modelSize)
    throw wrongKey("model.mamba.d_model", mamba.d_model, `${modelSize}, the channels of the last stage`);
}

/**
 * The detector that a configuration's model section asks for: `model.name`, which is needed, chooses it, the section of that name sizes it
 * (the reference's detector has sections of its own). Throws a ConfigError on a missing or unknown name and on values that the
 * network cannot have. `isCausal` makes it one that sees the past only; `inputChannels` are those of the cache,
 * `channelsFromConfig(config).length`.
 */
export function modelFromConfig(
  model: Config["model"],
  {
    isCausal = false,
    inputChannels,
  }: { readonly isCausal?: boolean; readonly inputChannels?: number | undefined } = {},
): ModelConfig {
  return { ...sizesFromConfig(model, isCausal), ...(inputChannels !== undefined && { inputChannels }) };
}

function sizesFromConfig(model: Config["model"], isCausal: boolean): ModelConfig {
  if (model.name === "")
    throw new ConfigError(
      `model.name is not given: it chooses the detector, one of ${DETECTOR_NAMES.join(", ")}; to train, a configuration also names data.data_dir and data.cache_dir`,
      { key: "model.name", allowed: DETECTOR_NAMES.join(", ") },
    );
  const kind = kindOf(model.name);
  if (!kind) throw unknownDetector(model.name);
  if (isCausal) requireCausalKind(kind.name);
  const direction = isCausal ? { causal: true } : {};
  if (kind.name === REFERENCE_NETWORK) {
    checkReferenceSizes(model);
    const sizes = optionsFrom({ model }, SEIZURE_DETECTOR_OPTIONS);
    return { ...sizes, ...direction, name: REFERENCE_NETWORK, baseChannels: model.encoder.channels[0] };
  }
  if (model.initialization === "reference")
    throw new ConfigError(
      `invalid model.initialization: "reference"; it is a start of seizure_detector, ${kind.name} has only its own`,
      { key: "model.initialization", value: "reference", allowed: "own" },
    );
  return { ...optionsFrom({ model }, kind.options), ...direction, name: kind.name };
}
