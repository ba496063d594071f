import { UsageError } from "@ictal/base/action";
import { Argument, type Command } from "commander";
import { type CommandWords, completionScript, SHELLS } from "./completion-scripts.js";

/** Words that complete a command, and those of the commands below it. */
export function wordsOf(command: Command): CommandWords {
  return {
    name: command.name(),
    description: command.description(),
    options: [...command.options.filter(({ hidden }) => !hidden), HELP_OPTION].map((option) => ({
      flags: [option.short, option.long].filter((flag) => flag !== undefined),
      description: option.description,
      takesValue: option.required || option.optional,
      choices: option.argChoices ?? [],
    })),
    commands: command.commands.map(wordsOf),
  };
}

const HELP_OPTION = {
  short: "-h",
  long: "--help",
  description: "display help for command",
  required: false,
  optional: false,
  argChoices: [] as string[],
};

const HELP = `
The script completes commands, options and the choices of options; anything else is completed as a file name.
bash: add "source <(ictal completion bash)" to ~/.bashrc.  zsh: write it as _ictal into a folder of $fpath.
fish: write it to ~/.config/fish/completions/ictal.fish.
Where ictal is not on the PATH, a function makes it callable: ictal() { npx ictal "$@"; }`;

/** Adds `completion`, which prints the words of all commands that `program` has by then. */
export function addCompletionCommand(program: Command): void {
  program
    .command("completion")
    .description("print a script with which a shell completes ictal's commands and options")
    .addArgument(new Argument("<shell>", "the shell").choices(SHELLS))
    .addHelpText("after", HELP)
    .action((shell: string) => {
      const known = SHELLS.find((name) => name === shell);
      if (known === undefined) throw new UsageError(`unknown shell: ${shell}`);
      process.stdout.write(completionScript(known, wordsOf(program)));
    });
}
