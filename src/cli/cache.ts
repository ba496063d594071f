import { action } from "@ictal/base/action";
import { parseCount } from "@ictal/base/flags";
import type { Command } from "commander";
import { acceptOption } from "./accept-option.js";
import type { BuildFlags, GcFlags, ManifestFlags } from "./cache-work.js";
import { addDataOptions, type DataFlags, gapsOption, parseShard } from "./data-options.js";
import { addNpzCommands } from "./npz.js";
import { watched } from "./watched.js";

/** Loaded when a verb is called: its help needs none of it. */
const work = () => import("./cache-work.js");

const BUILD_HELP = `
A recording whose timestamps jump is left out (discontinuous), also one that is marked as continuous; --gaps split keeps
the parts between its gaps as segments: no window, no filter and no event crosses a gap, and times are those of the file.
Recordings that are in the cache, from the same source and whole, are reused; of those that version 0.1 built the first
and the last timestamp are compared first, once, and with a gap between them they are built again. Each recording that is left out is listed
with its reason, and each error in annotations that could hide or invent a seizure: labels of that recording are unknown
then, neither seizure nor background. Unless --accept names the code (comma-separated, "all" for every one; an unknown
code is wrong use) the exit code is 1; to accept it changes the exit code alone, the recording stays out or unknown. Faults that another try may be free
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
    .addOption(acceptOption("cache", "codes of reasons for which a recording may be excluded or its labels be unknown"))
    .addOption(gapsOption())
    .option("--verify", "check every frame before a recording is reused; damaged ones are built again")
    .addHelpText("after", BUILD_HELP)
    .action(action(watched("cache build", async (watch, flags: BuildFlags) => (await work()).build(watch, flags))));
  addDataOptions(cache.command("verify").argument("[dir]", "cache folder"))
    .description("check every frame, sidecar and the manifest")
    .action(action(async (dir: string | undefined, flags: DataFlags) => (await work()).verify(dir, flags)));
  addDataOptions(cache.command("gc").argument("[dir]", "cache folder"))
    .description("list what no manifest names")
    .option("--delete", "delete what is listed")
    .action(action(async (dir: string | undefined, flags: GcFlags) => (await work()).collectGarbage(dir, flags)));
  addNpzCommands(cache);
  addDataOptions(program.command("manifest"))
    .description("write manifest.json of a cache from its recordings")
    .option("--limit <n>", "at most this many recordings, as the build had", parseCount(1))
    .action(action(async (flags: ManifestFlags) => (await work()).manifest(flags)));
}
