import { guardEnd } from "@ictal/base/end-guard";
import { machineFault } from "@ictal/base/machine-fault";
import { type Command, CommanderError } from "commander";
import { createProgram, isCommand, listProgram } from "./program.js";

/** The program for `words`; ends the process where the machine cannot load it. */
async function programFor(words: readonly string[]): Promise<Command> {
  try {
    return words.some(isCommand) ? await createProgram(words[0]) : listProgram();
  } catch (error) {
    const fault = machineFault(error);
    if (fault === undefined) throw error;
    process.stderr.write(`ictal: this machine cannot load the program: ${fault}\n`);
    process.exit(1);
  }
}

/** A flag's value that its own reader refuses is wrong use. */
async function refuseFlag(error: unknown): Promise<void> {
  const { describeError, exitCodeOf } = await import("@ictal/base/action");
  if (exitCodeOf(error) !== 2) throw error;
  process.stderr.write(`ictal: ${describeError(error)}\n`);
  process.exitCode = 2;
}

/** Runs `ictal WORDS…` in this process: it prints, and sets `process.exitCode`. */
export async function runCommand(words: readonly string[]): Promise<void> {
  const program = await programFor(words);
  try {
    const work = program.parseAsync(words, { from: "user" });
    guardEnd(["ictal", ...words.slice(0, 2).filter((word) => /^[a-z0-9-]+$/.test(word))].join(" "), work);
    await work;
  } catch (error) {
    if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : 2;
    else await refuseFlag(error);
  }
}
