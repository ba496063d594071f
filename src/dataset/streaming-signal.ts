/** From electrodes to what a detector takes, as the signal comes: chain, running normalisation, the rounding of the cache. */
import { createFrame, frameLayout, INT16_SCALE, type SampleType } from "../cache/format.js";
import { runningScaling, storeSamplesInto } from "../cache/normalize.js";
import { type Chain, type ChainInput, type ChainOptions, createChain } from "../signal/chain.js";
import { createRunningNormalization, type RunningNormalization } from "../signal/running-normalize.js";

/**
 * The signal of one recording after another: `flush` ends a segment, and what follows begins anew. Equal, bit for bit, to what a cache
 * of this chain gives, however the samples are cut into blocks.
 */
export interface StreamingSignal {
  readonly channelNames: readonly string[];
  /** Take the next samples, one array of microvolts per electrode, and give what is complete: standard deviations by channel. */
  push(block: readonly Float32Array[]): Float32Array[];
  /** End the segment and give the rest. */
  flush(): Float32Array[];
}

/** Open the signal of a stream. RangeError for a chain that normalises by the whole recording; else as `createChain`. */
export function openStreamingSignal(options: ChainOptions, input: ChainInput, sampleType: SampleType): StreamingSignal {
  let chain: Chain = createChain(options, input);
  const { channelNames } = chain;
  const running = runningScaling(options);
  if (options.normalize && !running)
    throw new RangeError("invalid memorySeconds: undefined; a stream has no whole recording to normalise by");
  const open = (): RunningNormalization | undefined =>
    running && options.normalize
      ? createRunningNormalization({ ...running, channelCount: channelNames.length, clip: options.clip })
      : undefined;
  let normalization = open();
  const layout = frameLayout(channelNames.length, sampleType);
  const scaled = (rows: Float32Array[]): Float32Array[] => {
    const normalizer = normalization;
    return normalizer ? rows.map((row, channel) => normalized(normalizer, channel, row)) : rows;
  };
  let stored = createFrame(layout);
  const normalized = (normalizer: RunningNormalization, channel: number, row: Float32Array): Float32Array => {
    const out = new Float32Array(row.length);
    if (stored.length < row.length) stored = createFrame(layout, Math.ceil(row.length / layout.frameSamples));
    normalizer.push(channel, row, (from, to, found) => {
      const part = stored.subarray(0, to - from);
      storeSamplesInto(part, row.subarray(from, to), found);
      const scale = sampleType === "int16" ? INT16_SCALE : 1;
      for (let i = from; i < to; i++) out[i] = part[i - from]! * scale;
    });
    return out;
  };
  return {
    channelNames,
    push: (block) => scaled(chain.push(block)),
    flush() {
      const rest = scaled(chain.flush());
      chain = createChain(options, input);
      normalization = open();
      return rest;
    },
  };
}
