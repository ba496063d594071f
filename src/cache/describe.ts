import { ConfigError } from "@ictal/base/errors";
import { type ChainOptions, chainHash, chainSections, DSP_VERSION, decidingOptions } from "../signal/chain.js";
import { montageOf } from "../signal/montages.js";
import { type CacheDescription, cacheKeyOf } from "./folder.js";
import { CACHE_FORMAT_VERSION, FRAME_SAMPLES, INT16_RANGE, type SampleType } from "./format.js";

function checkSampleType(chain: ChainOptions, sampleType: SampleType): void {
  if (sampleType === "float32") return;
  if (!chain.normalize)
    throw new ConfigError("int16 holds standard deviations: with normalize false, set sample_type to float32", {
      key: "sampleType",
      value: sampleType,
      allowed: "float32",
    });
  if (chain.clip > INT16_RANGE)
    throw new ConfigError(
      `invalid clip: ${chain.clip}; int16 holds up to ${INT16_RANGE} standard deviations, float32 more`,
      {
        key: "clip",
        value: chain.clip,
        allowed: `at most ${INT16_RANGE}`,
      },
    );
}

/** What a chain and a sample type make of a cache, with its key. Throws a ConfigError on options that cannot be. */
export function describeCache(chain: ChainOptions, sampleType: SampleType): CacheDescription {
  checkSampleType(chain, sampleType);
  chainSections(chain); // refuses band edges before any recording is read
  const rest = {
    formatVersion: CACHE_FORMAT_VERSION as 1,
    sampleType,
    sampleRateHz: chain.targetRateHz,
    frameSamples: FRAME_SAMPLES as 2560,
    channels: montageOf(chain.reference, chain.channels).channels.map(({ name }) => name),
    chain: decidingOptions(chain),
    chainHash: chainHash(chain),
    dspVersion: DSP_VERSION,
  };
  return { ...rest, key: cacheKeyOf(rest) };
}
