import { resolve } from "node:path";
import { action, type Outcome, UsageError } from "@ictal/base/action";
import { parseCount } from "@ictal/base/flags";
import { withInterrupt } from "@ictal/base/interrupt";
import { printable, printableAll, tell } from "@ictal/base/printable";
import { createProgress } from "@ictal/base/progress";
import type { Command } from "commander";
import { cacheKeyFromConfig } from "../cache/from-config.js";
import { gcCache } from "../cache/gc.js";
import { writeManifest } from "../cache/manifest.js";
import type { GapPolicy } from "../cache/segments.js";
import { verifyCache } from "../cache/verify.js";
import type { RunWatch } from "../cluster/watch/run-watch.js";
import { readCatalogue } from "../corpus/catalogue.js";
import { openStore } from "../store/open-store.js";
import { buildConfigured, buildText, doubtLines } from "./build-cache.js";
import {
  addDataOptions,
  configOf,
  type DataFlags,
  gapsOption,
  parseShard,
  partName,
  type Shard,
} from "./data-options.js";
import { addNpzCommands } from "./npz.js";
import { watched } from "./watched.js";

interface BuildFlags extends DataFlags {
  readonly workers?: number;
  readonly shard?: Shard;
  readonly limit?: number;
  readonly accept?: string[];
  readonly verify?: boolean;
  readonly gaps?: GapPolicy;
}

const BUILD_HELP = `
Reuse: recordings that are complete in the cache and come from the same source are reused.
Gaps: a recording with gaps in its timestamps is excluded (code "discontinuous"), even when its header calls it continuous.
With --gaps split its segments between the gaps are kept: no window, filter or event crosses a gap, and times are those of
the file.
Excluded recordings are listed with code and reason. Annotation errors that could hide or invent a seizure are listed too;
the labels of such a recording are unknown, neither seizure nor background.
Exit code: 1 when a recording is excluded or has unknown labels, unless --accept contains its code (comma-separated; "all"
for every code). Accepting changes the exit code only. Temporary failures (source-missing, source-unreadable,
source-damaged) cannot be accepted: run the command again.
Manifest: a build of all recordings writes manifest.json; after builds with --shard run "ictal manifest" once. A cache
without seizures has no manifest and is for prediction only: exit code 1, unless "no-seizures" is accepted.

Examples:
  ictal cache build --config configs/smoke_test.yaml
  ictal cache build --data-dir s3://bucket/tusz/edf --cache-dir cache/tusz --shard 0/4 --accept missing-electrodes`;

/** Adds `cache build`, `cache verify`, `cache gc`, `cache export`, `cache import` and `manifest`. */
export function addCacheCommand(program: Command): void {
  const cache = program.command("cache").description("build and check caches of preprocessed recordings");
  addDataOptions(cache.command("build"))
    .description("preprocess the recordings of a corpus that are not in the cache")
    .option("--workers <n>", "worker threads; 0 uses the main thread (default: one per core)", parseCount(0))
    .option("--shard <i/n>", "build only part i (from 0) of n equal parts", parseShard)
    .option("--limit <n>", "maximum number of recordings", parseCount(1))
    .option(
      "--accept <codes>",
      "codes of reasons for which a recording may be left out or its labels be unknown",
      (text) => text.split(","),
    )
    .addOption(gapsOption())
    .option("--verify", "check every frame of a recording before it is reused; damaged recordings are rebuilt")
    .addHelpText("after", BUILD_HELP)
    .action(action(watched("cache build", build)));
  addDataOptions(cache.command("verify").argument("[dir]", "cache folder"))
    .description("check all frames, sidecars and the manifest of a cache; exit code 1 on damage")
    .action(action(verify));
  addDataOptions(cache.command("gc").argument("[dir]", "cache folder"))
    .description("list files that no manifest refers to")
    .option("--delete", "delete these files")
    .action(action(collectGarbage));
  addNpzCommands(cache);
  addDataOptions(program.command("manifest"))
    .description("write the manifest.json of a cache from its recordings")
    .option("--limit <n>", "maximum number of recordings, as given to the build", parseCount(1))
    .action(action(manifest));
}

async function build(watch: RunWatch, flags: BuildFlags): Promise<Outcome> {
  const { config } = await configOf(flags, ["dataDir", "cacheDir"]);
  await watch.begin(partName(config.experiment.name, flags.shard));
  return withInterrupt("finished recordings are kept; run the same command again to continue", async (signal) => {
    const made = await buildConfigured(config, { ...flags, progress: watch.follow(createProgress()), signal });
    const { report, written, refused, doubtful, isComplete } = made;
    if (flags.json) {
      for (const { id, code, reason } of refused) tell(printable(`ictal: excluded ${id} (${code}): ${reason}`));
      for (const line of doubtLines(doubtful)) tell(`ictal: ${line}`);
    }
    return { json: { ...report, ...written }, text: buildText(made), exitCode: isComplete ? 0 : 1 };
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

async function verify(dir: string | undefined, flags: DataFlags): Promise<Outcome> {
  const { dir: folder, key } = await target(dir, flags);
  return withInterrupt("nothing was changed", async (signal) => {
    const report = await verifyCache(folder, { ...(key !== undefined && { key }), progress: createProgress(), signal });
    const { recordings, frames, bad, mend } = printableAll(report);
    const text = [
      ...bad.map(({ id, frame, reason }) => `${id}${frame === null ? "" : `, frame ${frame}`}: ${reason}`),
      `${recordings} recordings, ${frames} frames, ${bad.length} bad`,
      ...(mend ? [`to fix: ${mend}`] : []),
    ];
    return { json: report, text: text.join("\n"), exitCode: bad.length > 0 ? 1 : 0 };
  });
}

async function collectGarbage(dir: string | undefined, flags: DataFlags & { delete?: boolean }): Promise<Outcome> {
  const { dir: folder } = await target(dir, flags);
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

async function manifest(flags: DataFlags & { limit?: number }): Promise<Outcome> {
  const { config } = await configOf(flags, ["cacheDir"]);
  const hasCorpus = flags.config !== undefined || flags.dataDir !== undefined;
  const key = flags.config === undefined && flags.dataDir === undefined ? undefined : cacheKeyFromConfig(config);
  const catalogue = hasCorpus
    ? await readCatalogue(openStore(config.data.data_dir), {
        limit: flags.limit ?? config.data.limit_files ?? undefined,
      })
    : undefined;
  const { manifest: made, path } = await writeManifest(config.data.cache_dir, { key, catalogue });
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
