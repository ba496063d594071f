import { basename } from "node:path";
import { type Outcome, UsageError } from "@ictal/base/action";
import { writeFileAtomic } from "@ictal/base/atomic-file";
import { printable } from "@ictal/base/printable";
import type { Notebook } from "../notebook/notebook-file.js";
import { collectValues } from "../runner/values.js";
import { formatExactJson, plainValue } from "../wire/exact-json.js";
import { readPlace } from "./notebook-verbs.js";
import type { VerbHost } from "./verb-host.js";

/** What one executed notebook was given and what it recorded. */
interface Row {
  readonly notebook: string;
  readonly status: "done" | "failed" | "not run";
  readonly seconds: number | null;
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly values: Readonly<Record<string, unknown>>;
}

const objectOf = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};

/** papermill's metadata, which this runner writes too. */
function rowOf(name: string, notebook: Notebook): Row {
  const { parameters, default_parameters, duration, end_time, exception } = objectOf(notebook.metadata.papermill);
  return {
    notebook: name,
    status: typeof end_time !== "string" ? "not run" : exception === true ? "failed" : "done",
    seconds: typeof duration === "number" ? duration : null,
    parameters: { ...objectOf(default_parameters), ...objectOf(parameters) },
    values: collectValues(notebook),
  };
}

const namesOf = (rows: readonly Row[], kind: "parameters" | "values"): string[] => [
  ...new Set(rows.flatMap((row) => Object.keys(row[kind]))),
];

const textOf = (value: unknown): string =>
  value === undefined || value === null ? "" : typeof value === "string" ? value : formatExactJson(value);

/** Header and rows as texts; a value under the name of a parameter gets a column of its own. */
function cellsOf(rows: readonly Row[]): string[][] {
  const [parameters, values] = [namesOf(rows, "parameters"), namesOf(rows, "values")];
  const header = ["notebook", "status", "seconds", ...parameters, ...values];
  const lines = rows.map((row) => [
    row.notebook,
    row.status,
    row.seconds === null ? "" : row.seconds.toFixed(1),
    ...parameters.map((name) => textOf(row.parameters[name])),
    ...values.map((name) => textOf(row.values[name])),
  ]);
  return [header, ...lines];
}

const isNumber = (text: string | undefined): boolean =>
  text !== undefined && text !== "" && !Number.isNaN(Number(text));

/** Columns of one width, numbers on the right. */
function aligned(cells: readonly (readonly string[])[]): string {
  const [header = [], ...rows] = cells.map((row) => row.map((text) => printable(text)));
  const widths = header.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i]?.length ?? 0)));
  const right = header.map((_, i) => rows.every((row) => row[i] === "" || isNumber(row[i])));
  const line = (row: readonly string[]) =>
    row.map((text, i) => (right[i] ? text.padStart(widths[i] ?? 0) : text.padEnd(widths[i] ?? 0))).join("  ");
  return [header, ...rows].map((row) => line(row).trimEnd()).join("\n");
}

const quoted = (text: string): string => (/[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

/** RFC 4180. */
const toCsv = (cells: readonly (readonly string[])[]): string =>
  cells.map((row) => `${row.map(quoted).join(",")}\r\n`).join("");

/** Lists parameters and recorded values of executed notebooks, as text, as JSON, or in a CSV file. */
export async function table(host: VerbHost, files: readonly string[], options: { output?: string }): Promise<Outcome> {
  if (files.length === 0) throw new UsageError(`name executed notebooks, e.g. ${host.call} table results/*.ipynb`);
  const rows: Row[] = [];
  for (const file of files) rows.push(rowOf(file, await readPlace(host, file)));
  const shared = new Set(rows.map(({ notebook }) => basename(notebook))).size === rows.length;
  const short = rows.map((row) => (shared ? { ...row, notebook: basename(row.notebook) } : row));
  const cells = cellsOf(short);
  if (options.output !== undefined) await writeFileAtomic(options.output, toCsv(cells));
  const where = options.output === undefined ? aligned(cells) : `table  ${printable(options.output)}`;
  return { json: { notebooks: plainValue(rows) }, text: where };
}
