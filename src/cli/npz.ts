import { action } from "@ictal/base/action";
import { collect, parseCount } from "@ictal/base/flags";
import { type Command, InvalidArgumentError } from "commander";
import { addDataOptions } from "./data-options.js";
import type { ExportFlags, ImportFlags } from "./npz-work.js";

/** Loaded when a command runs: --help does not need it. */
const work = () => import("./npz-work.js");

const IMPORT_HELP = `
DIR contains *_windows.npz files and optionally manifest.json, or folders train, dev and eval with such files. Without
--config the cache has its own key; with it the windows are assumed to be preprocessed as configured, so that training with
that configuration finds them.`;

function parseSeconds(text: string): number {
  const seconds = Number(text);
  if (seconds > 0 && Number.isFinite(seconds)) return seconds;
  throw new InvalidArgumentError("expected seconds above 0, e.g. 10");
}

/** Adds `cache export` and `cache import` to the verb `cache`. */
export function addNpzCommands(cache: Command): void {
  addDataOptions(cache.command("export"), ["cacheDir"])
    .description("export windows in the format of the reference system: *_windows.npz and manifest.json per split")
    .requiredOption("--npz <dir>", "folder to write to")
    .option("--split <name>", 'split; repeatable; "eval" is only used when given (default: all but eval)', collect)
    .option("--level <n>", "compression level from 0 (none) to 9 (default: 1)", parseCount(0, 9))
    .action(action(async (flags: ExportFlags) => (await work()).exportWindows(flags)));
  addDataOptions(cache.command("import").argument("<dir>", "folder with *_windows.npz"), ["cacheDir"])
    .description("import windows of the reference system into a cache")
    .option("--split <name>", "split of archives outside folders train, dev and eval (default: train)")
    .option("--stride <seconds>", "time between the starts of successive windows (default: 10)", parseSeconds)
    .addHelpText("after", IMPORT_HELP)
    .action(action(async (dir: string, flags: ImportFlags) => (await work()).importWindows(dir, flags)));
}
