import { existsSync, readFileSync } from "node:fs";
import { SourceMap, type SourceMapPayload } from "node:module";
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { Insertion } from "./loop-checks.js";

export interface SourcePosition {
  /** Absolute path. */
  readonly file: string;
  /** 1-based. */
  readonly line: number;
  /** 1-based. */
  readonly column: number;
}

const toPath = (file: string) => (file.startsWith("file:") ? fileURLToPath(file) : file);

const maps = new Map<string, string>();

/** Keeps the source map (JSON) of a module that was compiled in memory; undefined when its map lies beside it on disk. */
export function keepMap(file: string, json: string | undefined): void {
  if (json === undefined) maps.delete(toPath(file));
  else maps.set(toPath(file), json);
}

const insertionsOf = new Map<string, readonly Insertion[]>();

/** Keeps what the running text of a module has more than the file. */
export function keepInsertions(file: string, insertions: readonly Insertion[]): void {
  if (insertions.length === 0) insertionsOf.delete(toPath(file));
  else insertionsOf.set(toPath(file), insertions);
}

/** The column of the file for one of the running text. */
function columnInFile(path: string, line: number, column: number): number {
  const inLine = (insertionsOf.get(path) ?? []).filter((insertion) => insertion.line === line);
  return inLine.reduce(
    (moved, insertion) => (moved > insertion.column ? Math.max(insertion.column, moved - insertion.length) : moved),
    column,
  );
}

function readMap(path: string): string | undefined {
  return maps.get(path) ?? (existsSync(`${path}.map`) ? readFileSync(`${path}.map`, "utf8") : undefined);
}

/**
 * Where a place of a running module stands in the source it was compiled from; undefined for files that were not
 * compiled. `file` is a path or a file: URL, line and column are 1-based.
 */
export function originalPosition(file: string, line: number, column: number): SourcePosition | undefined {
  const path = toPath(file);
  try {
    const json = readMap(path);
    if (json === undefined) return undefined;
    const map = new SourceMap(JSON.parse(json) as SourceMapPayload); // written by the compiler
    const entry = map.findEntry(line - 1, columnInFile(path, line, column) - 1);
    if (!("originalLine" in entry)) return undefined;
    const source = resolve(dirname(path), toPath(entry.originalSource));
    return { file: source, line: entry.originalLine + 1, column: entry.originalColumn + 1 };
  } catch {
    return undefined; // torn by a build that runs
  }
}
