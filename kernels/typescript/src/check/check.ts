import { ConfigError } from "@ictal/base/errors";
import { type CodeCell, hasTag, type Notebook, type Output } from "../notebook/notebook-file.js";
import { type Comparison, compareOutputs } from "./compare.js";

/** One cell whose outputs are not the stored ones. */
export interface CellDifference {
  /** Code cell of the executed notebook, counted from 1. */
  readonly cell: number;
  readonly lines: readonly string[];
}

/** What a comparison of a run with the stored outputs found. */
export interface CheckResult {
  readonly compared: number;
  readonly ignored: number;
  readonly different: readonly CellDifference[];
}

export interface CheckOptions extends Comparison {
  /** Compare only the cells tagged check-output. @default false */
  readonly onlyTagged?: boolean | undefined;
}

const isCode = (cell: Notebook["cells"][number]): cell is CodeCell => cell.cell_type === "code";
const ownCells = (notebook: Notebook): CodeCell[] =>
  notebook.cells.filter(isCode).filter((cell) => !hasTag(cell, "injected-parameters"));

/** nbval's markers count too: tags `nbval-…`, and a comment such as `# NBVAL_IGNORE_OUTPUT`. */
function isMarked(cell: CodeCell, what: "ignore-output" | "check-output"): boolean {
  const comment = `NBVAL_${what.toUpperCase().replace("-", "_")}`;
  return (
    hasTag(cell, what) || hasTag(cell, `nbval-${what}`) || new RegExp(`^(?://|#) *${comment}`, "m").test(cell.source)
  );
}

/** The stored outputs of a notebook's own cells; ConfigError when it was never run. Take them before it runs. */
export function storedOutputs(notebook: Notebook, name: string): readonly (readonly Output[])[] {
  const cells = ownCells(notebook);
  if (cells.every((cell) => cell.execution_count === null && cell.outputs.length === 0))
    throw new ConfigError(`${name} holds no outputs to compare with; run it first and store what it gives`, {
      key: "--check",
      value: name,
    });
  return cells.map((cell) => structuredClone(cell.outputs));
}

/** Compares the outputs of an executed notebook with those stored before. */
export function checkOutputs(
  stored: readonly (readonly Output[])[],
  executed: Notebook,
  options: CheckOptions,
): CheckResult {
  const code = executed.cells.filter(isCode);
  const different: CellDifference[] = [];
  let compared = 0;
  for (const [index, cell] of ownCells(executed).entries()) {
    const left = isMarked(cell, "ignore-output") || hasTag(cell, "skip-execution");
    if (left || (options.onlyTagged && !isMarked(cell, "check-output"))) continue;
    compared += 1;
    const lines = compareOutputs(stored[index] ?? [], cell.outputs, options);
    if (lines.length > 0) different.push({ cell: code.indexOf(cell) + 1, lines });
  }
  return { compared, ignored: code.length - compared, different };
}
