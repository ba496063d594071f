import type { Event } from "../base/events.js";
import { CSV_COLUMNS } from "./annotation-csv.js";
import { checkCell, checkLine, checkRoundTrip, checkRow, type WrittenRow } from "./annotation-round-trip.js";
import type { AnnotationEvent, AnnotationFormat } from "./annotation-rows.js";
import { TSV_COLUMNS } from "./annotation-tsv.js";
import type { Finding } from "./finding.js";
import { hedScoreOf, labelClassOf, labelOfHedScore } from "./labels.js";

/** What an annotation file is made of; an `AnnotationFile` is one, so that reading and writing give the same text. */
export interface AnnotationSpec {
  /** Rows in the order they are written. */
  readonly events: readonly (Event & { readonly channel?: string; readonly hedScore?: AnnotationEvent["hedScore"] })[];
  readonly durationSeconds?: number | undefined;
  /** Recording name for the header. @default "" */
  readonly recordingName?: string | undefined;
  /** Header to write instead of our own. */
  readonly headerLines?: readonly string[] | undefined;
  /** Findings of the file that is written back: the text may have them again. */
  readonly findings?: readonly Pick<Finding, "code">[] | undefined;
  /** Codes of findings that the text may have; others of severity error or warning are refused. @default [] */
  readonly accept?: readonly string[] | undefined;
}

type SpecEvent = AnnotationSpec["events"][number];

/**
 * Text of a csv_bi file as the NEDC tools read it: rows on TERM with labels seiz and bckg, times and confidence with
 * four decimals. Typed seizure labels become seiz, labels that are neither seizure nor background are excluded;
 * without any row one bckg row covers the duration. RangeError without a duration, and when our reader would report an error
 * or a warning for the text.
 */
export function writeCsvBi(spec: AnnotationSpec): string {
  const rows = spec.events.flatMap((event): WrittenRow[] => {
    const kind = labelClassOf(event.label);
    if (kind === "other") return [];
    return [rowOf(event, { channel: "TERM", label: kind === "seizure" ? "seiz" : "bckg" })];
  });
  if (rows.length === 0) rows.push(backgroundOf(spec));
  return csvText(spec, rows, "csv_bi");
}

/** Text of a per-channel csv file; rows without a channel are written on TERM. FormatError on an unknown label, else as `writeCsvBi`. */
export function writeCsv(spec: AnnotationSpec): string {
  return csvText(
    spec,
    spec.events.map((event) => rowOf(event)),
    "csv",
  );
}

/**
 * Text of a tse file; with `isBinary` seizures become seiz and labels that are neither seizure nor bckg are excluded.
 * Errors as `writeCsv`.
 */
export function writeTse(spec: AnnotationSpec, isBinary = false): string {
  const rows = spec.events.flatMap((event): WrittenRow[] => {
    const kind = labelClassOf(event.label);
    if (isBinary && kind === "other") return [];
    return [rowOf(event, { channel: "TERM", label: isBinary && kind === "seizure" ? "seiz" : event.label })];
  });
  checkRows(rows, "tse");
  const lines = rows.map(({ startSeconds, endSeconds, label, confidence }) =>
    [fixed(startSeconds), fixed(endSeconds), label, fixed(confidence)].join(" "),
  );
  return checked(spec, [...headerOf(spec, ["version = tse_v1.0.0", ""]), ...lines], rows, isBinary ? "tse_bi" : "tse");
}

/**
 * Text of a HED-SCORE events file. Seizures only, or one bckg row over the recording when there is none; times with two
 * decimals. `startDateTime` (`YYYY-MM-DD HH:MM:SS`) is n/a where unknown. RangeError without a duration, and when our
 * reader would report an error or a warning for the text.
 */
export function writeHedScoreTsv(spec: AnnotationSpec & { readonly startDateTime?: string }): string {
  const duration = durationOf(spec).toFixed(2);
  const seizures = spec.events.filter((event) => event.hedScore || labelClassOf(event.label) === "seizure");
  const dateTime = spec.startDateTime ?? "n/a";
  checkDateTime(dateTime);
  const written = seizures.map((event) => {
    const channel = event.hedScore?.channels ?? channelOf(event);
    return { event, row: rowOf(event, { channel: channel === "all" || channel === "n/a" ? "TERM" : channel }) };
  });
  const rows = written.map(({ row }) => row);
  checkRows(rows, "tsv");
  const lines = written.map(({ event, row }, i) => {
    const { startSeconds, endSeconds, confidence, channel } = row;
    const source = event.hedScore ?? {
      eventType: hedScoreOf(event.label) ?? "sz",
      confidence: confidence.toFixed(2),
      channels: channel === "TERM" ? "n/a" : channel,
      dateTime,
    };
    checkHedScore(source, i);
    const start = startSeconds.toFixed(2);
    const length = Number(endSeconds.toFixed(2)) - Number(start); // so that the rounded end never passes the rounded duration
    const { eventType, confidence: text, channels, dateTime: at } = source;
    return [start, length.toFixed(2), eventType, text, channels, at, duration].join("\t");
  });
  if (rows.length === 0) {
    rows.push(backgroundOf(spec));
    checkRows(rows, "tsv");
    lines.push(["0.00", duration, "bckg", "n/a", "n/a", dateTime, duration].join("\t"));
  }
  return checked(spec, [...headerOf(spec, []), TSV_COLUMNS.join("\t"), ...lines], rows, "tsv");
}

function checkHedScore(source: NonNullable<SpecEvent["hedScore"]>, index: number): void {
  for (const [field, text] of Object.entries(source))
    if (text !== "") checkCell(text, `events[${index}].hedScore.${field}`, "tsv");
  labelClassOf(labelOfHedScore(source.eventType) ?? source.eventType);
}

function checkDateTime(text: string): void {
  if (text === "n/a" || /^\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(\.\d+)?$/.test(text)) return;
  throw new RangeError(`invalid startDateTime: ${JSON.stringify(text)}; YYYY-MM-DD HH:MM:SS or n/a expected`);
}

function csvText(spec: AnnotationSpec, rows: readonly WrittenRow[], format: "csv" | "csv_bi"): string {
  for (const { label } of rows) labelClassOf(label); // an unknown label is never written
  checkRows(rows, format);
  const lines = rows.map(({ channel, startSeconds, endSeconds, label, confidence }) =>
    [channel, fixed(startSeconds), fixed(endSeconds), label, fixed(confidence)].join(","),
  );
  const header = spec.headerLines ?? csvHeader(spec);
  return checked(spec, [...headerOf(spec, header), CSV_COLUMNS.join(","), ...lines], rows, format);
}

function csvHeader(spec: AnnotationSpec): string[] {
  return [
    "# version = csv_v1.0.0",
    `# bname = ${spec.recordingName ?? ""}`,
    `# duration = ${durationOf(spec).toFixed(4)} secs`,
    "# montage_file = $NEDC_NFC/lib/nedc_eas_default_montage.txt",
    "#",
  ];
}

function headerOf({ headerLines }: AnnotationSpec, own: readonly string[]): readonly string[] {
  const lines = headerLines ?? own;
  for (const [i, line] of lines.entries()) checkLine(line, headerLines ? `headerLines[${i}]` : "recordingName");
  return lines;
}

/** Lines as text, after our reader has read the same rows from it. */
function checked(
  spec: AnnotationSpec,
  lines: readonly string[],
  rows: readonly WrittenRow[],
  format: AnnotationFormat,
): string {
  const text = `${lines.join("\n")}\n`;
  const { durationSeconds, findings = [], accept = [] } = spec;
  const accepted = new Set([...accept, ...findings.map(({ code }) => code)]);
  const timeTolerance = format === "tsv" ? 0.5e-2 : 0.5e-4;
  return checkRoundTrip({ text, format, rows, durationSeconds, timeTolerance, accepted });
}

function checkRows(rows: readonly WrittenRow[], format: AnnotationFormat): void {
  for (const [i, row] of rows.entries()) checkRow(row, i, format);
}

function channelOf({ channel }: SpecEvent): string {
  return channel ?? "TERM";
}

function rowOf(event: SpecEvent, changed: Partial<WrittenRow> = {}): WrittenRow {
  const { startSeconds, endSeconds, label, confidence } = event;
  return { startSeconds, endSeconds, label, confidence, channel: channelOf(event), ...changed };
}

/** The row of background over the whole recording. */
function backgroundOf(spec: AnnotationSpec): WrittenRow {
  return { startSeconds: 0, endSeconds: durationOf(spec), label: "bckg", confidence: 1, channel: "TERM" };
}

function fixed(value: number): string {
  return value.toFixed(4);
}

function durationOf({ durationSeconds }: AnnotationSpec): number {
  if (durationSeconds !== undefined && Number.isFinite(durationSeconds) && durationSeconds >= 0) return durationSeconds;
  throw new RangeError(`invalid durationSeconds: ${durationSeconds}`);
}
