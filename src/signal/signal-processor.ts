// Hot loops: `!` marks indices that the loop bounds keep inside the arrays.
import type { Borrowed, Owned } from "../base/borrowed.js";
import type { Moments } from "./normalize.js";
import { type MontageProjection, projectInto } from "./rereferencing.js";
import type { InputTap, SampleBlock } from "./sample-block.js";

/** Called with consecutive samples of one output channel, `at` being the position of the first; the array is overwritten afterwards. */
export type OnSamples = (channel: number, samples: Borrowed<Float32Array>, at: number) => void;

/** Turns blocks of input samples into samples of output channels. Each channel's samples come in order. */
export interface SignalProcessor {
  process(block: SampleBlock, onSamples: OnSamples): void;
  /** Gives the remaining samples; no call of `process` may follow. */
  flush(onSamples: OnSamples): void;
  /** How many samples per channel the next `process` of `count` samples gives. */
  ready(count: number): number;
  /** Moments of all samples given so far. */
  moments(): Moments;
}

/** What every processor needs: how channels are derived from electrodes, and the rates. */
export interface ProcessorSettings {
  readonly projection: MontageProjection;
  readonly inputCount: number;
  /** How many samples at the start give the offset that is subtracted. */
  readonly offsetSamples: number;
  readonly sampleRateHz: number;
  readonly targetRateHz: number;
  readonly tap?: InputTap | undefined;
}

/** Arrays one after another; one array alone is returned as it is. */
export function concat(parts: readonly Float32Array[]): Float32Array {
  const [first] = parts;
  if (first && parts.length === 1) return first;
  const all = new Float32Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** Blocks of input samples that are kept until they are taken together, one array per input. */
export class BlockQueue {
  readonly #parts: Float32Array[][];
  #sampleCount = 0;

  constructor(inputCount: number) {
    this.#parts = Array.from({ length: inputCount }, () => []);
  }

  get sampleCount(): number {
    return this.#sampleCount;
  }

  /** Keeps the arrays, one per input, all of one length. */
  add(block: readonly Owned<Float32Array>[]): void {
    for (const [input, parts] of this.#parts.entries()) parts.push(inputAt(block, input));
    this.#sampleCount += block[0]?.length ?? 0;
  }

  /** Everything added since the last call, as one block. */
  take(): Float32Array[] {
    this.#sampleCount = 0;
    return this.#parts.map((parts) => concat(parts.splice(0)));
  }
}

function inputAt<T>(block: readonly T[], input: number): T {
  const samples = block[input];
  if (samples === undefined) throw new RangeError(`invalid block: no input ${input} among ${block.length}`);
  return samples;
}

/** Fills `out`, shape [end - start], with the samples that a common reference subtracts; without one it stays as it is. */
export function commonInto(
  out: Float64Array,
  projection: MontageProjection,
  block: readonly Float32Array[],
  start: number,
  end: number,
): void {
  if (projection.common) projectInto(out, 0, 1, block, start, end, projection.common);
}

/** Mean of each channel, reference applied, over the first `offsetSamples` samples of `block` (all, if it has fewer). */
export function offsetsOf(
  { projection, offsetSamples }: ProcessorSettings,
  block: readonly Float32Array[],
): Float64Array {
  const count = Math.min(offsetSamples, block[0]?.length ?? 0);
  const projected = new Float64Array(count);
  const common = new Float64Array(count);
  commonInto(common, projection, block, 0, count);
  return Float64Array.from(projection.rows, (row) => {
    projectInto(projected, 0, 1, block, 0, count, row);
    let sum = 0;
    for (let i = 0; i < count; i++) sum += projected[i]! - common[i]!;
    return count > 0 ? sum / count : 0;
  });
}
