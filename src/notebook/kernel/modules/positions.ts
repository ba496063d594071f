import { existsSync, readFileSync } from "node:fs";
import { SourceMap, type SourceMapPayload } from "node:module";
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";

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
    const entry = map.findEntry(line - 1, column - 1);
    if (!("originalLine" in entry)) return undefined;
    const source = resolve(dirname(path), toPath(entry.originalSource));
    return { file: source, line: entry.originalLine + 1, column: entry.originalColumn + 1 };
  } catch {
    return undefined; // torn by a build that runs
  }
}
