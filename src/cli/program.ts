import { asCalled } from "@ictal/base/call-name";
import { printableLines } from "@ictal/base/printable";
import { Command, type Option } from "commander";
import { packageVersions } from "../training/receipt.js";
import { FAMILIES, type Family, GROUPS } from "./families.js";
import { arrangeHelp } from "./help.js";

interface CheckedCommand extends Command {
  missingMandatoryOptionValue(option: Option): void;
}

/** Names all options that must be given and are not, in place of the first one. */
function nameAllMissing(known: Command): void {
  const command = known as CheckedCommand; // its types leave the method out
  const first = command.missingMandatoryOptionValue.bind(command);
  command.missingMandatoryOptionValue = (option) => {
    const absent = command.options.filter(
      (each) => each.mandatory && command.getOptionValue(each.attributeName()) === undefined,
    );
    if (absent.length < 2) return first(option);
    const flags = absent.map((each) => `'${each.flags}'`).join(", ");
    return command.error(`error: required options ${flags} not specified`, {
      code: "commander.missingMandatoryOptionValue",
    });
  };
}

/** Wrong flags and names throw a CommanderError in place of ending the process. */
function throwOnExit(command: Command): void {
  command.exitOverride();
  nameAllMissing(command);
  for (const child of command.commands) throwOnExit(child);
}

/** The program without commands. */
function emptyProgram(): Command {
  return new Command("ictal")
    .configureOutput({
      writeOut: (text) => void process.stdout.write(asCalled(printableLines(text))),
      writeErr: (text) => void process.stderr.write(asCalled(printableLines(text))), // messages quote the words that were given
    })
    .enablePositionalOptions()
    .description("EEG seizure detection: data, preprocessing, training, prediction and scoring")
    .version(packageVersions().ictal ?? "")
    .showHelpAfterError("(use --help for the allowed options)")
    .addHelpText(
      "after",
      "\nictal COMMAND --help describes a command.\nExit codes: 0 success, 1 failure, 2 usage error, 130 interrupted (state saved).",
    );
}

const isCalled = ({ commands }: Family, word: string | undefined) =>
  word !== undefined && Object.hasOwn(commands, word);

/** Whether `word` names a command. */
export const isCommand = (word: string): boolean => FAMILIES.some((family) => isCalled(family, word));

/**
 * The `ictal` program with the commands of the families that `word` names, or with all of them when it names none. Its parse
 * throws a CommanderError for wrong flags, for --help and for --version.
 */
export async function createProgram(word?: string): Promise<Command> {
  const program = emptyProgram();
  const called = FAMILIES.find((family) => isCalled(family, word));
  const loadsAll = called === undefined || called.needsAll === true;
  for (const { heading, families } of GROUPS) {
    program.commandsGroup(heading);
    for (const family of families) if (loadsAll || isCalled(family, word)) (await family.load())(program);
  }
  arrangeHelp(program);
  throwOnExit(program);
  return program;
}

/** The program as --help lists it and as unknown names are told from it: every command by name, none loaded, none to be run. */
export function listProgram(): Command {
  const program = emptyProgram();
  const usages = new Map<string, string>();
  for (const { heading, families } of GROUPS) {
    program.commandsGroup(heading);
    for (const { commands } of families)
      for (const [name, [usage, description]] of Object.entries(commands)) {
        program.command(name).description(description);
        usages.set(name, usage);
      }
  }
  arrangeHelp(program);
  program.configureHelp({
    ...program.configureHelp(),
    subcommandTerm: (command) => `${command.name()} ${usages.get(command.name()) ?? "[command]"}`.trimEnd(), // or commander's own, help
  });
  throwOnExit(program);
  return program;
}
