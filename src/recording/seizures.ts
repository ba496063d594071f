import { complementIntervals, type Event, type Interval, mergeIntervals, totalSeconds } from "../base/events.js";
import type { AnnotationFile, Finding } from "./annotation-file.js";
import { classOf } from "./labels.js";

/** Unions of csv and csv_bi may differ this much, in seconds, before it is a finding. */
export const UNION_TOLERANCE_SECONDS = 0.02;

/** Difference of durations that is a warning, and that is an error, in seconds. */
export const DURATION_WARNING_SECONDS = 0.1;
export const DURATION_ERROR_SECONDS = 1;

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
  const rows = seizureRows(file);
  const typedRows = typed ? seizureRows(typed) : [];
  return mergeIntervals(rows).map(({ startSeconds, endSeconds }) => {
    const inside = rows.filter((row) => row.startSeconds < endSeconds && row.endSeconds > startSeconds);
    const label =
      longestLabel(typedRows, startSeconds, endSeconds) ?? longestLabel(inside, startSeconds, endSeconds) ?? "seiz";
    return {
      startSeconds,
      endSeconds,
      label,
      confidence: inside.reduce((most, row) => Math.max(most, row.confidence), 0),
    };
  });
}

/** The label whose rows cover most of the stretch, channels united; the first in order of start wins a tie. */
function longestLabel(rows: readonly Event[], startSeconds: number, endSeconds: number): string | undefined {
  const parts = new Map<string, Interval[]>();
  for (const row of [...rows].sort((a, b) => a.startSeconds - b.startSeconds)) {
    if (row.startSeconds >= endSeconds || row.endSeconds <= startSeconds) continue;
    const part = {
      startSeconds: Math.max(row.startSeconds, startSeconds),
      endSeconds: Math.min(row.endSeconds, endSeconds),
    };
    const list = parts.get(row.label);
    if (list) list.push(part);
    else parts.set(row.label, [part]);
  }
  let best: string | undefined;
  let bestSeconds = 0;
  for (const [label, list] of parts) {
    const seconds = totalSeconds(list);
    if (seconds <= bestSeconds + 1e-9) continue;
    best = label;
    bestSeconds = seconds;
  }
  return best;
}

/** What is left of `[0, durationSeconds)` after the seizures: background is never read from its own rows. */
export function backgroundIntervals(seizures: readonly Interval[], durationSeconds: number): Interval[] {
  return complementIntervals(seizures, durationSeconds);
}

/**
 * Compare the per-channel file with the binary one: an error when one has seizures and the other none, a warning when
 * the unions of their seizure rows differ by more than 20 ms in total.
 */
export function compareAnnotations(csv: AnnotationFile, csvBi: AnnotationFile): Finding[] {
  const typed = mergeIntervals(seizureRows(csv));
  const binary = mergeIntervals(seizureRows(csvBi));
  const action = `look at ${csv.file} and ${csvBi.file} and correct the wrong one; the binary file is used`;
  if ((typed.length === 0) !== (binary.length === 0)) {
    const [has, lacks] = typed.length > 0 ? [csv.file, csvBi.file] : [csvBi.file, csv.file];
    return [
      {
        file: csvBi.file,
        code: "seizures-in-one-file-only",
        severity: "error",
        message: `${has} has seizures, ${lacks} has none`,
        action,
      },
    ];
  }
  const both = totalSeconds([...typed, ...binary]);
  const difference = 2 * both - totalSeconds(typed) - totalSeconds(binary); // length of the symmetric difference
  if (difference <= UNION_TOLERANCE_SECONDS + 1e-9) return [];
  const message = `the seizures of ${csv.format} and ${csvBi.format} differ by ${difference.toFixed(3)} s in all`;
  return [{ file: csvBi.file, code: "unions-differ", severity: "warning", message, action }];
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
        ? "find the file that belongs to the recording; its times cannot be trusted"
        : "none needed: the recording's duration is used",
    },
  ];
}
