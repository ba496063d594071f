import { SourceMap, type SourceMapPayload } from "node:module";
import { relative } from "node:path";
import { type Magic, placeInCell } from "../magics/magics.js";
import { originalPosition } from "../modules/positions.js";

const CELL_PLACE = /\bcell-(\d+)\.ts:(\d+):(\d+)/;
const FILE_PLACE = /((?:file:\/\/)?\/[^\s():]+\.[cm]?[jt]s)(?:\?[^\s():]*)?:(\d+):(\d+)/;

/** Where lines of what runs come from in what was written. */
export interface SourceMaps {
  /** Keeps the map of a cell, as JSON, and the magics that moved columns of its lines. */
  addCell(cell: number, json: string, magics: readonly Magic[]): void;
  /** A line of a stack with its place in the TypeScript source: of a cell, or of a compiled file of the project. */
  mapFrame(frame: string): string;
}

interface CellMap {
  readonly map: SourceMap;
  readonly magics: readonly Magic[];
}

function cellPlace({ map, magics }: CellMap, line: number, column: number) {
  const entry = map.findEntry(line - 1, column - 1);
  if (!("originalLine" in entry)) return undefined;
  return placeInCell(magics, entry.originalLine + 1, entry.originalColumn + 1);
}

/** Paths are shown relative to `projectDir` where they lie inside. */
export function createSourceMaps(projectDir: string): SourceMaps {
  const cells = new Map<number, () => CellMap>();

  function mapFile(frame: string): string {
    const [whole, file, line, column] = FILE_PLACE.exec(frame) ?? [];
    const place = whole && originalPosition(file!, Number(line), Number(column));
    if (!place) return frame;
    const inside = relative(projectDir, place.file);
    const shown = inside.startsWith("..") ? place.file : inside;
    return frame.replace(whole, `${shown}:${place.line}:${place.column}`);
  }

  return {
    addCell(cell, json, magics) {
      let parsed: CellMap | undefined;
      cells.set(cell, () => {
        parsed ??= { map: new SourceMap(JSON.parse(json) as SourceMapPayload), magics }; // the language service wrote it
        return parsed;
      });
    },
    mapFrame(frame) {
      const [whole, cell, line, column] = CELL_PLACE.exec(frame) ?? [];
      if (!whole) return mapFile(frame);
      const map = cells.get(Number(cell))?.();
      const place = map && cellPlace(map, Number(line), Number(column));
      return place ? frame.replace(whole, `cell-${cell}.ts:${place.line}:${place.column}`) : frame;
    },
  };
}
