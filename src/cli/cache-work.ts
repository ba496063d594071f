/** What `cache build`, `verify`, `gc` and `manifest` do; `cache.ts` has their flags. */
import { dirname, resolve } from "node:path";
import { type Outcome, UsageError } from "@ictal/base/action";
import { withInterrupt } from "@ictal/base/interrupt";
import { notify, printable, printableAll } from "@ictal/base/printable";
import { createProgress } from "@ictal/base/progress";
import { writeManifest } from "../cache/manifest.js";
import type { GapPolicy } from "../cache/segments.js";
import type { RunWatch } from "../cluster/watch/run-watch.js";
import { cacheKeyFromConfig, layoutFromConfig } from "../config/layer-options.js";
import { readCatalogue } from "../corpus/catalogue.js";
import type { SplitRecord } from "../dataset/split-record.js";
import { openStore } from "../store/open-store.js";
import { buildConfigured, buildText, doubtLines } from "./build-cache.js";
import { configuredSplits } from "./configured-manifest.js";
import { configOf, type DataFlags, type FlagConfig, partName, type Shard } from "./data-options.js";
import { unmarkIncomplete } from "./incomplete-cache.js";
import { reportJson } from "./report-json.js";

/** Flags of `cache build`. */
export interface BuildFlags extends DataFlags {
  readonly workers?: number;
  readonly shard?: Shard;
  readonly limit?: number;
  readonly accept?: string[];
  readonly verify?: boolean;
  readonly gaps?: GapPolicy;
}

/** Flags of `cache gc`. */
export interface GcFlags extends DataFlags {
  readonly delete?: boolean;
}

/** Flags of `manifest`. */
export interface ManifestFlags extends DataFlags {
  readonly limit?: number;
}

/** Who is in which split of a cache that was built; without a configuration file, under the key of the build. Of folds, one has to be chosen. */
async function splitsOfBuild(found: FlagConfig, key: string): Promise<SplitRecord | undefined> {
  const { by, fold } = found.config.data.split;
  if (by === "folds" && fold === undefined) return undefined;
  const { record } = await configuredSplits({ ...found, cacheKey: key, file: undefined });
  return record;
}

/** `cache build`. */
export async function build(watch: RunWatch, flags: BuildFlags): Promise<Outcome> {
  const found = await configOf(flags, ["dataDir", "cacheDir"]);
  const { config } = found;
  await watch.begin(partName(config.experiment.name, flags.shard));
  return withInterrupt("finished recordings are kept; run the same command again to continue", async (signal) => {
    const made = await buildConfigured(config, { ...flags, progress: watch.follow(createProgress()), signal });
    const { report, written, refused, doubtful, isComplete } = made;
    const splits = written?.manifest ? await splitsOfBuild(found, report.key) : undefined;
    if (flags.json) {
      for (const { id, code, reason } of refused) notify(printable(`ictal: excluded ${id} (${code}): ${reason}`));
      for (const line of doubtLines(doubtful)) notify(`ictal: ${line}`);
    }
    return {
      json: { ...reportJson(report), ...written, ...(splits && { splits }) },
      text: buildText(made),
      exitCode: isComplete ? 0 : 1,
    };
  });
}

/** Folder and key to check: all keys of a folder that is given, otherwise the key of the configuration. */
async function target(dir: string | undefined, flags: DataFlags): Promise<{ dir: string; key?: string }> {
  if (dir !== undefined && flags.cacheDir !== undefined)
    throw new UsageError(
      `the cache folder is given twice, as ${dir} and as --cache-dir ${flags.cacheDir}; give it once`,
    );
  if (flags.config === undefined && dir !== undefined) return { dir: resolve(dir) };
  const { config, cacheKey } = await configOf({ ...flags, cacheDir: dir ?? flags.cacheDir }, ["cacheDir"]);
  return { dir: config.data.cache_dir, ...(cacheKey !== undefined && { key: cacheKey }) };
}

/** `cache verify`. */
export async function verify(dir: string | undefined, flags: DataFlags): Promise<Outcome> {
  const { dir: folder, key } = await target(dir, flags);
  return withInterrupt("nothing was changed", async (signal) => {
    const { verifyCache } = await import("../cache/verify.js");
    const report = await verifyCache(folder, { ...(key !== undefined && { key }), progress: createProgress(), signal });
    const { recordings, frames, bad, fix } = printableAll(report);
    const text = [
      ...bad.map(({ id, frame, reason }) => `${id}${frame === null ? "" : `, frame ${frame}`}: ${reason}`),
      `${recordings} recordings, ${frames} frames, ${bad.length} bad`,
      ...(fix ? [`to fix: ${fix}`] : []),
    ];
    const { fix: mend, ...rest } = report;
    return { json: { ...rest, ...(mend && { mend }) }, text: text.join("\n"), exitCode: bad.length > 0 ? 1 : 0 };
  });
}

/** `cache gc`. */
export async function collectGarbage(dir: string | undefined, flags: GcFlags): Promise<Outcome> {
  const { dir: folder } = await target(dir, flags);
  const { gcCache } = await import("../cache/gc.js");
  const report = await gcCache(folder, { delete: flags.delete });
  const { items, busy } = printableAll(report);
  const what = report.deleted ? "deleted" : "would be deleted with --delete";
  const text = [
    ...items.map(({ path, bytes, reason }) => `${path} (${(bytes / 1e6).toFixed(1)} MB): ${reason}`),
    ...busy.map((path) => `${path}: in use by a build, not checked`),
    `${report.items.length} items, ${(report.bytes / 1e6).toFixed(1)} MB ${what}`,
  ];
  return { json: report, text: text.join("\n") };
}

/** `manifest`. */
export async function manifest(flags: ManifestFlags): Promise<Outcome> {
  const { config } = await configOf(flags, ["cacheDir"]);
  const hasCorpus = flags.config !== undefined || flags.dataDir !== undefined;
  const key = flags.config === undefined && flags.dataDir === undefined ? undefined : cacheKeyFromConfig(config);
  const catalogue = hasCorpus
    ? await readCatalogue(openStore(config.data.data_dir), {
        layout: layoutFromConfig(config),
        limit: flags.limit ?? config.data.limit_files ?? undefined,
      })
    : undefined;
  const { manifest: made, path } = await writeManifest(config.data.cache_dir, { key, catalogue });
  await unmarkIncomplete(dirname(path)); // parts that were built apart, with what they lack accepted or not, are taken as they are
  const { counts, bySplit, leftOut, corpusFingerprint } = made;
  const lines = Object.entries({ all: counts, ...bySplit }).map(
    ([split, each]) =>
      `${split}: ${each.recordings} recordings of ${each.patients} patients, ${(each.eegSeconds / 3600).toFixed(2)} hours, ${each.seizures} seizures`,
  );
  return {
    json: { path, key: made.key, corpusFingerprint, counts, bySplit, leftOut },
    text: [...lines, `${leftOut.length} excluded`, path].join("\n"),
  };
}
