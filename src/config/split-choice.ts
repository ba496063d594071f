import { SPLIT_CHOICE_OPTIONS, type SplitChoice } from "../dataset/split-options.js";
import { optionsFrom } from "./options-from.js";
import type { Config } from "./schema.js";

/**
 * How a configuration assigns patients to splits: the section `data.split`, with `validation_split`, `split_seed` and
 * `split_policy` for what it does not give.
 */
export function splitFromConfig(config: Pick<Config, "data">): SplitChoice {
  const { validation_split, split_seed, split_policy } = config.data;
  const { folds, fold, file, ...given } = optionsFrom(config, SPLIT_CHOICE_OPTIONS);
  return {
    ...given,
    ...(given.by === "folds" && { folds, fold }),
    ...(given.by === "file" && { file }),
    devShare: given.devShare ?? validation_split,
    seed: given.seed ?? split_seed,
    ownDev: split_policy !== "custom",
  };
}
