import type { ByteSource } from "./byte-source.js";
import { type Diagnostic, diagnostic } from "./diagnostics.js";
import type { EdfHeader } from "./edf-header.js";
import { type RawRecords, type RecordRange, readRecords } from "./edf-records.js";
import {
  annotationRangesOf,
  createTimeline,
  rounded,
  TIMELINE_TOLERANCE_SECONDS,
  type TimelineReader,
  talsOf,
} from "./edf-timeline.js";
import type { EdfAnnotation, TalContent } from "./tal.js";

/** Consecutive records without a gap; seconds count from the recording's first sample. */
export interface EdfSegment {
  readonly startSeconds: number;
  readonly endSeconds: number;
  readonly startRecord: number;
  readonly recordCount: number;
}

export interface EdfAnnotations {
  /** In order of onset; onsets count from the recording's first sample, so a fractional start is subtracted. */
  readonly annotations: readonly EdfAnnotation[];
  readonly segments: readonly EdfSegment[];
  /** Fraction of a second (or more) between the header's start and the first sample. */
  readonly originSeconds: number;
  readonly diagnostics: readonly Diagnostic[];
}

/** Collects annotations and segments from records given in order. */
export interface AnnotationCollector {
  add(records: RawRecords): void;
  finish(): EdfAnnotations;
}

/** Annotations of an EDF+ or BDF+ file and its segments; reads the whole file unless it has no annotation signal. */
export async function readEdfAnnotations(
  source: ByteSource,
  header: EdfHeader,
  range: Pick<RecordRange, "signal"> = {},
): Promise<EdfAnnotations> {
  const collector = createAnnotationCollector(header);
  if (annotationRangesOf(header).length > 0) {
    for await (const records of readRecords(source, header, range)) collector.add(records);
  }
  return collector.finish();
}

interface Segment {
  startSeconds: number;
  endSeconds: number;
  startRecord: number;
  recordCount: number;
}

/** Issues that can occur in every record are counted and reported once, at their first offset. */
interface DiagnosticCount {
  count: number;
  byteOffset: number;
}

/** A collector for one file, from its first record on. */
export function createAnnotationCollector(header: EdfHeader): AnnotationCollector {
  const ranges = annotationRangesOf(header);
  const annotations: EdfAnnotation[] = [];
  const segments: Segment[] = [];
  const counts = new Map<
    "tal-malformed" | "tal-not-utf8" | "timekeeping-missing" | "jump" | "overlap",
    DiagnosticCount
  >();
  let timeline: TimelineReader | undefined;
  const count = (kind: Parameters<typeof counts.get>[0], byteOffset: number) => {
    const known = counts.get(kind);
    if (known) known.count += 1;
    else counts.set(kind, { count: 1, byteOffset });
  };

  function addRecord(record: Uint8Array, index: number, firstRange: { readonly start: number }): void {
    const contents = talsOf(record, ranges);
    const recordOffset = header.headerBytes + index * header.recordBytes;
    const at = recordOffset + firstRange.start;
    const raw = contents[0]?.recordStartSeconds;
    timeline ??= createTimeline(header, ranges, raw ?? 0);
    if (raw === undefined) count("timekeeping-missing", at);
    const step = timeline.next(raw);
    if (step.isGap) count(step.startSeconds < step.expectedSeconds ? "overlap" : "jump", at);
    extendSegments(segments, index, step.startSeconds, step.isGap, header.recordDurationSeconds);
    for (const [i, content] of contents.entries()) {
      countTalErrors(content, recordOffset + (ranges[i]?.start ?? 0), count);
      for (const annotation of content.annotations) annotations.push(annotation);
    }
  }

  return {
    add({ startRecord, recordCount, bytes }) {
      const [firstRange] = ranges;
      if (!firstRange) return;
      for (let i = 0; i < recordCount; i++) {
        addRecord(bytes.subarray(i * header.recordBytes, (i + 1) * header.recordBytes), startRecord + i, firstRange);
      }
    },
    finish() {
      const originSeconds = timeline?.originSeconds ?? 0;
      if (segments.length === 0 && header.recordsFound > 0) segments.push(wholeFileSegment(header));
      const placed = annotations
        .map((annotation) => ({ ...annotation, onsetSeconds: rounded(annotation.onsetSeconds - originSeconds) }))
        .sort((a, b) => a.onsetSeconds - b.onsetSeconds);
      const diagnostics = [
        ...countedDiagnostics(counts, header),
        ...rangeDiagnostics(placed, segments, originSeconds, header),
      ];
      return { annotations: placed, segments, originSeconds, diagnostics };
    },
  };
}

function wholeFileSegment(header: EdfHeader): Segment {
  return { startSeconds: 0, endSeconds: header.durationSeconds, startRecord: 0, recordCount: header.recordsFound };
}

function extendSegments(
  segments: Segment[],
  record: number,
  startSeconds: number,
  isGap: boolean,
  duration: number,
): void {
  const last = segments.at(-1);
  const endSeconds = rounded(startSeconds + (Number.isFinite(duration) ? duration : 0));
  if (last && !isGap) {
    last.recordCount += 1;
    last.endSeconds = endSeconds;
  } else {
    segments.push({ startSeconds, endSeconds, startRecord: record, recordCount: 1 });
  }
}

function countTalErrors(
  content: TalContent,
  offset: number,
  count: (kind: "tal-malformed" | "tal-not-utf8", at: number) => void,
): void {
  for (const tal of content.malformed) count("tal-malformed", offset + tal);
  for (const text of content.latin1) count("tal-not-utf8", offset + text);
}

function countedDiagnostics(counts: ReadonlyMap<string, DiagnosticCount>, header: EdfHeader): Diagnostic[] {
  const found: Diagnostic[] = [];
  const isDiscontinuous = header.kind.endsWith("+D");
  for (const [kind, { count, byteOffset }] of counts) {
    if (kind === "tal-malformed") {
      found.push(
        diagnostic(kind, `${count} annotation lists are not valid EDF+; the readable part is kept`, byteOffset),
      );
    } else if (kind === "tal-not-utf8") {
      found.push(diagnostic(kind, `${count} annotation texts are not UTF-8; they are read as Latin-1`, byteOffset));
    } else if (kind === "timekeeping-missing") {
      found.push(
        diagnostic(kind, `${count} records have no timestamp; each is placed right after the one before`, byteOffset),
      );
    } else if (kind === "overlap") {
      found.push(
        diagnostic(
          "record-overlap",
          `${count} records start before the end of the one before; check their times`,
          byteOffset,
        ),
      );
    } else if (isDiscontinuous) {
      found.push(diagnostic("gap", `${count} gaps between records; each starts a segment`, byteOffset));
    } else {
      const message = `${count} gaps between records of a file marked continuous; each starts a segment, check before joining them`;
      found.push(diagnostic("discontinuity", message, byteOffset));
    }
  }
  return found;
}

function rangeDiagnostics(
  annotations: readonly EdfAnnotation[],
  segments: readonly Segment[],
  originSeconds: number,
  header: EdfHeader,
): Diagnostic[] {
  const found: Diagnostic[] = [];
  if (originSeconds !== 0) {
    found.push(
      diagnostic(
        "fractional-start",
        `the first sample is ${originSeconds} s after the start in the header; times count from the first sample`,
      ),
    );
  }
  const end = segments.reduce((last, segment) => Math.max(last, segment.endSeconds), 0);
  const isTimed = header.recordDurationSeconds > 0;
  const isOutside = ({ onsetSeconds }: EdfAnnotation) => onsetSeconds < 0 || onsetSeconds > end;
  const outside = isTimed ? annotations.filter(isOutside) : [];
  if (outside.length > 0) {
    found.push(
      diagnostic(
        "annotation-outside",
        `${outside.length} annotations are outside the recording's 0 to ${end} s; their times are kept`,
      ),
    );
  }
  const endsLate = ({ onsetSeconds, durationSeconds = 0 }: EdfAnnotation) =>
    onsetSeconds >= 0 && onsetSeconds <= end && onsetSeconds + durationSeconds > end + TIMELINE_TOLERANCE_SECONDS;
  const late = isTimed ? annotations.filter(endsLate) : [];
  if (late.length > 0) {
    const message = `${late.length} annotations last longer than the recording, which ends at ${end} s; their durations are kept`;
    found.push(diagnostic("annotation-past-end", message));
  }
  return found;
}
