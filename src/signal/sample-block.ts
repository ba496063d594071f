// Hot loops: `!` marks indices that the loop bounds keep inside the arrays.
import type { Borrowed } from "../base/borrowed.js";

/** Consecutive samples of a recording, in whatever form: the same time points of every input. */
export interface SampleBlock {
  readonly inputCount: number;
  /** Per input. */
  readonly sampleCount: number;
  /** Slices that begin and end at a multiple of it are read fastest. */
  readonly unitSamples: number;
  /** Write samples `start` to `end` of each input, in microvolts, to the beginning of its array. `decoder` converts digital samples. */
  loadInto(inputs: readonly Float32Array[], start: number, end: number, decoder: SampleDecoder): void;
}

/** Float32 microvolts of digital samples `start` to `end`: gain * (offset + digital) * factor in float64. */
export type DecodeInto = (
  out: Float32Array,
  digital: Int16Array,
  start: number,
  end: number,
  scaling: SampleScaling,
) => void;

/** Converts digital samples to microvolts. */
export interface SampleDecoder {
  readonly decodeInto: DecodeInto;
  /**
   * All inputs over `recordCount` whole records from `firstSample` on, each to the beginning of its array; false where the
   * records are too long for that, and nothing was done.
   */
  decodeRecordsInto(
    inputs: readonly Float32Array[],
    digital: Int16Array,
    firstSample: number,
    recordCount: number,
    layout: RecordLayout,
  ): boolean;
}

export interface SampleScaling {
  readonly gain: number;
  /** Added to the digital value before the gain. */
  readonly offset: number;
  /** From the physical unit to microvolts. */
  readonly factor: number;
}

/** Called with consecutive samples of each input (microvolts) as they are read, and their `extremesInto`. */
export type InputTap = (
  inputs: readonly Borrowed<Float32Array>[],
  sampleCount: number,
  extremes: Borrowed<Float32Array>,
) => void;

/** Least and greatest of the first `count` samples of each input, shape [input, 2]; NaN is ignored. */
export function extremesInto(out: Float32Array, inputs: readonly Float32Array[], count: number): void {
  for (const [k, input] of inputs.entries()) {
    let least = Number.POSITIVE_INFINITY;
    let greatest = Number.NEGATIVE_INFINITY;
    for (let i = 0; i < count; i++) {
      const value = input[i]!;
      if (value < least) least = value;
      if (value > greatest) greatest = value;
    }
    out[2 * k] = least;
    out[2 * k + 1] = greatest;
  }
}

/** The plain form of `DecodeInto`. */
export function decodeSamplesInto(
  out: Float32Array,
  digital: Int16Array,
  start: number,
  end: number,
  { gain, offset, factor }: SampleScaling,
): void {
  for (let i = start; i < end; i++) out[i - start] = gain * (offset + digital[i]!) * factor;
}

/** Digital samples of one record after the other, without kernels. */
export const plainDecoder: SampleDecoder = { decodeInto: decodeSamplesInto, decodeRecordsInto: () => false };

/** Samples in microvolts, one array per input, all of one length. */
export function floatBlock(samples: readonly Float32Array[]): SampleBlock {
  return {
    inputCount: samples.length,
    sampleCount: samples[0]?.length ?? 0,
    unitSamples: 1,
    loadInto(inputs, start, end) {
      for (const [k, signal] of samples.entries()) inputs[k]?.set(signal.subarray(start, end));
    },
  };
}

/** One input inside records of int16 samples. */
export interface RecordedSignal extends SampleScaling {
  /** Digital samples from the start of a record to the first one of the signal. */
  readonly recordOffset: number;
}

/** How records of int16 samples are laid out. */
export interface RecordLayout {
  /** Of all signals of the file together. */
  readonly recordSamples: number;
  /** Of each input. */
  readonly samplesPerRecord: number;
  readonly signals: readonly RecordedSignal[];
}

/**
 * `recordCount` whole records of little-endian int16 samples as they lie in an EDF file as a block: each slice is decoded when it
 * is asked for, so that no float32 copy of the block is made.
 */
export function recordBlock(digital: Int16Array, recordCount: number, layout: RecordLayout): SampleBlock {
  const { recordSamples, samplesPerRecord, signals } = layout;
  return {
    inputCount: signals.length,
    sampleCount: recordCount * samplesPerRecord,
    unitSamples: samplesPerRecord,
    loadInto(inputs, start, end, decoder) {
      const first = start / samplesPerRecord;
      const count = (end - start) / samplesPerRecord;
      const isWhole = Number.isInteger(first) && Number.isInteger(count);
      if (isWhole && decoder.decodeRecordsInto(inputs, digital, first * recordSamples, count, layout)) return;
      for (let from = start; from < end; ) {
        const record = Math.floor(from / samplesPerRecord);
        const to = Math.min(end, (record + 1) * samplesPerRecord);
        const shift = record * (recordSamples - samplesPerRecord);
        for (const [k, input] of inputs.entries()) {
          const signal = signals[k];
          if (!signal) throw new RangeError(`invalid inputs: ${inputs.length} for ${signals.length} signals`);
          const out = from === start ? input : input.subarray(from - start);
          const first = shift + signal.recordOffset;
          decoder.decodeInto(out, digital, first + from, first + to, signal);
        }
        from = to;
      }
    },
  };
}

/** Copies of samples `start` to `end` of a block. */
export function takeSamples(block: SampleBlock, start: number, end: number): Float32Array[] {
  const out = Array.from({ length: block.inputCount }, () => new Float32Array(end - start));
  block.loadInto(out, start, end, plainDecoder);
  return out;
}
