/** Creates plans from flags, for `ictal shard plan` and `ictal slurm`. */
import { readdir, readFile, stat } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { UsageError } from "@ictal/base/action";
import { hashOf } from "@ictal/base/canonical";
import { isIctalError } from "@ictal/base/errors";
import { readFault } from "@ictal/base/read-fault";
import { projectPath } from "../base/project.js";
import { type Plan, type PlanKind, writePlan } from "../cluster/plan.js";
import { planCache, planCheck, planPredict, planScore, planSweep, planTrain } from "../cluster/plans.js";
import { parseSweep, setArgs } from "../cluster/sweep.js";
import { layoutFromConfig } from "../config/layer-options.js";
import { readCatalogue } from "../corpus/catalogue.js";
import { openStore } from "../store/open-store.js";
import { loadDetector } from "../training/load-detector.js";
import { configuredManifest, limitedManifest } from "./configured-manifest.js";
import { crossvalPlan } from "./crossval-plan.js";
import { configOf } from "./data-options.js";
import { freezeConfig } from "./freeze-config.js";
import type { PlanFlags } from "./plan-options.js";

/** A plan and the folder that it was written to. */
export interface WrittenPlan {
  readonly dir: string;
  readonly plan: Plan;
}

/** Folder of the plan that flags ask for. */
export function folderOf(kind: PlanKind, flags: PlanFlags): string {
  const name = basename(flags.config ?? flags.ref ?? "defaults").replace(/\.ya?ml$/, "");
  return flags.dir === undefined ? projectPath(join("results/shards", `${kind}-${name}`)) : resolve(flags.dir);
}

/** The configuration of the flags, and the arguments with which a task reads a copy of its file in `dir`. */
async function frozenConfig(flags: PlanFlags, dir: string, needs: readonly ("dataDir" | "cacheDir")[]) {
  return freezeConfig(await configOf(flags, needs), flags, dir);
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
    checkpointHash: (await loadDetector(checkpoint)).hash,
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
async function treeInputs(root: string): Promise<unknown[]> {
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
  const inputsOf = async (dir: string, flag: string) => {
    const inputs = await treeInputs(dir).catch((error: unknown) => {
      throw new UsageError(`${flag} ${dir}: ${readFault(error) ?? String(error)}; give a folder of annotations`);
    });
    if (inputs.length === 0) throw new UsageError(`${flag} ${dir}: the folder is empty; give a folder of annotations`);
    return inputs;
  };
  const refInputs = await inputsOf(ref, "--ref");
  const trees = await Promise.all(
    required(flags.hyp, "--hyp").map(async (path) => {
      const hyp = resolve(path);
      return { hyp, inputs: [refInputs, await inputsOf(hyp, "--hyp")] };
    }),
  );
  return planScore(ref, trees);
};

const crossval: Planner = async (flags, dir) => {
  const found = await frozenConfig({ ...flags, folds: undefined }, dir, ["cacheDir"]);
  const { limited } = await limitedManifest(found);
  return (await crossvalPlan(found, limited, { ...flags, out: dir })).plan;
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
