import { FormatError } from "../base/errors.js";
import { rowWidthFinding } from "./annotation-csv.js";
import type { AnnotationFormat, Finding, RawAnnotations } from "./annotation-file.js";
import type { RawRow } from "./annotation-rows.js";

/** Rows of tse and tse_bi text (TUSZ v1.5): a `version = tse_v1.0.0` line, then `start stop label confidence`. */
export function readTseRows(lines: readonly string[], file: string, _format: AnnotationFormat): RawAnnotations {
  const versionIndex = lines.findIndex((line) => line.trim() !== "" && !line.trimStart().startsWith("#"));
  if (versionIndex < 0 || !/^\s*version\s*[=:]\s*tse/i.test(lines[versionIndex]!)) {
    throw new FormatError(
      'no version line found, expected "version = tse_v1.0.0"; the file may be cut or of another format',
      {
        file,
        line: Math.max(1, versionIndex + 1),
      },
    );
  }
  const firstRow = lines.findIndex(
    (line, i) => i > versionIndex && line.trim() !== "" && !line.trimStart().startsWith("#"),
  );
  const start = firstRow < 0 ? lines.length : firstRow;
  const findings: Finding[] = [];
  const rows: RawRow[] = [];
  for (let i = start; i < lines.length; i++) {
    const text = lines[i]!.trim();
    if (text === "" || text.startsWith("#")) continue;
    const fields = text.split(/\s+/);
    if (fields.length !== 4) {
      findings.push(rowWidthFinding(file, i + 1, fields.length, 4));
      continue;
    }
    const [from, to, label, confidence] = fields as [string, string, string, string];
    rows.push({ line: i + 1, channel: "TERM", start: from, end: to, label, labelText: label, confidence });
  }
  return { headerLines: lines.slice(0, start), rows, findings };
}
