import { dirname } from "node:path";
import { hashOf } from "@ictal/base/canonical";
import { packageVersion, projectOf, shownPath } from "../project.js";
import { type Cell, type CodeCell, hasTag, type Notebook } from "./notebook-file.js";
import type { ParameterInfo } from "./parameters.js";
import type { CellResources } from "./resources.js";

/** Status of a cell as papermill names it, and `skipped`. */
export type CellStatus = "pending" | "running" | "completed" | "failed" | "skipped";

/** What an earlier run noted in a cell's metadata; a member of another type than this runner writes counts as absent. */
export interface CellMarks {
  readonly status?: string;
  readonly seconds?: number;
  readonly kernelPeakBytes?: number;
  readonly skipped?: boolean;
  /** A file behind the cells changed while it ran. */
  readonly sourcesChanged?: boolean;
  /** It had run, was to run again, and the run ended before it had. */
  readonly again?: boolean;
}

const membersOf = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};

/** The marks of a cell; none of a cell that no run has touched. */
export function cellMarks(cell: Cell): CellMarks {
  const { status } = membersOf(cell.metadata.papermill);
  const { seconds, kernelPeakBytes, skipped, sourcesChanged, again } = membersOf(cell.metadata.ictal);
  return {
    ...(typeof status === "string" ? { status } : {}),
    ...(typeof seconds === "number" ? { seconds } : {}),
    ...(typeof kernelPeakBytes === "number" ? { kernelPeakBytes } : {}),
    skipped: skipped === true,
    sourcesChanged: sourcesChanged === true,
    again: again === true,
  };
}

/** SHA-256 over the code cells of a notebook, injected parameters left out: equal hashes mean equal code. */
export function notebookCodeHash(notebook: Notebook): string {
  const code = notebook.cells.filter((cell) => cell.cell_type === "code" && !hasTag(cell, "injected-parameters"));
  return hashOf(code.map((cell) => cell.source));
}

/** Notebook metadata at the start of a run: papermill's fields and the `ictal` block. Changes `notebook`. */
export function stampStart(
  notebook: Notebook,
  run: {
    input: string;
    output: string | undefined;
    startedAt: Date;
    parameters: readonly ParameterInfo[];
    values: Readonly<Record<string, unknown>>;
  },
): void {
  const project = projectOf(dirname(run.input));
  const literal = run.parameters.filter((parameter) => parameter.defaultText !== undefined);
  notebook.metadata.papermill = {
    default_parameters: Object.fromEntries(
      literal.map((parameter) => [
        parameter.name,
        parameter.defaultValue === undefined ? parameter.defaultText : parameter.defaultValue,
      ]),
    ),
    parameters: { ...run.values },
    environment_variables: {},
    version: `ictal ${packageVersion()}`,
    input_path: shownPath(run.input, project),
    output_path: run.output === undefined ? null : shownPath(run.output, project),
    start_time: run.startedAt.toISOString(),
    end_time: null,
    duration: null,
    exception: null,
  };
  notebook.metadata.ictal = {
    version: packageVersion(),
    node: process.version,
    platform: `${process.platform}-${process.arch}`,
    codeHash: notebookCodeHash(notebook),
  };
  for (const cell of notebook.cells) {
    if (cell.cell_type !== "code") continue;
    cell.outputs = [];
    cell.execution_count = null;
    delete cell.metadata.ictal;
    cell.metadata.papermill = { status: "pending", start_time: null, end_time: null, duration: null, exception: null };
  }
}

/** Notebook metadata at the end of a run. Changes `notebook`. */
export function stampEnd(notebook: Notebook, startedAt: Date, failed: boolean): void {
  const end = new Date();
  const duration = (end.getTime() - startedAt.getTime()) / 1000;
  notebook.metadata.papermill = {
    ...notebook.metadata.papermill,
    end_time: end.toISOString(),
    duration,
    exception: failed ? true : null,
  };
}

/** When a cell ran and what it took. */
export interface CellStamp extends CellResources {
  readonly startedAt?: Date;
  readonly endedAt?: Date;
}

/** Seconds from start to end; undefined while one is missing. */
export function stampSeconds({ startedAt, endedAt }: CellStamp): number | undefined {
  return startedAt && endedAt ? (endedAt.getTime() - startedAt.getTime()) / 1000 : undefined;
}

/** Cell metadata when a cell changes status. Changes `cell`. */
export function stampCell(cell: CodeCell, status: CellStatus, stamp: CellStamp = {}): void {
  const { startedAt, endedAt, ...resources } = stamp;
  const seconds = stampSeconds(stamp);
  cell.metadata.papermill = {
    status: status === "skipped" ? "completed" : status,
    start_time: startedAt?.toISOString() ?? null,
    end_time: endedAt?.toISOString() ?? null,
    duration: seconds ?? null,
    exception: status === "failed" ? true : endedAt ? false : null,
  };
  if (status === "skipped") cell.metadata.ictal = { skipped: true };
  else if (seconds !== undefined) cell.metadata.ictal = { seconds, ...resources };
}
