import { nameProgram } from "@ictal/base/action";
import { guardEnd } from "@ictal/base/end-guard";
import { printableLines } from "@ictal/base/printable";
import { Command, CommanderError } from "commander";
import { packageVersion } from "../project.js";
import { addKernelCommand } from "./kernel.js";
import { addLabCommand } from "./lab.js";
import { addNotebookVerbs } from "./notebook.js";
import { ownHost } from "./verb-host.js";

nameProgram("ictal-jupyter");
const program = new Command("ictal-jupyter")
  .configureOutput({
    writeOut: (text) => void process.stdout.write(printableLines(text)),
    writeErr: (text) => void process.stderr.write(printableLines(text)), // messages quote the words that were given
  })
  .enablePositionalOptions()
  .description("a TypeScript kernel for Jupyter and a headless runner of notebooks")
  .version(packageVersion())
  .showHelpAfterError("(add --help for what is allowed)");
addKernelCommand(program);
addNotebookVerbs(program, ownHost);
addLabCommand(program);

/** Wrong flags and names exit with 2; help and version with 0. */
function strict(command: Command): void {
  command.exitOverride();
  for (const child of command.commands) strict(child);
}

strict(program);
try {
  const work = program.parseAsync();
  guardEnd("ictal-jupyter", work);
  await work;
} catch (error) {
  if (!(error instanceof CommanderError)) throw error;
  process.exitCode = error.exitCode === 0 ? 0 : 2;
}
