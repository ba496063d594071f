import type { Event } from "../base/events.js";
import { CSV_COLUMNS } from "./annotation-csv.js";
import type { AnnotationEvent } from "./annotation-rows.js";
import { TSV_COLUMNS } from "./annotation-tsv.js";
import { classOf, hedScoreOf } from "./labels.js";

/** What an annotation file is made of; an `AnnotationFile` is one, so that reading and writing give the same text. */
export interface AnnotationSpec {
  /** Rows in the order they are written. */
  readonly events: readonly (Event & { readonly channel?: string; readonly hedScore?: AnnotationEvent["hedScore"] })[];
  readonly durationSeconds?: number;
  /** Recording name for the header. @default "" */
  readonly recordingName?: string;
  /** Header to write instead of our own. */
  readonly headerLines?: readonly string[];
}

/**
 * Text of a csv_bi file as the NEDC tools read it: rows on TERM with labels seiz and bckg, times and confidence with
 * four decimals. Typed seizure labels become seiz, labels that are neither seizure nor background are left out; without any row one
 * bckg row covers the duration. RangeError without a duration.
 */
export function writeCsvBi(spec: AnnotationSpec): string {
  const rows = spec.events.flatMap((event) => {
    const kind = classOf(event.label);
    if (kind === "other") return [];
    return [csvRow({ ...event, channel: "TERM", label: kind === "seizure" ? "seiz" : "bckg" })];
  });
  if (rows.length === 0) {
    rows.push(csvRow({ startSeconds: 0, endSeconds: durationOf(spec), label: "bckg", confidence: 1, channel: "TERM" }));
  }
  return csvText(spec, rows);
}

/** Text of a per-channel csv file; rows without a channel stand on TERM. FormatError on an unknown label. */
export function writeCsv(spec: AnnotationSpec): string {
  return csvText(
    spec,
    spec.events.map((event) => csvRow({ ...event, channel: event.channel ?? "TERM" })),
  );
}

/** Text of a tse file; with `isBinary` seizures become seiz and labels that are neither seizure nor bckg are left out. */
export function writeTse(spec: AnnotationSpec, isBinary = false): string {
  const rows = spec.events.flatMap((event) => {
    const kind = classOf(event.label);
    if (isBinary && kind === "other") return [];
    const label = isBinary && kind === "seizure" ? "seiz" : event.label;
    return [`${fixed(event.startSeconds)} ${fixed(event.endSeconds)} ${label} ${fixed(event.confidence)}`];
  });
  return text([...(spec.headerLines ?? ["version = tse_v1.0.0", ""]), ...rows]);
}

/**
 * Text of a HED-SCORE events file. Seizures only, or one bckg row over the recording when there is none; times with two
 * decimals. `startDateTime` (`YYYY-MM-DD HH:MM:SS`) is n/a where unknown. RangeError without a duration.
 */
export function writeHedScoreTsv(spec: AnnotationSpec & { readonly startDateTime?: string }): string {
  const duration = durationOf(spec).toFixed(2);
  const seizures = spec.events.filter((event) => event.hedScore || classOf(event.label) === "seizure");
  const dateTime = spec.startDateTime ?? "n/a";
  const rows = seizures.map(({ startSeconds, endSeconds, label, confidence, channel, hedScore }) => {
    const source = hedScore ?? {
      eventType: hedScoreOf(label)!, // every seizure label of the table has one
      confidence: confidence.toFixed(2),
      channels: channel === undefined || channel === "TERM" ? "n/a" : channel,
      dateTime,
    };
    const times = [startSeconds.toFixed(2), (endSeconds - startSeconds).toFixed(2)];
    return [...times, source.eventType, source.confidence, source.channels, source.dateTime, duration].join("\t");
  });
  if (rows.length === 0) rows.push(["0.00", duration, "bckg", "n/a", "n/a", dateTime, duration].join("\t"));
  return text([...(spec.headerLines ?? []), TSV_COLUMNS.join("\t"), ...rows]);
}

function csvText(spec: AnnotationSpec, rows: readonly string[]): string {
  return text([...(spec.headerLines ?? csvHeader(spec)), CSV_COLUMNS.join(","), ...rows]);
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

function csvRow({ channel, startSeconds, endSeconds, label, confidence }: Event & { channel: string }): string {
  classOf(label); // nothing unknown is ever written
  return [channel, fixed(startSeconds), fixed(endSeconds), label, fixed(confidence)].join(",");
}

function fixed(value: number): string {
  if (!Number.isFinite(value)) throw new RangeError(`invalid time or confidence: ${value}`);
  return value.toFixed(4);
}

function durationOf({ durationSeconds }: AnnotationSpec): number {
  if (durationSeconds !== undefined && durationSeconds >= 0) return durationSeconds;
  throw new RangeError(`invalid durationSeconds: ${durationSeconds}`);
}

function text(lines: readonly string[]): string {
  return `${lines.join("\n")}\n`;
}
