import { type Event, type Interval, mergeIntervals, totalSeconds } from "../base/events.js";
import type { AnnotationFile } from "./annotation-file.js";
import { DURATION_ERROR_SECONDS } from "./annotation-rows.js";
import type { Finding } from "./finding.js";
import { labelClassOf } from "./labels.js";

/** Tolerance, in seconds, of the difference between the unions of csv and csv_bi. */
export const UNION_TOLERANCE_SECONDS = 0.02;

/** Difference of durations that is a warning, in seconds; over `DURATION_ERROR_SECONDS` it is an error. */
export const DURATION_WARNING_SECONDS = 0.1;

type Rows = Pick<AnnotationFile, "events" | "durationSeconds">;

/** Seizure rows truncated to the duration; rows that start after it are dropped. */
function seizureRows({ events, durationSeconds = Number.POSITIVE_INFINITY }: Rows): Event[] {
  return events
    .filter((event) => labelClassOf(event.label) === "seizure" && event.startSeconds < durationSeconds)
    .map((event) => ({ ...event, endSeconds: Math.min(event.endSeconds, durationSeconds) }));
}

/**
 * Seizures of a recording: seizure rows of all channels truncated to the duration and merged (adjacent ones too), in
 * order. Boundaries come from `file`; the label is the type with most seconds inside, taken from `typed` (the per-channel
 * csv) when it is given and knows one, else from `file`. Confidence is the highest of the merged rows.
 */
export function seizureEvents(file: Rows, typed?: Rows): Event[] {
  const rows = seizureRows(file).sort((a, b) => a.startSeconds - b.startSeconds);
  const ownType = createTypeLookup(rows);
  const betterType = createTypeLookup(typed ? seizureRows(typed) : []);
  let next = 0;
  return mergeIntervals(rows).map((seizure) => {
    let confidence = 0;
    for (; next < rows.length && rows[next]!.startSeconds < seizure.endSeconds; next++) {
      confidence = Math.max(confidence, rows[next]!.confidence);
    }
    return { ...seizure, label: betterType(seizure) ?? ownType(seizure) ?? "seiz", confidence };
  });
}

/**
 * A function that returns the label that covers most seconds of an interval, over all channels; the earlier one wins a tie.
 * It must be called with disjoint intervals in order, so that a whole file costs one pass.
 */
function createTypeLookup(rows: readonly Event[]): (interval: Interval) => string | undefined {
  const labels = [...new Set(rows.map(({ label }) => label))].map((label) => ({
    label,
    parts: mergeIntervals(rows.filter((row) => row.label === label)),
    next: 0,
  }));
  return ({ startSeconds, endSeconds }) => {
    let best: { label: string; seconds: number; from: number } | undefined;
    for (const union of labels) {
      while (union.next < union.parts.length && union.parts[union.next]!.endSeconds <= startSeconds) union.next += 1;
      let seconds = 0;
      for (let i = union.next; i < union.parts.length && union.parts[i]!.startSeconds < endSeconds; i++) {
        const part = union.parts[i]!;
        seconds += Math.min(part.endSeconds, endSeconds) - Math.max(part.startSeconds, startSeconds);
      }
      if (seconds <= 0) continue;
      const from = union.parts[union.next]!.startSeconds;
      const lead = seconds - (best?.seconds ?? 0); // floating-point sums of decimals differ in the last digits
      if (!best || lead > 1e-9 || (lead > -1e-9 && from < best.from)) best = { label: union.label, seconds, from };
    }
    return best?.label;
  };
}

/** Seizure seconds of two files of one recording, over all channels. */
export interface LabelAgreement {
  /** In the per-channel file (csv, tse). */
  readonly typedSeconds: number;
  /** In the binary file (csv_bi, tse_bi). */
  readonly binarySeconds: number;
  /** In one of them only. */
  readonly differenceSeconds: number;
}

/** Agreement of the per-channel file and the binary one about seizures, each truncated to its duration. */
export function agreementOf(typed: Rows, binary: Rows): LabelAgreement {
  const [ofTyped, ofBinary] = [mergeIntervals(seizureRows(typed)), mergeIntervals(seizureRows(binary))];
  const [typedSeconds, binarySeconds] = [totalSeconds(ofTyped), totalSeconds(ofBinary)];
  const differenceSeconds = 2 * totalSeconds([...ofTyped, ...ofBinary]) - typedSeconds - binarySeconds;
  return { typedSeconds, binarySeconds, differenceSeconds };
}

/** Seconds of the merged `events` that overlap none of `others`. */
function unmatchedSeconds(events: readonly Interval[], others: readonly Interval[]): number {
  const alone = mergeIntervals(events).filter(
    (event) => !others.some((other) => other.startSeconds < event.endSeconds && event.startSeconds < other.endSeconds),
  );
  return totalSeconds(alone);
}

/**
 * Compare the seizures of another file of a recording with those of the one that is used: an error when one has seizures
 * that the other lacks, a warning when they have the same ones and their unions differ by more than 20 ms in total.
 */
export function compareAnnotations(other: AnnotationFile, used: AnnotationFile): Finding[] {
  const { typedSeconds, binarySeconds, differenceSeconds: difference } = agreementOf(other, used);
  const finding = { file: used.file, action: `look at ${other.file} and ${used.file} and correct the wrong one` };
  if (typedSeconds === 0 && binarySeconds === 0) return [];
  if (typedSeconds === 0 || binarySeconds === 0) {
    const [has, lacks] = typedSeconds > 0 ? [other.file, used.file] : [used.file, other.file];
    const message = `${has} has seizures, ${lacks} has none`;
    return [{ ...finding, code: "seizures-in-one-file-only", severity: "error", message }];
  }
  const [ofOther, ofUsed] = [seizureRows(other), seizureRows(used)];
  const apart = unmatchedSeconds(ofOther, ofUsed) + unmatchedSeconds(ofUsed, ofOther);
  if (apart > UNION_TOLERANCE_SECONDS + 1e-9) {
    const message = `${other.file} and ${used.file} have different seizures: ${apart.toFixed(3)} s of them overlap no seizure of the other file`;
    return [{ ...finding, code: "seizures-differ", severity: "error", message }];
  }
  if (difference <= UNION_TOLERANCE_SECONDS + 1e-9) return [];
  const message = `the seizures of ${other.format} and ${used.format} differ by ${difference.toFixed(3)} s in total; those of ${used.format} are used`;
  return [{ ...finding, code: "unions-differ", severity: "warning", message }];
}

/** Compare the annotation's duration with the recording's: over 0.1 s is a warning, over 1 s an error. */
export function checkDuration(file: AnnotationFile, edfSeconds: number): Finding[] {
  if (file.durationSeconds === undefined || !Number.isFinite(edfSeconds)) return [];
  const difference = Math.abs(file.durationSeconds - edfSeconds);
  if (difference <= DURATION_WARNING_SECONDS + 1e-9) return [];
  const isError = difference > DURATION_ERROR_SECONDS + 1e-9;
  return [
    {
      file: file.file,
      code: "duration-differs",
      severity: isError ? "error" : "warning",
      message: `the annotation says ${file.durationSeconds} s, the recording has ${edfSeconds} s`,
      action: isError
        ? "find the file that belongs to the recording, or download the recording again if it is truncated; until then its labels are unknown"
        : "none needed: the recording's duration is used",
    },
  ];
}
