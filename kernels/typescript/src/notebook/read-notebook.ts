import { readFile } from "node:fs/promises";
import { FormatError, NotFoundError } from "@ictal/base/errors";
import { parseDocument } from "yaml";
import { parseExactJson } from "../wire/exact-json.js";
import type { MimeBundle } from "../wire/message.js";
import { upgradeNotebook } from "./nbformat3.js";
import {
  type Cell,
  type CellMetadata,
  type Notebook,
  type NotebookMetadata,
  newCellId,
  type Output,
  wellFormed,
} from "./notebook-file.js";
import {
  countMember,
  joinedText,
  kindOfValue,
  listMember,
  objectMember,
  type RawObject,
  rawObject,
  refuseMember,
  textMember,
} from "./raw-notebook.js";

const CELL_ID = /^[\w-]{1,64}$/;
const JSON_TYPE = /^application\/(.*\+)?json$/;

/** Called for each fault of a notebook that was repaired in reading it. */
export type OnRepair = (text: string) => void;

function readBundle(raw: RawObject): MimeBundle {
  const entries = Object.entries(raw.members).map(([mime, data]): [string, unknown] => {
    if (JSON_TYPE.test(mime)) return [mime, data];
    return [mime, joinedText(data) ?? refuseMember(raw, mime, "text, or a list of lines,")];
  });
  return Object.fromEntries(entries);
}

function readOutput(value: unknown, index: number, cell: RawObject): Output {
  const raw = rawObject(value, {
    file: cell.file,
    field: `${cell.field}.outputs[${index}]`,
    name: `${cell.name}, output ${index + 1}`,
  });
  const text = (key: string) => (raw.members[key] === undefined ? "" : textMember(raw, key));
  const data = () => readBundle(objectMember(raw, "data"));
  const metadata = () => objectMember(raw, "metadata").members;
  switch (raw.members.output_type) {
    case "stream":
      return { output_type: "stream", name: text("name") === "stderr" ? "stderr" : "stdout", text: text("text") };
    case "error": {
      const traceback = listMember(raw, "traceback").map((line) =>
        typeof line === "string" ? line : refuseMember(raw, "traceback", "a list of texts"),
      );
      return { output_type: "error", ename: text("ename"), evalue: text("evalue"), traceback };
    }
    case "execute_result":
      return {
        output_type: "execute_result",
        data: data(),
        metadata: metadata(),
        execution_count: countMember(raw, "execution_count"),
      };
    case "display_data":
      return { output_type: "display_data", data: data(), metadata: metadata() };
    default:
      return refuseMember(raw, "output_type", "stream, display_data, execute_result or error");
  }
}

function readMetadata(cell: RawObject): CellMetadata {
  const raw = objectMember(cell, "metadata");
  const tags = listMember(raw, "tags");
  if (!tags.every((tag) => typeof tag === "string")) refuseMember(raw, "tags", "a list of texts");
  return { ...raw.members } as CellMetadata; // tags, its only known member, is checked
}

function readCell(value: unknown, index: number, file: string): Omit<Cell, "id"> {
  const raw = rawObject(value, { file, field: `cells[${index}]`, name: `cell ${index + 1}` });
  const { cell_type } = raw.members;
  if (cell_type !== "code" && cell_type !== "markdown" && cell_type !== "raw") {
    const message = `cell ${index + 1} has cell_type ${JSON.stringify(cell_type)}; code, markdown or raw was expected`;
    throw new FormatError(message, { file, field: `${raw.field}.cell_type` });
  }
  const metadata = readMetadata(raw);
  const source = wellFormed(textMember(raw, "source")); // ipykernel never answers to anything else
  if (cell_type === "code") {
    const outputs = listMember(raw, "outputs").map((output, i) => readOutput(output, i, raw));
    return { cell_type, metadata, source, outputs, execution_count: countMember(raw, "execution_count") } as Cell; // the id follows
  }
  if (raw.members.attachments === undefined) return { cell_type, metadata, source };
  const files = objectMember(raw, "attachments");
  const attachments = Object.fromEntries(
    Object.keys(files.members).map((name) => [name, readBundle(objectMember(files, name))]),
  );
  return { cell_type, metadata, source, attachments } as Cell; // the id follows
}

/** Gives each cell an id of its own, in the form that nbformat allows; reports what it had to repair. */
function readId(value: unknown, index: number, taken: Set<string>, file: string, onRepair: OnRepair): string {
  const id = (value as { id?: unknown }).id; // an object: readCell has checked it
  if (id !== undefined && id !== null && typeof id !== "string") {
    const message = `cell ${index + 1}: id is ${kindOfValue(id)}; text was expected`;
    throw new FormatError(message, { file, field: `cells[${index}].id` });
  }
  const isFit = typeof id === "string" && CELL_ID.test(id) && !taken.has(id);
  const own = isFit ? id : newCellId();
  if (typeof id === "string" && !isFit) {
    const why = taken.has(id) ? "is another cell's too" : "is not 1 to 64 of A-Z a-z 0-9 - _";
    onRepair(`cell ${index + 1} has the id ${JSON.stringify(id)}, which ${why}; it gets the id ${own}`);
  }
  taken.add(own);
  return own;
}

function readNotebookMetadata(notebook: RawObject): NotebookMetadata {
  const raw = objectMember(notebook, "metadata");
  const kernelspec = objectMember(raw, "kernelspec");
  const language = objectMember(raw, "language_info");
  for (const [object, keys] of [
    [kernelspec, ["name", "display_name", "language"]],
    [language, ["name"]],
  ] as const)
    for (const key of keys)
      if (!["string", "undefined"].includes(typeof object.members[key])) refuseMember(object, key, "text");
  for (const key of ["papermill", "ictal"]) objectMember(raw, key);
  return { ...raw.members } as NotebookMetadata; // its known members are checked
}

/** Line where JSON breaks: YAML's parser reads JSON too and has the position, which JSON.parse does only at times. */
function brokenLine(text: string): number {
  const last = text.split("\n").length;
  try {
    return parseDocument(text).errors[0]?.linePos?.[0].line ?? last;
  } catch {
    return last;
  }
}

function parseJson(text: string, file: string): unknown {
  try {
    return parseExactJson(text);
  } catch (cause) {
    if (text.trim() === "") throw new FormatError("the file is empty; a notebook was expected", { file }, { cause });
    const isObject = text.trimStart().startsWith("{");
    const why = isObject ? "it breaks off or is damaged here" : "an .ipynb file, which begins with {, was expected";
    throw new FormatError(`not JSON: ${why}`, { file, line: isObject ? brokenLine(text) : 1 }, { cause });
  }
}

function checkVersion({ members, file }: RawObject): void {
  const { nbformat } = members;
  if (nbformat === 4 || nbformat === 3) return;
  const found = nbformat === undefined ? "nbformat is missing" : `nbformat is ${JSON.stringify(nbformat)}`;
  const isOld = typeof nbformat === "number" && nbformat < 4;
  const help = isOld ? "; convert it with: jupyter nbconvert --to notebook --nbformat 4 FILE" : "";
  const what = nbformat === undefined ? "; this JSON file is no notebook" : "";
  throw new FormatError(`${found}; version 4 was expected${help}${what}`, { file, field: "nbformat" });
}

/**
 * A notebook from the text of an .ipynb file. Cells without an id get one; an id that is not allowed or is there twice is
 * replaced and reported to `onRepair`, as is a notebook of nbformat 3. FormatError with the line where JSON breaks, or with cell
 * and field of what is neither nbformat 4 nor 3.
 */
export function parseNotebook(text: string, path: string, onRepair: OnRepair = () => {}): Notebook {
  const read = rawObject(parseJson(text.replace(/^\ufeff/, ""), path), { file: path, field: "", name: "" });
  checkVersion(read);
  const isOld = read.members.nbformat === 3;
  const raw = isOld ? upgradeNotebook(read) : read;
  if (isOld) onRepair("the notebook is of nbformat 3; it is read as nbformat 4, headings as Markdown");
  const { members } = raw;
  if (!Array.isArray(members.cells)) refuseMember(raw, "cells", "a list");
  const taken = new Set<string>();
  const cells = (members.cells as unknown[]).map((value, index) => {
    const cell = readCell(value, index, path);
    return { ...cell, id: readId(value, index, taken, path, onRepair) } as Cell; // readCell made all but the id
  });
  const minor = countMember(raw, "nbformat_minor") ?? 0;
  return { nbformat: 4, nbformat_minor: Math.max(5, minor), metadata: readNotebookMetadata(raw), cells };
}

function decodeUtf8(bytes: Uint8Array, file: string): string {
  const [first, second] = bytes;
  if ((first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff))
    throw new FormatError("the text is UTF-16; save the notebook as UTF-8", { file, byteOffset: 0 });
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes); // drops a byte order mark
  } catch (cause) {
    throw new FormatError("the text is not UTF-8, so this is no notebook", { file }, { cause });
  }
}

export interface ReadOptions {
  /** Called for each fault that was repaired in reading. */
  readonly onRepair?: OnRepair | undefined;
  /** Aborting ends the reading. */
  readonly signal?: AbortSignal | undefined;
}

/** Reads an .ipynb file; NotFoundError when there is none, else the errors of parseNotebook. */
export async function readNotebook(path: string, { onRepair, signal }: ReadOptions = {}): Promise<Notebook> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(path, { signal });
  } catch (cause) {
    signal?.throwIfAborted();
    const { code } = cause as NodeJS.ErrnoException; // what fs throws
    const found =
      code === "EISDIR"
        ? `${path} is a folder; name a notebook in it`
        : `there is no readable notebook at ${path}; check the path`;
    throw new NotFoundError(found, path, { cause });
  }
  return parseNotebook(decodeUtf8(bytes, path), path, onRepair);
}
