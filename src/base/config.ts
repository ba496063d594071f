import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { basename, resolve } from "node:path";
import { parse, YAMLParseError } from "yaml";
import { z } from "zod";
import { hashOf } from "./canonical.js";
import { type Config, configSchema, IGNORED_KEYS } from "./config-schema.js";
import { ConfigError, NotFoundError } from "./errors.js";
import { nearestName } from "./nearest.js";
import { projectDir as ownProjectDir } from "./project.js";

export interface LoadConfigOptions {
  /** Overrides as `section.key=value`; the value is read as YAML. */
  readonly set?: readonly string[];
  /** Folder that relative paths are relative to. @default the folder of package.json */
  readonly projectDir?: string;
  /** @default process.env */
  readonly environment?: Readonly<Record<string, string | undefined>>;
}

export interface LoadedConfig {
  /** The checked configuration; paths are absolute, s3:// URLs untouched. */
  readonly config: Config;
  /** Hash of the configuration without its paths: equal locally and on a GPU box. */
  readonly configHash: string;
  /** Keys that were given and have no effect here, as one sentence; undefined when there are none. */
  readonly notice?: string;
  /** The file the configuration came from; undefined for text. */
  readonly file?: string;
}

type Tree = { [key: string]: unknown };

function isTree(value: unknown): value is Tree {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function knownKeys(schema: z.ZodType, path: readonly PropertyKey[]): string[] {
  let node: unknown = z.toJSONSchema(schema, { io: "input", unrepresentable: "any" });
  for (const key of path) node = isTree(node) && isTree(node.properties) ? node.properties[String(key)] : undefined;
  return isTree(node) && isTree(node.properties) ? Object.keys(node.properties) : [];
}

function valueAt(tree: unknown, path: readonly PropertyKey[]): unknown {
  let node = tree;
  for (const key of path) node = isTree(node) || Array.isArray(node) ? (node as Tree)[String(key)] : undefined;
  return node;
}

function explain(issue: z.core.$ZodIssue, tree: Tree, file: string): ConfigError {
  if (issue.code === "unrecognized_keys") {
    const name = issue.keys[0]!;
    const key = [...issue.path, name].join(".");
    const allowed = knownKeys(configSchema, issue.path);
    const nearest = nearestName(name, allowed);
    const hint = nearest ? `did you mean ${[...issue.path, nearest].join(".")}?` : `known here: ${allowed.join(", ")}`;
    return new ConfigError(`${file}: unknown key ${key}; ${hint}`, { key, nearest, allowed: allowed.join(", ") });
  }
  const key = issue.path.join(".") || "(top)";
  const value = valueAt(tree, issue.path);
  return new ConfigError(`${file}: invalid ${key}: ${JSON.stringify(value)}; ${issue.message}`, {
    key,
    value,
    allowed: issue.message,
  });
}

function applySets(tree: Tree, sets: readonly string[]): void {
  for (const set of sets) {
    const equals = set.indexOf("=");
    if (equals < 1)
      throw new ConfigError(`invalid --set ${set}: expected section.key=value`, {
        key: set,
        allowed: "section.key=value",
      });
    const path = set.slice(0, equals).split(".");
    let node = tree;
    for (const key of path.slice(0, -1)) {
      if (!isTree(node[key])) node[key] = {};
      node = node[key] as Tree;
    }
    node[path.at(-1)!] = parse(set.slice(equals + 1));
  }
}

function noticeOf(tree: Tree): string | undefined {
  const given = Object.keys(IGNORED_KEYS).filter((key) => {
    const value = valueAt(tree, key.split("."));
    return value !== undefined && value !== null && value !== false;
  });
  if (given.length === 0) return undefined;
  return `no effect here: ${given.map((key) => `${key} (${IGNORED_KEYS[key]})`).join(", ")}`;
}

function resolvePath(path: string, projectDir: string): string {
  return path.includes("://") ? path : resolve(projectDir, path);
}

function withoutPaths({ data, experiment, ...rest }: Config): unknown {
  const { data_dir: _dataDir, cache_dir: _cacheDir, num_workers: _workers, ...dataRest } = data;
  return { ...rest, data: dataRest, experiment: { name: experiment.name, seed: experiment.seed } };
}

function limitFromEnvironment(text: string | undefined): number | undefined {
  if (text === undefined || text === "") return undefined;
  const limit = Number(text);
  if (Number.isInteger(limit) && limit >= 1) return limit;
  throw new ConfigError(`invalid BGB_LIMIT_FILES: ${text}; expected a whole number of recordings, at least 1`, {
    key: "BGB_LIMIT_FILES",
    value: text,
    allowed: "whole number >= 1",
  });
}

/** Check a configuration given as YAML text. `file` names it in messages. Throws a ConfigError. */
export function parseConfig(text: string, file: string, options: LoadConfigOptions = {}): LoadedConfig {
  const environment = options.environment ?? process.env;
  const projectDir = options.projectDir ?? ownProjectDir;
  let tree: unknown;
  try {
    tree = parse(text) ?? {};
  } catch (error) {
    if (!(error instanceof YAMLParseError)) throw error;
    const line = error.linePos?.[0].line;
    throw new ConfigError(
      `${file}${line ? `:${line}` : ""}: not YAML: ${error.message.split("\n")[0]}`,
      { key: file },
      { cause: error },
    );
  }
  if (!isTree(tree))
    throw new ConfigError(`${file}: expected sections such as "data:", found ${JSON.stringify(tree)}`, { key: file });
  applySets(tree, options.set ?? []);
  const parsed = configSchema.safeParse(tree);
  if (!parsed.success) throw explain(parsed.error.issues[0]!, tree, file);
  const { data, experiment, ...rest } = parsed.data;
  const limit = limitFromEnvironment(environment.BGB_LIMIT_FILES) ?? data.limit_files;
  const config: Config = {
    ...rest,
    data: {
      ...data,
      limit_files: limit,
      data_dir: resolvePath(data.data_dir, projectDir),
      cache_dir: resolvePath(data.cache_dir, projectDir),
    },
    experiment: { ...experiment, output_dir: resolvePath(experiment.output_dir, projectDir) },
  };
  return { config, configHash: hashOf(withoutPaths(config), 16), notice: noticeOf(tree) };
}

/**
 * Read and check a YAML configuration; a relative `file` is looked up in the working folder, then in the project. Unknown keys, wrong values and bad `set` overrides are ConfigErrors that name the
 * key, the value and what is allowed; a missing file is a NotFoundError.
 */
export async function loadConfig(file: string, options: LoadConfigOptions = {}): Promise<LoadedConfig> {
  const found = [resolve(file), resolve(options.projectDir ?? ownProjectDir, file)].find((path) => existsSync(path));
  let text: string;
  try {
    text = await readFile(found ?? file, "utf8");
  } catch (error) {
    throw new NotFoundError(`no configuration at ${file}; the project's own are in configs/`, file, { cause: error });
  }
  return { ...parseConfig(text, basename(file), options), file: found };
}
