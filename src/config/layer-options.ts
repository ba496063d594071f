/** What a configuration asks of the layers that read data: chain, cache, sampler, post-processing, executor. */
import { withDefaults } from "@ictal/base/options";
import { CACHE_DEFAULTS, CACHE_OPTIONS } from "../cache/cache-options.js";
import { describeCache } from "../cache/describe.js";
import type { GapPolicy } from "../cache/segments.js";
import { DATASETS } from "../corpus/datasets.js";
import type { LayoutName } from "../corpus/layouts.js";
import { BALANCE_DEFAULTS, BALANCE_OPTIONS, type BalanceOptions } from "../dataset/balance-options.js";
import { POSTPROCESS_DEFAULTS, POSTPROCESS_OPTIONS, type PostprocessOptions } from "../scoring/postprocess-options.js";
import {
  CAUSAL_CHAIN,
  CHAIN_OPTIONS,
  type ChainOptions,
  DEFAULT_CHAIN,
  REFERENCE_CHAIN,
  SEIZURE_TRANSFORMER_CHAIN,
} from "../signal/chain-options.js";
import { executorOfDevice } from "../tensor/device-names.js";
import { CAUSAL_DEFAULTS, CAUSAL_OPTIONS } from "../training/causal-options.js";
import { STITCHING_DEFAULTS, STITCHING_OPTIONS } from "../training/run-options.js";
import type { Stitching } from "../training/stitching.js";
import { listedChannels } from "./channels.js";
import { optionsFrom } from "./options-from.js";
import type { Config } from "./schema.js";

const PRESETS: Readonly<Record<Config["preprocessing"]["preset"], ChainOptions>> = {
  default: DEFAULT_CHAIN,
  reference: REFERENCE_CHAIN,
  seizure_transformer: SEIZURE_TRANSFORMER_CHAIN,
};

/** The sections that say what a cache holds. */
type ChainConfig = Pick<Config, "data" | "preprocessing" | "experiment">;

/** The chain that a configuration asks for. */
export function chainFromConfig(config: ChainConfig): ChainOptions {
  const preset = PRESETS[config.preprocessing.preset];
  const { memorySeconds, channels: _channels, ...options } = optionsFrom(config, CHAIN_OPTIONS);
  const channels = listedChannels(config);
  if (!config.experiment.causal) return { ...withDefaults(preset, options), ...channels };
  return { ...withDefaults(CAUSAL_CHAIN, { ...options, memorySeconds }), ...channels };
}

/** The key of the cache that a configuration asks for. Throws a ConfigError on options that cannot be. */
export function cacheKeyFromConfig(config: ChainConfig): string {
  return describeCache(chainFromConfig(config), config.data.sample_type).key;
}

/** What a configuration says of recordings with gaps. */
export function gapsFromConfig(config: Pick<Config, "data">): GapPolicy {
  return withDefaults(CACHE_DEFAULTS, optionsFrom(config, CACHE_OPTIONS)).gaps;
}

/** The folder layout that `data.dataset` means; undefined where it is recognised by the files. */
export function layoutFromConfig({ data }: Pick<Config, "data">): LayoutName | undefined {
  return data.dataset === undefined ? undefined : DATASETS[data.dataset];
}

type Counted = "fullRatio" | "noneRatio" | "evenPatients";

/** Balancing without the seed; what has no default may be missing. */
type BalanceSettings = Required<Pick<BalanceOptions, Counted>> & Pick<BalanceOptions, "rule" | "prevalence">;

/** How a configuration wants its windows balanced, seed apart. */
export function balanceFromConfig(config: Pick<Config, "data">): BalanceSettings {
  const { prevalence, ...options } = optionsFrom(config, BALANCE_OPTIONS);
  const isRead = options.rule === "prevalence" && prevalence !== undefined;
  return { ...withDefaults(BALANCE_DEFAULTS, options), ...(isRead && { prevalence }) };
}

/** Post-processing as a configuration asks for it; its sample counts are meant at 256 Hz. */
export function postprocessFromConfig(config: Pick<Config, "postprocessing">): PostprocessOptions {
  return withDefaults(POSTPROCESS_DEFAULTS, optionsFrom(config, POSTPROCESS_OPTIONS));
}

/** The executor that `experiment.device` means: PyTorch's device names or an executor's own. */
export function deviceFromConfig({ experiment }: Pick<Config, "experiment">): string {
  return executorOfDevice(experiment.device);
}

/** The stitching that `postprocessing.stitching.method` means, or that of a causal detector. */
export function stitchingFromConfig(config: Pick<Config, "postprocessing" | "experiment">): Stitching {
  if (config.experiment.causal) return "soonest";
  return withDefaults(STITCHING_DEFAULTS, optionsFrom(config, STITCHING_OPTIONS)).stitching;
}

/** From start to start of the windows that are laid over a recording to predict it, in seconds. */
export function predictionStrideFromConfig(config: Pick<Config, "data" | "experiment">): number {
  if (!config.experiment.causal) return config.data.stride;
  return withDefaults(CAUSAL_DEFAULTS, optionsFrom(config, CAUSAL_OPTIONS)).decisionSeconds;
}
