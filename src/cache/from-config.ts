import type { Config } from "../base/config-schema.js";
import { type ChainOptions, DEFAULT_CHAIN, REFERENCE_CHAIN } from "../signal/chain.js";
import { describeCache } from "./describe.js";

/** The chain that a configuration asks for. */
export function chainFromConfig({ data, preprocessing }: Pick<Config, "data" | "preprocessing">): ChainOptions {
  const { bandpass, notch_freq, filter_order, notch_q, phase, reference, clip, normalize } = preprocessing;
  return {
    ...(preprocessing.preset === "reference" ? REFERENCE_CHAIN : DEFAULT_CHAIN),
    targetRateHz: data.sampling_rate,
    lowCutHz: bandpass[0],
    highCutHz: bandpass[1],
    filterOrder: filter_order,
    notchHz: notch_freq,
    notchQ: notch_q,
    phase,
    reference,
    missing: data.missing_electrodes,
    clip,
    normalize,
  };
}

/** The key of the cache that a configuration asks for. Throws a ConfigError on options that cannot be. */
export function cacheKeyFromConfig(config: Pick<Config, "data" | "preprocessing">): string {
  return describeCache(chainFromConfig(config), config.data.sample_type).key;
}
