import { join } from "node:path";
import { ConfigError } from "@ictal/base/errors";
import type { CheckedSplits } from "../../dataset/split-check.js";
import { formatIndices } from "../indices.js";

/** Folder of the run of one fold and seed. */
export function foldDir(out: string, seed: number, fold: number): string {
  return join(out, `seed-${seed}`, `fold-${fold}`);
}

/** Folder of the predictions of a fold's run. */
export function predictionsDir(runDir: string): string {
  return join(runDir, "predictions");
}

const numbers = (folds: readonly number[]) => `${folds.length === 1 ? "fold" : "folds"} ${formatIndices(folds)}`;

/**
 * What the reader of the scores should know of the folds, a sentence each. Throws a ConfigError for a fold whose training part has
 * no seizure.
 */
export function foldNotices(folds: readonly CheckedSplits[]): string[] {
  const without = (split: string) =>
    folds.flatMap(({ splits }, fold) => ((splits[split]?.seizures ?? 0) === 0 ? [fold] : []));
  const untrainable = without("train");
  if (untrainable.length > 0)
    throw new ConfigError(
      `the training part of ${numbers(untrainable)} holds no seizure; ask for other folds, another data.split.seed, or a smaller data.split.dev`,
      { key: "data.split.folds", value: folds.length, allowed: "seizures in every training part" },
    );
  const [silent, undecided] = [without("eval"), without("dev")];
  const noDev = folds.flatMap(({ splits }, fold) => (splits.dev ? [] : [fold]));
  const some = undecided.filter((fold) => !noDev.includes(fold));
  return [
    ...(silent.length > 0
      ? [`no seizure in ${numbers(silent)}: no AUROC of their own; pooled, their patients count as background`]
      : []),
    ...(noDev.length > 0
      ? [`no dev patients in ${numbers(noDev)}: the last epoch and the configured threshold are used there`]
      : []),
    ...(some.length > 0
      ? [`no seizure in the dev part of ${numbers(some)}: the last epoch and the configured threshold are used there`]
      : []),
  ];
}
