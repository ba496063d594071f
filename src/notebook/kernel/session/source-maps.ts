import { existsSync, readFileSync } from "node:fs";
import { SourceMap, type SourceMapPayload } from "node:module";
import { dirname, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const CELL_PLACE = /\bcell-(\d+)\.ts:(\d+):(\d+)/;
const FILE_PLACE = /(?:file:\/\/)?(\/[^\s():]+\.js)(?:\?[^\s():]*)?:(\d+):(\d+)/;

/** Where lines of what runs come from in what was written. */
export interface SourceMaps {
  /** Keeps the map of a cell, as JSON. */
  addCell(cell: number, json: string): void;
  /** A line of a stack with its place in the TypeScript source: of a cell, or of a compiled file of the project. */
  mapFrame(frame: string): string;
}

function originalPlace(map: SourceMap, line: string, column: string) {
  const entry = map.findEntry(Number(line) - 1, Number(column) - 1);
  if (!("originalLine" in entry)) return undefined;
  return { source: entry.originalSource, line: entry.originalLine + 1, column: entry.originalColumn + 1 };
}

function readFileMap(path: string): SourceMap | undefined {
  try {
    return existsSync(`${path}.map`)
      ? new SourceMap(JSON.parse(readFileSync(`${path}.map`, "utf8")) as SourceMapPayload) // the compiler wrote it
      : undefined;
  } catch {
    return undefined; // torn by a build that runs
  }
}

/** Paths are shown relative to `projectDir` where they lie inside. */
export function createSourceMaps(projectDir: string): SourceMaps {
  const cells = new Map<number, string | SourceMap>();

  function cellMap(cell: number): SourceMap | undefined {
    const kept = cells.get(cell);
    if (typeof kept !== "string") return kept;
    const map = new SourceMap(JSON.parse(kept) as SourceMapPayload); // the language service wrote it
    cells.set(cell, map);
    return map;
  }

  function mapFile(frame: string): string {
    const [whole, path, line, column] = FILE_PLACE.exec(frame) ?? [];
    if (!whole || !path!.startsWith(`${projectDir}/dist/`)) return frame;
    const map = readFileMap(path!);
    const place = map && originalPlace(map, line!, column!);
    if (!place) return frame;
    const source = place.source.startsWith("file:")
      ? fileURLToPath(place.source)
      : resolve(dirname(path!), place.source);
    return frame.replace(whole, `${relative(projectDir, source)}:${place.line}:${place.column}`);
  }

  return {
    addCell: (cell, json) => void (json && cells.set(cell, json)),
    mapFrame(frame) {
      const [whole, cell, line, column] = CELL_PLACE.exec(frame) ?? [];
      if (!whole) return mapFile(frame);
      const map = cellMap(Number(cell));
      const place = map && originalPlace(map, line!, column!);
      return place ? frame.replace(whole, `cell-${cell}.ts:${place.line}:${place.column}`) : frame;
    },
  };
}
