import type { Cell } from "./notebook-file.js";

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
