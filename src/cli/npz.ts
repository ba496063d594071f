import { action } from "@ictal/base/action";
import { collect, parseCount } from "@ictal/base/flags";
import { type Command, InvalidArgumentError } from "commander";
import { addDataOptions } from "./data-options.js";
import type { ExportFlags, ImportFlags } from "./npz-work.js";

/** Loaded when a verb is called: its help needs none of it. */
const work = () => import("./npz-work.js");

const IMPORT_HELP = `
DIR holds *_windows.npz and perhaps manifest.json, or folders train, dev and eval that do. Without --config the cache gets a
key of its own; with it the windows are taken as made by the configuration's chain, so that training finds them.`;

function parseSeconds(text: string): number {
  const seconds = Number(text);
  if (seconds > 0 && Number.isFinite(seconds)) return seconds;
  throw new InvalidArgumentError("expected seconds above 0, e.g. 10");
}

/** Adds `cache export` and `cache import` to the verb `cache`. */
export function addNpzCommands(cache: Command): void {
  addDataOptions(cache.command("export"))
    .description("write windows as the reference system keeps them: *_windows.npz and manifest.json per split")
    .requiredOption("--npz <dir>", "folder to write to")
    .option("--split <name>", 'only this split; repeatable; "eval" must be named (default: all but eval)', collect)
    .option("--level <n>", "compression from 0 (none) to 9 (default: 1)", parseCount(0, 9))
    .action(action(async (flags: ExportFlags) => (await work()).exportWindows(flags)));
  addDataOptions(cache.command("import").argument("<dir>", "folder with *_windows.npz"))
    .description("bring windows of the reference system into a cache")
    .option("--split <name>", "split of archives that lie in no folder train, dev or eval (default: train)")
    .option("--stride <seconds>", "from start to start of the windows (default: 10)", parseSeconds)
    .addHelpText("after", IMPORT_HELP)
    .action(action(async (dir: string, flags: ImportFlags) => (await work()).importWindows(dir, flags)));
}
