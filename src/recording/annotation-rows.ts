import { FormatError } from "../base/errors.js";
import type { Event } from "../base/events.js";
import { nearestName } from "../base/nearest.js";
import type { Finding } from "./finding.js";
import { classOf, LABELS } from "./labels.js";

/** NEDC csv and csv_bi (TUSZ v2), tse and tse_bi (TUSZ v1.5), HED-SCORE tsv (BIDS, SzCORE). */
export type AnnotationFormat = "csv" | "csv_bi" | "tse" | "tse_bi" | "tsv";

/** One row of an annotation file. */
export interface AnnotationEvent extends Event {
  /** Bipolar channel such as "FP1-F7", or "TERM" for the whole recording. */
  readonly channel: string;
  readonly line: number;
  /** Texts of a HED-SCORE row that the fields above do not keep; written back unchanged. */
  readonly hedScore?: {
    readonly eventType: string;
    readonly confidence: string;
    readonly channels: string;
    readonly dateTime: string;
  };
}

/** A row as text, before its times and label are checked. */
export interface RawRow {
  readonly line: number;
  readonly channel: string;
  readonly start: string;
  readonly end: string;
  /** Name in the label table, or the text itself when the table has none for it. */
  readonly label: string;
  /** As written in the file. */
  readonly labelText: string;
  readonly confidence: string;
  readonly hedScore?: AnnotationEvent["hedScore"];
}

/** What the reader of one format hands to the row checks. */
export interface RawAnnotations {
  readonly headerLines: readonly string[];
  readonly durationSeconds?: number;
  readonly rows: readonly RawRow[];
  readonly findings: readonly Finding[];
}

/** A stop this little past the end, in seconds, is rounding: TUSZ's own tools cut times to milliseconds. */
export const END_TOLERANCE_SECONDS = 1e-3;

interface RowContext {
  readonly file: string;
  readonly format: AnnotationFormat;
  readonly durationSeconds?: number | undefined;
}

/** Seconds of a decimal text; NaN when it is no plain number. */
export function parseSeconds(text: string): number {
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : Number.NaN;
}

/** Check rows one by one, then against each other. FormatError on an unknown label. */
export function checkRows(
  rows: readonly RawRow[],
  context: RowContext,
): { events: AnnotationEvent[]; findings: Finding[] } {
  const findings: Finding[] = [];
  const events = rows.flatMap((row) => eventOf(row, context, findings));
  checkOrder(events, context.file, findings);
  return { events, findings };
}

function eventOf(row: RawRow, context: RowContext, findings: Finding[]): AnnotationEvent[] {
  const { file } = context;
  const tell = (code: string, severity: Finding["severity"], message: string, action: string) =>
    findings.push({ file, line: row.line, code, severity, message, action });
  checkLabel(row, context, tell);
  const startSeconds = parseSeconds(row.start);
  const endSeconds = parseSeconds(row.end);
  const times = `${row.start} to ${row.end} s`;
  const correct = "correct the times of the row";
  if (!Number.isFinite(startSeconds) || !Number.isFinite(endSeconds)) {
    tell("time-not-a-number", "error", `times ${times} found, seconds expected; the row is left out`, correct);
    return [];
  }
  if (startSeconds < 0 || endSeconds < 0) {
    tell("negative-time", "error", `times ${times} start before the recording; the row is left out`, correct);
    return [];
  }
  if (endSeconds < startSeconds) {
    tell("reversed", "error", `times ${times} end before they start; the row is left out`, correct);
    return [];
  }
  if (endSeconds === startSeconds) {
    tell(
      "zero-length",
      "warning",
      `times ${times} have no length; the row is left out`,
      "correct the times or delete the row",
    );
    return [];
  }
  checkEnd(startSeconds, endSeconds, context.durationSeconds, tell);
  const confidence = confidenceOf(row.confidence, tell);
  const event = { startSeconds, endSeconds, label: row.label, confidence, channel: row.channel, line: row.line };
  return [row.hedScore ? { ...event, hedScore: row.hedScore } : event];
}

type Tell = (code: string, severity: Finding["severity"], message: string, action: string) => void;

function checkLabel(row: RawRow, { file, format }: RowContext, tell: Tell): void {
  const kind = labelClass(row, file);
  const isBinary = format.endsWith("_bi");
  if (isBinary && row.label !== "seiz" && row.label !== "bckg") {
    const taken = kind === "seizure" ? "a seizure" : "no seizure";
    tell(
      "label-not-binary",
      "warning",
      `label "${row.label}" in a ${format} file, which knows seiz and bckg; taken as ${taken}`,
      "write seiz or bckg, or use the typed format",
    );
  }
  if (isBinary && row.channel !== "TERM") {
    tell(
      "channel-not-term",
      "warning",
      `channel "${row.channel}" in a ${format} file, TERM expected; taken for the whole recording`,
      "write TERM, or use the per-channel format",
    );
  }
}

function labelClass(row: RawRow, file: string): ReturnType<typeof classOf> {
  if (row.hedScore === undefined || row.label !== row.labelText || row.label === "bckg")
    return classOf(row.label, { file, line: row.line });
  const types = LABELS.flatMap(({ hedScore }) => hedScore ?? []);
  const nearest = nearestName(row.labelText.slice(0, 40), types);
  const hint = nearest ? `; did you mean "${nearest}"?` : "";
  throw new FormatError(`unknown eventType "${row.labelText}"; expected bckg, sz or a type below sz${hint}`, {
    file,
    line: row.line,
    field: "eventType",
  });
}

function checkEnd(startSeconds: number, endSeconds: number, durationSeconds: number | undefined, tell: Tell): void {
  if (durationSeconds === undefined || endSeconds <= durationSeconds) return;
  const past = endSeconds - durationSeconds;
  const action = "correct the times or the duration";
  if (startSeconds >= durationSeconds) {
    tell(
      "starts-past-the-end",
      "error",
      `the row starts at ${startSeconds} s, the duration is ${durationSeconds} s; nothing of it counts`,
      action,
    );
  } else if (past <= END_TOLERANCE_SECONDS + 1e-9) {
    tell(
      "past-the-end",
      "info",
      `the row ends ${past.toFixed(4)} s past the duration of ${durationSeconds} s; it is cut there`,
      "none needed: rounding",
    );
  } else {
    tell(
      "past-the-end",
      "warning",
      `the row ends ${past.toFixed(4)} s past the duration of ${durationSeconds} s; it is cut there`,
      action,
    );
  }
}

function confidenceOf(text: string, tell: Tell): number {
  const value = parseSeconds(text);
  if (value >= 0 && value <= 1) return value;
  tell(
    "confidence-unreadable",
    "warning",
    `confidence ${JSON.stringify(text.slice(0, 20))} found, 0 to 1 expected; 1 is taken`,
    "correct the confidence",
  );
  return 1;
}

/** Order, repetition and overlap of rows within each channel. */
function checkOrder(events: readonly AnnotationEvent[], file: string, findings: Finding[]): void {
  const channels = new Map<string, AnnotationEvent[]>();
  for (const event of events) {
    const list = channels.get(event.channel);
    if (list) list.push(event);
    else channels.set(event.channel, [event]);
  }
  for (const list of channels.values()) {
    checkSorted(list, file, findings);
    checkOverlap(list, file, findings);
  }
}

function checkSorted(events: readonly AnnotationEvent[], file: string, findings: Finding[]): void {
  const late = events.find((event, i) => i > 0 && event.startSeconds < events[i - 1]!.startSeconds);
  if (!late) return;
  findings.push({
    file,
    line: late.line,
    code: "unsorted",
    severity: "warning",
    message: `the row starts at ${late.startSeconds} s, before the row above it on channel ${late.channel}`,
    action: "none needed here: rows are sorted when used; sort the file for other tools",
  });
}

function checkOverlap(events: readonly AnnotationEvent[], file: string, findings: Finding[]): void {
  const sorted = [...events].sort((a, b) => a.startSeconds - b.startSeconds || a.line - b.line);
  let last: AnnotationEvent | undefined;
  for (const event of sorted) {
    if (last && event.startSeconds < last.endSeconds) {
      const isCopy =
        event.startSeconds === last.startSeconds && event.endSeconds === last.endSeconds && event.label === last.label;
      findings.push({
        file,
        line: event.line,
        code: isCopy ? "duplicate-row" : "overlap",
        severity: "warning",
        message: isCopy
          ? `the row repeats line ${last.line}`
          : `the row overlaps line ${last.line} (${last.label} until ${last.endSeconds} s) on channel ${event.channel}`,
        action: "decide which row holds; seizure rows are merged when used",
      });
    }
    if (!last || event.endSeconds > last.endSeconds) last = event;
  }
}
