/** --splits, --folds and --fold: how patients are assigned to train, dev and eval. */
import { resolve } from "node:path";
import { UsageError } from "@ictal/base/action";
import { parseCount } from "@ictal/base/flags";
import { type Command, Option } from "commander";
import type { Config } from "../config/schema.js";

/** Heading of these options in --help. */
const SPLIT_OPTIONS = "Splits:";

/** What commander hands over for the flags of `addSplitOptions`. */
export interface SplitFlags {
  readonly splits?: string | undefined;
  readonly folds?: number | undefined;
  readonly fold?: number | undefined;
}

/** Adds --splits, --folds and --fold. */
export function addSplitOptions(command: Command): Command {
  const options = [
    new Option(
      "--splits <dir>",
      "split files (train.txt, dev.txt, eval.txt: a patient per line), or the folder or splits.json of a run; overrides data.split",
    ),
    new Option("--folds <k>", "cut the patients into k folds; with --fold, overrides data.split").argParser(
      parseCount(2),
    ),
    new Option("--fold <i>", "the fold (from 0) whose patients are eval").argParser(parseCount(0)),
  ];
  for (const option of options) command.addOption(option.helpGroup(SPLIT_OPTIONS));
  return command;
}

type Split = Config["data"]["split"];

/** `split` with the flags in place. Throws a UsageError for flags that exclude or miss each other, and for a fold out of range. */
export function withSplitFlags(split: Split, { splits, folds, fold }: SplitFlags): Split {
  if (splits !== undefined) {
    if (folds !== undefined || fold !== undefined)
      throw new UsageError("--splits and --folds each say which patient is where; give one of them");
    return { ...split, by: "file", file: resolve(splits) };
  }
  if (folds === undefined && fold === undefined) return split;
  const count = folds ?? split.folds;
  const index = fold ?? split.fold;
  if (count === undefined) throw new UsageError("--fold needs --folds, the number of folds");
  if (index === undefined)
    throw new UsageError(`--folds needs --fold, from 0 to ${count - 1}; ictal crossval runs all folds`);
  if (index >= count)
    throw new UsageError(`invalid --fold ${index} of ${count} folds: folds are numbered from 0 to ${count - 1}`);
  return { ...split, by: "folds", folds: count, fold: index };
}
