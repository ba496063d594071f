import { type CodeCell, hasTag } from "../notebook/notebook-file.js";
import type { ErrorContent, Message, MessageContents } from "../wire/message.js";
import { isMessage } from "../wire/message.js";
import { describeCellError, errorLine, errorPlace } from "./cell-error.js";
import type { RunFailure } from "./failure.js";

type UncaughtKind = "rejection" | "exception";
type SettleReply = MessageContents["ictal_settle_reply"];

const WORDS: Readonly<Record<UncaughtKind, readonly [what: string, help: string]>> = {
  rejection: ["unhandled rejection", "await the promise or catch it"],
  exception: ["uncaught in a callback", "catch it there, or listen for the error"],
};
const NO_PLACE = "its stack names no line of a cell or a file";
const ASSUMED = "it may have begun in an earlier cell: this one is the last that had started";
const ALLOW = "--allow-late-errors lets such a run pass";

interface LateError {
  readonly cell: CodeCell;
  readonly number: number;
  readonly kind: UncaughtKind;
  readonly error: ErrorContent;
  /** True where the kernel did not know the cell and took the latest. */
  readonly assumed: boolean;
}

/** Errors of cells that no cell awaited or caught: of a rejected promise, a timer, a stream, a thread. */
export interface LateErrors {
  /** Takes note of a message of a cell if it is such an error; those of cells tagged raises-exception are expected. */
  note(cell: CodeCell, number: number, message: Message): void;
  /** What the first one makes of the run, or, where `cell` is given, if that cell has one; marks all such cells as failed. */
  failure(cell?: CodeCell): RunFailure | undefined;
  /** A line on those that were allowed; undefined when there are none. */
  notice(): string | undefined;
}

/** How our kernels mark an error as uncaught; undefined for any other message. */
function uncaughtMark(message: Message): Pick<LateError, "kind" | "assumed"> | undefined {
  const { uncaught, assumed } = (message.metadata.ictal ?? {}) as { uncaught?: unknown; assumed?: unknown }; // compared below
  if (uncaught !== "rejection" && uncaught !== "exception") return undefined;
  return { kind: uncaught, assumed: assumed === true };
}

function markFailed(cell: CodeCell): void {
  const marks = cell.metadata.papermill as object | undefined; // written by this runner
  cell.metadata.papermill = { ...marks, status: "failed", exception: true };
}

/** Where an error without a line in its cell was thrown, in words. */
function placeWords(error: ErrorContent): string {
  const place = errorPlace(error);
  return place === undefined ? NO_PLACE : `thrown at ${place}`;
}

function failureOf({ cell, number, kind, assumed, error }: LateError): RunFailure {
  const [what, help] = WORDS[kind];
  const line = errorLine(error, cell.execution_count);
  const notes = [...(line === undefined ? [placeWords(error)] : []), ...(assumed ? [ASSUMED] : []), help, ALLOW];
  return {
    kind: "cell",
    cell: number,
    line,
    message: `${what}: ${describeCellError(error)} (${notes.join("; ")})`,
    error,
  };
}

/** Collects late errors; with `allowed` they are reported and the run passes. */
export function createLateErrors(allowed: boolean): LateErrors {
  const errors: LateError[] = [];
  return {
    note(cell, number, message) {
      const mark = uncaughtMark(message);
      if (!mark || !isMessage(message, "error") || hasTag(cell, "raises-exception")) return;
      errors.push({ ...mark, cell, number, error: message.content });
    },
    failure(cell) {
      const [first] = errors;
      if (allowed || !first || (cell && !errors.some((late) => late.cell === cell))) return undefined;
      for (const { cell } of errors) markFailed(cell);
      return failureOf(first);
    },
    notice() {
      if (!allowed || errors.length === 0) return undefined;
      const cells = [...new Set(errors.map(({ number }) => number))].join(", ");
      return `errors that no cell awaited or caught were allowed: ${errors.length}, of cell ${cells}`;
    },
  };
}

/** Number among `cells`, from 1, of the one that the kernel ran as `cell-COUNT.ts`. */
const numberOf = (cells: readonly CodeCell[], count: number | null | undefined): number | undefined => {
  const index = count == null ? -1 : cells.findIndex((cell) => cell.execution_count === count);
  return index < 0 ? undefined : index + 1;
};

/** The failure of a run that set process.exitCode, as an error output of the cell that did; undefined when none did. */
export function exitCodeFailure(reply: SettleReply, cells: readonly CodeCell[]): RunFailure | undefined {
  const { exit_code: code, exit_code_cell: count } = reply;
  if (typeof code !== "number" || code === 0) return undefined;
  const number = numberOf(cells, count);
  const message = `process.exitCode was set to ${code}, so the run has failed (${ALLOW})`;
  const error = { output_type: "error" as const, ename: "ExitCode", evalue: message, traceback: [message] };
  const cell = number === undefined ? undefined : cells[number - 1];
  if (cell) {
    cell.outputs.push(error);
    markFailed(cell);
  }
  return { kind: "cell", cell: number, line: undefined, message, error };
}

/** What was still to be done when the run ended, in words, with cell and line where known. */
export function pendingWork(reply: SettleReply, cells: readonly CodeCell[]): string[] {
  const pending = Array.isArray(reply.pending) ? reply.pending : [];
  const texts = pending.map(({ what, cell, line }) => {
    const number = numberOf(cells, cell);
    return number === undefined ? what : `${what} of cell ${number}${line === undefined ? "" : `, line ${line}`}`;
  });
  return [...new Set(texts)];
}
