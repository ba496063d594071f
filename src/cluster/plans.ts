/** Plans for each kind of work: which commands a shard runs and what its hash depends on. */
import { join } from "node:path";
import { CacheError } from "@ictal/base/errors";
import { shardOf } from "../cache/build.js";
import type { Manifest } from "../cache/manifest.js";
import type { Catalogue } from "../corpus/catalogue.js";
import type { Cell } from "./cell-format.js";
import { makePlan, type Plan, type PlanKind, type ShardDraft } from "./plan.js";
import { setArgs } from "./sweep.js";

/** Commands that the tasks of each kind may run, and the command after the last task. */
const VERBS: Readonly<Record<PlanKind, { readonly tasks: readonly string[]; readonly finalise?: string }>> = {
  cache: { tasks: ["cache build"], finalise: "manifest" },
  check: { tasks: ["corpus check"], finalise: "corpus check" },
  predict: { tasks: ["predict"] },
  score: { tasks: ["score"] },
  train: { tasks: ["train"] },
  sweep: { tasks: ["train"] },
  crossval: { tasks: ["train", "predict"], finalise: "crossval" },
};

/**
 * Rejects a plan whose commands are not those of its kind; otherwise anyone who can write to the plan's folder could run any
 * `ictal` command as the user who runs the plan. Throws a CacheError with the command.
 */
export function checkVerbs({ kind, shards, finalise }: Plan): void {
  const allowed = VERBS[kind];
  for (const { commands } of shards) for (const args of commands) checkVerb(kind, args, allowed.tasks);
  for (const args of finalise) checkVerb(kind, args, allowed.finalise === undefined ? [] : [allowed.finalise]);
}

function checkVerb(kind: PlanKind, args: readonly string[], verbs: readonly string[]): void {
  if (verbs.some((verb) => args.slice(0, verb.split(" ").length).join(" ") === verb)) return;
  const allowed = verbs.length === 0 ? undefined : verbs.join(" or ");
  const found = `ictal ${args.slice(0, 2).join(" ")}`;
  throw new CacheError(
    `plan.json contains the command "${found}", which is not allowed in a ${kind} plan (expected ${allowed ?? "none"}); create the plan again`,
    { found, expected: allowed },
  );
}

/** What all kinds have: the arguments that select the configuration, and a hash of its values. */
export interface PlanBase {
  /** `--config FILE` and the overrides that follow it. */
  readonly configArgs: readonly string[];
  readonly configHash: string;
  /** Number of tasks requested; a plan never has more tasks than items. */
  readonly shards: number;
}

/** Parts of `items` as `i/n`, never empty unless there is no item. */
function parts<T>(items: readonly T[], shards: number): { part: string; items: readonly T[] }[] {
  const count = Math.max(1, Math.min(shards, items.length));
  return Array.from({ length: count }, (_, index) => ({
    part: `${index}/${count}`,
    items: shardOf(items, { index, count }),
  }));
}

interface CachePlanOptions extends PlanBase {
  readonly catalogue: Catalogue;
  readonly cacheDir: string;
  readonly cacheKey: string;
  /** Arguments such as --limit 50, for the build and for the manifest. */
  readonly limitArgs: readonly string[];
  /** Arguments such as --accept CODES, --workers N, for the build. */
  readonly buildArgs: readonly string[];
}

/** Build a cache in parts, then write its manifest. */
export function planCache(options: CachePlanOptions): Plan {
  const { catalogue, configArgs, limitArgs, buildArgs, cacheDir, cacheKey, shards } = options;
  const common = [...configArgs, ...limitArgs, "--json"];
  const drafts = parts(catalogue.recordings, shards).map(
    ({ part, items }): ShardDraft => ({
      items: items.length,
      commands: [["cache", "build", ...common, ...buildArgs, "--shard", part]],
      inputs: [cacheDir, cacheKey, catalogue.url, items],
    }),
  );
  return makePlan("cache", drafts, [["manifest", ...common]]);
}

interface PredictPlanOptions extends PlanBase {
  readonly manifest: Manifest;
  readonly split: string;
  readonly checkpoint: string;
  readonly checkpointHash: string;
  readonly out: string;
  /** Arguments such as --type float32, --events. */
  readonly predictArgs: readonly string[];
}

/** Predict the recordings of a split in parts. */
export function planPredict(options: PredictPlanOptions): Plan {
  const { manifest, split, checkpoint, checkpointHash, out, configArgs, configHash, predictArgs, shards } = options;
  const recordings = manifest.recordings.filter((recording) => recording.split === split);
  const args = [...configArgs, "--checkpoint", checkpoint, "--out", out, "--split", split, ...predictArgs, "--json"];
  const drafts = parts(recordings, shards).map(
    ({ part, items }): ShardDraft => ({
      items: items.length,
      commands: [["predict", ...args, "--shard", part]],
      inputs: [manifest.key, configHash, checkpointHash, items.map(({ id, fileBytes }) => [id, fileBytes])],
    }),
  );
  return makePlan("predict", drafts);
}

interface CheckPlanOptions {
  readonly catalogue: Catalogue;
  readonly url: string;
  readonly limitArgs: readonly string[];
  /** Folder for the results of the parts. */
  readonly out: string;
  readonly shards: number;
}

/** Reads headers and annotations of a corpus in parts, then reports on the whole corpus. */
export function planCheck({ catalogue, url, limitArgs, out, shards }: CheckPlanOptions): Plan {
  const args = ["corpus", "check", url, ...limitArgs, "--json", "--parts", out];
  const drafts = parts(catalogue.recordings, shards).map(
    ({ part, items }): ShardDraft => ({
      items: items.length,
      commands: [[...args, "--shard", part]],
      inputs: [catalogue.url, items],
    }),
  );
  return makePlan("check", drafts, [args]);
}

/** One training run, continued in a chain of jobs when the time limit of one job is too short. */
export function planTrain({ configArgs, configHash }: Omit<PlanBase, "shards">, outputDir: string): Plan {
  const commands = [["train", ...configArgs, "--resume", "--json"]];
  return makePlan("train", [{ items: 1, commands, inputs: [configHash, outputDir] }]);
}

interface SweepPlanOptions extends Omit<PlanBase, "shards"> {
  readonly runs: readonly Readonly<Record<string, Cell>>[];
  /** Folder of the runs. */
  readonly out: string;
}

/** One training per combination, with a row each in the table. */
export function planSweep({ configArgs, configHash, runs, out }: SweepPlanOptions): Plan {
  const drafts = runs.map((run, index): ShardDraft => {
    const outputDir = join(out, `run-${index}`);
    const args = [...configArgs, ...setArgs({ ...run, "experiment.output_dir": outputDir })];
    return {
      items: 1,
      commands: [["train", ...args, "--resume", "--json"]],
      inputs: configHash,
      row: { run: index, ...run },
    };
  });
  return makePlan("sweep", drafts);
}

/** Scores folders of detections against one reference, a row each; `inputs` identifies the contents of a folder. */
export function planScore(ref: string, trees: readonly { readonly hyp: string; readonly inputs: unknown }[]): Plan {
  const drafts = trees.map(
    ({ hyp, inputs }): ShardDraft => ({
      items: 1,
      commands: [["score", "--ref", ref, "--hyp", hyp, "--json"]],
      inputs,
      row: { hyp },
    }),
  );
  return makePlan("score", drafts);
}
