/** Which sandboxes a verb needs: commands, machines, limits and paths, as plain data. */
import { isAbsolute, posix, relative } from "node:path";
import { ConfigError } from "@ictal/base/errors";
import { projectDir } from "../../base/project.js";
import type { Config } from "../../config/schema.js";
import { shellJoin } from "../shell-quote.js";
import type { SandboxSpec } from "./cloud.js";

/** A configuration as it is to run in a sandbox. */
export interface RemoteRun {
  /** The file, relative to the project. */
  readonly configFile: string;
  readonly config: Config;
  /** `section.key=value`, as given by the user. */
  readonly set: readonly string[];
  /** @default "A100-80GB" */
  readonly gpu?: string | undefined;
  /** Codes for which the cache may exclude a recording. */
  readonly accept?: string | undefined;
}

/** The longest life of a sandbox. */
export const LIMIT_SECONDS = 24 * 3600;
/** Training stops by itself before the limit: half an hour for the last validation and checkpoint. */
const LONGEST_TRAINING_HOURS = 23.5;
const SMOKE_RECORDINGS = 50;
const DATA = "/data";
const RESULTS = "/results";

/** The part of a path below the project, or undefined when it lies elsewhere. */
function insideProject(path: string): string | undefined {
  const inside = relative(projectDir, path).replaceAll("\\", "/");
  return inside.startsWith("..") || isAbsolute(inside) ? undefined : inside;
}

/** The file as a sandbox finds it. ConfigError when it is not part of what goes into the image. */
export function remoteConfigFile(path: string): string {
  const inside = insideProject(path);
  if (inside?.startsWith("configs/")) return inside;
  throw new ConfigError(`${path} is not in ${projectDir}/configs, and only that goes into the image; copy it there`, {
    key: "--config",
    value: path,
    allowed: "a file in configs/",
  });
}

function refuse(key: string, value: string, root: string): never {
  const message = `${key} is ${value}; in a sandbox there are ${DATA} (the bucket) and ${RESULTS} (the volume). Give a path in ${root} or one relative to the project`;
  throw new ConfigError(message, { key, value, allowed: root });
}

/** Where a folder of results lies on the volume: `cache/smoke` becomes `/results/cache/smoke`. */
function onVolume(key: string, path: string): string {
  if (path === RESULTS || path.startsWith(`${RESULTS}/`)) return path;
  const inside = insideProject(path);
  return inside === undefined ? refuse(key, path, RESULTS) : posix.join(RESULTS, inside.replace(/^results\//, ""));
}

/** Where the corpus lies in a sandbox: an address or a folder of the bucket stays, a folder of the project is the bucket's training set. */
function inBucket(path: string): string {
  if (path.includes("://") || path === DATA || path.startsWith(`${DATA}/`)) return path;
  return insideProject(path) === undefined ? refuse("data.data_dir", path, DATA) : `${DATA}/edf/train`;
}

/** Flags that bring a configuration to a sandbox: local and remote runs differ in paths only. */
function placeFlags({ config, configFile, set }: RemoteRun): string[] {
  const places = [
    `data.data_dir=${inBucket(config.data.data_dir)}`,
    `data.cache_dir=${onVolume("data.cache_dir", config.data.cache_dir)}`,
    `experiment.output_dir=${onVolume("experiment.output_dir", config.experiment.output_dir)}`,
  ];
  return ["--config", configFile, ...[...set, ...places].flatMap((each) => ["--set", each])];
}

function isSmoke({ configFile, config }: RemoteRun): boolean {
  return /smoke/i.test(posix.basename(configFile)) || /^smoke/i.test(config.experiment.name);
}

/** A limit of the configuration goes along; a smoke test without one has 50 recordings. */
function environmentOf(run: RemoteRun): Record<string, string> {
  const limit = run.config.data.limit_files ?? (isSmoke(run) ? SMOKE_RECORDINGS : undefined);
  return limit === undefined ? {} : { BGB_LIMIT_FILES: String(limit) };
}

type Work = Pick<SandboxSpec, "cpu" | "memoryMiB" | "gpu"> & { readonly job: string; readonly part?: string };

function sandbox(run: RemoteRun, args: readonly string[], { job, part, ...machine }: Work): SandboxSpec {
  return {
    ...machine,
    command: ["node", "src/cli/ictal.mjs", ...args],
    timeoutSeconds: LIMIT_SECONDS,
    environment: environmentOf(run),
    tags: { job, run: run.config.experiment.name, ...(part === undefined ? {} : { part }) },
  };
}

/** Builds part `index` of `count` of the cache; the whole cache, manifest included, without a part. */
export function cacheSandbox(run: RemoteRun, shard?: { readonly index: number; readonly count: number }): SandboxSpec {
  const part = shard && `${shard.index}/${shard.count}`;
  const args = ["cache", "build", ...placeFlags(run), "--json"];
  if (part !== undefined) args.push("--shard", part);
  if (run.accept !== undefined) args.push("--accept", run.accept);
  return sandbox(run, args, { job: "cache", ...(part !== undefined && { part }), cpu: 8, memoryMiB: 16 * 1024 });
}

/**
 * Builds missing parts of the cache, then trains, in one sandbox that runs in the background. The GPU waits for the cache; a large one
 * is built beforehand by `cacheSandbox`.
 */
export function aloneSandbox(run: RemoteRun, isResumed: boolean): SandboxSpec {
  const training = trainSandbox(run, isResumed);
  const line = `${shellJoin(cacheSandbox(run).command)} && exec ${shellJoin(training.command)}`;
  return { ...training, command: ["sh", "-c", line] };
}

/** Writes the manifest of a cache whose parts are built. */
export function manifestSandbox(run: RemoteRun): SandboxSpec {
  return sandbox(run, ["manifest", ...placeFlags(run), "--json"], { job: "manifest", cpu: 2, memoryMiB: 4 * 1024 });
}

/** Trains on a GPU; stops in order before the sandbox's time is over. */
export function trainSandbox(run: RemoteRun, isResumed: boolean): SandboxSpec {
  const hours = Math.min(run.config.training.max_hours ?? LONGEST_TRAINING_HOURS, LONGEST_TRAINING_HOURS);
  const args = ["train", ...placeFlags(run), "--set", `training.max_hours=${hours}`, "--json"];
  if (isResumed) args.push("--resume");
  return sandbox(run, args, { job: "train", gpu: run.gpu ?? "A100-80GB", cpu: 16, memoryMiB: 96 * 1024 });
}
