import { parse } from "csv-parse/sync";
import { FormatError } from "../base/errors.js";
import type { AnnotationFormat, RawAnnotations, RawRow } from "./annotation-rows.js";
import type { Finding } from "./finding.js";

/** The columns of csv and csv_bi, in order; no other order is read. */
export const CSV_COLUMNS = ["channel", "start_time", "stop_time", "label", "confidence"] as const;

/** Fields of the lines from `firstLine` (1-based) on, blanks around them kept. Never throws on content. */
export function tokensOf(
  lines: readonly string[],
  firstLine: number,
  delimiter: string,
): { fields: string[]; line: number }[] {
  const records = parse(lines.slice(firstLine - 1).join("\n"), {
    delimiter,
    quote: null,
    relax_column_count: true,
    record_delimiter: "\n",
    skip_empty_lines: false,
  });
  return records.map((fields, i) => ({ fields, line: firstLine + i })); // without quotes a record is a line
}

/** Rows of csv and csv_bi text: `# key = value` lines, the column line, then a row a line. */
export function readCsvRows(lines: readonly string[], file: string, _format: AnnotationFormat): RawAnnotations {
  const columnIndex = lines.findIndex((line) => line.trim() !== "" && !line.trimStart().startsWith("#"));
  const headerLines = columnIndex < 0 ? lines : lines.slice(0, columnIndex);
  const columns = CSV_COLUMNS.join(",");
  if (columnIndex < 0) {
    throw new FormatError(`no column line found, expected "${columns}"; the file may be cut`, {
      file,
      line: lines.length,
    });
  }
  const [header, ...body] = tokensOf(lines, columnIndex + 1, ",");
  const found = header!.fields.map((field) => field.trim());
  if (found.join(",") !== columns) {
    throw new FormatError(
      `column line "${found.join(",").slice(0, 200)}" found, "${columns}" expected; the columns must be these in this order`,
      {
        file,
        line: columnIndex + 1,
      },
    );
  }
  const findings: Finding[] = [];
  if ([header!, ...body].some(({ fields }) => fields.some((field) => field !== field.trim()))) {
    findings.push({
      file,
      code: "blanks-around-fields",
      severity: "info",
      message: "blanks stand around fields",
      action: "none needed; other tools may refuse the file",
    });
  }
  const rows = body.flatMap((token) => rowOf(token, file, findings));
  const durationSeconds = readHeaderDuration(headerLines, file, findings);
  return { headerLines, durationSeconds, rows, findings };
}

function rowOf({ fields, line }: { fields: string[]; line: number }, file: string, findings: Finding[]): RawRow[] {
  const texts = fields.map((field) => field.trim());
  if (texts.every((text) => text === "") || texts[0]!.startsWith("#")) return [];
  if (texts.length !== CSV_COLUMNS.length) {
    findings.push(rowWidthFinding(file, line, texts.length, CSV_COLUMNS.length));
    return [];
  }
  const [channel, start, end, label, confidence] = texts as [string, string, string, string, string];
  return [{ line, channel, start, end, label, labelText: label, confidence }];
}

/** The finding for a row with the wrong number of fields. */
export function rowWidthFinding(file: string, line: number, found: number, expected: number): Finding {
  return {
    file,
    line,
    code: "row-width",
    severity: "error",
    message: `the row has ${found} fields, ${expected} expected; it is left out`,
    action: "complete the row or delete it",
  };
}

/** Seconds of the first `duration` line, `# key = value` or `# key: value`, unit or not. */
function readHeaderDuration(headerLines: readonly string[], file: string, findings: Finding[]): number | undefined {
  const found = headerLines.flatMap((text, i) => {
    const value = /^\s*#?\s*duration\s*[=:]\s*(.*)$/i.exec(text)?.[1];
    return value === undefined ? [] : [{ value, line: i + 1, seconds: secondsOf(value) }];
  });
  const [first] = found;
  if (!first) {
    findings.push({
      file,
      code: "duration-missing",
      severity: "warning",
      message: "the header has no duration",
      action: "add `# duration = N secs`; until then the recording's own duration is used",
    });
    return undefined;
  }
  const other = found.find(({ seconds }) => seconds !== first.seconds);
  if (first.seconds === undefined) {
    findings.push({
      file,
      line: first.line,
      code: "duration-unreadable",
      severity: "warning",
      message: `duration ${JSON.stringify(first.value.slice(0, 40))} found, seconds expected`,
      action: "correct the line; until then the recording's own duration is used",
    });
  } else if (other) {
    findings.push({
      file,
      line: other.line,
      code: "duration-repeated",
      severity: "warning",
      message: `a second duration ${JSON.stringify(other.value.slice(0, 40))} found; the first, ${first.seconds} s, is used`,
      action: "delete the wrong line",
    });
  }
  return first.seconds;
}

function secondsOf(value: string): number | undefined {
  const number = /^(\d+(?:\.\d*)?|\.\d+)\s*(?:s|secs?|seconds?)?\s*$/i.exec(value)?.[1];
  return number === undefined ? undefined : Number(number);
}
