import { Command, CommanderError } from "commander";
import { addKernelCommand } from "../src/cli/kernel.js";
import { addNotebookVerbs } from "../src/cli/notebook.js";
import { ownHost } from "../src/cli/verb-host.js";

/** Runs a verb of the families `notebook` and `kernel` in this process: it prints, and sets `process.exitCode`. */
export async function runVerbs(words: readonly string[]): Promise<void> {
  const program = new Command("ictal").exitOverride().configureOutput({
    writeOut: (text) => void process.stdout.write(text),
    writeErr: (text) => void process.stderr.write(text),
  });
  addNotebookVerbs(program.command("notebook"), ownHost);
  addKernelCommand(program);
  for (const command of program.commands) for (const child of command.commands) child.exitOverride();
  try {
    await program.parseAsync(words, { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    process.exitCode = error.exitCode === 0 ? 0 : 2;
  }
}
