import { diffArrays } from "diff";
import type { Cell, Notebook } from "../notebook/notebook-file.js";
import { type Comparison, compareOutputs } from "./compare.js";
import { lineDiff } from "./line-diff.js";

/** One cell that two notebooks do not have alike; cells are counted from 1, all kinds. */
export interface CellChange {
  readonly kind: "added" | "removed" | "changed";
  readonly before?: number;
  readonly after?: number;
  /** What differs, for people: `-` before, `+` after. */
  readonly lines: readonly string[];
}

export interface DiffOptions extends Comparison {
  /** Whether outputs count. */
  readonly outputs: boolean;
}

interface Numbered {
  readonly cell: Cell;
  readonly number: number;
}

const numbered = ({ cells }: Notebook): Numbered[] => cells.map((cell, index) => ({ cell, number: index + 1 }));

/** Cells of one kind are one cell when their ids or their sources are the same: old notebooks have no ids. */
const isSame = ({ cell: a }: Numbered, { cell: b }: Numbered): boolean =>
  a.cell_type === b.cell_type && (a.id === b.id || a.source === b.source);

const exactly = (a: string, b: string): boolean => a === b;

function linesOf(title: string, before: string, after: string): string[] {
  return before === after ? [] : [`${title} differs:`, ...lineDiff(before, after, exactly).map((line) => `  ${line}`)];
}

function changeOf(before: Numbered, after: Numbered, options: DiffOptions): CellChange[] {
  const tags = ({ cell }: Numbered) => (cell.metadata.tags ?? []).join("\n");
  const lines = [
    ...linesOf("source", before.cell.source, after.cell.source),
    ...linesOf("tags", tags(before), tags(after)),
  ];
  if (options.outputs && before.cell.cell_type === "code" && after.cell.cell_type === "code")
    lines.push(...compareOutputs(before.cell.outputs, after.cell.outputs, options));
  return lines.length > 0 ? [{ kind: "changed", before: before.number, after: after.number, lines }] : [];
}

const signed = (sign: string, { cell }: Numbered): string[] => cell.source.split("\n").map((line) => `${sign} ${line}`);

/** Cells that stand in place of others: those of one kind are the same cell in another form. */
function replaced(removed: readonly Numbered[], added: readonly Numbered[], options: DiffOptions): CellChange[] {
  const rest = [...added];
  const changes = removed.flatMap((before): CellChange[] => {
    const index = rest.findIndex(({ cell }) => cell.cell_type === before.cell.cell_type);
    const [after] = index < 0 ? [] : rest.splice(index, 1);
    if (after) return changeOf(before, after, options);
    return [{ kind: "removed", before: before.number, lines: signed("-", before) }];
  });
  const left = rest.map((after): CellChange => ({ kind: "added", after: after.number, lines: signed("+", after) }));
  return [...changes, ...left];
}

/** How the cells of two notebooks differ, in their order; empty when they do not. Times, counts and metadata of runs do not count. */
export function diffNotebooks(before: Notebook, after: Notebook, options: DiffOptions): CellChange[] {
  const [left, right] = [numbered(before), numbered(after)];
  const changes: CellChange[] = [];
  let removed: readonly Numbered[] = [];
  let [i, j] = [0, 0];
  for (const part of diffArrays(left, right, { comparator: isSame })) {
    const count = part.value.length;
    if (part.removed) {
      removed = left.slice(i, i + count);
      i += count;
      continue;
    }
    const added = part.added ? right.slice(j, j + count) : [];
    changes.push(...replaced(removed, added, options));
    removed = [];
    if (!part.added) {
      for (let k = 0; k < count; k++) changes.push(...changeOf(left[i + k]!, right[j + k]!, options)); // within both parts
      i += count;
    }
    j += count;
  }
  return [...changes, ...replaced(removed, [], options)];
}
