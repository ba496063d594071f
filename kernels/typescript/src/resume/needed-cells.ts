import { type CellNames, cellNames } from "./cell-names.js";

/** Why a finished cell has to run again in a fresh kernel. */
export interface NeededCell {
  /** Index among the code cells. */
  readonly index: number;
  readonly reason: string;
}

/** Names that stand for the same object, as far as declarations and assignments show. */
function groupsOf(cells: readonly CellNames[]): (name: string) => string {
  const parent = new Map<string, string>();
  const find = (name: string): string => {
    const up = parent.get(name);
    return up === undefined || up === name ? name : find(up);
  };
  for (const [a, b] of cells.flatMap((cell) => cell.aliases)) if (find(a) !== find(b)) parent.set(find(a), find(b));
  return find;
}

interface CellChanges {
  readonly cell: CellNames;
  readonly changes: ReadonlySet<string>;
}

/** Changes of each cell, with those of the notebook's own functions that it uses, to their arguments too. */
function effectiveChanges(cells: readonly CellNames[], own: ReadonlySet<string>): CellChanges[] {
  const all = cells.map((cell) => {
    const handed = cell.calls.filter(({ callee }) => own.has(callee)).flatMap(({ names }) => names);
    return { cell, changes: new Set([...cell.changes, ...handed]) };
  });
  for (let grown = true; grown; ) {
    grown = false;
    for (const one of all)
      for (const other of all) {
        const { cell, changes } = one;
        if (one === other || !other.cell.hasFunctions) continue;
        if (![...other.cell.declares].some((name) => cell.uses.has(name))) continue;
        const before = changes.size;
        for (const name of other.changes) changes.add(name);
        grown ||= changes.size > before;
      }
  }
  return all;
}

/** Effects on imported modules and globals; methods of the notebook's own values count as changes instead. */
function outsideEffects(cell: CellNames, own: ReadonlySet<string>, imported: ReadonlySet<string>): string[] {
  const calls = cell.effects.filter(({ root, text }) => !own.has(root) && !/^(?:console|process\.std\w+)\./.test(text));
  const assigned = cell.assigns.filter((name) => !own.has(name) && (imported.has(name) || name in globalThis));
  return [...calls.map(({ text }) => text), ...assigned];
}

/**
 * Which of the finished TypeScript cells (the first `finished` of `sources`) a fresh kernel has to run again so that the
 * rest finds all that it uses: cells that declare a needed name, that may change its value, or that act on modules or
 * globals; and in turn what those use. A value that a call returns is taken to be a new one, and a call whose value is
 * used to leave its arguments alone, unless it is named …Into.
 */
export function neededCells(sources: readonly string[], finished: number): NeededCell[] {
  const cells = sources.map(cellNames);
  const groupOf = groupsOf(cells);
  const own = new Set(cells.flatMap((cell) => [...cell.declares]));
  const candidates = effectiveChanges(cells, own).slice(0, finished);
  const imported = new Set(cells.flatMap((cell) => [...cell.imports]));
  const need = new Set(cells.slice(finished).flatMap((cell) => [...cell.uses]));
  const found = new Map<number, string>();
  const reasonFor = ({ cell, changes }: CellChanges): string | undefined => {
    const declared = [...cell.declares, ...cell.imports].find((name) => need.has(name));
    if (declared !== undefined) return `defines ${declared}`;
    const watched = new Set([...need].filter((name) => own.has(name)).map(groupOf));
    const changed = [...changes].find((name) => own.has(name) && watched.has(groupOf(name)));
    if (changed !== undefined) return `may change ${changed}`;
    const effect = outsideEffects(cell, own, imported)[0];
    return effect === undefined ? undefined : `acts on more than its own names: ${effect}`;
  };
  for (let grown = true; grown; ) {
    grown = false;
    for (const [index, candidate] of candidates.entries()) {
      const reason = found.has(index) ? undefined : reasonFor(candidate);
      if (reason === undefined) continue;
      found.set(index, reason);
      for (const name of candidate.cell.uses) need.add(name);
      grown = true;
    }
  }
  return [...found].sort(([a], [b]) => a - b).map(([index, reason]) => ({ index, reason }));
}
