import { guardEnd } from "@ictal/base/end-guard";
import { machineFault } from "@ictal/base/machine-fault";
import { endWithParent } from "@ictal/base/parent-watch";
import { printableLines } from "@ictal/base/printable";
import { Command, CommanderError } from "commander";
import { packageVersions } from "../training/receipt.js";
import { FAMILIES } from "./families.js";

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

const program = new Command("ictal")
  .configureOutput({
    writeOut: (text) => void process.stdout.write(printableLines(text)),
    writeErr: (text) => void process.stderr.write(printableLines(text)), // messages quote the words that were given
  })
  .enablePositionalOptions()
  .description("EEG seizure detection: data, preprocessing, training, prediction and scoring")
  .version(packageVersions().ictal ?? "")
  .showHelpAfterError("(use --help for the allowed options)")
  .addHelpText("after", "\nExit codes: 0 success, 1 failure, 2 usage error, 130 interrupted (state saved).");

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
