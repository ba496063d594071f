import type { ByteSource } from "./byte-source.js";
import type { EdfHeader } from "./edf-header.js";
import type { RawRecords } from "./edf-records.js";
import {
  annotationRangesOf,
  createTimeline,
  readTimeline,
  recordStartIn,
  type TimelineReader,
} from "./edf-timeline.js";

/** Why a record does not continue the previous one. */
export interface TimelineBreak {
  /** "gap": it starts later; "overlap": earlier; "unknown": it has no timestamp though the file is marked discontinuous. */
  readonly kind: "gap" | "overlap" | "unknown";
  readonly record: number;
  /** From the recording's first sample. */
  readonly startSeconds: number;
  readonly expectedSeconds: number;
}

/** Records that follow each other without a break. */
export interface RecordRun {
  readonly startRecord: number;
  readonly recordCount: number;
  /** From the recording's first sample, gaps counted. */
  readonly startSeconds: number;
  /** Absent where the run continues the previous one. */
  readonly break?: TimelineBreak;
}

/** Takes blocks of records in order and gives their runs. */
export type RunReader = (records: RawRecords) => RecordRun[];

/**
 * Runs by the timestamps of the records, whatever the header says about gaps: those of each kind of file with an annotation
 * signal are read, also of one marked continuous. The bytes are read anyway; only a start in the middle costs two small
 * reads. A file without timestamps is one run, unless it is marked discontinuous: then its times are unknown, and each
 * record is a break.
 */
export async function openRunReader(source: ByteSource, header: EdfHeader, startRecord = 0): Promise<RunReader> {
  const ranges = annotationRangesOf(header);
  const isDiscontinuous = header.kind.endsWith("+D");
  const needsTimestamp = isDiscontinuous && header.recordsFound > 1;
  if (ranges.length === 0 && !needsTimestamp) return (records) => [blockRun(header, records)];
  let timeline = startRecord > 0 ? await readTimeline(source, header, startRecord) : undefined;
  return ({ startRecord: first, recordCount, bytes }) => {
    const runs: Mutable<RecordRun>[] = [];
    for (let record = 0; record < recordCount; record++) {
      const own = bytes.subarray(record * header.recordBytes, (record + 1) * header.recordBytes);
      const timestamp = recordStartIn(own, ranges);
      timeline ??= createTimeline(header, ranges, timestamp ?? 0);
      const found = nextBreak(timeline, first + record, timestamp, needsTimestamp);
      const last = runs.at(-1);
      if (last && !found.break) last.recordCount += 1;
      else runs.push({ startRecord: first + record, recordCount: 1, ...found });
    }
    return runs;
  };
}

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

function blockRun({ recordDurationSeconds }: EdfHeader, { startRecord, recordCount }: RawRecords): RecordRun {
  return { startRecord, recordCount, startSeconds: startRecord * recordDurationSeconds };
}

function nextBreak(
  timeline: TimelineReader,
  record: number,
  timestamp: number | undefined,
  needsTimestamp: boolean,
): Pick<RecordRun, "startSeconds" | "break"> {
  const { startSeconds, expectedSeconds, isGap } = timeline.next(timestamp);
  const isUnknown = needsTimestamp && timestamp === undefined;
  if (!isGap && !isUnknown) return { startSeconds };
  const kind = isUnknown ? "unknown" : startSeconds < expectedSeconds ? "overlap" : "gap";
  return { startSeconds, break: { kind, record, startSeconds, expectedSeconds } };
}

/** Text of a break for messages. */
export function describeBreak({ kind, record, startSeconds, expectedSeconds }: TimelineBreak): string {
  if (kind === "unknown")
    return `record ${record} has no timestamp in a file marked discontinuous: its time is unknown`;
  const found = `record ${record} starts at ${startSeconds} s, ${expectedSeconds} s expected`;
  return `${found}: ${kind === "gap" ? "the recording has gaps" : "its records overlap or are out of order"}`;
}
