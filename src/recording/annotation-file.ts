import { basename, extname } from "node:path";
import { FormatError } from "@ictal/base/errors";
import { readCsvRows } from "./annotation-csv.js";
import {
  type AnnotationEvent,
  type AnnotationFormat,
  type AnnotationSource,
  checkRows,
  type RawAnnotations,
} from "./annotation-rows.js";
import { readTseRows } from "./annotation-tse.js";
import { readTsvRows } from "./annotation-tsv.js";
import type { Finding, FindingCode } from "./finding.js";

/** One annotation file as read: its events, and what was found wrong with it. */
export interface AnnotationFile<Format extends AnnotationSource = AnnotationSource> {
  readonly file: string;
  readonly format: Format;
  /** Duration given in the file; undefined in tse files and where it is unreadable. */
  readonly durationSeconds?: number;
  /** Lines before the column line (csv) or the first row (tse), without line ends, for writing the file back. */
  readonly headerLines: readonly string[];
  /** The recording that the file says it belongs to (`bname` of csv). */
  readonly recordingName?: string;
  /** Rows with a known label and `0 <= start < end`, in file order, not truncated to the duration and not merged. */
  readonly events: readonly AnnotationEvent[];
  /** Seizure rows of zero length, in file order: event lists count them, they cover no sample. */
  readonly instants: readonly AnnotationEvent[];
  /** All findings about the file; rows that are ignored are errors. */
  readonly findings: readonly Finding[];
}

export interface ReadAnnotationOptions {
  /** Name for messages; its extension is the format unless `format` says otherwise. */
  readonly file: string;
  readonly format?: AnnotationFormat | undefined;
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

/** Format of a file name's extension, or undefined. */
export function annotationFormatOf(file: string): AnnotationFormat | undefined {
  const extension = extname(basename(file)).slice(1).toLowerCase();
  return Object.hasOwn(READERS, extension) ? (extension as AnnotationFormat) : undefined;
}

/**
 * Read annotation text. The header is read leniently, columns are matched by name: FormatError (file, line) when the text is empty,
 * a column is missing, or a label is not in the label table, since none of these may be treated as background. All other problems
 * are findings.
 */
export function readAnnotations(text: string, options: ReadAnnotationOptions): AnnotationFile<AnnotationFormat> {
  const { file } = options;
  const format = options.format ?? annotationFormatOf(file);
  if (!format) {
    throw new FormatError(
      `unknown annotation format; expected a name that ends in .${Object.keys(READERS).join(", .")}`,
      { file },
    );
  }
  refuseNonAnnotations(text, file);
  const findings: Finding[] = [];
  const raw = READERS[format](splitLines(text, file, findings), file, format);
  const checked = checkRows(raw.rows, { file, format, durationSeconds: raw.durationSeconds });
  return {
    file,
    format,
    ...(raw.durationSeconds === undefined ? {} : { durationSeconds: raw.durationSeconds }),
    ...(raw.recordingName === undefined ? {} : { recordingName: raw.recordingName }),
    headerLines: raw.headerLines,
    events: checked.events,
    instants: checked.instants,
    findings: [...findings, ...raw.findings, ...checked.findings],
  };
}

/** Refuse text that is not annotations, each kind with its own advice: empty, a web page, a Git LFS pointer. */
function refuseNonAnnotations(text: string, file: string): void {
  const start = text
    .slice(0, 1000)
    .replace(/^\ufeff/, "")
    .trimStart();
  if (text.length <= 1000 && start === "")
    throw new FormatError("the file is empty; download it again, or delete it if the recording is not annotated", {
      file,
    });
  if (start.startsWith("<"))
    throw new FormatError("the file is a web page or XML, as after a failed download; download it again", { file });
  if (start.startsWith("version https://git-lfs"))
    throw new FormatError("the file is a Git LFS pointer; fetch its content with: git lfs pull", { file });
}

/** Lines without their newlines; a byte order mark, CRLF and a missing final newline are findings. */
function splitLines(text: string, file: string, findings: Finding[]): string[] {
  const note = (code: FindingCode, message: string) =>
    findings.push({ file, code, severity: "info", message, action: "none needed; other tools may refuse the file" });
  const hasMark = text.charCodeAt(0) === 0xfeff;
  if (hasMark) note("byte-order-mark", "the text starts with a byte order mark");
  if (text.includes("\r")) note("carriage-returns", "lines end in CR or CRLF");
  const lines = (hasMark ? text.slice(1) : text).split(/\r\n|\r|\n/);
  if (lines.at(-1) === "") lines.pop();
  else note("no-final-newline", "the last line has no newline");
  return lines;
}
