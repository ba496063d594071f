import { inspect } from "node:util";
import type { TableData } from "../../views/table.js";

/** A variable of a cell and its value now. */
export interface Variable {
  readonly name: string;
  readonly value: unknown;
}

const MOST_CHARACTERS = 80;

function typeOf(value: unknown): string {
  if (value === null) return "null";
  if (typeof value !== "object") return typeof value;
  const name = (Object.getPrototypeOf(value) as { constructor?: { name?: unknown } } | null)?.constructor?.name;
  const length = Array.isArray(value) || ArrayBuffer.isView(value) ? (value as { length?: number }).length : undefined;
  const size = value instanceof Map || value instanceof Set ? value.size : length;
  return `${typeof name === "string" && name !== "" ? name : "Object"}${size === undefined ? "" : `(${size})`}`;
}

function preview(value: unknown): string {
  const text = inspect(value, {
    depth: 1,
    breakLength: Number.POSITIVE_INFINITY,
    maxArrayLength: 8,
    maxStringLength: 80,
  });
  const line = text.replace(/\s+/g, " ");
  return line.length > MOST_CHARACTERS ? `${line.slice(0, MOST_CHARACTERS - 1)}…` : line;
}

/** The table that `%whos` shows. */
export function variableTable(variables: readonly Variable[]): TableData {
  const rows = variables.map(({ name, value }) => [name, typeOf(value), preview(value)]);
  return {
    columns: ["name", "type", "value"],
    rowCount: rows.length,
    row: (index) => rows[index] ?? [],
    named: true,
    caption: rows.length > 0 ? "Variables of the cells" : "No cell has declared a variable yet",
  };
}
