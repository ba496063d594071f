import type { MixRow } from "./mixing.js";
import type { PolyphaseBank } from "./polyphase.js";
import type { WordDecoder } from "./sample-block.js";

/** Four channels that go through the kernels together: how each lane is mixed of the inputs. */
export interface LaneGroup {
  /** One to four rows. */
  readonly rows: readonly MixRow[];
  /** The same rows as flat tables: terms per lane [LANES], places and weights [LANES, termLimit]. */
  readonly terms: Int32Array;
  readonly places: Int32Array;
  readonly weights: Float64Array;
  readonly termLimit: number;
  /** Taken off each lane; shape [LANES]. */
  readonly offsets: Float64Array;
}

/**
 * The hot loops of the streaming chain over memory of their own. Two implementations, WebAssembly SIMD and TypeScript, give
 * the same bits. Arrays passed in come from `float64`, `float32` and `int32` of the same object (or are views of them).
 */
export interface Kernels extends WordDecoder {
  readonly name: "wasm" | "typescript";
  /** Zeroed arrays from the memory that was asked for; RangeError beyond it. */
  float64(length: number): Float64Array;
  float32(length: number): Float32Array;
  int32(length: number): Int32Array;
  /** `extremesInto` of ./sample-block.ts. */
  extremesInto(out: Float32Array, inputs: readonly Float32Array[], count: number): void;
  /** Mix `count` samples of the inputs into `out`, shape [sample, LANES], less `common` (shape [sample]) where given. */
  mixLanesInto(
    out: Float64Array,
    inputs: readonly Float32Array[],
    count: number,
    group: LaneGroup,
    common?: Float64Array,
  ): void;
  /** Mix `count` samples of the inputs by lane 0 of a group of one row, without offset; shape [sample]. */
  mixRowInto(out: Float64Array, inputs: readonly Float32Array[], count: number, group: LaneGroup): void;
  /** `polyphaseInto` of ./polyphase.ts. */
  polyphaseInto(out: Float64Array, count: number, x: Float64Array, phase: number, bank: PolyphaseBank): void;
  /** `sosfiltInto` of ./biquads.ts over all lanes of `x`; `state` holds one `createFilterState` per lane. */
  filterLanesInto(x: Float64Array, count: number, sections: Float64Array, state: Float64Array): void;
  /** Round `count` samples of `x`, shape [sample, LANES], to float32 rows of `rowLength` values each, one per lane. */
  roundLanesInto(out: Float32Array, rowLength: number, x: Float64Array, count: number): void;
  /**
   * Add samples `start` to `end` of `x`, shape [sample, LANES], rounded to float32, to `sums`: origin, sum of distances from
   * it, sum of their squares, shape [3, LANES]. `isFirst` begins anew with sample `start` as origin.
   */
  sumLanesInto(sums: Float64Array, x: Float64Array, start: number, end: number, isFirst: boolean): void;
  /** Give the memory back; the arrays must not be used any more. */
  release(): void;
}
