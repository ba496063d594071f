import { basename, join } from "node:path";
import { UsageError } from "@ictal/base/action";

/** Files, and the values of `-p NAME VALUE` and `-r NAME VALUE`, which commander cannot express. */
export interface NotebookWords {
  readonly files: readonly string[];
  readonly typed: readonly (readonly [string, string])[];
  readonly raw: readonly (readonly [string, string])[];
}

/** Separates the words that commander left over; UsageError for an unknown option. */
export function splitWords(words: readonly string[]): NotebookWords {
  const files: string[] = [];
  const typed: [string, string][] = [];
  const raw: [string, string][] = [];
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    const isTyped = word === "-p" || word === "--parameters";
    if (isTyped || word === "-r" || word === "--parameters-raw") {
      const [name, value] = [words[i + 1], words[i + 2]];
      if (name === undefined || value === undefined)
        throw new UsageError(`${word} needs a name and a value, e.g. ${word} seed 3`);
      (isTyped ? typed : raw).push([name, value]);
      i += 2;
    } else if (word.startsWith("-") && word !== "-")
      throw new UsageError(`unknown option ${word}; add --help for what is allowed`);
    else files.push(word);
  }
  return { files, typed, raw };
}

/** Where the executed notebook goes: the file of --output, or its folder (results/notebooks). */
export function outputFor(input: string, option: string | undefined, several: boolean): string {
  const folder = option ?? join("results", "notebooks");
  if (!option?.endsWith(".ipynb")) return join(folder, basename(input));
  if (several && !option.includes("{"))
    throw new UsageError(`--output ${option} is one file for several notebooks; name a folder`);
  return option;
}

/** Flags that a call of `notebook exec` gives; those that would do nothing or contradict each other are wrong use. */
interface Flags {
  readonly check?: boolean;
  readonly checkTagged?: boolean;
  readonly sanitize?: readonly string[];
  readonly tolerance?: number;
  readonly resume?: boolean;
  readonly prepareOnly?: boolean;
  readonly output?: string;
  readonly json?: boolean;
}

/** Throws UsageError where one flag leaves another without effect. */
export function refuseContradictions(flags: Flags): void {
  const check = flags.check ? "--check" : flags.checkTagged ? "--check-tagged" : undefined;
  if (flags.resume && check) throw new UsageError(`--resume and ${check} exclude each other: a check runs every cell`);
  const running = flags.resume ? "--resume" : check;
  if (flags.prepareOnly && running)
    throw new UsageError(`--prepare-only and ${running} exclude each other: nothing runs with --prepare-only`);
  if (flags.output === "-" && flags.json)
    throw new UsageError("--output - and --json exclude each other: both would write to standard output");
  if (flags.resume && flags.output && /^(?:-$|[a-z][a-z0-9+.-]+:\/\/)/i.test(flags.output))
    throw new UsageError(
      "--resume goes on from an executed notebook on this disk; name a file or folder with --output",
    );
  const comparing = flags.sanitize ? "--sanitize" : flags.tolerance !== undefined ? "--tolerance" : undefined;
  if (comparing && !check)
    throw new UsageError(`${comparing} is about comparing outputs; give --check or --check-tagged with it`);
}

/** Throws UsageError when two of `inputs` would be executed into the same file of the folder --output. */
export function refuseCollisions(inputs: readonly string[], option: string | undefined): void {
  if (option?.endsWith(".ipynb")) return; // outputFor speaks of it
  const seen = new Map<string, string>();
  for (const input of inputs) {
    const output = outputFor(input, option, inputs.length > 1);
    const other = seen.get(output);
    if (other !== undefined)
      throw new UsageError(`${other} and ${input} would both be written to ${output}; run them with an --output each`);
    seen.set(output, input);
  }
}
