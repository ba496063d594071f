import { types } from "node:util";
import type { MimeBundle } from "../wire/message.js";
import { formatCount } from "./format-value.js";
import { inspectText } from "./inspect-text.js";
import { classNameOf } from "./member.js";
import { tableBundle } from "./table.js";

const MOST_ENTRIES = 20;

/** A Map as a table of its first twenty entries; its text is Node's. Undefined for anything else. */
export function mapView(value: unknown): MimeBundle | undefined {
  if (!types.isMap(value) || types.isProxy(value)) return undefined;
  const entries: (readonly [unknown, unknown])[] = [];
  for (const entry of Map.prototype.entries.call(value)) if (entries.push(entry) >= MOST_ENTRIES) break;
  if (entries.length === 0) return undefined;
  const table = tableBundle({
    columns: ["key", "value"],
    rowCount: entries.length,
    row: (index) => entries[index] ?? [],
    named: true,
    caption: `${classNameOf(value, "Map")}, ${formatCount(value.size)} ${value.size === 1 ? "entry" : "entries"}`,
    ...(value.size > entries.length ? { note: `the first ${entries.length} are shown` } : {}),
  });
  return { ...table, "text/plain": inspectText(value) };
}
