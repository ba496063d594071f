import { type Mix, mixInto } from "./mixing.js";
import type { Moments } from "./normalize.js";
import type { InputWatch, SampleBlock } from "./sample-block.js";

/** Takes samples of one output channel, of which `at` came before; the array is only good until the call returns. */
export type Sink = (channel: number, samples: Float32Array, at: number) => void;

/** The moving part of a chain: blocks of inputs to samples of channels. Each channel's samples come in order. */
export interface Flow {
  feed(block: SampleBlock, sink: Sink): void;
  /** The rest; nothing may follow. */
  end(sink: Sink): void;
  /** How many samples per channel the next `feed` of `count` samples gives. */
  ready(count: number): number;
  /** Of all samples given so far. */
  moments(): Moments;
}

/** What every form of a chain needs: how channels are mixed, and the rates. */
export interface FlowPlan {
  readonly mix: Mix;
  /** How many samples at the start give the offset that is taken off. */
  readonly offsetSamples: number;
  readonly sampleRateHz: number;
  readonly targetRateHz: number;
  readonly watch?: InputWatch;
}

/** Blocks that wait, and their join: one array per input. */
export interface Store {
  readonly sampleCount: number;
  add(block: readonly Float32Array[]): void;
  /** Everything added since the last call, as one block; nothing added gives no arrays. */
  take(): Float32Array[];
}

/** Arrays one after another; one array alone is given back as it is. */
export function concat(parts: readonly Float32Array[]): Float32Array {
  if (parts.length === 1) return parts[0]!;
  const all = new Float32Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** An empty store; it keeps the arrays that are added. */
export function createStore(): Store {
  let blocks: Float32Array[][] = [];
  let sampleCount = 0;
  return {
    get sampleCount() {
      return sampleCount;
    },
    add(block) {
      blocks.push([...block]);
      sampleCount += block[0]!.length;
    },
    take() {
      const joined = (blocks[0] ?? []).map((_, e) => concat(blocks.map((block) => block[e]!)));
      blocks = [];
      sampleCount = 0;
      return joined;
    },
  };
}

/** The samples a common reference subtracts, or an array of zeros; shape [end - start]. */
export function commonInto(
  out: Float64Array,
  mix: Mix,
  block: readonly Float32Array[],
  start: number,
  end: number,
): void {
  if (mix.common) mixInto(out, 0, 1, block, start, end, mix.common);
}

/** Mean of each channel, reference applied, over the first `offsetSamples` samples of `block` (all, if it has fewer). */
export function offsetsOf({ mix, offsetSamples }: FlowPlan, block: readonly Float32Array[]): Float64Array {
  const count = Math.min(offsetSamples, block[0]!.length);
  const mixed = new Float64Array(count);
  const common = new Float64Array(count);
  commonInto(common, mix, block, 0, count);
  return Float64Array.from(mix.rows, (row) => {
    mixInto(mixed, 0, 1, block, 0, count, row);
    let sum = 0;
    for (let i = 0; i < count; i++) sum += mixed[i]! - common[i]!;
    return count > 0 ? sum / count : 0;
  });
}
