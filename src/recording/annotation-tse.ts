import { FormatError } from "@ictal/base/errors";
import { type AnnotationFormat, parseSeconds, type RawAnnotations, type RawRow } from "./annotation-rows.js";
import { rowWidthFinding } from "./annotation-table.js";
import type { Finding } from "./finding.js";
import { knownLabel } from "./labels.js";

/** Rows of tse and tse_bi text (TUSZ v1.5): a `version = tse_v1.0.0` line, then `start stop label confidence`. */
export function readTseRows(lines: readonly string[], file: string, _format: AnnotationFormat): RawAnnotations {
  const isContent = (line: string) => line.trim() !== "" && !line.trimStart().startsWith("#");
  const first = lines.findIndex(isContent);
  const hasVersion = /^\s*version\s*[=:]\s*tse/i.test(lines[first] ?? "");
  const findings: Finding[] = [];
  if (!hasVersion) findings.push(versionMissing(lines, first, file));
  const firstRow = hasVersion ? lines.findIndex((line, i) => i > first && isContent(line)) : first;
  const start = firstRow < 0 ? lines.length : firstRow;
  const rows: RawRow[] = [];
  for (const [i, content] of lines.entries()) {
    const text = i < start ? "" : content.trim();
    if (text === "" || text.startsWith("#")) continue;
    const fields = text.split(/\s+/);
    if (fields.length !== 4) {
      findings.push(rowWidthFinding(file, i + 1, fields.length, 4));
      continue;
    }
    const [from, to, label, confidence] = fields as [string, string, string, string];
    rows.push({ line: i + 1, channel: "TERM", start: from, end: to, ...knownLabel(label), confidence });
  }
  return { headerLines: lines.slice(0, start), rows, findings };
}

/** The finding for text that begins with a row; FormatError when it begins with anything else. */
function versionMissing(lines: readonly string[], first: number, file: string): Finding {
  const fields = (lines[first] ?? "").trim().split(/\s+/);
  const line = Math.max(1, first + 1);
  if (fields.length === 4 && fields.slice(0, 2).every((field) => Number.isFinite(parseSeconds(field)))) {
    const message = 'the file begins with a row, "version = tse_v1.0.0" expected before it';
    return { file, line, code: "version-missing", severity: "warning", message, action: "add the line" };
  }
  const found =
    'no version line found, expected "version = tse_v1.0.0"; the file may be truncated or of another format';
  throw new FormatError(found, { file, line });
}
