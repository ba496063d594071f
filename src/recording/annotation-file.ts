import { basename, extname } from "node:path";
import { FormatError } from "../base/errors.js";
import type { Event } from "../base/events.js";
import { readCsvRows } from "./annotation-csv.js";
import { checkRows, type RawRow } from "./annotation-rows.js";
import { readTseRows } from "./annotation-tse.js";
import { readTsvRows } from "./annotation-tsv.js";

/** A fault or oddity of a corpus file, with what to do about it. */
export interface Finding {
  readonly file: string;
  /** 1-based. */
  readonly line?: number;
  readonly code: string;
  readonly severity: "error" | "warning" | "info";
  readonly message: string;
  readonly action: string;
}

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

export interface AnnotationFile {
  readonly file: string;
  readonly format: AnnotationFormat;
  /** The file's own claim; undefined in tse files and where it is unreadable. */
  readonly durationSeconds?: number;
  /** Lines before the column line (csv) or the first row (tse), without line ends, for writing the file back. */
  readonly headerLines: readonly string[];
  /** Rows with a known label and `0 <= start < end`, in file order, not cut to the duration and not merged. */
  readonly events: readonly AnnotationEvent[];
  /** Everything odd about the file; rows that are left out are here as errors or warnings. */
  readonly findings: readonly Finding[];
}

/** What the reader of one format hands to the row checks. */
export interface RawAnnotations {
  readonly headerLines: readonly string[];
  readonly durationSeconds?: number;
  readonly rows: readonly RawRow[];
  readonly findings: readonly Finding[];
}

export interface ReadAnnotationOptions {
  /** Name for messages; its extension is the format unless `format` says otherwise. */
  readonly file: string;
  readonly format?: AnnotationFormat;
}

const READERS: Record<
  AnnotationFormat,
  (lines: readonly string[], file: string, format: AnnotationFormat) => RawAnnotations
> = {
  csv: readCsvRows,
  csv_bi: readCsvRows,
  tse: readTseRows,
  tse_bi: readTseRows,
  tsv: readTsvRows,
};

/** Format that a file name's extension stands for, or undefined. */
export function annotationFormatOf(file: string): AnnotationFormat | undefined {
  const extension = extname(basename(file)).slice(1);
  return Object.hasOwn(READERS, extension) ? (extension as AnnotationFormat) : undefined;
}

/**
 * Read annotation text. The header is read loosely, the columns strictly: FormatError (file, line) when the column line
 * is not the format's own, or a label is not in the label table, since neither may pass as background. All other faults
 * are findings.
 */
export function readAnnotations(text: string, options: ReadAnnotationOptions): AnnotationFile {
  const { file } = options;
  const format = options.format ?? annotationFormatOf(file);
  if (!format) {
    throw new FormatError(
      `unknown annotation format; expected a name that ends in .${Object.keys(READERS).join(", .")}`,
      { file },
    );
  }
  const findings: Finding[] = [];
  const raw = READERS[format](splitLines(text, file, findings), file, format);
  const checked = checkRows(raw.rows, { file, format, durationSeconds: raw.durationSeconds });
  return {
    file,
    format,
    ...(raw.durationSeconds === undefined ? {} : { durationSeconds: raw.durationSeconds }),
    headerLines: raw.headerLines,
    events: checked.events,
    findings: [...findings, ...raw.findings, ...checked.findings],
  };
}

/** Lines without their ends; a byte order mark, CRLF and a missing last newline are noted. */
function splitLines(text: string, file: string, findings: Finding[]): string[] {
  const note = (code: string, message: string) =>
    findings.push({ file, code, severity: "info", message, action: "none needed; other tools may refuse the file" });
  const hasMark = text.charCodeAt(0) === 0xfeff;
  if (hasMark) note("byte-order-mark", "the text starts with a byte order mark");
  if (text.includes("\r")) note("carriage-returns", "lines end in CR or CRLF");
  const lines = (hasMark ? text.slice(1) : text).split(/\r\n|\r|\n/);
  if (lines.at(-1) === "") lines.pop();
  else note("no-final-newline", "the last line has no end");
  return lines;
}
