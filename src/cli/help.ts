/** The form of every --help: required options first and marked, then the command's own, then those that commands share. */
import { type Command, Help, type Option } from "commander";
import { EXAMPLES } from "./examples.js";

/** Heading of the options that name configuration and folders, the same for many commands. */
export const CONFIGURATION_OPTIONS = "Configuration:";

/** A description that ends with "(required)" where the option must be given. */
function describeOption(this: Help, option: Option): string {
  const text = Help.prototype.optionDescription.call(this, option);
  return option.mandatory ? `${text} (required)` : text;
}

const rankOf = (option: Option): number => {
  if (option.mandatory) return 0;
  if (option.helpGroupHeading !== undefined) return 3;
  return option.long === "--json" ? 2 : 1;
};

/** Adds the examples of a command, and puts its options and those of the commands below it into the order of --help. */
export function arrangeHelp(command: Command, name = ""): void {
  command.configureHelp({ optionDescription: describeOption });
  const ordered = [...command.options].sort((a, b) => rankOf(a) - rankOf(b));
  (command.options as Option[]).splice(0, ordered.length, ...ordered); // commander shows them in the order of this array
  const examples = EXAMPLES[name] ?? [];
  if (examples.length > 0) command.addHelpText("after", `\n${["Examples:", ...examples].join("\n  ")}`);
  for (const child of command.commands) arrangeHelp(child, name === "" ? child.name() : `${name} ${child.name()}`);
}

/** The commands that do work, each with its whole name, e.g. "cache build"; groups such as `cache` are left aside. */
export function commandsOf(program: Command, name = ""): { readonly name: string; readonly command: Command }[] {
  return program.commands.flatMap((command) => {
    const whole = name === "" ? command.name() : `${name} ${command.name()}`;
    return command.commands.length > 0 ? commandsOf(command, whole) : [{ name: whole, command }];
  });
}
