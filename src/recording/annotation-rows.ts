import { FormatError } from "@ictal/base/errors";
import { nearestName } from "@ictal/base/nearest";
import type { Event } from "../base/events.js";
import type { Finding, FindingCode } from "./finding.js";
import { ANNOTATION_LABELS, hedScoreOf, labelClassOf, labelOfHedScore } from "./labels.js";
import { shownChannel, shownName, shownTime } from "./shown-text.js";

/** NEDC csv and csv_bi (TUSZ v2), tse and tse_bi (TUSZ v1.5), HED-SCORE tsv (BIDS, SzCORE). */
export type AnnotationFormat = "csv" | "csv_bi" | "tse" | "tse_bi" | "tsv";

/** The formats of text beside a recording, CHB-MIT's binary marks, the lists of a patient's recordings of CHB-MIT and Siena, and SeizeIT1's tables. */
export type AnnotationSource = AnnotationFormat | "seizures" | "chb-summary" | "siena-list" | "seizeit1";

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

/** What the reader of one format passes to the row checks. */
export interface RawAnnotations {
  readonly headerLines: readonly string[];
  readonly durationSeconds?: number | undefined;
  /** The recording that the file says it belongs to. */
  readonly recordingName?: string | undefined;
  readonly rows: readonly RawRow[];
  readonly findings: readonly Finding[];
}

/** Difference of durations that is an error, in seconds. */
export const DURATION_ERROR_SECONDS = 1;

/** An end this little past the duration, in seconds, is rounding: the tools of TUSZ truncate times to milliseconds. */
export const END_TOLERANCE_SECONDS = 1e-3;

/**
 * A row that ends after this many durations is neither rounding nor the remainder of a window: its times are in another
 * unit or of another recording.
 */
export const END_ERROR_DURATIONS = 2;

/** Rows of one channel that contradict each other for longer than this, in seconds, are an error. */
export const CONTRADICTION_TOLERANCE_SECONDS = 0.02;

interface RowContext {
  readonly file: string;
  readonly format: AnnotationSource;
  readonly durationSeconds?: number | undefined;
}

/** Seconds of a decimal text; NaN when it is no plain number. */
export function parseSeconds(text: string): number {
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : Number.NaN;
}

/** The checked rows of a file. */
export interface CheckedRows {
  readonly events: AnnotationEvent[];
  /** Seizure rows of zero length: scorers of event lists count them, they cover no sample. */
  readonly instants: AnnotationEvent[];
  readonly findings: Finding[];
}

/** Check rows one by one, then against each other. FormatError on an unknown label. */
export function checkRows(rows: readonly RawRow[], context: RowContext): CheckedRows {
  const findings: Finding[] = [];
  const read = rows.flatMap((row) => eventOf(row, context, findings));
  const events = read.filter(({ startSeconds, endSeconds }) => endSeconds > startSeconds);
  const points = read.filter(({ startSeconds, endSeconds }) => endSeconds === startSeconds);
  noteLabelCase(rows, context.file, findings);
  checkPoints(points, events, context.file, findings);
  checkOrder(events, context, findings);
  return { events, instants: points.filter(isSeizure), findings };
}

const isSeizure = ({ label }: AnnotationEvent) => labelClassOf(label) === "seizure";

function eventOf(row: RawRow, context: RowContext, findings: Finding[]): AnnotationEvent[] {
  const { file } = context;
  const report: ReportFinding = (code, severity, message, action) =>
    findings.push({ file, line: row.line, code, severity, message, action });
  checkLabel(row, context, report);
  const startSeconds = parseSeconds(row.start);
  const endSeconds = parseSeconds(row.end);
  const times = `${shownTime(row.start)} to ${shownTime(row.end)} s`;
  const lost = "the row is ignored, so the labels of the recording are unknown";
  const correct = "correct the times of the row";
  if (!Number.isFinite(startSeconds) || !Number.isFinite(endSeconds)) {
    report("time-not-a-number", "error", `times ${times} found, seconds expected; ${lost}`, correct);
    return [];
  }
  if (startSeconds < 0 || endSeconds < 0) {
    report("negative-time", "error", `times ${times} start before the recording; ${lost}`, correct);
    return [];
  }
  if (endSeconds < startSeconds) {
    report("reversed", "error", `times ${times} end before they start; ${lost}`, correct);
    return [];
  }
  if (context.durationSeconds !== undefined) checkEnd(startSeconds, endSeconds, context.durationSeconds, report);
  const confidence = confidenceOf(row.confidence, report);
  const event = { startSeconds, endSeconds, label: row.label, confidence, channel: row.channel, line: row.line };
  return [row.hedScore ? { ...event, hedScore: row.hedScore } : event];
}

/** The name that a label has in its vocabulary, where it differs from the text in case alone; undefined where it does not. */
function knownName({ label, labelText, hedScore }: RawRow): string | undefined {
  const name = hedScore ? (hedScoreOf(label) ?? label) : label;
  const text = hedScore ? labelText.replaceAll("-", "_") : labelText;
  return name !== text && name.toLowerCase() === text.toLowerCase() ? name : undefined;
}

/** Report the first label that is known except for its case. */
function noteLabelCase(rows: readonly RawRow[], file: string, findings: Finding[]): void {
  const row = rows.find((each) => knownName(each) !== undefined);
  if (!row) return;
  const message = `${row.hedScore ? "eventType" : "label"} "${row.labelText}" is read as "${knownName(row)}"`;
  const action = "none needed; other tools may refuse the file";
  findings.push({ file, line: row.line, code: "label-case", severity: "info", message, action });
}

/** Rows of zero length: one of a seizure outside all other seizures means that its extent is unknown. */
function checkPoints(
  points: readonly AnnotationEvent[],
  events: readonly AnnotationEvent[],
  file: string,
  findings: Finding[],
): void {
  const seizures = events.filter(isSeizure);
  for (const point of points) {
    const { line, startSeconds: at } = point;
    const isLost = isSeizure(point) && !seizures.some((each) => each.startSeconds <= at && at <= each.endSeconds);
    const message = `times ${at} to ${point.endSeconds} s have no length; ${isLost ? "the duration of the seizure is unknown, so the labels of the recording are unknown" : "the row covers no sample"}`;
    const action = "correct the times or delete the row";
    findings.push({ file, line, code: "zero-length", severity: isLost ? "error" : "warning", message, action });
  }
}

type ReportFinding = (code: FindingCode, severity: Finding["severity"], message: string, action: string) => void;

function checkLabel(row: RawRow, { file, format }: RowContext, report: ReportFinding): void {
  const kind = labelClass(row, file);
  const isBinary = format.endsWith("_bi");
  if (isBinary && row.label !== "seiz" && row.label !== "bckg") {
    const taken = kind === "seizure" ? "a seizure" : "no seizure";
    report(
      "label-not-binary",
      "warning",
      `label "${row.label}" in a ${format} file, which allows only seiz and bckg; treated as ${taken}`,
      "write seiz or bckg, or use the typed format",
    );
  }
  if (isBinary && row.channel !== "TERM") {
    report(
      "channel-not-term",
      "warning",
      `channel ${shownChannel(row.channel)} in a ${format} file, TERM expected; applied to the whole recording`,
      "write TERM, or use the per-channel format",
    );
  }
}

function labelClass(row: RawRow, file: string): ReturnType<typeof labelClassOf> {
  if (row.hedScore === undefined || labelOfHedScore(row.labelText) !== undefined)
    return labelClassOf(row.label, { file, line: row.line });
  const types = ANNOTATION_LABELS.flatMap(({ hedScore }) => hedScore ?? []);
  const nearest = nearestName(row.labelText.slice(0, 40), types);
  const hint = nearest ? `; did you mean "${nearest}"?` : "";
  throw new FormatError(
    `unknown eventType ${shownName(row.labelText, types)}; expected bckg, sz, a type below sz, or a known artefact${hint}`,
    {
      file,
      line: row.line,
      field: "eventType",
    },
  );
}

/** Report a row that ends past `durationSeconds`. */
export function checkEnd(
  startSeconds: number,
  endSeconds: number,
  durationSeconds: number,
  report: ReportFinding,
): void {
  if (endSeconds <= durationSeconds) return;
  const past = endSeconds - durationSeconds;
  const action = "correct the times (seconds are expected) or the duration";
  if (startSeconds >= durationSeconds) {
    const starts = `the row starts at ${startSeconds} s, the duration is ${durationSeconds} s`;
    report("starts-past-the-end", "error", `${starts}; the row is ignored`, action);
    return;
  }
  const ends = `the row ends ${past.toFixed(4)} s past the duration of ${durationSeconds} s`;
  if (past <= END_TOLERANCE_SECONDS + 1e-9) {
    report("past-the-end", "info", `${ends}; it is truncated there`, "none needed: rounding");
  } else if (past > DURATION_ERROR_SECONDS && endSeconds > END_ERROR_DURATIONS * durationSeconds) {
    report("past-the-end", "error", `${ends}; its times are not those of the recording`, action);
  } else {
    report("past-the-end", "warning", `${ends}; it is truncated there`, action);
  }
}

function confidenceOf(text: string, report: ReportFinding): number {
  const value = parseSeconds(text);
  if (value >= 0 && value <= 1) return value;
  report(
    "confidence-unreadable",
    "warning",
    `confidence ${shownTime(text)} found, 0 to 1 expected; 1 is used`,
    "correct the confidence",
  );
  return 1;
}

/** Order, repetition and overlap of rows within each channel; the rows of a binary file are all of the whole recording. */
function checkOrder(events: readonly AnnotationEvent[], { file, format }: RowContext, findings: Finding[]): void {
  const channels = new Map<string, AnnotationEvent[]>();
  for (const event of events) {
    const channel = format.endsWith("_bi") ? "TERM" : event.channel;
    const list = channels.get(channel);
    if (list) list.push(event);
    else channels.set(channel, [event]);
  }
  for (const list of channels.values()) {
    checkSorted(list, file, findings);
    checkOverlap(list, file, findings);
  }
}

function checkSorted(events: readonly AnnotationEvent[], file: string, findings: Finding[]): void {
  const late = events.find((event, i) => event.startSeconds < (events[i - 1]?.startSeconds ?? 0));
  if (!late) return;
  findings.push({
    file,
    line: late.line,
    code: "unsorted",
    severity: "warning",
    message: `the row starts at ${late.startSeconds} s, before the row above it on channel ${shownChannel(late.channel)}`,
    action: "none needed here: rows are sorted when used; sort the file for other tools",
  });
}

function checkOverlap(events: readonly AnnotationEvent[], file: string, findings: Finding[]): void {
  const sorted = [...events].sort((a, b) => a.startSeconds - b.startSeconds || a.line - b.line);
  let last: AnnotationEvent | undefined; // of all rows so far the one that ends last, as the two below
  let seizure: AnnotationEvent | undefined;
  let background: AnnotationEvent | undefined;
  for (const event of sorted) {
    const kind = labelClassOf(event.label);
    const opposite = kind === "seizure" ? background : kind === "background" ? seizure : undefined;
    if (opposite && sharedSeconds(opposite, event) > CONTRADICTION_TOLERANCE_SECONDS + 1e-9)
      findings.push(contradictionOf(opposite, event, file));
    else if (last && event.startSeconds < last.endSeconds) findings.push(overlapOf(last, event, file));
    if (!last || event.endSeconds > last.endSeconds) last = event;
    if (kind === "seizure" && !(seizure && seizure.endSeconds >= event.endSeconds)) seizure = event;
    if (kind === "background" && !(background && background.endSeconds >= event.endSeconds)) background = event;
  }
}

/** Of a row and one that does not begin before it. */
function sharedSeconds(first: AnnotationEvent, second: AnnotationEvent): number {
  return Math.min(first.endSeconds, second.endSeconds) - second.startSeconds;
}

function overlapText(last: AnnotationEvent, { channel }: AnnotationEvent): string {
  return `the row overlaps line ${last.line} (${last.label} until ${last.endSeconds} s) on channel ${shownChannel(channel)}`;
}

function contradictionOf(last: AnnotationEvent, event: AnnotationEvent, file: string): Finding {
  const both = `${sharedSeconds(last, event).toFixed(4)} s are ${last.label} and ${event.label} at once`;
  return {
    ...{ file, line: event.line, code: "contradictory-rows", severity: "error" },
    message: `${overlapText(last, event)}: ${both}`,
    action: "decide which row is right; until then the labels of the recording are unknown",
  };
}

/** What is wrong with a row that begins before one above it has ended. */
function overlapOf(last: AnnotationEvent, event: AnnotationEvent, file: string): Finding {
  const isCopy =
    event.startSeconds === last.startSeconds && event.endSeconds === last.endSeconds && event.label === last.label;
  return {
    ...{ file, line: event.line, code: isCopy ? "duplicate-row" : "overlap", severity: "warning" },
    message: isCopy ? `the row repeats line ${last.line}` : overlapText(last, event),
    action: "decide which row is right; seizure rows are merged when used",
  };
}
