import { type AnnotationFormat, parseSeconds, type RawAnnotations, type RawRow } from "./annotation-rows.js";
import { readTable, type TableRow } from "./annotation-table.js";
import type { Finding } from "./finding.js";
import { hedScoreOf, labelOfHedScore } from "./labels.js";

/** The columns of a HED-SCORE events file, as SzCORE orders them. */
export const TSV_COLUMNS = [
  "onset",
  "duration",
  "eventType",
  "confidence",
  "channels",
  "dateTime",
  "recordingDuration",
] as const;

/**
 * Rows of a HED-SCORE events file; event types become labels of the table ("sz_foc_ia" gives "cpsz"). BIDS puts any
 * further columns in any order after onset and duration, so columns are matched by name.
 */
export function readTsvRows(lines: readonly string[], file: string, _format: AnnotationFormat): RawAnnotations {
  const columnIndex = Math.max(
    0,
    lines.findIndex((line) => line.trim() !== ""),
  );
  const table = readTable(lines.slice(columnIndex), {
    ...{ file, firstLine: columnIndex + 1, delimiter: "\t", columns: TSV_COLUMNS },
    required: TSV_COLUMNS.slice(0, 3),
  });
  const findings = [...table.findings];
  const durations = new Set<number>();
  const rows = table.rows.map(({ fields, line }) => {
    const recordingSeconds = parseSeconds(fields.recordingDuration ?? "n/a");
    if (Number.isFinite(recordingSeconds)) durations.add(recordingSeconds);
    const row = rowOf(fields, line);
    noteBroaderType(row, file, findings);
    return row;
  });
  if (durations.size !== 1) findings.push(durationFinding(file, durations));
  const durationSeconds = durations.size > 0 ? Math.max(...durations) : undefined;
  return { headerLines: lines.slice(0, columnIndex), durationSeconds, rows, findings };
}

function rowOf(fields: TableRow["fields"], line: number): RawRow {
  const { onset = "", duration = "", eventType = "" } = fields; // required columns
  const { confidence = "n/a", channels = "n/a", dateTime = "n/a" } = fields;
  const end = parseSeconds(onset) + parseSeconds(duration);
  return {
    line,
    channel: channels === "n/a" || channels === "all" || channels === "" ? "TERM" : channels,
    start: onset,
    end: Number.isFinite(end) ? String(Math.round(end * 1e6) / 1e6) : duration, // removes floating-point error of the sum
    label: labelOfHedScore(eventType) ?? eventType,
    labelText: eventType,
    confidence: confidence === "n/a" || confidence === "" ? "1" : confidence,
    hedScore: { eventType, confidence, channels, dateTime },
  };
}

/** Report types more specific than the label table, which are read as the nearest broader one. */
function noteBroaderType({ label, labelText, line }: RawRow, file: string, findings: Finding[]): void {
  const known = hedScoreOf(label);
  if (known === undefined || known.toLowerCase() === labelText.replaceAll("-", "_").toLowerCase()) return;
  findings.push({
    file,
    line,
    code: "event-type-broadened",
    severity: "info",
    message: `eventType "${labelText}" is read as "${known}" (${label})`,
    action: "none needed unless it is a typing error",
  });
}

function durationFinding(file: string, durations: ReadonlySet<number>): Finding {
  const action = "write the recording's duration in every row";
  if (durations.size === 0) {
    return { file, code: "duration-missing", severity: "warning", message: "no row gives a recordingDuration", action };
  }
  const message = `rows give different recordingDuration: ${[...durations].slice(0, 5).join(", ")}; the longest is used`;
  return { file, code: "duration-unreadable", severity: "warning", message, action };
}
