import { parseCount } from "@ictal/base/flags";
import type { Command } from "commander";

/** Flags that say which folds there are. */
export interface FoldFlags {
  readonly folds?: number | undefined;
  readonly leaveOnePatientOut?: boolean | undefined;
  readonly seeds?: number | undefined;
  readonly calibrate?: boolean | undefined;
}

/** Adds --folds, --leave-one-patient-out, --seeds and --calibrate. */
export function addFoldOptions(command: Command): Command {
  return command
    .option("--folds <k>", "number of folds; patients with and without seizures are shared out evenly", parseCount(2))
    .option("--leave-one-patient-out", "a fold for each patient")
    .option("--seeds <n>", "trainings of each fold, from experiment.seed on; the folds stay", parseCount(1), 1)
    .option("--calibrate", "correct each fold's probabilities by temperature and prior fitted on its dev patients");
}
