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
import { reportJson } from "./report-json.js";
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
A recording whose timestamps jump is left out (discontinuous), also one that is marked as continuous; --gaps split keeps
the parts between its gaps as segments: no window, no filter and no event crosses a gap, and times are those of the file.
Recordings that are in the cache, from the same source and whole, are reused. Each recording that is left out is listed
with its reason, and each error in annotations that could hide or invent a seizure: labels of that recording are unknown
then, neither seizure nor background. Unless --accept names the code (comma-separated, "all" for every one) the exit code
is 1; to accept it changes the exit code alone, the recording stays out or unknown. Faults that another try may be free
of (source-missing, source-unreadable, source-damaged) cannot be accepted: the exit code is 1 until it went well. A build of all recordings
writes manifest.json; after builds with --shard run "ictal manifest" once. A cache without any seizure has no manifest and
serves prediction alone: exit code 1, unless "no-seizures" is accepted.

Examples:
  ictal cache build --config configs/smoke_test.yaml
  ictal cache build --data-dir s3://bucket/tusz/edf --cache-dir cache/tusz --shard 0/4 --accept missing-electrodes`;

/** Adds `cache build`, `cache verify`, `cache gc`, `cache export`, `cache import` and `manifest`. */
export function addCacheCommand(program: Command): void {
  const cache = program.command("cache").description("preprocess recordings once and keep them");
  addDataOptions(cache.command("build"))
    .description("bring the cache of a corpus up to date")
    .option("--workers <n>", "worker threads; 0 works in the main thread (default: one per core)", parseCount(0))
    .option("--shard <i/n>", "build only part i (from 0) of n equal parts", parseShard)
    .option("--limit <n>", "at most this many recordings", parseCount(1))
    .option(
      "--accept <codes>",
      "codes of reasons for which a recording may be excluded or its labels be unknown",
      (text) => text.split(","),
    )
    .addOption(gapsOption())
    .option("--verify", "check every frame before a recording is reused; damaged ones are built again")
    .addHelpText("after", BUILD_HELP)
    .action(action(watched("cache build", build)));
  addDataOptions(cache.command("verify").argument("[dir]", "cache folder"))
    .description("check every frame, sidecar and the manifest")
    .action(action(verify));
  addDataOptions(cache.command("gc").argument("[dir]", "cache folder"))
    .description("list what no manifest names")
    .option("--delete", "delete what is listed")
    .action(action(collectGarbage));
  addNpzCommands(cache);
  addDataOptions(program.command("manifest"))
    .description("write manifest.json of a cache from its recordings")
    .option("--limit <n>", "at most this many recordings, as the build had", parseCount(1))
    .action(action(manifest));
}

async function build(watch: RunWatch, flags: BuildFlags): Promise<Outcome> {
  const { config } = await configOf(flags, ["dataDir", "cacheDir"]);
  await watch.begin(partName(config.experiment.name, flags.shard));
  return withInterrupt("what was finished is kept, the same command carries on", async (signal) => {
    const made = await buildConfigured(config, { ...flags, progress: watch.follow(createProgress()), signal });
    const { report, written, refused, doubtful, isComplete } = made;
    if (flags.json) {
      for (const { id, code, reason } of refused) tell(printable(`ictal: excluded ${id} (${code}): ${reason}`));
      for (const line of doubtLines(doubtful)) tell(`ictal: ${line}`);
    }
    return { json: { ...reportJson(report), ...written }, text: buildText(made), exitCode: isComplete ? 0 : 1 };
  });
}

/** Folder and key to look at: all keys of a folder that is named, the configuration's key otherwise. */
async function target(dir: string | undefined, flags: DataFlags): Promise<{ dir: string; key?: string }> {
  if (dir !== undefined && flags.cacheDir !== undefined)
    throw new UsageError(`the cache folder is given twice: ${dir} and --cache-dir ${flags.cacheDir}`);
  if (flags.config === undefined && dir !== undefined) return { dir: resolve(dir) };
  const { config, cacheKey } = await configOf({ ...flags, cacheDir: dir ?? flags.cacheDir }, ["cacheDir"]);
  return { dir: config.data.cache_dir, key: cacheKey };
}

async function verify(dir: string | undefined, flags: DataFlags): Promise<Outcome> {
  const { dir: folder, key } = await target(dir, flags);
  return withInterrupt("nothing was changed", async (signal) => {
    const report = await verifyCache(folder, { key, progress: createProgress(), signal });
    const { recordings, frames, bad, fix } = printableAll(report);
    const text = [
      ...bad.map(({ id, frame, reason }) => `${id}${frame === null ? "" : `, frame ${frame}`}: ${reason}`),
      `${recordings} recordings, ${frames} frames, ${bad.length} bad`,
      ...(fix ? [`to repair: ${fix}`] : []),
    ];
    const { fix: mend, ...rest } = report;
    return { json: { ...rest, ...(mend && { mend }) }, text: text.join("\n"), exitCode: bad.length > 0 ? 1 : 0 };
  });
}

async function collectGarbage(dir: string | undefined, flags: DataFlags & { delete?: boolean }): Promise<Outcome> {
  const { dir: folder } = await target(dir, flags);
  const report = await gcCache(folder, { delete: flags.delete });
  const { items, busy } = printableAll(report);
  const what = report.deleted ? "deleted" : "would be deleted with --delete";
  const text = [
    ...items.map(({ path, bytes, reason }) => `${path} (${(bytes / 1e6).toFixed(1)} MB): ${reason}`),
    ...busy.map((path) => `${path}: a builder is at work, left alone`),
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
