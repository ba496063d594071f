import { randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import { parseDocument } from "yaml";
import { writeFileAtomic } from "../../base/atomic-file.js";
import { FormatError, NotFoundError } from "../../base/errors.js";
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

const wellFormed = (text: string): string => text.replace(LONE_SURROGATE, "\ufffd");

const joinText = (text: unknown): string =>
  Array.isArray(text) ? text.join("") : typeof text === "string" ? text : "";

function joinBundle(bundle: Record<string, unknown>): MimeBundle {
  const isJson = (mime: string) => /^application\/(.*\+)?json$/.test(mime);
  return Object.fromEntries(
    Object.entries(bundle).map(([mime, data]) => [mime, Array.isArray(data) && !isJson(mime) ? data.join("") : data]),
  );
}

function readOutput(raw: Record<string, unknown>): Output {
  const metadata = (raw.metadata ?? {}) as Record<string, unknown>;
  const data = () => joinBundle((raw.data ?? {}) as Record<string, unknown>);
  switch (raw.output_type) {
    case "stream":
      return { output_type: "stream", name: raw.name === "stderr" ? "stderr" : "stdout", text: joinText(raw.text) };
    case "error":
      return {
        output_type: "error",
        ename: String(raw.ename ?? ""),
        evalue: String(raw.evalue ?? ""),
        traceback: ((raw.traceback ?? []) as unknown[]).map(String),
      };
    case "execute_result":
      return {
        output_type: "execute_result",
        data: data(),
        metadata,
        execution_count: (raw.execution_count as number | null) ?? null,
      };
    default:
      return { output_type: "display_data", data: data(), metadata };
  }
}

function readCell(raw: Record<string, unknown>, index: number, path: string): Cell {
  const metadata = (raw.metadata ?? {}) as CellMetadata;
  const id = typeof raw.id === "string" ? raw.id : newCellId();
  const source = wellFormed(joinText(raw.source)); // ipykernel never answers to anything else
  if (raw.cell_type === "code") {
    const outputs = ((raw.outputs ?? []) as Record<string, unknown>[]).map(readOutput);
    return {
      cell_type: "code",
      id,
      metadata,
      source,
      outputs,
      execution_count: (raw.execution_count as number | null) ?? null,
    };
  }
  if (raw.cell_type !== "markdown" && raw.cell_type !== "raw") {
    const message = `cell ${index + 1} has cell_type ${JSON.stringify(raw.cell_type)}; code, markdown or raw was expected`;
    throw new FormatError(message, { file: path, field: `cells[${index}].cell_type` });
  }
  const attachments = raw.attachments as Record<string, MimeBundle> | undefined;
  return { cell_type: raw.cell_type, id, metadata, source, ...(attachments ? { attachments } : {}) };
}

/** Line where JSON breaks: YAML's parser reads JSON too and says where, which JSON.parse does only at times. */
function brokenLine(text: string): number {
  return parseDocument(text).errors[0]?.linePos?.[0].line ?? text.split("\n").length;
}

function parseJson(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new FormatError(`not JSON: ${(cause as Error).message}`, { file: path, line: brokenLine(text) }, { cause });
  }
}

/**
 * A notebook from the text of an .ipynb file; cells without an id get one. FormatError with the line where JSON breaks,
 * or the field that is not nbformat 4.
 */
export function parseNotebook(text: string, path: string): Notebook {
  const raw = parseJson(text, path) as Record<string, unknown> | null;
  if (typeof raw !== "object" || raw === null || raw.nbformat !== 4) {
    throw new FormatError(`nbformat is ${JSON.stringify(raw?.nbformat)}; version 4 was expected`, {
      file: path,
      field: "nbformat",
    });
  }
  if (!Array.isArray(raw.cells)) throw new FormatError("cells is not a list", { file: path, field: "cells" });
  const cells = (raw.cells as Record<string, unknown>[]).map((cell, index) => readCell(cell, index, path));
  const minor = typeof raw.nbformat_minor === "number" ? raw.nbformat_minor : 0;
  return { nbformat: 4, nbformat_minor: Math.max(5, minor), metadata: (raw.metadata ?? {}) as NotebookMetadata, cells };
}

/** Reads an .ipynb file; NotFoundError when there is none. */
export async function readNotebook(path: string): Promise<Notebook> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (cause) {
    throw new NotFoundError(`there is no readable notebook at ${path}`, path, { cause });
  }
  return parseNotebook(text, path);
}

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

/** The text of the .ipynb file, laid out as Jupyter writes it (keys sorted, one blank of indentation). */
export function formatNotebook(notebook: Notebook): string {
  const cells = notebook.cells.map((cell) => ({
    ...cell,
    source: splitText(cell.source),
    ...(cell.cell_type === "code" ? { outputs: cell.outputs.map(writeOutput) } : {}),
  }));
  return `${JSON.stringify(storable({ ...notebook, cells }), null, 1)}\n`;
}

/** Writes the notebook so that a reader finds the old file or the whole new one. */
export async function writeNotebook(path: string, notebook: Notebook): Promise<void> {
  await writeFileAtomic(path, formatNotebook(notebook));
}
