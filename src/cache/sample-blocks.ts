import { acquireBuffers, releaseBuffers } from "../recording/block-buffers.js";
import type { ByteSource } from "../recording/byte-source.js";
import { signalLayoutOf } from "../recording/edf-decode.js";
import type { EdfHeader } from "../recording/edf-header.js";
import { canFill, readRecords, recordsPerBlock } from "../recording/edf-records.js";
import { openRecordDecoder } from "../recording/record-decoder.js";
import { openRunReader, type RecordRun } from "../recording/record-runs.js";
import { floatBlock, type RecordLayout, recordBlock, type SampleBlock } from "../signal/sample-block.js";

/** Samples for a chain, with the records that they come from; a run with a `break` does not continue the one before. */
export interface SampleRun extends RecordRun {
  readonly block: SampleBlock;
}

/** Turns whole records into a block for a chain, good until the next call. */
type Decode = (bytes: Uint8Array, recordCount: number) => SampleBlock;

/** How the signals lie, when their records are int16 words that a chain can decode itself; else undefined. */
function plainWords(header: EdfHeader, signals: readonly number[]): RecordLayout | undefined {
  if (header.kind.startsWith("BDF")) return undefined;
  const counts = new Set(signals.map((index) => header.signals[index]!.samplesPerRecord));
  if (counts.size !== 1) return undefined;
  const places = signals.map((index) => {
    const { offset, gain, digitalOffset, factor } = signalLayoutOf(header, index);
    return { place: offset / 2, gain, offset: digitalOffset, factor };
  });
  const { samplesPerRecord } = header.signals[signals[0]!]!;
  return { recordWords: header.recordBytes / 2, samplesPerRecord, signals: places };
}

function decodeWords(layout: RecordLayout): Decode {
  return (bytes, recordCount) => {
    const aligned = bytes.byteOffset % 2 === 0 ? bytes : bytes.slice();
    return recordBlock(new Int16Array(aligned.buffer, aligned.byteOffset, aligned.byteLength / 2), recordCount, layout);
  };
}

/**
 * The signals of a recording for a chain, block by block, each good until the next is asked for: the words themselves
 * where the file allows it, else decoded samples. Values are those of `readEdfBlocks`; breaks in time are told, not judged.
 */
export async function* readSampleBlocks(
  source: ByteSource,
  header: EdfHeader,
  signals: readonly number[],
  signal?: AbortSignal,
): AsyncGenerator<SampleRun> {
  const runsOf = await openRunReader(source, header);
  const { recordBytes } = header;
  const most = Math.min(header.recordsFound, recordsPerBlock(source, header, undefined));
  const layout = plainWords(header, signals);
  const places = layout ? [] : signals.map((index) => signalLayoutOf(header, index));
  const decoder = layout ? undefined : openRecordDecoder(places, recordBytes, most, { bufferCount: 1 });
  const decode: Decode = layout
    ? decodeWords(layout)
    : (bytes, recordCount) => floatBlock(decoder!.decode(bytes, recordCount));
  const buffers = acquireBuffers(recordBytes * most);
  try {
    const range = { signal, ...(canFill(source, buffers) && { buffers }) };
    for await (const { startRecord, recordCount, bytes } of readRecords(source, header, range)) {
      for (const run of runsOf({ startRecord, recordCount, bytes })) {
        const from = (run.startRecord - startRecord) * recordBytes;
        const part = bytes.subarray(from, from + run.recordCount * recordBytes);
        yield { ...run, block: decode(part, run.recordCount) };
      }
    }
  } finally {
    releaseBuffers(buffers);
    decoder?.release();
  }
}
