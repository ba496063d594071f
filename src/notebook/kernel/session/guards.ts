import { UnsupportedError } from "../../../base/errors.js";
import { describeThrown } from "./describe-error.js";
import { InterruptedError } from "./interrupted.js";
import type { SourceMaps } from "./source-maps.js";

const EXIT_REFUSED =
  "process.exit() would end the kernel and lose its state; throw an error to end a cell, or restart the kernel from the notebook's menu";

/** Ends the process for good. */
export type Exit = (code: number) => never;

/**
 * Keeps the kernel alive whatever cells do: process.exit is refused, and what nobody catches is reported on stderr
 * under the cell whose code it was. Returns the real exit.
 */
export function guardProcess(maps: SourceMaps): Exit {
  const exit = process.exit.bind(process);
  process.exit = () => {
    throw new UnsupportedError(EXIT_REFUSED);
  };
  const report = (kind: string, thrown: unknown) => {
    const { traceback } = describeThrown(thrown, maps);
    process.stderr.write(`${kind}: ${traceback.join("\n").replace(/^Uncaught /, "")}\n`);
  };
  process.on("uncaughtException", (error) => report("Uncaught in a callback", error));
  process.on("unhandledRejection", (reason) => {
    if (!(reason instanceof InterruptedError)) report("Unhandled rejection", reason); // a loop stopped as it was asked to
  });
  return exit;
}
