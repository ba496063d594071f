import { FormatError } from "../base/errors.js";
import { rowWidthFinding, tokensOf } from "./annotation-csv.js";
import { type AnnotationFormat, parseSeconds, type RawAnnotations, type RawRow } from "./annotation-rows.js";
import type { Finding } from "./finding.js";
import { hedScoreOf, labelOfHedScore } from "./labels.js";

/** The columns of a HED-SCORE events file, in order. */
export const TSV_COLUMNS = [
  "onset",
  "duration",
  "eventType",
  "confidence",
  "channels",
  "dateTime",
  "recordingDuration",
] as const;

/** Rows of a HED-SCORE events file; event types become labels of the table ("sz_foc_ia" gives "cpsz"). */
export function readTsvRows(lines: readonly string[], file: string, _format: AnnotationFormat): RawAnnotations {
  const columnIndex = lines.findIndex((line) => line.trim() !== "");
  const found = (lines[columnIndex] ?? "").split("\t").map((field) => field.trim());
  if (found.join("\t") !== TSV_COLUMNS.join("\t")) {
    const message = `columns ${JSON.stringify(found.join(" ").slice(0, 200))} found, "${TSV_COLUMNS.join(" ")}" expected, separated by tabs`;
    throw new FormatError(message, { file, line: Math.max(1, columnIndex + 1) });
  }
  const findings: Finding[] = [];
  const rows: RawRow[] = [];
  const durations = new Set<number>();
  for (const { fields, line } of tokensOf(lines, columnIndex + 2, "\t")) {
    const texts = fields.map((field) => field.trim());
    if (texts.every((text) => text === "")) continue;
    if (texts.length !== TSV_COLUMNS.length) {
      findings.push(rowWidthFinding(file, line, texts.length, TSV_COLUMNS.length));
      continue;
    }
    const recordingSeconds = parseSeconds(texts[6]!);
    if (Number.isFinite(recordingSeconds)) durations.add(recordingSeconds);
    const row = rowOf(texts, line);
    noteBroaderType(row, file, findings);
    rows.push(row);
  }
  if (durations.size !== 1) findings.push(durationFinding(file, durations));
  const durationSeconds = durations.size > 0 ? Math.max(...durations) : undefined;
  return { headerLines: lines.slice(0, Math.max(0, columnIndex)), durationSeconds, rows, findings };
}

function rowOf(texts: readonly string[], line: number): RawRow {
  const [onset, duration, eventType, confidence, channels, dateTime] = texts as [
    string,
    string,
    string,
    string,
    string,
    string,
  ];
  const end = parseSeconds(onset) + parseSeconds(duration);
  return {
    line,
    channel: channels === "n/a" || channels === "all" ? "TERM" : channels,
    start: onset,
    end: Number.isFinite(end) ? String(Math.round(end * 1e6) / 1e6) : duration, // decimal sums leave binary dust
    label: labelOfHedScore(eventType) ?? eventType,
    labelText: eventType,
    confidence: confidence === "n/a" ? "1" : confidence,
    hedScore: { eventType, confidence, channels, dateTime },
  };
}

/** Types finer than the label table knows are taken as the nearest broader one. */
function noteBroaderType({ label, labelText, line }: RawRow, file: string, findings: Finding[]): void {
  const known = hedScoreOf(label);
  if (known === undefined || known.toLowerCase() === labelText.replaceAll("-", "_").toLowerCase()) return;
  findings.push({
    file,
    line,
    code: "event-type-broadened",
    severity: "info",
    message: `eventType "${labelText}" is taken as "${known}" (${label})`,
    action: "none needed unless it is a slip of the pen",
  });
}

function durationFinding(file: string, durations: ReadonlySet<number>): Finding {
  const action = "write the recording's duration in every row";
  if (durations.size === 0) {
    return { file, code: "duration-missing", severity: "warning", message: "no row gives a recordingDuration", action };
  }
  const message = `rows give different recordingDuration: ${[...durations].slice(0, 5).join(", ")}; the longest is taken`;
  return { file, code: "duration-unreadable", severity: "warning", message, action };
}
