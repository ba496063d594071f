/** From flags and configuration to the folds of a cross-validation and their plan. */
import { UsageError } from "@ictal/base/action";
import type { Manifest } from "../cache/manifest.js";
import { foldNotices } from "../cluster/crossval/folds.js";
import { planCrossval } from "../cluster/crossval/plan.js";
import type { Plan } from "../cluster/plan.js";
import { modelFromConfig } from "../config/model-options.js";
import type { Config } from "../config/schema.js";
import { splitFromConfig } from "../config/split-choice.js";
import { foldsOf, type SplitManifest } from "../dataset/split.js";
import { createDetector } from "../model/detector.js";
import type { FlagConfig } from "./data-options.js";
import type { FoldFlags } from "./fold-options.js";
import { foldsAsked, type SplitCheck, splitCheck } from "./split-check.js";

/** The number of folds that flags and configuration ask for; undefined for one per patient. */
export function foldCount({ data }: Config, { folds, leaveOnePatientOut }: FoldFlags): number | undefined {
  if (leaveOnePatientOut && folds !== undefined)
    throw new UsageError("--folds and --leave-one-patient-out each say how many folds there are; give one of them");
  if (leaveOnePatientOut) return undefined;
  const count = folds ?? data.split.folds;
  if (count === undefined) throw new UsageError("give --folds K, the number of folds, or --leave-one-patient-out");
  return count;
}

/** Every fold of the recordings, and the seeds of the trainings. Throws a ConfigError for folds that cannot be trained. */
export async function configuredFolds(
  config: Config,
  manifest: Manifest,
  flags: FoldFlags,
): Promise<{ readonly folds: readonly SplitManifest[]; readonly seeds: readonly number[] }> {
  const count = foldsAsked(manifest.recordings, foldCount(config, flags));
  const folds = await foldsOf(manifest, count, splitFromConfig(config));
  const seeds = Array.from({ length: flags.seeds ?? 1 }, (_, i) => config.experiment.seed + i);
  return { folds, seeds };
}

/** Values per second of the stored probabilities: one where the network's rate allows, as in validation. */
function rateOf(config: Config, { sampleRateHz }: Manifest): number | undefined {
  const { outputStrideSamples } = createDetector(modelFromConfig(config.model));
  return sampleRateHz % outputStrideSamples === 0 ? 1 : undefined;
}

interface CrossvalPlanFlags extends FoldFlags {
  /** Folder of the runs. */
  readonly out: string;
  /** The check that was asked before the cache was built, if one was. */
  readonly check?: SplitCheck | undefined;
}

/** The plan of a cross-validation in the folder `out`, and its folds; what there is to know of them goes to stderr. */
export async function crossvalPlan(
  found: FlagConfig & { readonly configArgs: readonly string[] },
  manifest: Manifest,
  { out, check = splitCheck(found.config, { verb: "crossval", folds: undefined }), ...flags }: CrossvalPlanFlags,
): Promise<{ readonly plan: Plan; readonly folds: readonly SplitManifest[]; readonly seeds: readonly number[] }> {
  const { config, configArgs, configHash } = found;
  const { folds, seeds } = await configuredFolds(config, manifest, flags);
  check.tell(foldNotices(folds.map(({ record }) => record)));
  const { calibrate } = flags;
  const plan = planCrossval({ folds, seeds, out, rateHz: rateOf(config, manifest), calibrate, configArgs, configHash });
  return { plan, folds, seeds };
}
