import { randomUUID } from "node:crypto";
import { readFile, realpath, stat } from "node:fs/promises";
import { basename, dirname, join, relative } from "node:path";
import { writeFileAtomic } from "@ictal/base/atomic-file";
import { hashOf } from "@ictal/base/canonical";
import { type CodeCell, hasTag, type Notebook } from "../notebook/notebook-file.js";
import { parameterLanguage } from "../parameters/parameters.js";
import type { PreparedNotebook } from "../parameters/prepare.js";
import { plainValue } from "../wire/exact-json.js";
import { importedSources, lockfilesOf, projectOf, readSource, type SourceFile, untouched } from "./sources.js";

/** What the outputs of a run rest on; stored beside the executed notebook. */
export interface RunRecord {
  readonly version: 1;
  /** Also in the notebook's metadata: ties the two files together. */
  readonly id: string;
  readonly kernel: Readonly<Record<string, unknown>>;
  readonly parameters: Readonly<Record<string, unknown>>;
  /** Hash of each code cell. */
  readonly cells: readonly string[];
  /** Hash of each file behind the cells and of the lockfiles, by path. */
  readonly files: Readonly<Record<string, string>>;
}

/** A record and the state of its files when it was made. */
export interface Basis {
  readonly record: RunRecord;
  /** True while no file behind the cells has been touched. */
  holds(): boolean;
}

export const codeCellsOf = (notebook: Notebook): CodeCell[] =>
  notebook.cells.filter((cell): cell is CodeCell => cell.cell_type === "code");

/** Where the record of an executed notebook lies. */
export const recordPath = (output: string): string => join(dirname(output), `.${basename(output)}.resume.json`);

/** Hash of a code cell, its tags included where they change how it runs. */
const cellHash = (cell: CodeCell): string =>
  hashOf([cell.source, hasTag(cell, "raises-exception"), hasTag(cell, "skip-execution")], 16);

async function kernelIdentity({ kernel }: PreparedNotebook): Promise<Record<string, unknown>> {
  const program = await realpath(kernel.argv[0] ?? "").catch(() => undefined); // a bare command stays as it is named
  const { size, mtimeMs } = (program && (await stat(program).catch(() => undefined))) || {};
  return { name: kernel.name, argv: kernel.argv, env: kernel.env, program: [program ?? null, size ?? 0, mtimeMs ?? 0] };
}

/** The files behind the first `count` code cells, the kernel's own launcher, and the lockfiles. */
export function filesBehind(prepared: PreparedNotebook, count: number): Map<string, SourceFile> {
  const { folder } = prepared;
  const sources = codeCellsOf(prepared.notebook)
    .slice(0, count)
    .map((cell) => cell.source);
  const project = projectOf(folder);
  const files = importedSources(sources, folder, parameterLanguage(prepared.kernel.language));
  for (const lockfile of lockfilesOf(project)) files.set(relative(project, lockfile), readSource(lockfile));
  return files;
}

/** What a run of `prepared` rests on now. */
export async function describeBasis(prepared: PreparedNotebook): Promise<Basis> {
  const cells = codeCellsOf(prepared.notebook);
  const project = projectOf(prepared.folder);
  const files = filesBehind(prepared, cells.length);
  const record: RunRecord = {
    version: 1,
    id: randomUUID(),
    kernel: await kernelIdentity(prepared),
    parameters: plainValue(prepared.values) as Record<string, unknown>, // an object stays one
    cells: cells.map(cellHash),
    files: Object.fromEntries([...files].map(([path, { hash }]) => [path, hash])),
  };
  return { record, holds: () => untouched(files, project) };
}

/** Stores the record beside `output`. */
export async function writeRecord(output: string, record: RunRecord): Promise<void> {
  await writeFileAtomic(recordPath(output), `${JSON.stringify(record)}\n`);
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const areTexts = (values: readonly unknown[]): boolean => values.every((value) => typeof value === "string");

function parseRecord(value: unknown): RunRecord | undefined {
  if (!isObject(value) || value.version !== 1 || typeof value.id !== "string") return undefined;
  const { kernel, parameters, cells, files } = value;
  const isWhole = isObject(kernel) && isObject(parameters) && isObject(files) && areTexts(Object.values(files));
  return isWhole && Array.isArray(cells) && areTexts(cells) ? (value as unknown as RunRecord) : undefined; // checked
}

/** The record beside `output`; undefined when there is none that this version can read. */
export async function readRecord(output: string): Promise<RunRecord | undefined> {
  try {
    return parseRecord(JSON.parse(await readFile(recordPath(output), "utf8")));
  } catch {
    return undefined; // no record: the caller reports it
  }
}
