import { relative } from "node:path";
import { canonicalJson } from "@ictal/base/canonical";
import { isIctalError } from "@ictal/base/errors";
import { cellMarks } from "../notebook/cell-marks.js";
import { type CodeCell, hasTag, type Notebook } from "../notebook/notebook-file.js";
import { readNotebook } from "../notebook/read-notebook.js";
import { parameterLanguage } from "../parameters/parameters.js";
import type { PreparedNotebook } from "../parameters/prepare.js";
import { neededCells } from "./needed-cells.js";
import { codeCellsOf, filesBehind, type RunRecord, readRecord, recordPath } from "./record.js";

/** How a run goes on from an earlier one. */
export interface ResumePlan {
  /** Cells whose outputs stand, by index among the code cells. */
  readonly retained: ReadonlySet<number>;
  /** Finished cells as they are stored, by the same index. */
  readonly stored: ReadonlyMap<number, CodeCell>;
  /** Finished cells that run again, since a fresh kernel has no variables. */
  readonly again: readonly number[];
  /** Lines for people: where it goes on and why, or why it starts over. */
  readonly notices: readonly string[];
}

/** The plan of a run that does not resume. */
export const FRESH: ResumePlan = { retained: new Set(), stored: new Map(), again: [], notices: [] };

const startOver = (reason: string): ResumePlan => ({
  ...FRESH,
  notices: [`cannot resume: ${reason}; starting over`],
});

/** How many cells from the start finished well, on sources that stayed the same. */
function finishedCount(cells: readonly CodeCell[]): number {
  const first = cells.findIndex((cell) => {
    const { status, sourcesChanged } = cellMarks(cell);
    return status !== "completed" || sourcesChanged;
  });
  return first < 0 ? cells.length : first;
}

const listed = (names: readonly string[]): string =>
  names.length > 4 ? `${names.slice(0, 4).join(", ")} and ${names.length - 4} more` : names.join(", ");

/** Why what the first `count` cells rest on is not what it was; undefined when it is. */
function difference(then: RunRecord, now: RunRecord, files: ReadonlyMap<string, { hash: string }>): string | undefined {
  const same = (a: unknown, b: unknown) => canonicalJson(a) === canonicalJson(b);
  if (!same(then.kernel, now.kernel))
    return `the kernel is another one (${String(then.kernel.name)} then, ${String(now.kernel.name)} now, or its program changed)`;
  const names = [...new Set([...Object.keys(then.parameters), ...Object.keys(now.parameters)])];
  const values = names.filter((name) => !same(then.parameters[name] ?? null, now.parameters[name] ?? null));
  const shown = (value: unknown) => (value === undefined ? "the default" : JSON.stringify(value));
  if (values.length > 0)
    return `parameters differ: ${listed(values.map((name) => `${name} was ${shown(then.parameters[name])}, is ${shown(now.parameters[name])}`))}`;
  const changed = [...files].filter(([path, { hash }]) => then.files[path] !== hash).map(([path]) => path);
  return changed.length > 0 ? `files behind the finished cells changed: ${listed(changed)}` : undefined;
}

function numbers(indices: readonly number[]): string {
  return indices.map((index) => index + 1).join(", ") || "none";
}

/** Finished cells that must run again, with the reason. */
function cellsAgain(
  cells: readonly CodeCell[],
  finished: number,
  interrupted: readonly number[],
  language: "typescript" | "python",
) {
  const analysed =
    language === "typescript"
      ? neededCells(
          cells.map((cell) => cell.source),
          finished,
        )
      : cells.slice(0, finished).map((_, index) => ({ index, reason: "Python cells are not analysed" }));
  const reasons = new Map(analysed.map(({ index, reason }) => [index, reason]));
  for (const index of interrupted) reasons.set(index, "it was running again when the last run ended");
  for (const [index, cell] of cells.slice(0, finished).entries()) {
    if (hasTag(cell, "resume-skip")) reasons.delete(index);
    if (hasTag(cell, "resume-run")) reasons.set(index, "tagged resume-run");
  }
  return [...reasons].sort(([a], [b]) => a - b);
}

/**
 * Plans how to go on after the last good cell of the notebook stored at the output. The outputs of finished cells
 * stand when the cells up to them, parameters, imported sources, lockfile and kernel are what they were; of those only
 * the cells that the rest needs run again. Tags: `resume-run` always runs again, `resume-skip` never does.
 */
export async function planResume(prepared: PreparedNotebook, now: RunRecord): Promise<ResumePlan> {
  const output = prepared.output!; // resuming asks for an output
  const notebook = await readNotebook(output).catch((error: unknown) => {
    if (isIctalError(error, "NotFoundError", "FormatError")) return error; // nothing to go on from
    throw error;
  });
  if (notebook instanceof Error)
    return startOver(
      isIctalError(notebook, "NotFoundError") ? `there is no executed notebook at ${output}` : notebook.message,
    );
  const then = await readRecord(output);
  const { id } = (notebook.metadata.ictal?.resume ?? {}) as { id?: unknown }; // compared only
  if (!then || then.id !== id)
    return startOver(
      `${relative(process.cwd(), recordPath(output))}, which records what its outputs depend on, is missing or another run's`,
    );
  const storedCells = codeCellsOf(notebook);
  const cells = codeCellsOf(prepared.notebook);
  const done = finishedCount(storedCells);
  const first = now.cells.findIndex((hash, index) => hash !== then.cells[index]);
  const finished = Math.min(done, first < 0 ? cells.length : first);
  const reason = difference(then, now, filesBehind(prepared, finished));
  if (reason) return startOver(reason);
  if (finished === 0) return startOver(done === 0 ? "no cell had finished" : "the first cell changed since");
  const stored = new Map(storedCells.slice(0, finished).entries());
  const interrupted = [...stored].filter(([, cell]) => cellMarks(cell).again).map(([index]) => index);
  if (finished === cells.length && interrupted.length === 0)
    return {
      retained: new Set(cells.keys()),
      stored,
      again: [],
      notices: [
        `all ${finished} cells have run with this code, parameters, sources, lockfile and kernel; nothing to do`,
      ],
    };
  const again = cellsAgain(cells, finished, interrupted, parameterLanguage(prepared.kernel.language));
  const indices = again.map(([index]) => index);
  const retained = new Set([...stored.keys()].filter((index) => !indices.includes(index)));
  const where = first >= 0 && first <= done ? `cell ${first + 1} changed` : `cell ${done + 1} had not finished`;
  return {
    retained,
    stored,
    again: indices,
    notices: [
      `resuming at cell ${finished + 1} (${where}); outputs kept of cells ${numbers([...retained])}`,
      ...again.map(([index, why]) => `  cell ${index + 1} runs again: ${why}`),
    ],
  };
}

/**
 * Puts what finished cells left back into the notebook, those that run again included: they keep it until they have.
 * Changes `notebook`.
 */
export function restoreCells(notebook: Notebook, plan: ResumePlan, id: string): void {
  for (const [index, cell] of codeCellsOf(notebook).entries()) {
    const stored = plan.stored.get(index);
    if (!stored) continue;
    const { papermill, ictal } = stored.metadata;
    cell.outputs = stored.outputs;
    cell.execution_count = stored.execution_count;
    cell.metadata = { ...cell.metadata, papermill, ...(ictal === undefined ? {} : { ictal }) };
  }
  const kept = [...plan.retained].map((index) => index + 1);
  const resume = { id, ...(kept.length > 0 ? { kept } : {}) };
  notebook.metadata.ictal = { ...notebook.metadata.ictal, resume };
}

/** Marks a finished cell that runs again: should the run end here, the next one has to run it again. Changes `cell`. */
export function beginAgain(cell: CodeCell): void {
  cell.outputs = [];
  cell.metadata.ictal = { ...(cell.metadata.ictal as object | undefined), again: true };
}
