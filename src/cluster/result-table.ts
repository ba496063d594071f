import { resolve } from "node:path";
import { escapeHtml } from "@ictal/base/html";
import { type Cell, cellsOf, columnsOf, csvText, type Row } from "./cell-format.js";
import { type Plan, readPlan } from "./plan.js";
import { readStates, type ShardState } from "./state.js";
import { runsHere } from "./status.js";

/** Rows of a plan whose shards have names (sweeps, scores); shows itself as one table in notebooks. */
export interface ResultTable extends ReadonlyArray<Row> {
  /** The rows as CSV. */
  csv(): string;
}

function rowOf(plan: Plan, { shard, state, receipt }: ShardState): Row[] {
  const row = plan.shards[shard]?.row;
  if (!row) return [];
  const found = receipt && state === "done" ? { ...cellsOf(receipt.results.at(-1)), seconds: receipt.seconds } : {};
  return [{ ...row, state, ...found }];
}

function cellText(cell: Cell | undefined): string {
  if (typeof cell !== "number" || Number.isInteger(cell)) return String(cell ?? "");
  return String(Number(cell.toPrecision(5)));
}

/** Columns that differ between rows, and the others with their one value. */
function splitColumns(rows: readonly Row[]): { shown: string[]; same: string[] } {
  const columns = columnsOf(rows);
  const [first, ...others] = rows;
  if (!first || others.length === 0) return { shown: columns, same: [] };
  const differs = (column: string) => others.some((row) => row[column] !== first[column]);
  return { shown: columns.filter(differs), same: columns.filter((column) => !differs(column)) };
}

function sameLine(rows: readonly Row[], same: readonly string[]): string {
  return same.length === 0
    ? ""
    : `in all rows: ${same.map((column) => `${column} ${cellText(rows[0]?.[column])}`).join(", ")}`;
}

function htmlOf(rows: readonly Row[]): string {
  const { shown, same } = splitColumns(rows);
  const head = shown.map((column) => `<th>${escapeHtml(column)}</th>`).join("");
  const body = rows.map((row) => {
    const cells = shown.map((column) => {
      const align = typeof row[column] === "number" ? "right" : "left";
      return `<td style="text-align:${align}">${escapeHtml(cellText(row[column]))}</td>`;
    });
    return `<tr>${cells.join("")}</tr>`;
  });
  const foot = same.length > 0 ? `<p>${escapeHtml(sameLine(rows, same))}</p>` : "";
  return `<table><thead><tr>${head}</tr></thead><tbody>${body.join("")}</tbody></table>${foot}`;
}

function textOf(rows: readonly Row[]): string {
  const { shown, same } = splitColumns(rows);
  const lines = [shown, ...rows.map((row) => shown.map((column) => cellText(row[column])))];
  const widths = shown.map((_, i) => Math.max(...lines.map((line) => line[i]?.length ?? 0)));
  const text = lines.map((line) =>
    line
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join("  ")
      .trimEnd(),
  );
  return [...text, ...(same.length > 0 ? [sameLine(rows, same)] : [])].join("\n");
}

/**
 * The table of the sweep or of the scores whose plan lies in `dir`, also while some of its shards are not done: a row per
 * shard with its own columns, its state and, once done, the numbers and texts of its result. NotFoundError without a plan.
 */
export async function resultTable(
  dir: string,
  { signal }: { readonly signal?: AbortSignal | undefined } = {},
): Promise<ResultTable> {
  const plan = await readPlan(dir, { signal });
  const rows = (await readStates(resolve(dir), plan, runsHere, signal)).flatMap((state) => rowOf(plan, state));
  const display = () => ({ "text/html": htmlOf(rows), "text/plain": textOf(rows) });
  return Object.defineProperties(rows, {
    csv: { value: () => csvText(rows) },
    [Symbol.for("Jupyter.display")]: { value: display },
  }) as Row[] & ResultTable;
}
