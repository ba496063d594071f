import type { SplitManifest } from "../../dataset/split.js";
import { splitHash } from "../../dataset/split-record.js";
import { makePlan, type Plan, type ShardDraft } from "../plan.js";
import type { PlanBase } from "../plans.js";
import { setArgs } from "../sweep.js";
import { foldDir, predictionsDir } from "./folds.js";

export interface CrossvalPlanOptions extends Omit<PlanBase, "shards"> {
  /** Every fold as a split of the recordings. */
  readonly folds: readonly SplitManifest[];
  /** Seeds of the training; the folds are the same for all. */
  readonly seeds: readonly number[];
  /** Folder of the runs, predictions and the report. */
  readonly out: string;
  /** Probabilities per second; undefined for the network's own. */
  readonly rateHz: number | undefined;
  /** Score probabilities that each fold's dev patients have calibrated. @default false */
  readonly calibrate?: boolean | undefined;
}

/**
 * One task per seed and fold: train, and predict the fold and the dev patients by the best checkpoint; then the scores and the
 * report. Seeds come first, so that more of them keep the tasks that are done.
 */
export function planCrossval(options: CrossvalPlanOptions): Plan {
  const { folds, seeds, out, rateHz, calibrate, configArgs, configHash } = options;
  const count = folds.length;
  const draftOf = (seed: number, fold: number, { manifest, record }: SplitManifest): ShardDraft => {
    const runDir = foldDir(out, seed, fold);
    const split = { "data.split.by": "folds", "data.split.folds": count, "data.split.fold": fold };
    const sets = setArgs({ ...split, "experiment.seed": seed, "experiment.output_dir": runDir });
    const rate = rateHz === undefined ? [] : ["--rate", String(rateHz)];
    const predict = (name: string) => [
      ...["predict", ...configArgs, ...sets, "--split", name, "--checkpoint", runDir],
      ...["--out", predictionsDir(runDir), "--type", "float32", ...rate, "--json"],
    ];
    const hasDev = record.splits.dev !== undefined;
    return {
      items: 1,
      commands: [
        ["train", ...configArgs, ...sets, "--resume", "--json"],
        ...(hasDev ? [predict("dev")] : []),
        predict("eval"),
      ],
      inputs: [
        configHash,
        manifest.key,
        splitHash(record),
        manifest.recordings.map(({ id, fileBytes }) => [id, fileBytes]),
      ],
      row: { seed, fold },
    };
  };
  const drafts = seeds.flatMap((seed) => folds.map((view, fold) => draftOf(seed, fold, view)));
  const last = [
    "crossval",
    ...configArgs,
    "--folds",
    String(count),
    "--seeds",
    String(seeds.length),
    "--out",
    out,
    ...(calibrate ? ["--calibrate"] : []),
  ];
  return makePlan("crossval", drafts, [[...last, "--report-only", "--json"]]);
}
