/** Plans of each kind of work: which commands a shard runs and what its hash depends on. */
import { join } from "node:path";
import { CacheError } from "@ictal/base/errors";
import { shardOf } from "../cache/build.js";
import type { Manifest } from "../cache/manifest.js";
import type { Catalogue } from "../corpus/catalogue.js";
import { makePlan, type Plan, type PlanKind, type ShardDraft } from "./plan.js";
import { setWords } from "./sweep.js";
import type { Cell } from "./table.js";

/** Verbs that the tasks of a kind may call, and what follows its last task. */
const VERBS: Readonly<Record<PlanKind, { readonly tasks: string; readonly finalise?: string }>> = {
  cache: { tasks: "cache build", finalise: "manifest" },
  check: { tasks: "corpus check", finalise: "corpus check" },
  predict: { tasks: "predict" },
  score: { tasks: "score" },
  train: { tasks: "train" },
  sweep: { tasks: "train" },
};

/**
 * Refuse a plan whose commands are not those of its kind: whoever can write to its folder could else run any verb as the
 * one who works on it. CacheError with the command.
 */
export function checkVerbs({ kind, shards, finalise }: Plan): void {
  const allowed = VERBS[kind];
  for (const { commands } of shards) for (const words of commands) checkVerb(kind, words, allowed.tasks);
  for (const words of finalise) checkVerb(kind, words, allowed.finalise);
}

function checkVerb(kind: PlanKind, words: readonly string[], allowed: string | undefined): void {
  if (allowed !== undefined && words.slice(0, allowed.split(" ").length).join(" ") === allowed) return;
  const found = `ictal ${words.slice(0, 2).join(" ")}`;
  throw new CacheError(
    `plan.json asks for "${found}", which is no command of a ${kind} plan (${allowed ?? "none"} expected); plan again`,
    { found, expected: allowed },
  );
}

/** What every kind knows: the words that name the configuration, and a hash of what it says. */
export interface PlanBase {
  /** `--config FILE` and the overrides that follow it. */
  readonly configWords: readonly string[];
  readonly configHash: string;
  /** Tasks that were asked for; never more than there are items. */
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

export interface CachePlanOptions extends PlanBase {
  readonly catalogue: Catalogue;
  readonly cacheDir: string;
  readonly cacheKey: string;
  /** Words such as --limit 50, for the build and for the manifest. */
  readonly limitWords: readonly string[];
  /** Words such as --accept CODES, --workers N, for the build. */
  readonly buildWords: readonly string[];
}

/** Build a cache in parts, then write its manifest. */
export function planCache(options: CachePlanOptions): Plan {
  const { catalogue, configWords, limitWords, buildWords, cacheDir, cacheKey, shards } = options;
  const common = [...configWords, ...limitWords, "--json"];
  const drafts = parts(catalogue.recordings, shards).map(
    ({ part, items }): ShardDraft => ({
      items: items.length,
      commands: [["cache", "build", ...common, ...buildWords, "--shard", part]],
      inputs: [cacheDir, cacheKey, catalogue.url, items],
    }),
  );
  return makePlan("cache", drafts, [["manifest", ...common]]);
}

export interface PredictPlanOptions extends PlanBase {
  readonly manifest: Manifest;
  readonly split: string;
  readonly checkpoint: string;
  readonly checkpointHash: string;
  readonly out: string;
  /** Words such as --type float32, --events. */
  readonly predictWords: readonly string[];
}

/** Predict the recordings of a split in parts. */
export function planPredict(options: PredictPlanOptions): Plan {
  const { manifest, split, checkpoint, checkpointHash, out, configWords, configHash, predictWords, shards } = options;
  const recordings = manifest.recordings.filter((recording) => recording.split === split);
  const words = [...configWords, "--checkpoint", checkpoint, "--out", out, "--split", split, ...predictWords, "--json"];
  const drafts = parts(recordings, shards).map(
    ({ part, items }): ShardDraft => ({
      items: items.length,
      commands: [["predict", ...words, "--shard", part]],
      inputs: [manifest.key, configHash, checkpointHash, items.map(({ id, fileBytes }) => [id, fileBytes])],
    }),
  );
  return makePlan("predict", drafts);
}

export interface CheckPlanOptions {
  readonly catalogue: Catalogue;
  readonly place: string;
  readonly limitWords: readonly string[];
  /** Folder for what the parts found. */
  readonly out: string;
  readonly shards: number;
}

/** Read headers and annotations of a corpus in parts, then report on the whole. */
export function planCheck({ catalogue, place, limitWords, out, shards }: CheckPlanOptions): Plan {
  const words = ["corpus", "check", place, ...limitWords, "--json", "--parts", out];
  const drafts = parts(catalogue.recordings, shards).map(
    ({ part, items }): ShardDraft => ({
      items: items.length,
      commands: [[...words, "--shard", part]],
      inputs: [catalogue.url, items],
    }),
  );
  return makePlan("check", drafts, [words]);
}

/** One training, which is chained over as many jobs as its time limits make of it. */
export function planTrain({ configWords, configHash }: Omit<PlanBase, "shards">, outputDir: string): Plan {
  const commands = [["train", ...configWords, "--resume", "--json"]];
  return makePlan("train", [{ items: 1, commands, inputs: [configHash, outputDir] }]);
}

export interface SweepPlanOptions extends Omit<PlanBase, "shards"> {
  readonly runs: readonly Readonly<Record<string, Cell>>[];
  /** Folder of the runs. */
  readonly out: string;
}

/** One training per combination, with a row each in the table. */
export function planSweep({ configWords, configHash, runs, out }: SweepPlanOptions): Plan {
  const drafts = runs.map((run, index): ShardDraft => {
    const outputDir = join(out, `run-${index}`);
    const words = [...configWords, ...setWords({ ...run, "experiment.output_dir": outputDir })];
    return {
      items: 1,
      commands: [["train", ...words, "--resume", "--json"]],
      inputs: configHash,
      row: { run: index, ...run },
    };
  });
  return makePlan("sweep", drafts);
}

/** Score trees of detections against one reference, a row each; `inputs` says when a tree has changed. */
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
