import { types } from "node:util";
import type { MimeBundle } from "../wire/message.js";
import { formatCount } from "./format-value.js";
import { member } from "./member.js";
import { type TableData, tableBundle } from "./table.js";

/** Of longer arrays so many elements, spread evenly, determine the columns. */
const MOST_READ = 1000;

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" &&
  value !== null &&
  !types.isProxy(value) &&
  (Object.getPrototypeOf(value) === Object.prototype || Object.getPrototypeOf(value) === null);

function recordsTable(value: readonly unknown[]): TableData | undefined {
  const read = Math.min(value.length, MOST_READ);
  const spread = (i: number) => (read < 2 ? 0 : Math.round((i * (value.length - 1)) / (read - 1)));
  const columns = new Set<string>();
  for (let i = 0; i < read; i++) {
    const row = value[spread(i)];
    if (!isRecord(row)) return undefined;
    for (const name of Object.keys(row)) columns.add(name);
  }
  if (columns.size === 0) return undefined;
  const names = [...columns];
  return {
    columns: names,
    rowCount: value.length,
    row: (index) => names.map((name) => member(value[index], name)),
    ...(read < value.length ? { note: `columns as found in ${formatCount(read)} of the rows` } : {}),
  };
}

/** A DataFrame or Series of danfojs or of its kind: columns, index and values. */
function frameTable(value: object): TableData | undefined {
  const columns = member(value, "columns");
  const index = member(value, "index");
  if (!Array.isArray(columns) || !Array.isArray(index)) return undefined;
  const values = member(value, "values");
  if (!Array.isArray(values)) return undefined;
  const isSeries = values.length > 0 && !Array.isArray(values[0]);
  return {
    columns: ["", ...columns.map(String)],
    rowCount: values.length,
    row: (i) => [index[i], ...(isSeries ? [values[i]] : (values[i] as unknown[]))],
    named: true,
  };
}

/** The table in `value`: an array of plain objects, or a data frame or series; else undefined. */
export function tableOf(value: unknown): TableData | undefined {
  if (typeof value !== "object" || value === null || types.isProxy(value)) return undefined;
  if (Array.isArray(value)) return value.length === 0 ? undefined : recordsTable(value);
  return frameTable(value);
}

/** Such a table as display bundle; undefined for anything else. */
export function recordsView(value: unknown): MimeBundle | undefined {
  const table = tableOf(value);
  return table && tableBundle(table);
}
