import { guardEnd } from "@ictal/base/end-guard";
import { machineFault } from "@ictal/base/machine-fault";
import { endWithParent } from "@ictal/base/parent-watch";
import { printableLines } from "@ictal/base/printable";
import { type Command, CommanderError } from "commander";
import { createProgram } from "./program.js";

endWithParent();

/** Output that cannot be written, e.g. to a full disk: the command continues, and the exit code reports the loss. */
let isOutputLost = false;
function loseOutput(error: Error): void {
  if (isOutputLost) return;
  isOutputLost = true;
  process.stderr.write(
    `ictal: the output cannot be written, the command continues and ends with exit code 1: ${printableLines(error.message)}\n`,
  );
  process.once("exit", () => {
    process.exitCode ||= 1;
  });
}

/** The reader of the output may close it early (`| head`); the command continues. */
for (const stream of [process.stdout, process.stderr])
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") loseOutput(error);
  });

let program: Command;
try {
  program = await createProgram(process.argv[2]);
} catch (error) {
  const fault = machineFault(error);
  if (fault === undefined) throw error;
  process.stderr.write(`ictal: this machine cannot load the program: ${fault}\n`);
  process.exit(1);
}

/** A flag's value that its own reader refuses is wrong use. */
async function refuseFlag(error: unknown): Promise<void> {
  const { describeError, exitCodeOf } = await import("@ictal/base/action");
  if (exitCodeOf(error) !== 2) throw error;
  process.stderr.write(`ictal: ${describeError(error)}\n`);
  process.exitCode = 2;
}

try {
  const work = program.parseAsync();
  guardEnd(["ictal", ...process.argv.slice(2, 4).filter((word) => /^[a-z0-9-]+$/.test(word))].join(" "), work);
  await work;
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : 2;
  else await refuseFlag(error);
}
