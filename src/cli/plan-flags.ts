/** Creates plans from flags, for `ictal shard plan` and `ictal slurm`. */
import { copyFile, readdir, readFile, stat } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { UsageError } from "@ictal/base/action";
import { hashOf } from "@ictal/base/canonical";
import { isIctalError } from "@ictal/base/errors";
import { collect, parseCount } from "@ictal/base/flags";
import { makeFolder } from "@ictal/base/make-folder";
import type { Command } from "commander";
import { projectPath } from "../base/project.js";
import { type Plan, type PlanKind, writePlan } from "../cluster/plan.js";
import { planCache, planCheck, planPredict, planScore, planSweep, planTrain } from "../cluster/plans.js";
import { parseSweep, setArgs } from "../cluster/sweep.js";
import { layoutFromConfig } from "../config/layer-options.js";
import { readCatalogue } from "../corpus/catalogue.js";
import { openStore } from "../store/open-store.js";
import { loadWeights } from "../training/load-weights.js";
import { acceptOption } from "./accept-option.js";
import { configuredManifest, limitedManifest } from "./configured-manifest.js";
import { addFoldOptions, crossvalPlan } from "./crossval-plan.js";
import {
  cacheDirOption,
  configOf,
  configurationOption,
  type DataFlags,
  dataDirOption,
  setOption,
} from "./data-options.js";

/** Flags of every kind; each kind reads its own. */
export interface PlanFlags extends DataFlags {
  readonly dir?: string;
  readonly array: number;
  readonly limit?: number;
  readonly accept?: readonly string[];
  readonly workers?: number;
  readonly checkpoint?: string;
  readonly out?: string;
  readonly split: string;
  readonly events?: boolean;
  readonly type?: string;
  readonly ref?: string;
  readonly hyp?: string[];
  readonly leaveOnePatientOut?: boolean | undefined;
  readonly seeds?: number | undefined;
}

/** A plan and the folder that it was written to. */
export interface WrittenPlan {
  readonly dir: string;
  readonly plan: Plan;
}

/** Kinds of plan with their descriptions in --help. */
export const KINDS: Readonly<Record<PlanKind, string>> = {
  cache: "build a cache in parallel, then write its manifest",
  check: "check a corpus in parallel",
  predict: "predict the recordings of a split in parallel",
  score: "score several folders of detections against one reference; writes one table",
  train: "train; a job that reaches its time limit is resumed by the next job",
  crossval: "train and predict every fold of a cross-validation in parallel, then score and report them",
  sweep: "train with every combination of values of a sweep (--config is the sweep file); writes one table",
};

/** Adds the flags that a plan of `kind` takes. */
export function addPlanOptions(command: Command, kind: PlanKind): Command {
  command.option("--dir <folder>", "folder for the plan, its receipts and logs (default: results/shards/KIND-NAME)");
  if (kind !== "score") {
    const file = kind === "sweep" ? "sweep (YAML)" : "configuration (YAML)";
    command.addOption(configurationOption("--config <file>", file));
    command.addOption(setOption());
  }
  if (kind === "cache" || kind === "check" || kind === "predict")
    command.option("--array <n>", "number of shards", parseCount(1), 16);
  if (kind === "cache" || kind === "check") {
    command.addOption(dataDirOption());
    command.option("--limit <n>", "maximum number of recordings", parseCount(1));
  }
  if (kind !== "check" && kind !== "score") command.addOption(cacheDirOption());
  if (kind === "cache") {
    command.addOption(acceptOption("cache", "codes for which a recording may be excluded or have unknown labels"));
    command.option("--workers <n>", "worker threads per shard (default: one per core)", parseCount(0));
  }
  if (kind === "predict") {
    command.requiredOption("--checkpoint <path>", "a .safetensors file, a checkpoint folder, or the folder of a run");
    command.requiredOption("--out <dir>", "folder for the predictions");
    command.option("--split <name>", "train, dev or eval", "dev");
    command.option("--events", "also detect events and write them as csv_bi");
    command.option("--type <name>", "data type of stored probabilities: float16 or float32");
  }
  if (kind === "score") {
    command.requiredOption("--ref <dir>", "folder of reference annotations");
    command.requiredOption("--hyp <dir>", "folder of detections; repeatable", collect);
  }
  if (kind === "crossval") addFoldOptions(command);
  return command.option("--json", "print one JSON document");
}

/** Folder of the plan that flags ask for. */
export function folderOf(kind: PlanKind, flags: PlanFlags): string {
  const name = basename(flags.config ?? flags.ref ?? "defaults").replace(/\.ya?ml$/, "");
  return flags.dir === undefined ? projectPath(join("results/shards", `${kind}-${name}`)) : resolve(flags.dir);
}

const SETS = { dataDir: "data.data_dir", cacheDir: "data.cache_dir" } as const;

/** The configuration of the flags, and the arguments with which a task reads a copy of its file in `dir`. */
export async function frozenConfig(flags: PlanFlags, dir: string, needs: readonly ("dataDir" | "cacheDir")[]) {
  const loaded = await configOf(flags, needs);
  const args = loaded.file === undefined ? [] : ["--config", join(dir, "config.yaml")];
  if (loaded.file !== undefined) {
    await makeFolder(dir);
    const copy = join(dir, "config.yaml");
    if (resolve(loaded.file) !== copy) await copyFile(loaded.file, copy);
  }
  const { data } = loaded.config;
  const folders = loaded.file === undefined ? ["--data-dir", data.data_dir, "--cache-dir", data.cache_dir] : [];
  const moved = Object.fromEntries(
    (["dataDir", "cacheDir"] as const).flatMap((name) =>
      flags[name] === undefined || loaded.file === undefined
        ? []
        : [[SETS[name], name === "dataDir" ? data.data_dir : data.cache_dir]],
    ),
  );
  const sets = (flags.set ?? []).flatMap((set) => ["--set", set]);
  const limit = data.limit_files ? setArgs({ "data.limit_files": data.limit_files }) : []; // a task may lack BGB_LIMIT_FILES
  return { ...loaded, configArgs: [...args, ...folders, ...sets, ...setArgs(moved), ...limit] };
}

function limitArgs(limit: number | null | undefined): string[] {
  return limit === undefined || limit === null ? [] : ["--limit", String(limit)];
}

/** A flag that the kind of plan requires; commander has checked it for the command line. */
function required<T>(value: T | undefined, flag: string): T {
  if (value === undefined) throw new UsageError(`missing ${flag}`);
  return value;
}

type Planner = (flags: PlanFlags, dir: string) => Promise<Plan>;

const cache: Planner = async (flags, dir) => {
  const found = await frozenConfig(flags, dir, ["dataDir", "cacheDir"]);
  const { data } = found.config;
  const limit = flags.limit ?? data.limit_files ?? undefined;
  const { accept, workers } = flags;
  return planCache({
    ...found,
    shards: flags.array,
    catalogue: await readCatalogue(openStore(data.data_dir), { layout: layoutFromConfig(found.config), limit }),
    cacheDir: data.cache_dir,
    cacheKey: hashOf(
      [
        ...[data.sample_type, found.config.preprocessing, data.sampling_rate, data.missing_electrodes, data.gaps],
        ...(data.channels ? [data.channels] : []),
      ],
      16,
    ),
    limitArgs: limitArgs(limit),
    buildArgs: [
      ...(accept === undefined ? [] : ["--accept", accept.join(",")]),
      ...(workers === undefined ? [] : ["--workers", String(workers)]),
    ],
  });
};

const check: Planner = async (flags, dir) => {
  const { config } = await configOf(flags, ["dataDir"]);
  const limit = flags.limit ?? config.data.limit_files ?? undefined;
  const url = config.data.data_dir;
  const catalogue = await readCatalogue(openStore(url), { limit });
  return planCheck({
    catalogue,
    url,
    limitArgs: limitArgs(limit),
    out: join(dir, "parts"),
    shards: flags.array,
  });
};

const predict: Planner = async (flags, dir) => {
  const found = await frozenConfig(flags, dir, ["cacheDir"]);
  const manifest = await configuredManifest(found, flags.split);
  const checkpoint = resolve(required(flags.checkpoint, "--checkpoint"));
  const count = manifest.recordings.filter(({ split }) => split === flags.split).length;
  const splits = [...new Set(manifest.recordings.map(({ split }) => split))].sort().join(", ");
  if (count === 0) throw new UsageError(`invalid --split ${flags.split}: the cache has recordings of ${splits}`);
  const { type, events } = flags;
  return planPredict({
    ...found,
    shards: flags.array,
    manifest,
    split: flags.split,
    checkpoint,
    checkpointHash: (await loadWeights(checkpoint)).hash,
    out: resolve(required(flags.out, "--out")),
    predictArgs: [...(events ? ["--events"] : []), ...(type === undefined ? [] : ["--type", type])],
  });
};

const train: Planner = async (flags, dir) => {
  const found = await frozenConfig(flags, dir, ["cacheDir"]);
  return planTrain(found, found.config.experiment.output_dir);
};

const sweep: Planner = async (flags, dir) => {
  if (flags.config === undefined) throw new UsageError("missing --config: the YAML file of the sweep");
  const text = await readFile(flags.config, "utf8").catch(() => {
    throw new UsageError(`no sweep at ${flags.config}; expected a YAML file with "config:" and "sweep:"`);
  });
  const { config, runs } = parseSweep(text, basename(flags.config));
  const given = flags.set ?? [];
  for (const run of runs)
    await configOf({ config, set: [...given, ...setArgs(run).filter((word) => word !== "--set")] }, []);
  const found = await frozenConfig({ ...flags, config }, dir, ["cacheDir"]);
  return planSweep({ ...found, runs, out: join(dir, "runs") });
};

/** Names, sizes and times of the files of a tree. */
async function treeInputs(root: string): Promise<unknown> {
  const names = (await readdir(root, { recursive: true })).sort();
  return Promise.all(
    names.map(async (name) => {
      const { size, mtimeMs } = await stat(join(root, name));
      return [name, size, mtimeMs];
    }),
  );
}

const score: Planner = async (flags) => {
  const ref = resolve(required(flags.ref, "--ref"));
  const missing = (dir: string) => () => {
    throw new UsageError(`no folder at ${dir}; check --ref and --hyp`);
  };
  const refInputs = await treeInputs(ref).catch(missing(ref));
  const trees = await Promise.all(
    required(flags.hyp, "--hyp").map(async (path) => {
      const hyp = resolve(path);
      return { hyp, inputs: [refInputs, await treeInputs(hyp).catch(missing(hyp))] };
    }),
  );
  return planScore(ref, trees);
};

const crossval: Planner = async (flags, dir) => {
  const found = await frozenConfig({ ...flags, folds: undefined }, dir, ["cacheDir"]);
  const { limited } = await limitedManifest(found);
  return (await crossvalPlan(found, limited, flags, dir)).plan;
};

const PLANNERS: Readonly<Record<PlanKind, Planner>> = { cache, check, predict, score, train, sweep, crossval };

/** Creates the plan of the flags and writes it to its folder; receipts of unchanged shards stay valid. */
export async function planFromFlags(kind: PlanKind, flags: PlanFlags): Promise<WrittenPlan> {
  const dir = folderOf(kind, flags);
  try {
    const plan = await PLANNERS[kind](flags, dir);
    await writePlan(dir, plan);
    return { dir, plan };
  } catch (error) {
    if (kind === "sweep" && isIctalError(error, "ConfigError"))
      throw new UsageError(`the sweep's values do not fit its configuration: ${error.message}`);
    throw error;
  }
}
