import type { ByteSource } from "../recording/byte-source.js";
import { readEdfBlocks } from "../recording/edf-blocks.js";
import { placeOf } from "../recording/edf-decode.js";
import type { EdfHeader } from "../recording/edf-header.js";
import { readRecords, recordsPerBlock } from "../recording/edf-records.js";
import { floatBlock, type RecordLayout, recordBlock, type SampleBlock } from "../signal/sample-block.js";

/** How the signals lie, when their records are int16 words without a timeline to check; else undefined. */
function plainWords(header: EdfHeader, signals: readonly number[]): RecordLayout | undefined {
  if (header.kind !== "EDF" && header.kind !== "EDF+C") return undefined;
  const counts = new Set(signals.map((index) => header.signals[index]!.samplesPerRecord));
  if (counts.size !== 1) return undefined;
  const places = signals.map((index) => {
    const { offset, gain, digitalOffset, factor } = placeOf(header, index);
    return { place: offset / 2, gain, offset: digitalOffset, factor };
  });
  const { samplesPerRecord } = header.signals[signals[0]!]!;
  return { recordWords: header.recordBytes / 2, samplesPerRecord, signals: places };
}

/** Two places for file blocks. */
type Buffers = readonly [Uint8Array, Uint8Array];

/** For the next recording: fresh memory for each would set off a collection of garbage after every few. */
const idle: Buffers[] = [];
/** As many as a thread works on at a time. */
const IDLE_BUFFERS = 2;

/** Buffers for blocks of so many bytes, in memory that threads share. */
function takeBuffers(byteLength: number): Buffers {
  const known = idle.pop();
  if (known && known[0].byteLength >= byteLength) return known;
  return [new Uint8Array(new SharedArrayBuffer(byteLength)), new Uint8Array(new SharedArrayBuffer(byteLength))];
}

function giveBuffers(buffers: Buffers): void {
  if (idle.length < IDLE_BUFFERS) idle.push(buffers);
}

/**
 * The signals of a recording for a chain, block by block, each good until the next is asked for: the words themselves
 * where the file allows it, else decoded samples. Values and errors are those of `readEdfBlocks`.
 */
export async function* readSampleBlocks(
  source: ByteSource,
  header: EdfHeader,
  signals: readonly number[],
  signal?: AbortSignal,
): AsyncGenerator<SampleBlock> {
  const layout = plainWords(header, signals);
  if (!layout) {
    for await (const { samples } of readEdfBlocks(source, header, { signals, signal })) yield floatBlock(samples);
    return;
  }
  const buffers = takeBuffers(header.recordBytes * recordsPerBlock(source, header, undefined));
  try {
    for await (const { bytes, recordCount } of readRecords(source, header, { signal, buffers })) {
      const aligned = bytes.byteOffset % 2 === 0 ? bytes : bytes.slice();
      yield recordBlock(
        new Int16Array(aligned.buffer, aligned.byteOffset, aligned.byteLength / 2),
        recordCount,
        layout,
      );
    }
  } finally {
    giveBuffers(buffers);
  }
}
