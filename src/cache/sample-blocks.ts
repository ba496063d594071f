import { type Borrowed, lend } from "../base/borrowed.js";
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
  readonly block: Borrowed<SampleBlock>;
}

/** Turns whole records into a block for a chain. */
type Decode = (bytes: Uint8Array, recordCount: number) => Borrowed<SampleBlock>;

/** How the signals lie, when their records are int16 samples that a chain can decode itself; else undefined. */
function digitalLayout(header: EdfHeader, signals: readonly number[]): RecordLayout | undefined {
  if (header.kind.startsWith("BDF")) return undefined;
  const counts = new Set(signals.map((index) => header.signals[index]?.samplesPerRecord));
  const [samplesPerRecord] = counts;
  if (counts.size !== 1 || samplesPerRecord === undefined) return undefined;
  const scalings = signals.map((index) => {
    const { offset, gain, digitalOffset, factor } = signalLayoutOf(header, index);
    return { recordOffset: offset / 2, gain, offset: digitalOffset, factor };
  });
  return { recordSamples: header.recordBytes / 2, samplesPerRecord, signals: scalings };
}

interface OpenDecoder {
  readonly decode: Decode;
  /** Give the decoder's memory back. */
  release(): void;
}

function decodeDigital(layout: RecordLayout): OpenDecoder {
  const decode: Decode = (bytes, recordCount) => {
    const aligned = bytes.byteOffset % 2 === 0 ? bytes : bytes.slice();
    const digital = new Int16Array(aligned.buffer, aligned.byteOffset, aligned.byteLength / 2);
    return lend(recordBlock(digital, recordCount, layout));
  };
  return { decode, release: () => undefined };
}

function decodeFloats(header: EdfHeader, signals: readonly number[], most: number): OpenDecoder {
  const scalings = signals.map((index) => signalLayoutOf(header, index));
  const decoder = openRecordDecoder(scalings, header.recordBytes, most, { bufferCount: 1 });
  return {
    decode: (bytes, recordCount) => lend(floatBlock(decoder.decode(bytes, recordCount))),
    release: () => decoder.release(),
  };
}

/**
 * The signals of a recording for a chain, block by block: the digital samples themselves where the
 * file allows it, else decoded ones. Values are those of `readEdfBlocks`; breaks in time are reported, not judged.
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
  const layout = digitalLayout(header, signals);
  const { decode, release } = layout ? decodeDigital(layout) : decodeFloats(header, signals, most);
  const buffers = acquireBuffers(recordBytes * most);
  try {
    const range = { ...(signal && { signal }), ...(canFill(source, buffers) && { buffers }) };
    for await (const { startRecord, recordCount, bytes } of readRecords(source, header, range)) {
      for (const run of runsOf({ startRecord, recordCount, bytes })) {
        const from = (run.startRecord - startRecord) * recordBytes;
        const part = bytes.subarray(from, from + run.recordCount * recordBytes);
        yield { ...run, block: decode(part, run.recordCount) };
      }
    }
  } finally {
    releaseBuffers(buffers);
    release();
  }
}
