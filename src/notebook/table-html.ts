import { escapeHtml } from "../base/html.js";
import type { MimeBundle } from "./wire/message.js";

/** Rows and columns of anything table-like; cells hold any values. */
export interface TableData {
  readonly columns: readonly string[];
  /** [row, column] */
  readonly rows: readonly (readonly unknown[])[];
}

/** What tables of danfojs (and look-alikes) have. */
interface FrameLike {
  readonly columns: readonly unknown[];
  readonly values: readonly (readonly unknown[])[];
  readonly index: readonly unknown[];
}

const SHOWN_ROWS = 20;
const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" &&
  value !== null &&
  (Object.getPrototypeOf(value) === Object.prototype || Object.getPrototypeOf(value) === null);

function isFrame(value: unknown): value is FrameLike {
  const frame = value as Partial<FrameLike> | null;
  return (
    typeof value === "object" &&
    Array.isArray(frame?.columns) &&
    Array.isArray(frame?.index) &&
    Array.isArray(frame?.values) &&
    Array.isArray(frame.values[0] ?? [])
  );
}

/** The table in `value`: an array of plain objects, or a data frame with columns, index and values; else undefined. */
export function tableOf(value: unknown): TableData | undefined {
  if (Array.isArray(value)) {
    if (value.length === 0 || !value.every(isRecord)) return undefined;
    const columns = [...new Set(value.flatMap((row) => Object.keys(row)))];
    return { columns, rows: value.map((row) => columns.map((column) => row[column])) };
  }
  if (!isFrame(value)) return undefined;
  return { columns: ["", ...value.columns.map(String)], rows: value.values.map((row, i) => [value.index[i], ...row]) };
}

function cellText(value: unknown): string {
  if (value === undefined || value === null) return "";
  if (typeof value === "number")
    return Number.isNaN(value) ? "n/a" : Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(6)));
  if (typeof value === "string") return value;
  if (typeof value === "object")
    return JSON.stringify(value, (_, member) => (typeof member === "bigint" ? String(member) : member));
  return String(value);
}

/** First and last rows of a long table with the number left out between them. */
function shownRows(rows: TableData["rows"]): { head: TableData["rows"]; left: number; tail: TableData["rows"] } {
  if (rows.length <= SHOWN_ROWS) return { head: rows, left: 0, tail: [] };
  const half = SHOWN_ROWS / 2;
  return { head: rows.slice(0, half), left: rows.length - SHOWN_ROWS, tail: rows.slice(-half) };
}

/** A table as display bundle: HTML and a twin in aligned text; at most 20 rows, the first and the last ten. */
export function tableBundle({ columns, rows }: TableData): MimeBundle {
  const { head, left, tail } = shownRows(rows);
  const numeric = columns.map((_, c) =>
    rows.every((row) => typeof row[c] === "number" || row[c] === undefined || row[c] === null),
  );
  const style = (c: number) => (numeric[c] ? ' style="text-align:right"' : "");
  const rowHtml = (row: readonly unknown[]) =>
    `<tr>${row.map((value, c) => `<td${style(c)}>${escapeHtml(cellText(value))}</td>`).join("")}</tr>`;
  const gap = left > 0 ? `<tr><td colspan="${columns.length}">… ${left} more rows …</td></tr>` : "";
  const header = columns.map((column, c) => `<th${style(c)}>${escapeHtml(column)}</th>`).join("");
  const html = `<table><thead><tr>${header}</tr></thead><tbody>${head.map(rowHtml).join("")}${gap}${tail.map(rowHtml).join("")}</tbody></table>`;
  const texts = [columns, ...head, ...tail].map((row) => row.map(cellText));
  const widths = columns.map((_, c) => Math.max(...texts.map((row) => row[c]!.length)));
  const line = (row: readonly string[]) =>
    row
      .map((text, c) => (numeric[c] ? text.padStart(widths[c]!) : text.padEnd(widths[c]!)))
      .join("  ")
      .trimEnd();
  const lines = texts.map(line);
  if (left > 0) lines.splice(1 + head.length, 0, `… ${left} more rows …`);
  return { "text/html": html, "text/plain": lines.join("\n") };
}
