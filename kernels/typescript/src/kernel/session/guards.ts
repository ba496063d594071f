import { UnsupportedError } from "@ictal/base/errors";
import type { ToProtocol } from "../threads/messages.js";
import { encodeJson } from "../threads/well-formed.js";
import { describeThrown } from "./describe-error.js";
import { InterruptedError } from "./interrupted.js";
import { currentJob, isInJob, jobOfCell } from "./job.js";
import type { SourceMaps } from "./source-maps.js";

const EXIT_REFUSED =
  "process.exit() would end the kernel and lose its state; throw an error to end a cell, or restart the kernel from the notebook's menu";

/** Ends the process for good. */
export type Exit = (code: number) => never;

/** How an error came that no cell awaited or caught. */
export type UncaughtKind = "rejection" | "exception";

const TITLES: Readonly<Record<UncaughtKind, string>> = {
  rejection: "Unhandled rejection",
  exception: "Uncaught in a callback",
};

/** The job of the code that failed: the one it ran in, else that of the cell which its stack names, else the latest. */
function jobBehind(traceback: readonly string[]): { job: number; assumed: boolean } {
  if (isInJob()) return { job: currentJob().job, assumed: false };
  const cell = /\bcell-(\d+)\.ts:/.exec(traceback.join("\n"))?.[1];
  const named = cell === undefined ? undefined : jobOfCell(Number(cell));
  return { job: named ?? currentJob().job, assumed: named === undefined && currentJob().cell > 1 };
}

/**
 * Keeps the kernel alive whatever cells do: process.exit is refused, and what nobody catches becomes an error output
 * of the cell whose code it was, marked as uncaught so that a runner knows that the cell has failed after all. Where
 * another listener takes such errors they are printed on stderr and count as handled, as in Node. Returns the real exit.
 */
export function guardProcess(maps: SourceMaps, post: (message: ToProtocol, transfer?: ArrayBuffer[]) => void): Exit {
  const exit = process.exit.bind(process);
  process.exit = () => {
    throw new UnsupportedError(EXIT_REFUSED);
  };
  const report = (kind: UncaughtKind, isHandled: boolean, thrown: unknown) => {
    const error = describeThrown(thrown, maps);
    const [first = "", ...rest] = error.traceback;
    const traceback = [`${TITLES[kind]}: ${first.replace(/^Uncaught /, "")}`, ...rest];
    if (isHandled) return void process.stderr.write(`${traceback.join("\n")}\n`);
    const content = encodeJson({ ...error, traceback });
    const { job, assumed } = jobBehind(error.traceback);
    const metadata = { ictal: { uncaught: kind, ...(assumed ? { assumed } : {}) } };
    post({ type: "publish", job, messageType: "error", content, metadata }, [content.buffer]);
  };
  const hasOthers = (event: "uncaughtException" | "unhandledRejection") => process.listenerCount(event) > 1;
  process.on("uncaughtException", (error) => report("exception", hasOthers("uncaughtException"), error));
  process.on("unhandledRejection", (reason) => {
    if (reason instanceof InterruptedError) return; // a loop stopped as it was asked to
    report("rejection", hasOthers("unhandledRejection"), reason);
  });
  return exit;
}
