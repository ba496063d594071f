import { guardEnd } from "@ictal/base/end-guard";
import { machineFault } from "@ictal/base/machine-fault";
import { printableLines } from "@ictal/base/printable";
import { Command, CommanderError } from "commander";
import { packageVersions } from "../training/receipt.js";
import { FAMILIES } from "./families.js";

function createProgram(): Command {
  return new Command("ictal")
    .configureOutput({
      writeOut: (text) => void process.stdout.write(printableLines(text)),
      writeErr: (text) => void process.stderr.write(printableLines(text)), // messages quote the words that were given
    })
    .enablePositionalOptions()
    .description("EEG seizure detection: data, preprocessing, training, prediction and scoring")
    .version(packageVersions().ictal ?? "")
    .showHelpAfterError("(use --help for the allowed options)")
    .addHelpText("after", "\nExit codes: 0 success, 1 failure, 2 usage error, 130 interrupted (state saved).");
}

/** Lists all verbs for --help and for the nearest name of an unknown one; none of them is loaded. */
function listVerbs(program: Command): void {
  const usages = FAMILIES.flatMap(({ verbs }) => Object.entries(verbs));
  for (const [name, [, description]] of usages) program.command(name).description(description);
  const usageOf = new Map(usages.map(([name, [usage]]) => [name, usage]));
  program.configureHelp({
    subcommandTerm: (command) => `${command.name()} ${usageOf.get(command.name()) ?? "[command]"}`.trim(), // commander's own is help
  });
}

/** Adds the verbs that `words` call: the first word's group alone where it is a verb, since that is quick. */
async function addVerbs(program: Command, words: readonly string[]): Promise<void> {
  const isCalledBy = (word: string | undefined) =>
    FAMILIES.filter(({ verbs }) => word !== undefined && Object.hasOwn(verbs, word));
  const called = isCalledBy(words[0]);
  if (called.length === 0 && !words.some((word) => isCalledBy(word).length > 0)) return listVerbs(program);
  for (const { load } of called.length > 0 ? called : FAMILIES) (await load())(program);
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

/** Runs `ictal WORDS…` in this process: prints, and sets `process.exitCode`. Ends the process where the verb cannot be loaded. */
export async function runCommand(words: readonly string[]): Promise<void> {
  const program = createProgram();
  try {
    await addVerbs(program, words);
  } catch (error) {
    const fault = machineFault(error);
    if (fault === undefined) throw error;
    process.stderr.write(`ictal: this machine cannot load the program: ${fault}\n`);
    process.exit(1);
  }
  strict(program);
  try {
    const work = program.parseAsync(words, { from: "user" });
    guardEnd(["ictal", ...words.slice(0, 2).filter((word) => /^[a-z0-9-]+$/.test(word))].join(" "), work);
    await work;
  } catch (error) {
    if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : 2;
    else await refuseFlag(error);
  }
}
