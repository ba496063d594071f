import { randomUUID } from "node:crypto";
import { writeFileAtomic } from "@ictal/base/atomic-file";
import { formatExactJson } from "../wire/exact-json.js";
import type { MimeBundle } from "../wire/message.js";

/** One output of a code cell, as nbformat 4 stores it; texts are joined here and split into lines in the file. */
export type Output =
  | { output_type: "stream"; name: "stdout" | "stderr"; text: string }
  | { output_type: "display_data"; data: MimeBundle; metadata: Record<string, unknown> }
  | {
      output_type: "execute_result";
      data: MimeBundle;
      metadata: Record<string, unknown>;
      execution_count: number | null;
    }
  | { output_type: "error"; ename: string; evalue: string; traceback: string[] };

export interface CellMetadata {
  tags?: string[];
  [key: string]: unknown;
}

export interface CodeCell {
  cell_type: "code";
  id: string;
  metadata: CellMetadata;
  source: string;
  outputs: Output[];
  execution_count: number | null;
}

export interface TextCell {
  cell_type: "markdown" | "raw";
  id: string;
  metadata: CellMetadata;
  source: string;
  attachments?: Record<string, MimeBundle>;
}

export type Cell = CodeCell | TextCell;

export interface NotebookMetadata {
  kernelspec?: { name: string; display_name?: string; language?: string };
  language_info?: { name: string; [key: string]: unknown };
  papermill?: Record<string, unknown>;
  ictal?: Record<string, unknown>;
  [key: string]: unknown;
}

/** A notebook of nbformat 4.5 in memory. */
export interface Notebook {
  nbformat: 4;
  nbformat_minor: number;
  metadata: NotebookMetadata;
  cells: Cell[];
}

/** True when the cell carries `tag`. */
export function hasTag(cell: Cell, tag: string): boolean {
  return cell.metadata.tags?.includes(tag) ?? false;
}

/** A fresh cell id of the form that nbformat 4.5 allows (1 to 64 of A-Z a-z 0-9 - _). */
export function newCellId(): string {
  return randomUUID().slice(0, 8);
}

/** Half of a surrogate pair alone: no Unicode text, and Python's writers stumble over it. */
const LONE_SURROGATE = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

/** The text with every lone half of a surrogate pair replaced by U+FFFD. */
export const wellFormed = (text: string): string => text.replace(LONE_SURROGATE, "\ufffd");

const splitText = (text: string): string[] => text.match(/[^\n]*\n|[^\n]+$/g) ?? [];

function splitBundle(bundle: MimeBundle): Record<string, unknown> {
  const isLines = (mime: string, data: unknown) =>
    typeof data === "string" &&
    (mime.startsWith("text/") || mime === "image/svg+xml" || mime === "application/javascript");
  return Object.fromEntries(
    Object.entries(bundle).map(([mime, data]) => [mime, isLines(mime, data) ? splitText(data as string) : data]),
  );
}

function writeOutput(output: Output): Record<string, unknown> {
  if (output.output_type === "stream") return { ...output, text: splitText(output.text) };
  if (output.output_type === "error") return { ...output };
  return { ...output, data: splitBundle(output.data) };
}

/** The value as it is stored: keys sorted, lone surrogates replaced by U+FFFD. */
function storable(value: unknown): unknown {
  if (typeof value === "string") return wellFormed(value);
  if (Array.isArray(value)) return value.map(storable);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
      .map(([key, member]) => [key, storable(member)]),
  );
}

/**
 * The text of the .ipynb file, laid out as Jupyter writes it (keys sorted, one blank of indentation). NaN and infinities
 * are the texts "NaN", "Infinity" and "-Infinity", for JSON has no such numbers.
 */
export function formatNotebook(notebook: Notebook): string {
  const cells = notebook.cells.map((cell) => ({
    ...cell,
    source: splitText(cell.source),
    ...(cell.cell_type === "code" ? { outputs: cell.outputs.map(writeOutput) } : {}),
  }));
  return `${formatExactJson(storable({ ...notebook, cells }), { indent: 1 })}\n`;
}

/** Writes the notebook so that a reader finds the old file or the whole new one. */
export async function writeNotebook(path: string, notebook: Notebook): Promise<void> {
  await writeFileAtomic(path, formatNotebook(notebook));
}
