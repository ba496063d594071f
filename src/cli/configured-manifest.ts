import { notify } from "@ictal/base/printable";
/** The recordings that a configuration asks for, of those that its cache holds. */
import { requireGapPolicy } from "../cache/gap-policy.js";
import { limitManifest, type Manifest, readManifest } from "../cache/manifest.js";
import { gapsFromConfig } from "../config/layer-options.js";
import type { FlagConfig } from "./data-options.js";

const LIMIT = "data.limit_files or BGB_LIMIT_FILES";

/**
 * The manifest of the configuration's cache with at most `limit_files` recordings. Where that is not all of the cache, or
 * the cache was built with a lower limit, a message on stderr reports it.
 */
export async function configuredManifest({ config, cacheKey, file }: FlagConfig): Promise<Manifest> {
  const { cache_dir, limit_files } = config.data;
  const limit = limit_files ?? undefined;
  const whole = await readManifest(cache_dir, { key: cacheKey });
  if (file !== undefined) requireGapPolicy(whole, gapsFromConfig(config));
  const manifest = limitManifest(whole, limit);
  const [used, held] = [manifest.recordings.length, whole.recordings.length];
  if (used < held) notify(`ictal: ${used} of the ${held} recordings in the cache are used (${LIMIT})`);
  const isFewer = whole.limit !== undefined && (limit ?? Number.POSITIVE_INFINITY) > whole.limit;
  if (isFewer && file !== undefined)
    notify(
      `ictal: the cache has ${held} recordings, because it was built with a limit of ${whole.limit}; ${limit ?? "all"} are requested (${LIMIT}). ` +
        `To add the others: ictal cache build --config ${file}`,
    );
  return manifest;
}
