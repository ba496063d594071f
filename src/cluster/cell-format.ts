import type { Plan } from "./plan.js";
import type { Receipt } from "./state.js";

/** A cell of a result table. */
export type Cell = string | number | boolean | null;

/** One shard's row: its own columns, then the numbers and texts of what its last command printed. */
export type Row = Readonly<Record<string, Cell>>;

/** Numbers and texts of a document, nested ones with dots; the member "perRecording" is excluded. */
export function cellsOf(value: unknown, prefix = ""): Row {
  if (value === null || typeof value !== "object" || Array.isArray(value)) return {};
  const cells = Object.entries(value).flatMap(([name, member]): [string, Cell][] => {
    if (member === null || ["string", "number", "boolean"].includes(typeof member)) return [[prefix + name, member]];
    return name === "perRecording" ? [] : Object.entries(cellsOf(member, `${prefix}${name}.`));
  });
  return Object.fromEntries(cells);
}

/** Rows of the shards that have columns of their own, in the order of the plan. */
export function tableOf({ shards }: Plan, receipts: readonly Receipt[]): Row[] {
  return shards.flatMap(({ row }, shard) => {
    const receipt = receipts[shard];
    return row && receipt ? [{ ...row, ...cellsOf(receipt.results.at(-1)), seconds: receipt.seconds }] : [];
  });
}

/**
 * A text that a spreadsheet would run as a formula gets a single quote ahead of it (OWASP, "CSV injection"); numbers stay.
 */
function csvCell(cell: Cell | undefined): string {
  const plain = cell === null || cell === undefined ? "" : String(cell);
  const isFormula = /^[=+\-@\t\r]/.test(plain) && !/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$|^-Infinity$/i.test(plain);
  const text = isFormula ? `'${plain}` : plain;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Every column that any row has, in the order of appearance. */
export function columnsOf(rows: readonly Row[]): string[] {
  return [...new Set(rows.flatMap((row) => Object.keys(row)))];
}

/** A table as CSV with every column that any row has, in the order of appearance. */
export function csvText(rows: readonly Row[]): string {
  const columns = columnsOf(rows);
  const lines = rows.map((row) => columns.map((column) => csvCell(row[column])).join(","));
  return `${[columns.map(csvCell).join(","), ...lines].join("\n")}\n`;
}
