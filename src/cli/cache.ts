import { action } from "@ictal/base/action";
import { parseCount } from "@ictal/base/flags";
import type { Command } from "commander";
import { acceptOption } from "./accept-option.js";
import type { BuildFlags, GcFlags, ManifestFlags } from "./cache-work.js";
import { addDataOptions, type DataFlags, gapsOption, parseShard } from "./data-options.js";
import { addNpzCommands } from "./npz.js";
import { addSplitOptions } from "./split-flags.js";
import { watched } from "./watched.js";

/** Loaded when a command runs: --help does not need it. */
const work = () => import("./cache-work.js");

const BUILD_HELP = `
Reuse: recordings that are complete in the cache and come from the same source are reused. For those built by version 0.1 the
first and last timestamps are compared once, and recordings with a gap between them are rebuilt.
Gaps: a recording with gaps in its timestamps is excluded (code "discontinuous"), even when its header calls it continuous.
With --gaps split its segments between the gaps are kept: no window, filter or event crosses a gap, and times are those of
the file.
Excluded recordings are listed with code and reason. Annotation errors that could hide or invent a seizure are listed too;
the labels of such a recording are unknown, neither seizure nor background.
Exit code: 1 when a recording is excluded or has unknown labels, unless --accept contains its code (comma-separated; "all"
for every code; an unknown code is a usage error). Accepting changes the exit code only. Temporary failures (source-missing,
source-unreadable, source-damaged) cannot be accepted: run the command again.
Manifest: a build of all recordings writes manifest.json; after builds with --shard run "ictal manifest" once. A cache
without seizures has no manifest and is for prediction only: exit code 1, unless "no-seizures" is accepted.
Splits: one cache serves all splits and folds. Headers and annotations are read before the build, so that it begins only where
splits and folds can be (unknown patients, too many folds); what cannot be trained or scored is said then: recordings without the
channels, a split without a seizure. The patients of each split are printed after it.

Examples:
  ictal cache build --config configs/smoke_test.yaml
  ictal cache build --data-dir s3://bucket/tusz/edf --cache-dir cache/tusz --shard 0/4 --accept missing-electrodes`;

const CACHE_DIR = "cache folder (required, unless --config or --cache-dir is given)";

/** Adds `cache build`, `cache verify`, `cache gc`, `cache export`, `cache import` and `manifest`. */
export function addCacheCommand(program: Command): void {
  const cache = program.command("cache").description("build and check caches of preprocessed recordings");
  addSplitOptions(addDataOptions(cache.command("build"), ["dataDir", "cacheDir"]))
    .description("preprocess the recordings of a corpus that are not in the cache")
    .option("--workers <n>", "worker threads; 0 uses the main thread (default: one per core)", parseCount(0))
    .option("--shard <i/n>", "build only part i (from 0) of n equal parts", parseShard)
    .option("--limit <n>", "maximum number of recordings", parseCount(1))
    .addOption(acceptOption("cache", "codes for which a recording may be excluded or have unknown labels"))
    .addOption(gapsOption())
    .option("--verify", "check every frame of a recording before it is reused; damaged recordings are rebuilt")
    .addHelpText("after", BUILD_HELP)
    .action(action(watched("cache build", async (watch, flags: BuildFlags) => (await work()).build(watch, flags))));
  addDataOptions(cache.command("verify").argument("[dir]", CACHE_DIR))
    .description("check all frames, sidecars and the manifest of a cache; exit code 1 on damage")
    .action(action(async (dir: string | undefined, flags: DataFlags) => (await work()).verify(dir, flags)));
  addDataOptions(cache.command("gc").argument("[dir]", CACHE_DIR))
    .description("list files that no manifest refers to")
    .option("--delete", "delete these files")
    .action(action(async (dir: string | undefined, flags: GcFlags) => (await work()).collectGarbage(dir, flags)));
  addNpzCommands(cache);
  addDataOptions(program.command("manifest"), ["cacheDir"])
    .description("write the manifest.json of a cache from its recordings")
    .option("--limit <n>", "maximum number of recordings, as given to the build", parseCount(1))
    .action(action(async (flags: ManifestFlags) => (await work()).manifest(flags)));
}
