import type { ByteSource } from "../../recording/byte-source.js";
import { decodeInto, type SignalLayout, signalLayoutOf } from "../../recording/edf-decode.js";
import type { EdfHeader } from "../../recording/edf-header.js";
import { microvoltFactor } from "../../recording/edf-scaling.js";
import type { InjectChannel } from "./inject-channels.js";

/** The whole records of a recording in which a seizure lies. */
export interface RecordSpan {
  /** Offset of `bytes` in the file. */
  readonly byteOffset: number;
  readonly bytes: Uint8Array;
  readonly recordCount: number;
  /** First sample of the seizure, counted from the first sample in `bytes`. */
  readonly firstSample: number;
}

/** Read the whole records that hold `sampleCount` samples from `startSample` of the channels on. */
export async function readSpan(
  source: ByteSource,
  header: EdfHeader,
  channel: InjectChannel,
  startSample: number,
  sampleCount: number,
): Promise<RecordSpan> {
  const { samplesPerRecord } = channel.signal;
  const firstRecord = Math.floor(startSample / samplesPerRecord);
  const lastRecord = Math.min(header.recordsFound, Math.ceil((startSample + sampleCount) / samplesPerRecord));
  const byteOffset = header.headerBytes + firstRecord * header.recordBytes;
  const recordCount = lastRecord - firstRecord;
  const bytes = await source.read(byteOffset, byteOffset + recordCount * header.recordBytes);
  return { byteOffset, bytes, recordCount, firstSample: startSample - firstRecord * samplesPerRecord };
}

/** Microvolts of the channels under the seizure, `sampleCount` each. */
export function backgroundOf(
  span: RecordSpan,
  header: EdfHeader,
  channels: readonly InjectChannel[],
  sampleCount: number,
): Float32Array[] {
  const { bytes, recordCount, firstSample } = span;
  return channels.map(({ signal }) => {
    const all = new Float32Array(recordCount * signal.samplesPerRecord);
    decodeInto(all, bytes, recordCount, signalLayoutOf(header, signal.index));
    return all.slice(firstSample, firstSample + sampleCount);
  });
}

/**
 * A copy of the span's records with `gain` times the seizure added: only digital values of the channels change, each by the
 * nearest whole number; `clipped` counts those that reached the end of their signal's range.
 */
export function addedTo(
  span: RecordSpan,
  header: EdfHeader,
  channels: readonly InjectChannel[],
  seizure: readonly Float32Array[],
  gain: number,
): { bytes: Uint8Array; clipped: number } {
  const bytes = Uint8Array.from(span.bytes);
  let clipped = 0;
  channels.forEach(({ signal }, index) => {
    const layout = signalLayoutOf(header, signal.index);
    const microvoltsPerStep = layout.gain * (microvoltFactor(signal.unit) ?? 1);
    const low = Math.min(signal.digitalMin, signal.digitalMax);
    const high = Math.max(signal.digitalMin, signal.digitalMax);
    seizure[index]!.forEach((value, i) => {
      const at = byteOf(layout, span.firstSample + i);
      const wanted = readDigital(bytes, at, layout.width) + Math.round((gain * value) / microvoltsPerStep);
      const kept = Math.min(high, Math.max(low, wanted));
      if (kept !== wanted) clipped += 1;
      writeDigital(bytes, at, layout.width, kept);
    });
  });
  return { bytes, clipped };
}

function byteOf({ offset, samplesPerRecord, recordBytes, width }: SignalLayout, sample: number): number {
  const record = Math.floor(sample / samplesPerRecord);
  return record * recordBytes + offset + width * (sample - record * samplesPerRecord);
}

function readDigital(bytes: Uint8Array, at: number, width: 2 | 3): number {
  const low = bytes[at]! | (bytes[at + 1]! << 8);
  return width === 2 ? (low << 16) >> 16 : ((low | (bytes[at + 2]! << 16)) << 8) >> 8;
}

function writeDigital(bytes: Uint8Array, at: number, width: 2 | 3, value: number): void {
  bytes[at] = value & 255;
  bytes[at + 1] = (value >> 8) & 255;
  if (width === 3) bytes[at + 2] = (value >> 16) & 255;
}
