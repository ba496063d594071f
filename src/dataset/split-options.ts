/** The options of how patients are assigned to the splits train, dev and eval. */
import { choice, count, defaultsOf, fraction, number, text } from "../base/option-table.js";

/** Where the splits of patients come from. */
export const SPLIT_SOURCES = ["official", "patients", "folds", "file"] as const;
export type SplitSource = (typeof SPLIT_SOURCES)[number];

export const SPLIT_CHOICE_OPTIONS = {
  by: choice(SPLIT_SOURCES, {
    default: "official",
    description:
      "official takes the corpus's own splits (folders, participants.tsv), and where it has none splits by patients; " +
      "patients draws shares of the patients, folds holds one of several folds out for eval, file reads split files.",
  }),
  devShare: number({
    least: 0,
    most: 0.5,
    key: "dev",
    description: "Share of the patients for dev, chosen on during training; replaces data.validation_split.",
  }),
  evalShare: fraction({
    default: 0.2,
    key: "eval",
    description: "Share of the patients for eval where the corpus has no eval split of its own.",
  }),
  seed: number({ isWhole: true, description: "Seed of the draw of patients; replaces data.split_seed." }),
  folds: count({ least: 2, unit: "folds", description: "Number of folds, each with as many patients as the others." }),
  fold: number({ least: 0, isWhole: true, description: "The fold, from 0, whose patients are eval." }),
  file: text({
    description: "Folder of train.txt, dev.txt, eval.txt (a patient per line), or the splits.json of a run.",
  }),
};

export const SPLIT_CHOICE_DEFAULTS = defaultsOf(SPLIT_CHOICE_OPTIONS);

/** How patients are assigned to splits. Plain data: equal choices and recordings give equal splits. */
export interface SplitChoice {
  /** @default "official" */
  readonly by?: SplitSource | undefined;
  /** Share of the patients for dev, of each the patients with and without seizures. @default 0.2 */
  readonly devShare?: number | undefined;
  /** Share for eval where the corpus has no eval split; not used with folds. @default 0.2 */
  readonly evalShare?: number | undefined;
  /** @default 42 */
  readonly seed?: number | undefined;
  /** Number of folds. */
  readonly folds?: number | undefined;
  /** The fold, from 0, that becomes eval. */
  readonly fold?: number | undefined;
  /** Folder of split files or a splits.json, for `by: "file"`. */
  readonly file?: string | undefined;
  /** Validate on the corpus's own dev split where it has one, otherwise on patients of train. @default true */
  readonly ownDev?: boolean | undefined;
}
