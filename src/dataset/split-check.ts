/** Splits that cannot be trained or scored, known by labels alone: asked before a cache is built, and of a cache that is there. */
import { ConfigError } from "@ictal/base/errors";
import type { SplitLabels, SplitPlan } from "./split-record.js";

/** Splits as far as they are checked. */
export type CheckedSplits = Pick<SplitPlan, "by" | "why" | "splits">;

const isSilent = (part: SplitLabels | undefined): part is SplitLabels => part !== undefined && part.seizures === 0;

const patientsIn = (count: number, what: string) =>
  count === 1 ? `the one patient of ${what} has no seizure` : `none of the ${count} patients of ${what} has a seizure`;

/** What cannot be scored on a split without a seizure, in a sentence; undefined for one with seizures. */
export function silentNotice(split: string, part: SplitLabels | undefined): string | undefined {
  if (!isSilent(part)) return undefined;
  const scores = "false alarms can be scored there, AUROC and sensitivity cannot";
  return `${patientsIn(part.patients.length, split)}: ${scores}`;
}

/** What the reader of the scores should know of splits, a sentence each. Throws a ConfigError where nothing can be trained on. */
export function trainNotices(plan: CheckedSplits): string[] {
  const { by, why, splits } = plan;
  const { train, dev, eval: heldOut } = splits;
  if (!train || train.seizures === 0) {
    const fault = train ? patientsIn(train.patients.length, "train") : "there is no patient to train on";
    throw new ConfigError(`${fault} (${why}); choose other splits (data.split) or check the annotations`, {
      key: "data.split",
      value: by,
      allowed: "splits whose train has seizures",
    });
  }
  const chosen = isSilent(dev) ? [`${silentNotice("dev", dev)}; an epoch that they would choose is the last`] : [];
  return [...chosen, silentNotice("eval", heldOut) ?? []].flat();
}

/** Which parts of splits have no seizure, a sentence each, or one where there is none at all. */
export function partNotices(plan: CheckedSplits): string[] {
  const parts = Object.entries(plan.splits);
  if (parts.length > 0 && parts.every(([, { seizures }]) => seizures === 0)) {
    const count = parts.reduce((sum, [, { patients }]) => sum + patients.length, 0);
    return [`${patientsIn(count, "the corpus")}: such a cache is for prediction only`];
  }
  const untrained = isSilent(plan.splits.train)
    ? [`${patientsIn(plan.splits.train.patients.length, "train")}: nothing can be trained on these splits`]
    : [];
  const scored = parts.flatMap(([split, part]) => (split === "train" ? [] : (silentNotice(split, part) ?? [])));
  return [...untrained, ...scored];
}
