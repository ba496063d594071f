import { hashOf } from "@ictal/base/canonical";
import { type CodeCell, hasTag, type Notebook } from "../notebook/notebook-file.js";
import type { ParameterInfo } from "../parameters/parameters.js";
import { packageVersion, projectOf, shownPath } from "../project.js";
import type { CellResources } from "./resources.js";

/** Status of a cell as papermill names it, and `skipped`. */
export type CellStatus = "pending" | "running" | "completed" | "failed" | "skipped";

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
    /** Where the kernel starts. */
    folder: string;
    startedAt: Date;
    parameters: readonly ParameterInfo[];
    values: Readonly<Record<string, unknown>>;
  },
): void {
  const project = projectOf(run.folder);
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

/** Marks the source of every code cell as hidden, where Jupyter and papermill keep that. Changes `notebook`. */
export function hideSources(notebook: Notebook): void {
  for (const cell of notebook.cells) {
    if (cell.cell_type !== "code") continue;
    cell.metadata.jupyter = { ...(cell.metadata.jupyter as object | undefined), source_hidden: true }; // spreads nothing where it is none
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
