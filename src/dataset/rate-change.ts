import { rateRatio, resamplePolyphase } from "../signal/resampler.js";

/** Changes the rate of a stream by blocks. */
export interface RateChange {
  /** Takes the next samples, one array per channel, and returns what is complete; the block is not kept. */
  push(block: readonly Float32Array[]): Float32Array[];
  /** The rest. */
  flush(): Float32Array[];
}

/** Samples worked on at once, per channel. */
const PIECE_SAMPLES = 8192;
/** Half width of the resampler's filter in samples of the slower of its two rates. */
const HALF_WIDTH = 10;

/**
 * The values of `resamplePolyphase` over the whole stream, with bounded memory: pieces of the input with as much of their
 * surroundings as the filter sees.
 */
export function createRateChange(channelCount: number, upRate: number, downRate: number): RateChange {
  const { up, down } = rateRatio(downRate, upRate);
  const margin = down * (1 + Math.ceil((HALF_WIDTH * Math.max(up, down)) / up / down));
  const piece = down * Math.ceil(PIECE_SAMPLES / down);
  let held: Float32Array[] = Array.from({ length: channelCount }, () => new Float32Array(0));
  let before = 0; // samples in front of `held` that are done and kept as surroundings
  const run = (count: number, after: number): Float32Array[] => {
    if (up === down) return held.map((row) => row.slice(0, count));
    const inputs = held.map((row) => row.subarray(0, before + count + after));
    const from = (before * up) / down;
    const to = after > 0 ? from + (count * up) / down : undefined;
    return resamplePolyphase(inputs, up, down).map((row) => Float32Array.from(row.subarray(from, to)));
  };
  const drop = (count: number) => {
    const kept = up === down ? 0 : Math.min(margin, before + count);
    held = held.map((row) => row.slice(before + count - kept));
    before = kept;
  };
  return {
    push(block) {
      held = held.map((row, c) => {
        const joined = new Float32Array(row.length + block[c]!.length);
        joined.set(row);
        joined.set(block[c]!, row.length);
        return joined;
      });
      const count = Math.floor((held[0]!.length - before - margin) / piece) * piece;
      if (count <= 0) return held.map(() => new Float32Array(0));
      const out = run(count, margin);
      drop(count);
      return out;
    },
    flush() {
      const count = held[0]!.length - before;
      const out = count > 0 ? run(count, 0) : held.map(() => new Float32Array(0));
      held = held.map(() => new Float32Array(0));
      before = 0;
      return out;
    },
  };
}
