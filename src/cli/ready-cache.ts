/** The cache of a configuration, built from its corpus where it is missing. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { UsageError } from "@ictal/base/action";
import { CacheError, isIctalError } from "@ictal/base/errors";
import { notify } from "@ictal/base/printable";
import { createProgress } from "@ictal/base/progress";
import type { Manifest } from "../cache/manifest.js";
import { MANIFEST_FILE } from "../cache/paths.js";
import type { RunWatch } from "../cluster/watch/run-watch.js";
import { type BuildOptions, buildConfigured, buildText } from "./build-cache.js";
import type { FlagConfig } from "./data-options.js";
import { isMarkedIncomplete, refuseIncomplete } from "./incomplete-cache.js";

interface WithCacheOptions extends Pick<BuildOptions, "check" | "accept"> {
  readonly signal: AbortSignal;
  readonly watch: RunWatch;
  /** Called before a cache is built; what it throws is thrown. */
  readonly beforeBuild?: (() => Promise<void>) | undefined;
}

/**
 * What `read` finds in the cache of a configuration; where there is none, or one whose build
 * was incomplete, it is built first. Reports recordings that the cache
 * lacks. Throws a CacheError for one that is incomplete, a UsageError when the configuration names no corpus to build from.
 */
export async function withCache<T extends { readonly manifest: Manifest }>(
  found: FlagConfig,
  read: () => Promise<T>,
  { signal, watch, beforeBuild, check, accept }: WithCacheOptions,
): Promise<T> {
  const { config, cacheKey } = found;
  const { data_dir, cache_dir } = config.data;
  const folder = cacheKey === undefined ? undefined : join(cache_dir, cacheKey);
  const isMarked = folder !== undefined && isMarkedIncomplete(folder);
  const state = isMarked ? "an incomplete cache" : "no cache";
  try {
    if (!isMarked) {
      const result = await read();
      reportMissing(result.manifest);
      return result;
    }
  } catch (error) {
    if (folder === undefined || !isIctalError(error, "NotFoundError")) throw error;
    if (existsSync(join(folder, MANIFEST_FILE))) throw error; // something else is missing, such as split files
  }
  if (!found.isGiven("data.data_dir"))
    throw new UsageError(
      `${cache_dir} contains ${state} for this configuration, and data.data_dir is not set; set it to the corpus`,
    );
  await beforeBuild?.();
  const onChecked = () =>
    notify(`ictal: ${cache_dir} contains ${state} for this configuration; building it from ${data_dir}`);
  const progress = watch.follow(createProgress());
  const made = await buildConfigured(config, { progress, signal, check, accept, onChecked });
  notify(`${buildText(made)}`);
  if (made.written?.manifestRefused !== undefined) throw new CacheError(made.written.manifestRefused);
  if (!made.isComplete) await refuseIncomplete(made.report.folder, made.refused.length + made.doubtful.length);
  return read();
}

/** Reports recordings that an existing cache lacks: the messages of its build may have been seen by someone else. */
export function reportMissing({ recordings, leftOut }: Pick<Manifest, "recordings" | "leftOut">): void {
  const named = (ids: readonly string[]) => `${ids.slice(0, 5).join(", ")}${ids.length > 5 ? ", …" : ""}`;
  const unknown = recordings.filter(({ labelled }) => !labelled).map(({ id }) => id);
  const why = "see ictal cache build for the reasons";
  if (unknown.length > 0)
    notify(
      `ictal: labels of ${unknown.length} of ${recordings.length} recordings are unknown, neither seizure nor background: ${named(unknown)}; ${why}`,
    );
  const codes = [...new Set(leftOut.map(({ code }) => code))].sort().join(", ");
  if (leftOut.length > 0)
    notify(
      `ictal: ${leftOut.length} recordings are excluded from the cache (${codes}): ${named(leftOut.map(({ id }) => id))}; ${why}`,
    );
}
