import { escapeHtml } from "@ictal/base/html";
import type { MimeBundle } from "../wire/message.js";
import { countOf, formatNumber, plainText } from "./format-value.js";
import { inspectText } from "./inspect-text.js";

/** Rows and columns of anything table-like; rows are asked for one by one, so that a long table costs no more. */
export interface TableData {
  readonly columns: readonly string[];
  readonly rowCount: number;
  /** The values of row `index`, in the order of the columns. */
  row(index: number): readonly unknown[];
  /** True when the first column names the rows. */
  readonly named?: boolean;
  /** What the table is. @default its size */
  readonly caption?: string;
  /** Said below the table. */
  readonly note?: string;
}

const SHOWN_ROWS = 20;
const SHOWN_COLUMNS = 30;
const CELL_CHARACTERS = 120;
const GAP = "…";

function cellText(value: unknown): string {
  if (value === undefined || value === null) return "";
  if (typeof value === "number") return Number.isNaN(value) ? "n/a" : formatNumber(value);
  const text =
    typeof value === "object" || typeof value === "function"
      ? inspectText(value, {
          depth: 1,
          maxArrayLength: 6,
          maxStringLength: 60,
          compact: true,
          breakLength: Number.POSITIVE_INFINITY,
        })
      : String(value);
  const line = plainText(text.slice(0, 4 * CELL_CHARACTERS)).replace(/\s*\n\s*/g, " ");
  return line.length > CELL_CHARACTERS ? `${line.slice(0, CELL_CHARACTERS)}…` : line;
}

const isNumberOrEmpty = (value: unknown) => typeof value === "number" || value === undefined || value === null;

/** What is shown of a table: texts of its first and last rows and columns. */
interface Shown {
  readonly columns: readonly string[];
  readonly numeric: readonly boolean[];
  readonly head: readonly (readonly string[])[];
  readonly tail: readonly (readonly string[])[];
  readonly rowsLeft: number;
  readonly columnsLeft: number;
}

function ends(count: number, most: number): { head: number[]; tail: number[] } {
  const all = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);
  if (count <= most) return { head: all(0, count), tail: [] };
  return { head: all(0, most / 2), tail: all(count - most / 2, count) };
}

function shownOf(table: TableData): Shown {
  const rows = ends(table.rowCount, SHOWN_ROWS);
  const columns = ends(table.columns.length, SHOWN_COLUMNS);
  const pick = <T>(values: readonly T[], gap: T): T[] => {
    const [first, last] = [columns.head.map((c) => values[c]!), columns.tail.map((c) => values[c]!)];
    return last.length === 0 ? first : [...first, gap, ...last];
  };
  const read = (indices: readonly number[]) => indices.map((index) => pick<unknown>(table.row(index), GAP));
  const [head, tail] = [read(rows.head), read(rows.tail)];
  const shown = pick(table.columns, GAP);
  const numeric = shown.map((_, c) => {
    const values = [...head, ...tail].map((row) => row[c]);
    return values.every(isNumberOrEmpty) && values.some((value) => typeof value === "number");
  });
  return {
    columns: shown.map((name) => cellText(name)),
    numeric,
    head: head.map((row) => row.map(cellText)),
    tail: tail.map((row) => row.map(cellText)),
    rowsLeft: table.rowCount - head.length - tail.length,
    columnsLeft: table.columns.length - columns.head.length - columns.tail.length,
  };
}

function tableHtml({ columns, numeric, head, tail, rowsLeft }: Shown, named: boolean, caption: string): string {
  const style = (c: number) => (numeric[c] ? ' style="text-align:right"' : "");
  const cell = (text: string, c: number) =>
    named && c === 0
      ? `<th scope="row"${style(c)}>${escapeHtml(text)}</th>`
      : `<td${style(c)}>${escapeHtml(text)}</td>`;
  const rowHtml = (row: readonly string[]) => `<tr>${row.map(cell).join("")}</tr>`;
  const gap = rowsLeft > 0 ? `<tr><td colspan="${columns.length}">… ${countOf(rowsLeft, "more row")} …</td></tr>` : "";
  const heading = (name: string, c: number) =>
    name === "" && named && c === 0 ? "<td></td>" : `<th scope="col"${style(c)}>${escapeHtml(name)}</th>`;
  return `<table><caption style="caption-side:bottom;text-align:left">${escapeHtml(caption)}</caption><thead><tr>${columns.map(heading).join("")}</tr></thead><tbody>${head.map(rowHtml).join("")}${gap}${tail.map(rowHtml).join("")}</tbody></table>`;
}

function tableText({ columns, numeric, head, tail, rowsLeft }: Shown): string[] {
  const texts = [columns, ...head, ...tail];
  const widths = columns.map((_, c) => Math.max(...texts.map((row) => row[c]?.length ?? 0)));
  const line = (row: readonly string[]) =>
    row
      .map((text, c) => (numeric[c] ? text.padStart(widths[c] ?? 0) : text.padEnd(widths[c] ?? 0)))
      .join("  ")
      .trimEnd();
  const lines = texts.map(line);
  if (rowsLeft > 0) lines.splice(1 + head.length, 0, `… ${countOf(rowsLeft, "more row")} …`);
  return lines;
}

/**
 * A table as display bundle: HTML and a twin in aligned text; the first and last ten rows and fifteen columns, with the
 * number of those left out.
 */
export function tableBundle(table: TableData): MimeBundle {
  const shown = shownOf(table);
  const named = table.named ?? false;
  const size = `${countOf(table.rowCount, "row")} × ${countOf(table.columns.length - (named ? 1 : 0), "column")}`;
  const notes = [
    ...(shown.columnsLeft > 0 ? [`${countOf(shown.columnsLeft, "more column")} not shown`] : []),
    ...(table.note ? [table.note] : []),
  ];
  const html = tableHtml(shown, named, [table.caption ?? size, ...notes].join("; "));
  return { "text/html": html, "text/plain": [...tableText(shown), ...notes.map((note) => `(${note})`)].join("\n") };
}
