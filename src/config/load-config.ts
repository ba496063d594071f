import { existsSync, statSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { basename, resolve } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { hashOf } from "@ictal/base/canonical";
import { ConfigError, isIctalError, NotFoundError } from "@ictal/base/errors";
import { readFault } from "@ictal/base/read-fault";
import { isReservedName, valueAt } from "@ictal/base/records";
import { readYaml } from "@ictal/base/yaml";
import { projectDir as ownProjectDir } from "../base/project.js";
import { requireCausal } from "./causal.js";
import { channelFault, channelsFromConfig } from "./channels.js";
import { REFERENCE_NETWORK } from "./model-section.js";
import { type Config, configSchema } from "./schema.js";
import { schemaFaults } from "./schema-faults.js";
import { isDead, keysOf, keysWithoutEffect } from "./without-effect.js";

export interface LoadConfigOptions {
  /** Overrides as `section.key=value`; the value is read as YAML. */
  readonly set?: readonly string[] | undefined;
  /** Folder that relative paths are relative to. @default the folder of package.json */
  readonly projectDir?: string | undefined;
  /** @default process.env */
  readonly environment?: Readonly<Record<string, string | undefined>> | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface LoadedConfig {
  /** The checked configuration; paths are absolute, s3:// URLs untouched. */
  readonly config: Config;
  /** Hash of the configuration without its paths and the keys that do nothing: equal locally and on a GPU box. */
  readonly configHash: string;
  /** Keys that were given and have no effect here, as one sentence; undefined when there are none. */
  readonly notice?: string | undefined;
  /** The file the configuration came from; undefined for text. */
  readonly file?: string | undefined;
  /** True when neither the file nor an override gives a value. */
  readonly isEmpty: boolean;
  /** True when the file or an override gives a value at a key such as `data.data_dir`: it is no default. */
  isGiven(key: string): boolean;
  /** Where the value at a key comes from. */
  originOf(key: string): ConfigOrigin;
}

/** Where a value comes from: the schema, the file, an override, or an environment variable. */
export type ConfigOrigin = "default" | "file" | "--set" | "environment";

type Tree = { [key: string]: unknown };

function isTree(value: unknown): value is Tree {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A fault and where it stands. */
interface PlacedFault {
  readonly place: string;
  readonly message: string;
  readonly key: string;
  readonly value?: unknown;
  readonly allowed: string;
  readonly nearest?: string | undefined;
}

/** All faults as one error; the details are those of the first. */
function errorOf(faults: readonly PlacedFault[], file: string): ConfigError {
  const lines = faults.map(({ place, message }) => `${place}: ${message}`);
  const text = lines.length === 1 ? lines[0]! : `${file}: ${lines.length} faults\n  ${lines.join("\n  ")}`;
  const { key, value, allowed, nearest } = faults[0]!;
  return new ConfigError(text, { key, value, allowed, ...(nearest !== undefined && { nearest }) });
}

/** One `--set`: its key as a path and its value. */
function readSet(set: string): { readonly path: string[]; readonly value: unknown } {
  const equals = set.indexOf("=");
  const key = set.slice(0, Math.max(0, equals));
  const path = key.split(".");
  const fault = (message: string) =>
    new ConfigError(`invalid --set ${set}: ${message}`, { key: key || set, allowed: "section.key=value" });
  if (equals < 1 || path.some((part) => part.trim() === "")) throw fault("expected section.key=value");
  const reserved = path.find(isReservedName);
  if (reserved !== undefined) throw fault(`${reserved} is a reserved name and can be no key`);
  try {
    return { path, value: readYaml(set.slice(equals + 1), `--set ${key}`, { isOneLine: true }).value };
  } catch (error) {
    if (!isIctalError(error, "ConfigError")) throw error;
    throw new ConfigError(
      error.message,
      { key, value: set.slice(equals + 1), allowed: "a YAML value" },
      { cause: error },
    );
  }
}

/** Puts the overrides into `tree`; returns the keys that they gave. */
function applySets(tree: Tree, sets: readonly string[]): Set<string> {
  const given = new Set<string>();
  for (const set of sets) {
    const { path, value } = readSet(set);
    let node = tree;
    for (const [depth, key] of path.slice(0, -1).entries()) {
      const member = node[key];
      if (member !== undefined && member !== null && !isTree(member)) {
        const above = path.slice(0, depth + 1).join(".");
        throw new ConfigError(`invalid --set ${set}: ${above} is a value, not a section`, { key: path.join(".") });
      }
      if (!isTree(member)) node[key] = {};
      node = node[key] as Tree; // made or found to be one above
    }
    node[path.at(-1)!] = value;
    given.add(path.join("."));
  }
  return given;
}

/** The sections that only the reference's network has name it. */
const NETWORK_SECTIONS = ["encoder", "rescnn", "mamba", "decoder"];

function nameNetwork({ model }: Tree): void {
  if (isTree(model) && model.name === undefined && NETWORK_SECTIONS.some((section) => section in model))
    model.name = REFERENCE_NETWORK;
}

function noticeOf(tree: Tree, config: Config): string | undefined {
  const at = (from: unknown) => (key: string) => valueAt(from, key.split("."));
  const keys = keysWithoutEffect(configSchema, at(tree), at(config));
  if (keys.length === 0) return undefined;
  return `no effect here: ${keys.map(({ key, reason }) => `${key} (${reason})`).join(", ")}`;
}

function resolvePath(path: string, projectDir: string): string {
  return path.includes("://") ? path : resolve(projectDir, path);
}

/** What decides results: no paths, no threads, no key that does nothing. */
function essenceOf(config: Config): unknown {
  const essence = structuredClone(config) as Tree;
  const data = essence.data as Tree;
  data.n_channels = channelsFromConfig(config).length;
  for (const key of ["data_dir", "cache_dir", "num_workers"]) delete data[key];
  const { file: _file, ...split } = config.data.split;
  data.split = split;
  if (isDeepStrictEqual(split, configSchema.shape.data.parse({}).split)) delete data.split; // hashes of earlier versions stay
  const { fallback_metric, ...stopping } = config.training.early_stopping;
  const isUsual = fallback_metric === configSchema.shape.training.parse({}).early_stopping.fallback_metric;
  if (isUsual) essence.training = { ...config.training, early_stopping: stopping }; // likewise
  const { name, seed, causal } = config.experiment;
  essence.experiment = { name, seed, ...(causal && { causal }) };
  for (const found of keysOf(configSchema)) {
    if (!isDead(found)) continue;
    const path = found.key.split(".");
    const section = valueAt(essence, path.slice(0, -1));
    if (isTree(section)) delete section[path.at(-1)!];
  }
  return essence;
}

function limitFromEnvironment(text: string | undefined): number | undefined {
  if (text === undefined || text === "") return undefined;
  const limit = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(limit) && limit >= 1) return limit;
  throw new ConfigError(`invalid BGB_LIMIT_FILES: ${text}; expected a whole number of recordings, at least 1`, {
    key: "BGB_LIMIT_FILES",
    value: text,
    allowed: "whole number >= 1",
  });
}

/** Check a configuration given as YAML text. `file` names it in messages. Throws a ConfigError that lists every fault. */
export function parseConfig(text: string, file: string, options: LoadConfigOptions = {}): LoadedConfig {
  const environment = options.environment ?? process.env;
  const projectDir = options.projectDir ?? ownProjectDir;
  const { value: tree = {}, lineOf } = readYaml(text, file);
  const top = tree ?? {};
  if (!isTree(top))
    throw new ConfigError(`${file}: expected sections such as "data:", found ${JSON.stringify(top)}`, { key: file });
  const sets = applySets(top, options.set ?? []);
  nameNetwork(top);
  const parsed = configSchema.safeParse(top);
  const channels = parsed.success ? channelFault(parsed.data) : undefined;
  if (!parsed.success || channels) {
    const placeOf = (path: readonly PropertyKey[]) => {
      const steps = path.filter((step) => typeof step !== "symbol");
      const at = `${steps.join(".")}.`;
      const set = [...sets].find((key) => at.startsWith(`${key}.`)) ?? [...sets].find((key) => key.startsWith(at));
      const line = lineOf(steps);
      return set !== undefined
        ? { place: `--set ${set}`, line: Number.POSITIVE_INFINITY }
        : { place: `${file}${line === undefined ? "" : `:${line}`}`, line: line ?? 0 };
    };
    const found = parsed.error ? schemaFaults(parsed.error.issues, configSchema, top) : channels ? [channels] : [];
    const faults = found
      .map((fault) => ({ ...fault, ...placeOf(fault.path), key: fault.path.join(".") || "(top)" }))
      .sort((a, b) => a.line - b.line);
    throw errorOf(faults, file);
  }
  const isGiven = (key: string) => valueAt(top, key.split(".")) !== undefined;
  const { data, experiment, ...rest } = parsed.data;
  const environmentLimit = limitFromEnvironment(environment.BGB_LIMIT_FILES);
  const limit = environmentLimit ?? data.limit_files;
  const config: Config = {
    ...rest,
    data: {
      ...data,
      limit_files: limit,
      data_dir: resolvePath(data.data_dir, projectDir),
      cache_dir: resolvePath(data.cache_dir, projectDir),
      split: { ...data.split, ...(data.split.file && { file: resolvePath(data.split.file, projectDir) }) },
    },
    experiment: { ...experiment, output_dir: resolvePath(experiment.output_dir, projectDir) },
  };
  requireCausal(config);
  return {
    config,
    configHash: hashOf(essenceOf(config), 16),
    notice: noticeOf(top, config),
    isEmpty: Object.values(top).every((section) => isTree(section) && Object.keys(section).length === 0),
    isGiven,
    originOf: (key) => {
      if (key === "data.limit_files" && environmentLimit !== undefined) return "environment";
      if (!isGiven(key)) return "default";
      return [...sets].some((set) => `${key}.`.startsWith(`${set}.`)) ? "--set" : "file";
    },
  };
}

/** What a configuration says at the least, in words. */
export const NEEDED =
  "data.data_dir (the corpus), data.cache_dir (the folder of its cache) and, to train, model.name (ictal model list)";

/**
 * Read and check a YAML configuration; a relative `file` is looked up in the working folder, then in the project. Unknown
 * keys, wrong values and bad `set` overrides are listed by one ConfigError with line, key, value and what is allowed, and so
 * is a file that says nothing; a missing file is a NotFoundError.
 */
export async function loadConfig(file: string, options: LoadConfigOptions = {}): Promise<LoadedConfig> {
  const found = [resolve(file), resolve(options.projectDir ?? ownProjectDir, file)].find((path) => existsSync(path));
  if (found !== undefined && statSync(found).isDirectory())
    throw new ConfigError(
      `${file} is a folder; give a configuration file, e.g. ${file.replace(/\/+$/, "")}/NAME.yaml`,
      {
        key: "--config",
        value: file,
        allowed: "a YAML file",
      },
    );
  let text: string;
  try {
    text = await readFile(found ?? file, { encoding: "utf8", signal: options.signal });
  } catch (error) {
    options.signal?.throwIfAborted();
    const isMissing = (error as NodeJS.ErrnoException).code === "ENOENT";
    if (found !== undefined || !isMissing) {
      const why = readFault(error) ?? String(error);
      throw new ConfigError(`${file} cannot be read: ${why}`, { key: "--config", value: file }, { cause: error });
    }
    throw new NotFoundError(`no configuration at ${file}; check the path (the project's own are in configs/)`, file, {
      cause: error,
    });
  }
  const loaded = parseConfig(text, basename(file), options);
  if (loaded.isEmpty)
    throw new ConfigError(`${file} is empty; a configuration names at least ${NEEDED}`, { key: file });
  return { ...loaded, file: found };
}
