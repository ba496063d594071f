import { action, type Outcome, UsageError } from "@ictal/base/action";
import { notify } from "@ictal/base/printable";
import type { Command } from "commander";
import type { Manifest } from "../cache/manifest.js";
import { balanceFromConfig } from "../config/layer-options.js";
import { balanceNotice, balanceWindows, type Composition, windowComposition } from "../dataset/balance.js";
import { indexWindows } from "../dataset/index-windows.js";
import { splitCounts } from "../dataset/split-record.js";
import { configuredSplits } from "./configured-manifest.js";
import { addDataOptions, configOf, type DataFlags } from "./data-options.js";
import { splitsText } from "./scored-predictions.js";
import { addSplitOptions } from "./split-flags.js";

/** Adds `dataset inspect`. */
export function addDatasetCommand(program: Command): void {
  const dataset = program.command("dataset").description("inspect training windows");
  addSplitOptions(addDataOptions(dataset.command("inspect"), ["cacheDir"]))
    .description("count the windows by class, in all and in the balanced training set, with the seizure prevalence")
    .option("--split <name>", 'split; "eval" is only used when given (default: train if it exists)')
    .action(action(inspect));
}

function splitOf(manifest: Manifest, wanted: string | undefined): string | undefined {
  return wanted ?? (manifest.bySplit.train ? "train" : undefined);
}

async function inspect(flags: DataFlags & { split?: string }): Promise<Outcome> {
  const found = await configOf(flags, ["cacheDir"]);
  const { config } = found;
  const { data, experiment } = config;
  const { manifest, record } = await configuredSplits(found, flags.split);
  const split = splitOf(manifest, flags.split);
  if (split !== undefined && !manifest.recordings.some((recording) => recording.split === split))
    throw new UsageError(`invalid --split ${split}: the cache has ${splitsText(manifest)}`);
  if (split === "eval") notify("ictal: this uses the eval split; use it for the final evaluation only");
  const index = indexWindows(manifest, { windowSeconds: data.window_size, strideSeconds: data.stride, split });
  const balance = balanceFromConfig(config);
  const made = windowComposition(index, balanceWindows(index, { ...balance, seed: experiment.seed }));
  const notice = balanceNotice(made, balance);
  if (notice) notify(`ictal: ${notice}`);
  const { unknown: _unknown, ...balanced } = made.selected;
  return {
    json: {
      windows: made.windows,
      balanced,
      prevalence: made.prevalenceAfter,
      prevalenceBefore: made.prevalenceBefore,
      patients: made.patients.length,
      byPatient: made.patients,
      split: split ?? "all but eval",
      splits: record,
      key: manifest.key,
      channels: manifest.channels,
    },
    text: `${inspectText(made, split, manifest.channels)}\nsplits: ${splitCounts(record)}`,
  };
}

function inspectText(made: Composition, split: string | undefined, channels: readonly string[]): string {
  const percent = (share: number) => (Number.isNaN(share) ? "n/a" : `${(100 * share).toFixed(2)} %`);
  const names = ["partial", "full", "none", "unknown"] as const;
  return [
    `split ${split ?? "all but eval"}, ${made.patients.length} patients`,
    `${channels.length} channels: ${channels.join(" ")}`,
    `class      windows  balanced`,
    ...names.map(
      (name) =>
        `${name.padEnd(8)} ${String(made.windows[name]).padStart(9)} ${String(made.selected[name]).padStart(9)}`,
    ),
    `seizure share of time ${percent(made.prevalenceBefore)} before, ${percent(made.prevalenceAfter)} in the balanced set`,
  ].join("\n");
}
