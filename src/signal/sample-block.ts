/** The next samples of a recording, whatever form they have: the same stretch of every input. */
export interface SampleBlock {
  readonly inputCount: number;
  /** Per input. */
  readonly sampleCount: number;
  /** Slices that begin and end at a multiple of it are read fastest. */
  readonly unitSamples: number;
  /** Write samples `start` to `end` of each input, in microvolts, to the beginning of its array. `decoder` does raw words. */
  loadInto(inputs: readonly Float32Array[], start: number, end: number, decoder: WordDecoder): void;
}

/** Float32 microvolts of words `start` to `end`: gain * (offset + word) * factor in float64. */
export type DecodeInto = (
  out: Float32Array,
  words: Int16Array,
  start: number,
  end: number,
  scaling: WordScaling,
) => void;

/** Turns stored words into microvolts. */
export interface WordDecoder {
  readonly decodeInto: DecodeInto;
  /**
   * All inputs over `recordCount` whole records from `firstWord` on, each to the beginning of its array; false where the
   * records are too long for that, and nothing was done.
   */
  decodeRecordsInto(
    inputs: readonly Float32Array[],
    words: Int16Array,
    firstWord: number,
    recordCount: number,
    layout: RecordLayout,
  ): boolean;
}

export interface WordScaling {
  readonly gain: number;
  /** Added to the word before the gain. */
  readonly offset: number;
  /** From the physical unit to microvolts. */
  readonly factor: number;
}

/** Takes stretches of a recording's inputs (microvolts) as they are read, with their `extremesInto`; good until it returns. */
export type InputWatch = (inputs: readonly Float32Array[], sampleCount: number, extremes: Float32Array) => void;

/** Least and greatest of the first `count` samples of each input, shape [input, 2]; NaN is passed over. */
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
export function decodeWordsInto(
  out: Float32Array,
  words: Int16Array,
  start: number,
  end: number,
  { gain, offset, factor }: WordScaling,
): void {
  for (let i = start; i < end; i++) out[i - start] = gain * (offset + words[i]!) * factor;
}

/** Words one run after the other, without kernels. */
export const plainDecoder: WordDecoder = { decodeInto: decodeWordsInto, decodeRecordsInto: () => false };

/** Samples in microvolts, one array per input, all of one length. */
export function floatBlock(samples: readonly Float32Array[]): SampleBlock {
  return {
    inputCount: samples.length,
    sampleCount: samples[0]?.length ?? 0,
    unitSamples: 1,
    loadInto(inputs, start, end) {
      for (const [k, input] of inputs.entries()) input.set(samples[k]!.subarray(start, end));
    },
  };
}

/** One input inside records of int16 words. */
export interface RecordedSignal extends WordScaling {
  /** Words from the start of a record. */
  readonly place: number;
}

/** How records of int16 words are laid out. */
export interface RecordLayout {
  readonly recordWords: number;
  /** Of each input. */
  readonly samplesPerRecord: number;
  readonly signals: readonly RecordedSignal[];
}

/**
 * `recordCount` whole records of little-endian words as they lie in an EDF file as a block: each slice is decoded when it
 * is asked for, so that no float32 copy of the block is made.
 */
export function recordBlock(words: Int16Array, recordCount: number, layout: RecordLayout): SampleBlock {
  const { recordWords, samplesPerRecord, signals } = layout;
  return {
    inputCount: signals.length,
    sampleCount: recordCount * samplesPerRecord,
    unitSamples: samplesPerRecord,
    loadInto(inputs, start, end, decoder) {
      const first = start / samplesPerRecord;
      const count = (end - start) / samplesPerRecord;
      const isWhole = Number.isInteger(first) && Number.isInteger(count);
      if (isWhole && decoder.decodeRecordsInto(inputs, words, first * recordWords, count, layout)) return;
      for (let from = start; from < end; ) {
        const record = Math.floor(from / samplesPerRecord);
        const to = Math.min(end, (record + 1) * samplesPerRecord);
        const shift = record * (recordWords - samplesPerRecord);
        for (const [k, signal] of signals.entries()) {
          const out = from === start ? inputs[k]! : inputs[k]!.subarray(from - start);
          decoder.decodeInto(out, words, shift + signal.place + from, shift + signal.place + to, signal);
        }
        from = to;
      }
    },
  };
}

/** Samples `start` to `end` of a block as arrays of their own. */
export function takeSamples(block: SampleBlock, start: number, end: number): Float32Array[] {
  const out = Array.from({ length: block.inputCount }, () => new Float32Array(end - start));
  block.loadInto(out, start, end, plainDecoder);
  return out;
}
