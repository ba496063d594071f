import { type CodeCell, hasTag } from "../notebook/notebook-file.js";
import type { ErrorContent } from "../wire/message.js";
import { describeCellError, ensureErrorOutput, errorLine } from "./cell-error.js";
import { type CellReply, InputRequestedError, KernelDeadError, TimeoutError } from "./kernel-session.js";

/** Where and why a run ended early. */
export interface RunFailure {
  readonly kind: "cell" | "kernel" | "timeout" | "interrupted";
  /** Code cell, counted from 1; undefined when no cell was running. */
  readonly cell: number | undefined;
  /** Line within the cell, counted from 1, where known. */
  readonly line: number | undefined;
  /** One line for people. */
  readonly message: string;
  readonly error: ErrorContent | undefined;
}

const LOST_OUTPUT =
  "output was lost: the kernel answered but its end-of-cell message never came, so messages before it are missing too; run this notebook with the project's own kernels, which lose none";
const NO_INPUT = "a headless run has nobody to answer; make it a parameter";

const isAbort = (error: unknown): error is Error => error instanceof Error && error.name === "AbortError";

/** A failure of `cell` that the runner found, with an error output that describes it. */
function fail(
  cell: CodeCell,
  number: number,
  ename: string,
  evalue: string,
  kind: RunFailure["kind"] = "cell",
): RunFailure {
  const error = { output_type: "error" as const, ename, evalue, traceback: evalue.split("\n") };
  cell.outputs.push(error);
  return { kind, cell: number, line: undefined, message: evalue, error };
}

/** The failure that a reply describes; its error output is added to the cell. Undefined when the cell may pass. */
export function replyFailure(cell: CodeCell, number: number, reply: CellReply): RunFailure | undefined {
  if (reply.status === "error") {
    const error = ensureErrorOutput(cell.outputs, reply.error);
    const message = describeCellError(error);
    const hint = error.ename === "StdinNotImplementedError" ? ` (${NO_INPUT})` : ""; // ipykernel's answer to input()
    if (!hasTag(cell, "raises-exception"))
      return {
        kind: "cell",
        cell: number,
        line: errorLine(error, cell.execution_count),
        message: message + hint,
        error,
      };
  }
  if (reply.status === "aborted") return fail(cell, number, "Aborted", "the kernel refused to run the cell");
  if (reply.refused > 0) {
    const message = `${reply.refused} messages of the kernel could not be read (wrong signature or broken JSON), so output is missing`;
    return fail(cell, number, "OutputLost", message);
  }
  return reply.outputLost ? fail(cell, number, "OutputLost", LOST_OUTPUT) : undefined;
}

/** The failure behind an exception thrown while `cell` ran; anything unforeseen is thrown on. */
export function thrownFailure(error: unknown, cell: CodeCell, number: number): RunFailure {
  if (error instanceof KernelDeadError) return fail(cell, number, "DeadKernel", error.message, "kernel");
  if (error instanceof TimeoutError) return fail(cell, number, "Timeout", error.message, "timeout");
  if (error instanceof InputRequestedError) return fail(cell, number, "InputRequested", error.message);
  if (isAbort(error)) return fail(cell, number, "Interrupted", error.message, "interrupted");
  throw error;
}

/** The failure behind an exception before the first cell; anything unforeseen is thrown on. */
export function startFailure(error: unknown): RunFailure {
  const kind =
    error instanceof KernelDeadError
      ? "kernel"
      : error instanceof TimeoutError
        ? "timeout"
        : isAbort(error)
          ? "interrupted"
          : undefined;
  if (kind === undefined) throw error;
  return { kind, cell: undefined, line: undefined, message: (error as Error).message, error: undefined };
}
