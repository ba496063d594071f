import type { ByteSource } from "./byte-source.js";
import { signalLayoutOf } from "./edf-decode.js";
import type { EdfHeader } from "./edf-header.js";
import { parseTals, recordStartOf, type TalContent } from "./tal.js";

/** Two record starts within this tolerance, in seconds, are equal: files round their timestamps. */
export const TIMELINE_TOLERANCE_SECONDS = 1e-3;

/**
 * Largest drift of timestamps, each within the tolerance of the previous one, against the count of samples: beyond it labels
 * would not match their samples.
 */
export const TIMELINE_DRIFT_SECONDS = 0.1;

/** Longest duration of a recording with gaps: memory grows with it, and a typing error in a timestamp means years. */
export const LONGEST_SPAN_SECONDS = 14 * 24 * 3600;

/** Follows the start times of records in order. */
export interface TimelineReader {
  /** Byte ranges of the annotation signals within a record. */
  readonly annotationRanges: readonly { start: number; end: number }[];
  /** Start in the header's clock of the recording's first record. */
  readonly originSeconds: number;
  /** Add the next record's timestamp; undefined (no timekeeping) means "directly after the previous record". */
  next(rawStartSeconds: number | undefined): TimelineStep;
}

export interface TimelineStep {
  /** From the recording's first sample. */
  readonly startSeconds: number;
  readonly expectedSeconds: number;
  /** True when the start is not the end of the previous record. */
  readonly isGap: boolean;
}

/** Reads single timestamps: seconds from the recording's first sample to the start of a record, by count where it has none. */
async function startReader(source: ByteSource, header: EdfHeader): Promise<(record: number) => Promise<number>> {
  const { recordsFound, recordDurationSeconds: duration } = header;
  const [first] = annotationRangesOf(header);
  const timestampOf = async (record: number) => {
    if (!first) return undefined;
    const at = header.headerBytes + record * header.recordBytes;
    return recordStartOf(await source.read(at + first.start, at + first.end));
  };
  const origin = recordsFound > 0 ? ((await timestampOf(0)) ?? 0) : 0;
  return async (record) => {
    if (record === 0) return 0;
    const timestamp = await timestampOf(record);
    return timestamp === undefined ? record * duration : rounded(timestamp - origin);
  };
}

/**
 * The first record that ends after `seconds` of the recording's own time, gaps counted, and when it starts, by binary search with
 * small reads of timestamps. The number of records where there is none.
 */
export async function recordAt(
  source: ByteSource,
  header: EdfHeader,
  seconds: number,
): Promise<{ readonly record: number; readonly startSeconds: number }> {
  const { recordsFound, recordDurationSeconds: duration } = header;
  const startOf = await startReader(source, header);
  let low = 0;
  let high = Math.min(recordsFound, Math.max(0, Math.floor(seconds / duration) + 1)); // gaps only move records back
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((await startOf(middle)) + duration > seconds + TIMELINE_TOLERANCE_SECONDS) high = middle;
    else low = middle + 1;
  }
  return { record: low, startSeconds: low < recordsFound ? await startOf(low) : header.durationSeconds };
}

/** Start of the last record of a recording, actual and without gaps, from the first sample. */
export interface EndpointsApart {
  readonly startSeconds: number;
  readonly expectedSeconds: number;
}

/**
 * Gaps by the timestamps of the first and the last record. Two small reads; undefined where they agree or one is missing.
 * Gaps and overlaps that cancel out are only found by reading every record.
 */
export async function endpointsApart(source: ByteSource, header: EdfHeader): Promise<EndpointsApart | undefined> {
  const last = header.recordsFound - 1;
  if (last < 1 || annotationRangesOf(header).length === 0) return undefined;
  const expectedSeconds = rounded(last * header.recordDurationSeconds);
  const { startSeconds } = (await readTimeline(source, header, last)).next(undefined);
  const isApart = Math.abs(startSeconds - expectedSeconds) > TIMELINE_DRIFT_SECONDS;
  return isApart ? { startSeconds: rounded(startSeconds), expectedSeconds } : undefined;
}

/** Duration of a recording including gaps; by the count of its samples where the timestamps are missing or implausible. */
export function spanSecondsOf(header: EdfHeader, apart: EndpointsApart | undefined): number {
  const span = apart ? rounded(apart.startSeconds + header.recordDurationSeconds) : 0;
  return span > header.durationSeconds && span <= LONGEST_SPAN_SECONDS ? span : header.durationSeconds;
}

/** A timeline that begins at `startRecord`; reads record 0 (and that one) for their timestamps. */
export async function readTimeline(source: ByteSource, header: EdfHeader, startRecord = 0): Promise<TimelineReader> {
  const annotationRanges = annotationRangesOf(header);
  const [firstRange] = annotationRanges;
  const timestampOf = async (record: number) => {
    if (record >= header.recordsFound || !firstRange) return undefined;
    const start = header.headerBytes + record * header.recordBytes;
    return recordStartOf(await source.read(start + firstRange.start, start + firstRange.end));
  };
  const originSeconds = (await timestampOf(0)) ?? 0;
  const first = startRecord > 0 ? await timestampOf(startRecord) : originSeconds;
  const begin = first === undefined ? startRecord * header.recordDurationSeconds : first - originSeconds;
  return createTimeline(header, annotationRanges, originSeconds, begin);
}

/** A timeline that expects its first record at `expectedSeconds` after the recording's first sample. */
export function createTimeline(
  header: EdfHeader,
  annotationRanges: TimelineReader["annotationRanges"],
  originSeconds: number,
  expectedSeconds = 0,
): TimelineReader {
  const duration = Number.isFinite(header.recordDurationSeconds) ? header.recordDurationSeconds : 0;
  let expected = expectedSeconds;
  let counted = expectedSeconds; // by the samples since the last gap
  return {
    annotationRanges,
    originSeconds,
    next(rawStartSeconds) {
      const expectedNow = expected;
      const countedNow = counted;
      const startSeconds = rawStartSeconds === undefined ? expectedNow : rounded(rawStartSeconds - originSeconds);
      expected = startSeconds + duration; // from the timestamp, so that a rounded duration never accumulates to a gap
      const isJump = Math.abs(startSeconds - expectedNow) > TIMELINE_TOLERANCE_SECONDS;
      const isGap = isJump || Math.abs(startSeconds - countedNow) > TIMELINE_DRIFT_SECONDS;
      counted = (isGap ? startSeconds : countedNow) + duration;
      return { startSeconds, expectedSeconds: rounded(isJump ? expectedNow : countedNow), isGap };
    },
  };
}

/** `seconds` without floating-point error: timestamps have at most nine decimals in practice. */
export function rounded(seconds: number): number {
  return Math.round(seconds * 1e9) / 1e9;
}

/** Byte ranges of the annotation signals within a record, in file order. */
export function annotationRangesOf(header: EdfHeader): { start: number; end: number }[] {
  return header.signals
    .filter((signal) => signal.isAnnotation)
    .map((signal) => {
      const { offset, width, samplesPerRecord } = signalLayoutOf(header, signal.index);
      return { start: offset, end: offset + width * samplesPerRecord };
    });
}

/** TALs of one record, one result per annotation signal. */
export function talsOf(record: Uint8Array, ranges: TimelineReader["annotationRanges"]): TalContent[] {
  return ranges.map(({ start, end }, i) => parseTals(record.subarray(start, end), i === 0));
}

/** Timestamp of one record in the header's clock, when it has one. */
export function recordStartIn(record: Uint8Array, [first]: TimelineReader["annotationRanges"]): number | undefined {
  return first && recordStartOf(record.subarray(first.start, first.end));
}
