import type { PolyphaseBank } from "./polyphase.js";
import type { ProjectionRow } from "./rereferencing.js";
import type { SampleDecoder } from "./sample-block.js";

/** Up to four channels that the kernels process together, one in each lane, and how each is derived from the inputs. */
export interface ChannelGroup {
  /** One to four rows. */
  readonly rows: readonly ProjectionRow[];
  /** The same rows as flat tables: terms per lane [GROUP_CHANNELS], positions and weights [GROUP_CHANNELS, termLimit]. */
  readonly terms: Int32Array;
  readonly positions: Int32Array;
  readonly weights: Float64Array;
  readonly termLimit: number;
  /** Subtracted from each lane; shape [GROUP_CHANNELS]. */
  readonly offsets: Float64Array;
}

/**
 * The hot loops of the streaming chain over memory of their own. Two implementations, WebAssembly SIMD and TypeScript, give
 * the same bits. Arrays passed in come from `float64`, `float32` and `int32` of the same object (or are views of them).
 */
export interface Kernels extends SampleDecoder {
  readonly name: "wasm" | "typescript";
  /** Zeroed arrays from the memory that was asked for; RangeError beyond it. */
  float64(length: number): Float64Array;
  float32(length: number): Float32Array;
  int32(length: number): Int32Array;
  /** `extremesInto` of ./sample-block.ts. */
  extremesInto(out: Float32Array, inputs: readonly Float32Array[], count: number): void;
  /** MontageProjection `count` samples of the inputs into `out`, shape [sample, GROUP_CHANNELS], less `common` (shape [sample]) where given. */
  projectGroupInto(
    out: Float64Array,
    inputs: readonly Float32Array[],
    count: number,
    group: ChannelGroup,
    common?: Float64Array,
  ): void;
  /** MontageProjection `count` samples of the inputs by lane 0 of a group of one row, without offset; shape [sample]. */
  projectRowInto(out: Float64Array, inputs: readonly Float32Array[], count: number, group: ChannelGroup): void;
  /** `polyphaseInto` of ./polyphase.ts. */
  polyphaseInto(out: Float64Array, count: number, x: Float64Array, phase: number, bank: PolyphaseBank): void;
  /** `sosfiltInto` of ./biquads.ts over all lanes of `x`; `state` holds one `createFilterState` per lane. */
  filterGroupInto(x: Float64Array, count: number, sections: Float64Array, state: Float64Array): void;
  /** Round `count` samples of `x`, shape [sample, GROUP_CHANNELS], to float32 rows of `rowLength` values each, one per lane. */
  roundGroupInto(out: Float32Array, rowLength: number, x: Float64Array, count: number): void;
  /**
   * Add samples `start` to `end` of `x`, shape [sample, GROUP_CHANNELS], rounded to float32, to `sums`: origin, sum of distances from
   * it, sum of their squares, shape [3, GROUP_CHANNELS]. `isFirst` begins anew with sample `start` as origin.
   */
  sumGroupInto(sums: Float64Array, x: Float64Array, start: number, end: number, isFirst: boolean): void;
  /** Give the memory back; the arrays must not be used any more. */
  release(): void;
}
