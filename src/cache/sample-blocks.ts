import type { ByteSource } from "../recording/byte-source.js";
import { readEdfBlocks } from "../recording/edf-blocks.js";
import { placeOf } from "../recording/edf-decode.js";
import type { EdfHeader } from "../recording/edf-header.js";
import { readRecords } from "../recording/edf-records.js";
import { floatBlock, type RecordedSignal, recordBlock, type SampleBlock } from "../signal/sample-block.js";

/** Where the signals lie, when their records are int16 words without a timeline to check; else undefined. */
function plainWords(header: EdfHeader, signals: readonly number[]): RecordedSignal[] | undefined {
  if (header.kind !== "EDF" && header.kind !== "EDF+C") return undefined;
  const counts = new Set(signals.map((index) => header.signals[index]!.samplesPerRecord));
  if (counts.size !== 1) return undefined;
  return signals.map((index) => {
    const { offset, gain, digitalOffset, factor } = placeOf(header, index);
    return { place: offset / 2, gain, offset: digitalOffset, factor };
  });
}

/**
 * The signals of a recording for a chain, block by block: the words themselves where the file allows it, else decoded
 * samples. Values and errors are those of `readEdfBlocks`.
 */
export async function* readSampleBlocks(
  source: ByteSource,
  header: EdfHeader,
  signals: readonly number[],
  signal?: AbortSignal,
): AsyncGenerator<SampleBlock> {
  const words = plainWords(header, signals);
  if (!words) {
    for await (const { samples } of readEdfBlocks(source, header, { signals, signal })) yield floatBlock(samples);
    return;
  }
  const { samplesPerRecord } = header.signals[signals[0]!]!;
  const recordWords = header.recordBytes / 2;
  for await (const { bytes, recordCount } of readRecords(source, header, { signal })) {
    const aligned = bytes.byteOffset % 2 === 0 ? bytes : bytes.slice();
    const all = new Int16Array(aligned.buffer, aligned.byteOffset, aligned.byteLength / 2);
    yield recordBlock({ words: all, recordWords, recordCount, samplesPerRecord, signals: words });
  }
}
