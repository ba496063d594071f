/** Completion scripts for shells, made of the words of a program. */
import { shellQuote } from "../cluster/shell-quote.js";

/** Shells for which there is a script. */
export const SHELLS = ["bash", "zsh", "fish"] as const;
export type Shell = (typeof SHELLS)[number];

/** An option as a shell completes it. */
export interface OptionWords {
  /** e.g. ["-o", "--output"]. */
  readonly flags: readonly string[];
  readonly description: string;
  readonly takesValue: boolean;
  /** Values to choose from; empty when any, such as a file, will do. */
  readonly choices: readonly string[];
}

/** A command as a shell completes it. */
export interface CommandWords {
  readonly name: string;
  readonly description: string;
  readonly options: readonly OptionWords[];
  readonly commands: readonly CommandWords[];
}

/** A command with the words that lead to it: "" for the program, " cache build". */
interface Place {
  readonly path: string;
  readonly command: CommandWords;
}

function placesOf(command: CommandWords, path = ""): Place[] {
  return [{ path, command }, ...command.commands.flatMap((child) => placesOf(child, `${path} ${child.name}`))];
}

/** Patterns of a POSIX `case`, each a whole text. */
const patterns = (texts: readonly string[]): string => texts.map(shellQuote).join("|");

/** Branches "PATH FLAG" of a `case`: what completes the value of an option; `choose` prints the choices, `free` is for any other. */
function valueBranches(places: readonly Place[], choose: (choices: string) => string, free: string): string[] {
  const valued = places.flatMap(({ path, command }) =>
    command.options
      .filter(({ takesValue }) => takesValue)
      .map(({ flags, choices }) => ({ keys: flags.map((flag) => `${path} ${flag}`), choices })),
  );
  const chosen = valued.filter(({ choices }) => choices.length > 0);
  const open = valued.filter(({ choices }) => choices.length === 0).flatMap(({ keys }) => keys);
  return [
    ...chosen.map(({ keys, choices }) => `    ${patterns(keys)}) ${choose(choices.map(shellQuote).join(" "))} ;;`),
    ...(open.length === 0 ? [] : [`    ${patterns(open)}) ${free} ;;`]),
  ];
}

const paths = (places: readonly Place[]): string[] => places.map(({ path }) => path).filter((path) => path !== "");

function bashScript(program: CommandWords): string {
  const places = placesOf(program);
  const wordsOf = ({ options, commands }: CommandWords) =>
    [...commands.map(({ name }) => name), ...options.flatMap(({ flags }) => flags)].join(" ");
  return `# Completion of ${program.name} for bash.
_${program.name}() {
  local word=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD-1]} place= words= index
  for ((index = 1; index < COMP_CWORD; index++)); do
    case "$place \${COMP_WORDS[index]}" in
      ${patterns(paths(places))}) place="$place \${COMP_WORDS[index]}" ;;
    esac
  done
  COMPREPLY=()
  case "$place $previous" in
${valueBranches(places, (choices) => `COMPREPLY=($(compgen -W ${shellQuote(choices)} -- "$word")); return`, "return").join("\n")}
  esac
  case "$place" in
${places.map(({ path, command }) => `    ${shellQuote(path)}) words=${shellQuote(wordsOf(command))} ;;`).join("\n")}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$word"))
}
complete -o default -F _${program.name} ${program.name}
`;
}

function zshScript(program: CommandWords): string {
  const places = placesOf(program);
  const item = (word: string, description: string) => shellQuote(`${word}:${description.replaceAll(":", "\\:")}`);
  const itemsOf = ({ options, commands }: CommandWords) => [
    ...commands.map(({ name, description }) => item(name, description)),
    ...options.flatMap(({ flags, description }) => flags.map((flag) => item(flag, description))),
  ];
  return `#compdef ${program.name}
# Completion of ${program.name} for zsh.
_${program.name}() {
  local place='' index
  local -a items
  for ((index = 2; index < CURRENT; index++)); do
    case "$place \${words[index]}" in
      ${patterns(paths(places))}) place="$place \${words[index]}" ;;
    esac
  done
  case "$place \${words[CURRENT-1]}" in
${valueBranches(places, (choices) => `compadd -- ${choices}; return`, "_files; return").join("\n")}
  esac
  case "$place" in
${places.map(({ path, command }) => `    ${shellQuote(path)}) items=(${itemsOf(command).join(" ")}) ;;`).join("\n")}
  esac
  _describe -o '${program.name}' items
  [[ \${words[CURRENT]} == -* ]] || _files
}
if [[ "\${funcstack[1]}" == _${program.name} ]]; then _${program.name} "$@"; else compdef _${program.name} ${program.name}; fi
`;
}

/** A text in single quotes of fish, where only the backslash and the quote are special. */
const fishQuote = (text: string): string => `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;

function fishScript(program: CommandWords): string {
  const places = placesOf(program);
  const at = (path: string) => `complete -c ${program.name} -n ${fishQuote(`__${program.name}_at ${fishQuote(path)}`)}`;
  const optionLine = ({ flags, description, takesValue, choices }: OptionWords): string => {
    const names = flags.map((flag) => (flag.startsWith("--") ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`));
    const value = choices.length > 0 ? ` -x -a ${fishQuote(choices.join(" "))}` : " -r";
    return `${names.join(" ")}${takesValue ? value : ""} -d ${fishQuote(description)}`;
  };
  const lines = places.flatMap(({ path, command }) => [
    ...command.commands.map(
      ({ name, description }) => `${at(path)} -f -a ${fishQuote(name)} -d ${fishQuote(description)}`,
    ),
    ...command.options.map((option) => `${at(path)} ${optionLine(option)}`),
  ]);
  return `# Completion of ${program.name} for fish.
function __${program.name}_at
  set -l place ''
  for word in (commandline -opc)[2..]
    switch "$place $word"
      case ${paths(places).map(fishQuote).join(" ")}
        set place "$place $word"
    end
  end
  test "$place" = "$argv[1]"
end
${lines.join("\n")}
`;
}

const SCRIPTS: Readonly<Record<Shell, (program: CommandWords) => string>> = {
  bash: bashScript,
  zsh: zshScript,
  fish: fishScript,
};

/** The script that makes `shell` complete `program`. */
export function completionScript(shell: Shell, program: CommandWords): string {
  return SCRIPTS[shell](program);
}
