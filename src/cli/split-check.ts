/** The one question whether splits can be used for what is asked: by labels alone before a cache is built, then of the cache. */
import { notify, printable } from "@ictal/base/printable";
import { foldNotices } from "../cluster/crossval/folds.js";
import type { Config } from "../config/schema.js";
import { splitFromConfig } from "../config/split-choice.js";
import type { PatientRecording } from "../dataset/patients.js";
import { foldPatients, type PlanOptions, planFolds, planSplits } from "../dataset/split.js";
import { partNotices, trainNotices } from "../dataset/split-check.js";

/** What splits are wanted for. */
export type SplitUse =
  /** A cache serves any split later: what cannot be trained is said. */
  | { readonly verb: "cache" }
  | { readonly verb: "train" }
  /** `folds` undefined: one per patient. */
  | { readonly verb: "crossval"; readonly folds: number | undefined };

/** The number of folds of recordings; one per patient where none is asked for, and never under two. */
export function foldsAsked(recordings: readonly PatientRecording[], folds: number | undefined): number {
  return folds ?? Math.max(2, foldPatients({ recordings }).length);
}

async function noticesOf(
  recordings: readonly PatientRecording[],
  config: Config,
  use: SplitUse,
  options: PlanOptions,
): Promise<readonly string[]> {
  const choice = splitFromConfig(config);
  const isAllFolds = use.verb === "cache" && choice.by === "folds" && choice.fold === undefined; // as crossval is configured
  if (use.verb === "crossval" || isAllFolds) {
    const folds = foldsAsked(recordings, use.verb === "crossval" ? use.folds : choice.folds);
    return foldNotices(await planFolds(recordings, folds, choice, options));
  }
  const plan = await planSplits(recordings, choice, options);
  return use.verb === "train" ? trainNotices(plan) : partNotices(plan);
}

/** The question for one use; each sentence is said once. */
export interface SplitCheck {
  readonly use: SplitUse;
  /** Asks it of recordings whose labels are known. Throws a ConfigError for splits that cannot be used, says on stderr what else is to be known. */
  ask(recordings: readonly PatientRecording[], options?: PlanOptions): Promise<void>;
  /** Says what an answer of the cache itself adds. */
  tell(notices: readonly string[]): void;
}

/** A check of recordings for `use`, to be asked before a cache is built and of the cache. */
export function splitCheck(config: Config, use: SplitUse): SplitCheck {
  const told = new Set<string>();
  const tell: SplitCheck["tell"] = (notices) => {
    for (const notice of notices) {
      if (!told.has(notice)) notify(printable(`ictal: ${notice}`));
      told.add(notice);
    }
  };
  return {
    use,
    tell,
    ask: async (recordings, options = {}) => tell(await noticesOf(recordings, config, use, options)),
  };
}
