/** Flags for corpus and cache, with or without a configuration file. */
import { resolve } from "node:path";
import { UsageError } from "@ictal/base/action";
import { isIctalError } from "@ictal/base/errors";
import { collect } from "@ictal/base/flags";
import { notify } from "@ictal/base/printable";
import { type Command, InvalidArgumentError, Option } from "commander";
import type { LoadedConfig } from "../config/load-config.js";
import { CONFIGURATION_OPTIONS } from "./help.js";
import { type SplitFlags, withSplitFlags } from "./split-flags.js";

/** What commander hands over for the flags of `addDataOptions`. */
export interface DataFlags extends SplitFlags {
  readonly config?: string | undefined;
  readonly set?: readonly string[] | undefined;
  readonly dataDir?: string | undefined;
  readonly cacheDir?: string | undefined;
  readonly json?: boolean | undefined;
}

const FLAG_OF = { dataDir: "--data-dir", cacheDir: "--cache-dir" } as const;
const KEY_OF = { dataDir: "data.data_dir", cacheDir: "data.cache_dir" } as const;

/** Part `index` (from 0) of `count` equal parts. */
export interface Shard {
  readonly index: number;
  readonly count: number;
}

/** A part as i/n with 0 <= i < n, for commander. */
export function parseShard(text: string): Shard {
  const [, index, count] = /^(\d+)\/(\d+)$/.exec(text) ?? [];
  if (index !== undefined && Number(index) < Number(count)) return { index: Number(index), count: Number(count) };
  throw new InvalidArgumentError("expected i/n with 0 <= i < n, e.g. 0/4");
}

/** Name of a run, or of a part of it. */
export function partName(name: string, shard?: Shard): string {
  return shard ? `${name} ${shard.index}/${shard.count}` : name;
}

/** A folder that a command takes from a flag or from the configuration. */
export type DataFolder = "dataDir" | "cacheDir";

/** An option below the heading that commands share. */
export const configurationOption = (flags: string, description: string): Option =>
  new Option(flags, description).helpGroup(CONFIGURATION_OPTIONS);

/** --set. */
export const setOption = (): Option =>
  configurationOption("--set <section.key=value>", "override a configuration value; repeatable").argParser(collect);

/** --data-dir. */
export const dataDirOption = (): Option =>
  configurationOption("--data-dir <dir>", "corpus: folder or s3:// URL; overrides data.data_dir");

/** --cache-dir. */
export const cacheDirOption = (): Option =>
  configurationOption("--cache-dir <dir>", "cache folder; overrides data.cache_dir");

/**
 * Adds --config, --set, --data-dir, --cache-dir and --json.
 * @param needs The folders without which `configOf` wants a configuration.
 */
export function addDataOptions(command: Command, needs: readonly DataFolder[] = []): Command {
  const instead = needs.map((need) => FLAG_OF[need]).join(" and ");
  const required = needs.length === 0 ? "" : ` (required, unless ${instead} ${needs.length > 1 ? "are" : "is"} given)`;
  const config = `configuration (YAML); "ictal config show" lists its keys${required}`;
  return command
    .addOption(configurationOption("--config <file>", config))
    .addOption(setOption())
    .addOption(dataDirOption())
    .addOption(cacheDirOption())
    .option("--json", "print one JSON document");
}

/** --gaps; without it the configuration decides. */
export function gapsOption(): Option {
  return new Option(
    "--gaps <policy>",
    "recordings with gaps: exclude them (refuse), or keep their segments (split); overrides data.gaps",
  ).choices(["refuse", "split"]);
}

function absolute(path: string): string {
  return path.includes("://") ? path : resolve(path);
}

/** A configuration with the flags' folders in place. */
export interface FlagConfig extends LoadedConfig {
  /** Key of the cache that a configuration file asks for; undefined without one: the only cache of the folder counts. */
  readonly cacheKey: string | undefined;
}

/** The configuration reader, loaded when a command runs: --help does not need it. */
const configuration = () => import("../config/load-config.js");

/** A configuration that is not there is wrong use of --config. */
export async function readConfig(file: string, options: { set: readonly string[] }): Promise<LoadedConfig> {
  const { loadConfig } = await configuration();
  try {
    return await loadConfig(file, options);
  } catch (error) {
    if (isIctalError(error, "NotFoundError")) throw new UsageError(error.message);
    throw error;
  }
}

/** Rejects a configuration file without the folders that a command needs: a default would be an accident. */
async function refuseUnnamed(loaded: LoadedConfig, flags: DataFlags, needs: readonly DataFolder[]): Promise<void> {
  const unnamed = needs.filter((need) => flags[need] === undefined && !loaded.isGiven(KEY_OF[need]));
  if (unnamed.length === 0) return;
  const { NEEDED } = await configuration();
  const keys = unnamed.map((need) => `${KEY_OF[need]} (or ${FLAG_OF[need]})`).join(" and ");
  throw new UsageError(`${flags.config ?? "the flags"} does not set ${keys}; a configuration must set ${NEEDED}`);
}

/**
 * The configuration the flags ask for; without --config the defaults with --data-dir and --cache-dir in place. Throws a
 * UsageError when neither a configuration nor the flags named in `needs` are given.
 */
export async function configOf(flags: DataFlags, needs: readonly DataFolder[]): Promise<FlagConfig> {
  const missing = needs.filter((need) => flags[need] === undefined).map((need) => FLAG_OF[need]);
  if (flags.config === undefined && missing.length > 0)
    throw new UsageError(`give --config FILE, or ${missing.join(" and ")}`);
  const { parseConfig } = await configuration();
  const { cacheKeyFromConfig } = await import("../config/layer-options.js");
  const options = { set: flags.set ?? [] };
  const loaded =
    flags.config === undefined ? parseConfig("{}", "(flags)", options) : await readConfig(flags.config, options);
  if (loaded.notice) notify(`ictal: ${loaded.notice}`);
  await refuseUnnamed(loaded, flags, needs);
  const { data } = loaded.config;
  const data_dir = flags.dataDir === undefined ? data.data_dir : absolute(flags.dataDir);
  const cache_dir = flags.cacheDir === undefined ? data.cache_dir : resolve(flags.cacheDir);
  const split = withSplitFlags(data.split, flags);
  const config = { ...loaded.config, data: { ...data, data_dir, cache_dir, split } };
  const isGiven = (key: string) =>
    loaded.isGiven(key) ||
    (["dataDir", "cacheDir"] as const).some((name) => KEY_OF[name] === key && flags[name] !== undefined);
  return { ...loaded, isGiven, config, cacheKey: flags.config === undefined ? undefined : cacheKeyFromConfig(config) };
}
