/** The options of windows and of how patients are split between training and validation. */
import { defaultsOf, number, orNull, text } from "../base/option-table.js";

/** The options of windows, each with its default. */
export const WINDOW_OPTIONS = {
  windowSeconds: number({
    default: 60,
    above: 0,
    unit: "s",
    description: "Length of the windows that the detector is trained on and applied to.",
  }),
  strideSeconds: number({
    default: 10,
    above: 0,
    unit: "s",
    description: "Distance from the start of one training window to the start of the next.",
  }),
};

/** Their defaults. */
export const WINDOW_DEFAULTS = defaultsOf(WINDOW_OPTIONS);

/** The options of splitting by patient, each with its default. */
export const SPLIT_OPTIONS = {
  trainSplit: text({ default: "train", description: "Split of the corpus to train on." }),
  devSplit: orNull(
    text({
      default: "dev",
      description:
        "official_tusz validates on the corpus's own dev split; custom holds out validation_split of the patients of train.",
    }),
  ),
  devShare: number({
    default: 0.2,
    least: 0,
    below: 1,
    description:
      "Share of the training patients held out for validation where there is no dev split; 0 validates on nothing.",
  }),
  splitSeed: number({ default: 42, isWhole: true, description: "Seed of the choice of held-out patients." }),
};

/** Their defaults. */
export const SPLIT_DEFAULTS = defaultsOf(SPLIT_OPTIONS);
