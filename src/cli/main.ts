import { guardEnd } from "@ictal/base/end-guard";
import { machineFault } from "@ictal/base/machine-fault";
import { endWithParent } from "@ictal/base/parent-watch";
import { printableLines } from "@ictal/base/printable";
import { Command, CommanderError } from "commander";
import { packageVersions } from "../training/receipt.js";
import { FAMILIES } from "./families.js";

endWithParent();

/** Text that no longer gets out, as onto a full disk: the work goes on, and the exit code tells that its report is lost. */
let isOutputLost = false;
function loseOutput(error: Error): void {
  if (isOutputLost) return;
  isOutputLost = true;
  process.stderr.write(
    `ictal: the output could not be written, the work goes on and ends with 1: ${printableLines(error.message)}\n`,
  );
  process.once("exit", () => {
    process.exitCode ||= 1;
  });
}

/** Who reads the output may leave before its end (`| head`); the work goes on. */
for (const stream of [process.stdout, process.stderr])
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") loseOutput(error);
  });

const program = new Command("ictal")
  .configureOutput({
    writeOut: (text) => void process.stdout.write(printableLines(text)),
    writeErr: (text) => void process.stderr.write(printableLines(text)), // messages quote the words that were given
  })
  .enablePositionalOptions()
  .description("EEG seizure detection from a bucket of recordings to a scored detector")
  .version(packageVersions().ictal ?? "")
  .showHelpAfterError("(add --help for what is allowed)")
  .addHelpText("after", "\nExit codes: 0 done, 1 the work failed, 2 wrong use, 130 interrupted (state saved).");

const called = FAMILIES.filter(({ words }) => words.includes(process.argv[2] ?? ""));
try {
  for (const { load } of called.length > 0 ? called : FAMILIES) (await load())(program);
} catch (error) {
  const fault = machineFault(error);
  if (fault === undefined) throw error;
  process.stderr.write(`ictal: this machine cannot load the program: ${fault}\n`);
  process.exit(1);
}

/** Wrong flags and names exit with 2; help and version with 0. */
function strict(command: Command): void {
  command.exitOverride();
  for (const child of command.commands) strict(child);
}

/** A flag's value that its own reader refuses. */
async function refuseFlag(error: unknown): Promise<void> {
  const { describeError, exitCodeOf } = await import("@ictal/base/action");
  if (exitCodeOf(error) !== 2) throw error;
  process.stderr.write(`ictal: ${describeError(error)}\n`);
  process.exitCode = 2;
}

strict(program);
try {
  const work = program.parseAsync();
  guardEnd(["ictal", ...process.argv.slice(2, 4).filter((word) => /^[a-z0-9-]+$/.test(word))].join(" "), work);
  await work;
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : 2;
  else await refuseFlag(error);
}
