import { FormatError } from "@ictal/base/errors";
import type { AnnotationFormat, RawAnnotations, RawRow } from "./annotation-rows.js";
import { readTable } from "./annotation-table.js";
import type { Finding } from "./finding.js";
import { knownLabel } from "./labels.js";
import { shownTime } from "./shown-text.js";

/** The columns of csv and csv_bi, as the NEDC tools write them. */
export const CSV_COLUMNS = ["channel", "start_time", "stop_time", "label", "confidence"] as const;

/** Rows of csv and csv_bi text: `# key = value` lines, the column line, then one row per line; columns are matched by name. */
export function readCsvRows(lines: readonly string[], file: string, _format: AnnotationFormat): RawAnnotations {
  const columnIndex = lines.findIndex((line) => line.trim() !== "" && !line.trimStart().startsWith("#"));
  const headerLines = columnIndex < 0 ? lines : lines.slice(0, columnIndex);
  if (columnIndex < 0) {
    throw new FormatError(`no column line found, expected "${CSV_COLUMNS.join(",")}"; the file may be truncated`, {
      file,
      line: lines.length,
    });
  }
  const table = readTable(lines.slice(columnIndex), {
    ...{ file, firstLine: columnIndex + 1, delimiter: ",", columns: CSV_COLUMNS },
    ...{ required: CSV_COLUMNS, isOwn: headerLines.some((line) => line.trim() !== "") },
  });
  const rows = table.rows.map(({ line, fields }): RawRow => {
    const { channel = "", start_time: start = "", stop_time: end = "", label = "", confidence = "" } = fields; // all required
    return { line, channel, start, end, ...knownLabel(label), confidence };
  });
  const findings = [...table.findings];
  const durationSeconds = readHeaderDuration(headerLines, file, findings);
  return { headerLines, durationSeconds, recordingName: headerValue(headerLines, "bname"), rows, findings };
}

/** Text after the first `# key = value` or `# key: value`; undefined where there is none or it is blank. */
function headerValue(headerLines: readonly string[], key: string): string | undefined {
  const line = new RegExp(`^\\s*#?\\s*${key}\\s*[=:]\\s*(.*\\S)\\s*$`, "i");
  return headerLines.flatMap((text) => line.exec(text)?.[1] ?? [])[0];
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
    const isOtherUnit = /\d/.test(first.value); // the rows may be in the same unit
    findings.push({
      file,
      line: first.line,
      code: "duration-unreadable",
      severity: isOtherUnit ? "error" : "warning",
      message: `duration ${shownTime(first.value)} found, seconds expected`,
      action: isOtherUnit
        ? "write all times in seconds, or correct the line; until then the labels of the recording are unknown"
        : "correct the line; until then the recording's own duration is used",
    });
  } else if (other) {
    findings.push({
      file,
      line: other.line,
      code: "duration-repeated",
      severity: "warning",
      message: `a second duration ${shownTime(other.value)} found; the first, ${first.seconds} s, is used`,
      action: "delete the wrong line",
    });
  }
  return first.seconds;
}

function secondsOf(value: string): number | undefined {
  const number = /^(\d+(?:\.\d*)?|\.\d+)\s*(?:s|secs?|seconds?)?\s*$/i.exec(value)?.[1];
  return number === undefined ? undefined : Number(number);
}
