// The two verb families as a program of their own, for tests that need exit codes and signals.
import { Command, CommanderError } from "commander";
import { addKernelCommand } from "../src/cli/kernel.js";
import { addNotebookVerbs } from "../src/cli/notebook.js";
import { ownHost } from "../src/cli/verb-host.js";

const program = new Command("ictal").exitOverride();
addNotebookVerbs(program.command("notebook"), ownHost);
addKernelCommand(program);
for (const command of program.commands) for (const child of command.commands) child.exitOverride();
try {
  if (process.argv.length > 2) await program.parseAsync(process.argv); // a test runner that takes it for a test gives no words
} catch (error) {
  if (!(error instanceof CommanderError)) throw error;
  process.exitCode = error.exitCode === 0 ? 0 : 2;
}
