import { basename, join } from "node:path";
import { UsageError } from "./action.js";

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
      throw new UsageError(`unknown option ${word}; see ictal notebook exec --help`);
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
