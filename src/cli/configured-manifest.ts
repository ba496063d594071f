/** The recordings that a configuration asks for, of those that its cache holds, in the splits that it asks for. */
import { notify, printable } from "@ictal/base/printable";
import { requireGapPolicy } from "../cache/gap-policy.js";
import { limitManifest, type Manifest, readManifest } from "../cache/manifest.js";
import { gapsFromConfig } from "../config/layer-options.js";
import { splitFromConfig } from "../config/split-choice.js";
import { assignSplits, type SplitManifest } from "../dataset/split.js";
import { silentNotice } from "../dataset/split-check.js";
import { type SplitRecord, splitCounts, splitParts } from "../dataset/split-record.js";
import type { FlagConfig } from "./data-options.js";

const LIMIT = "data.limit_files or BGB_LIMIT_FILES";

/** The manifest of the cache, and of the recordings that the configuration limits it to, in the corpus's own splits. */
export async function limitedManifest({
  config,
  cacheKey,
  file,
}: FlagConfig): Promise<Record<"whole" | "limited", Manifest>> {
  const { cache_dir, limit_files } = config.data;
  const limit = limit_files ?? undefined;
  const whole = await readManifest(cache_dir, { key: cacheKey });
  if (file !== undefined) requireGapPolicy(whole, gapsFromConfig(config));
  const limited = limitManifest(whole, limit);
  const [used, held] = [limited.recordings.length, whole.recordings.length];
  if (used < held) notify(`ictal: ${used} of the ${held} recordings in the cache are used (${LIMIT})`);
  const isFewer = whole.limit !== undefined && (limit ?? Number.POSITIVE_INFINITY) > whole.limit;
  if (isFewer && file !== undefined)
    notify(
      `ictal: the cache has ${held} recordings, because it was built with a limit of ${whole.limit}; ${limit ?? "all"} are requested (${LIMIT}). ` +
        `To add the others: ictal cache build --config ${file}`,
    );
  return { whole, limited };
}

/** Says where patients are when that is not what the folders of the corpus say. */
function reportSplits({ record }: SplitManifest): void {
  const { by, why, unused } = record;
  if (by === "official" && record.seed === undefined) return;
  const none = unused.length === 0 ? "" : `; ${unused.length} patients are in no split`;
  notify(printable(`ictal: ${why}: ${splitCounts(record)}${none}`));
}

/** Says of a split that is asked for what cannot be scored on it. */
function reportSilent({ splits }: SplitRecord, wanted: string): void {
  const notice = silentNotice(wanted, splits[wanted]);
  if (notice !== undefined) notify(printable(`ictal: ${notice}`));
}

/**
 * The manifest of the configuration's cache with at most `limit_files` recordings, in the splits of `data.split`, and who is
 * in which. `wanted` is the split that is asked for: where the corpus has it and data.split does not, such as the "all" of a
 * corpus without splits, its own splits are meant. Where that is not all of the cache, or not its own splits, a message on
 * stderr reports it.
 */
export async function configuredSplits(found: FlagConfig, wanted?: string | undefined): Promise<SplitManifest> {
  const { whole, limited } = await limitedManifest(found);
  const { by, file } = splitFromConfig(found.config);
  if (by === "file" && file !== undefined) {
    const { refuseEditedSplits } = await import("./sealed-splits.js"); // checkpoints and their modules, which few need here
    await refuseEditedSplits(file, whole.recordings);
  }
  const assigned = await assignSplits(limited, splitFromConfig(found.config), { known: whole });
  const has = ({ recordings }: Manifest) => recordings.some(({ split }) => split === wanted);
  if (wanted !== undefined && !has(assigned.manifest) && has(limited)) {
    const record = { by: "official", why: "the corpus's own splits", splits: splitParts(limited), unused: [] } as const;
    reportSilent(record, wanted);
    return { manifest: limited, record };
  }
  reportSplits(assigned);
  if (wanted !== undefined) reportSilent(assigned.record, wanted);
  return assigned;
}

/** The same without who is in which split. */
export async function configuredManifest(found: FlagConfig, wanted?: string | undefined): Promise<Manifest> {
  return (await configuredSplits(found, wanted)).manifest;
}
