import { printableLines } from "@ictal/base/printable";
import { Command } from "commander";
import { packageVersions } from "../training/receipt.js";
import { FAMILIES, type Family, GROUPS } from "./families.js";
import { arrangeHelp } from "./help.js";

/** Wrong flags and names throw a CommanderError in place of ending the process. */
function throwOnExit(command: Command): void {
  command.exitOverride();
  for (const child of command.commands) throwOnExit(child);
}

/**
 * The `ictal` program with the commands of the families that `word` names, or with all of them when it names none. Its parse
 * throws a CommanderError for wrong flags, for --help and for --version.
 */
export async function createProgram(word?: string): Promise<Command> {
  const program = new Command("ictal")
    .configureOutput({
      writeOut: (text) => void process.stdout.write(printableLines(text)),
      writeErr: (text) => void process.stderr.write(printableLines(text)), // messages quote the words that were given
    })
    .enablePositionalOptions()
    .description("EEG seizure detection: data, preprocessing, training, prediction and scoring")
    .version(packageVersions().ictal ?? "")
    .showHelpAfterError("(use --help for the allowed options)")
    .addHelpText(
      "after",
      "\nictal COMMAND --help describes a command.\nExit codes: 0 success, 1 failure, 2 usage error, 130 interrupted (state saved).",
    );
  const isCalled = ({ words }: Family) => word !== undefined && words.includes(word);
  const called = FAMILIES.find(isCalled);
  const loadsAll = called === undefined || called.needsAll === true;
  for (const { heading, families } of GROUPS) {
    program.commandsGroup(heading);
    for (const family of families) if (loadsAll || isCalled(family)) (await family.load())(program);
  }
  arrangeHelp(program);
  throwOnExit(program);
  return program;
}
