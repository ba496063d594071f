import { type Event, type Interval, mergeIntervals, totalSeconds } from "../base/events.js";
import type { AnnotationFile } from "./annotation-file.js";
import { DURATION_ERROR_SECONDS } from "./annotation-rows.js";
import type { Finding } from "./finding.js";
import { classOf } from "./labels.js";

/** Unions of csv and csv_bi may differ this much, in seconds, before it is a finding. */
export const UNION_TOLERANCE_SECONDS = 0.02;

/** Difference of durations that is a warning, in seconds; over `DURATION_ERROR_SECONDS` it is an error. */
export const DURATION_WARNING_SECONDS = 0.1;

type Rows = Pick<AnnotationFile, "events" | "durationSeconds">;

/** Seizure rows cut to the duration; rows that lie wholly behind it vanish. */
function seizureRows({ events, durationSeconds = Number.POSITIVE_INFINITY }: Rows): Event[] {
  return events
    .filter((event) => classOf(event.label) === "seizure" && event.startSeconds < durationSeconds)
    .map((event) => ({ ...event, endSeconds: Math.min(event.endSeconds, durationSeconds) }));
}

/**
 * Seizures of a recording: seizure rows of all channels cut to the duration and merged (touching ones are one), in
 * order. Boundaries come from `file`; the label is the type with most seconds inside, taken from `typed` (the per-channel
 * csv) when it is given and knows one, else from `file`. Confidence is the highest of the merged rows.
 */
export function seizureEvents(file: Rows, typed?: Rows): Event[] {
  const rows = seizureRows(file).sort((a, b) => a.startSeconds - b.startSeconds);
  const ownType = typeFinder(rows);
  const betterType = typeFinder(typed ? seizureRows(typed) : []);
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
 * A function that tells which label covers most seconds of a stretch, channels united; the earlier one wins a tie. It
 * must be asked for disjoint stretches in order, so that a whole file costs one pass.
 */
function typeFinder(rows: readonly Event[]): (stretch: Interval) => string | undefined {
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
      const lead = seconds - (best?.seconds ?? 0); // binary sums of decimals differ in the last digits
      if (!best || lead > 1e-9 || (lead > -1e-9 && from < best.from)) best = { label: union.label, seconds, from };
    }
    return best?.label;
  };
}

/** Seizure seconds of two files of one recording, channels united. */
export interface LabelAgreement {
  /** In the per-channel file (csv, tse). */
  readonly typedSeconds: number;
  /** In the binary file (csv_bi, tse_bi). */
  readonly binarySeconds: number;
  /** In one of them only. */
  readonly differenceSeconds: number;
}

/** How far the per-channel file and the binary one agree about seizures, each cut to its duration. */
export function agreementOf(typed: Rows, binary: Rows): LabelAgreement {
  const [ofTyped, ofBinary] = [mergeIntervals(seizureRows(typed)), mergeIntervals(seizureRows(binary))];
  const [typedSeconds, binarySeconds] = [totalSeconds(ofTyped), totalSeconds(ofBinary)];
  const differenceSeconds = 2 * totalSeconds([...ofTyped, ...ofBinary]) - typedSeconds - binarySeconds;
  return { typedSeconds, binarySeconds, differenceSeconds };
}

/** Seconds of those stretches of `events` that share no time with any of `others`. */
function secondsApart(events: readonly Interval[], others: readonly Interval[]): number {
  const alone = mergeIntervals(events).filter(
    (event) => !others.some((other) => other.startSeconds < event.endSeconds && event.startSeconds < other.endSeconds),
  );
  return totalSeconds(alone);
}

/**
 * Compare the seizures of another file of a recording with those of the one that is used: an error when one has seizures
 * that the other does not know at all, a warning when they know the same ones and their unions differ by more than 20 ms in total.
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
  const apart = secondsApart(ofOther, ofUsed) + secondsApart(ofUsed, ofOther);
  if (apart > UNION_TOLERANCE_SECONDS + 1e-9) {
    const message = `${other.file} and ${used.file} have other seizures: ${apart.toFixed(3)} s of them share no time with any of the other file`;
    return [{ ...finding, code: "seizures-differ", severity: "error", message }];
  }
  if (difference <= UNION_TOLERANCE_SECONDS + 1e-9) return [];
  const message = `the seizures of ${other.format} and ${used.format} differ by ${difference.toFixed(3)} s in all; those of ${used.format} are used`;
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
        ? "find the file that belongs to the recording, or fetch the recording again if it is cut; until then it counts as unknown"
        : "none needed: the recording's duration is used",
    },
  ];
}
