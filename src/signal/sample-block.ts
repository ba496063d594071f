/** The next samples of a recording, whatever form they have: the same stretch of every input. */
export interface SampleBlock {
  readonly inputCount: number;
  /** Per input. */
  readonly sampleCount: number;
  /** Write samples `start` to `end` of each input, in microvolts, to the beginning of its array. `decode` does raw words. */
  loadInto(inputs: readonly Float32Array[], start: number, end: number, decode: DecodeInto): void;
}

/** Float32 microvolts of words `start` to `end`: gain * (offset + word) * factor in float64. */
export type DecodeInto = (
  out: Float32Array,
  words: Int16Array,
  start: number,
  end: number,
  scaling: WordScaling,
) => void;

export interface WordScaling {
  readonly gain: number;
  /** Added to the word before the gain. */
  readonly offset: number;
  /** From the physical unit to microvolts. */
  readonly factor: number;
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

/** Samples in microvolts, one array per input, all of one length. */
export function floatBlock(samples: readonly Float32Array[]): SampleBlock {
  return {
    inputCount: samples.length,
    sampleCount: samples[0]?.length ?? 0,
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

/** Whole records of int16 words as they lie in an EDF file. */
export interface RecordedWords {
  /** Little-endian, `recordCount` x `recordWords`. */
  readonly words: Int16Array;
  readonly recordWords: number;
  readonly recordCount: number;
  /** Of each input. */
  readonly samplesPerRecord: number;
  readonly signals: readonly RecordedSignal[];
}

/** Records as a block: each slice is decoded when it is asked for, so that no float32 copy of the block is made. */
export function recordBlock({
  words,
  recordWords,
  recordCount,
  samplesPerRecord,
  signals,
}: RecordedWords): SampleBlock {
  return {
    inputCount: signals.length,
    sampleCount: recordCount * samplesPerRecord,
    loadInto(inputs, start, end, decode) {
      for (let from = start; from < end; ) {
        const record = Math.floor(from / samplesPerRecord);
        const to = Math.min(end, (record + 1) * samplesPerRecord);
        const shift = record * (recordWords - samplesPerRecord);
        for (const [k, signal] of signals.entries()) {
          const out = from === start ? inputs[k]! : inputs[k]!.subarray(from - start);
          decode(out, words, shift + signal.place + from, shift + signal.place + to, signal);
        }
        from = to;
      }
    },
  };
}

/** Samples `start` to `end` of a block as arrays of their own. */
export function takeSamples(block: SampleBlock, start: number, end: number): Float32Array[] {
  const out = Array.from({ length: block.inputCount }, () => new Float32Array(end - start));
  block.loadInto(out, start, end, decodeWordsInto);
  return out;
}
