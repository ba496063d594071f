/** A cross-validation as key figures and tables of its HTML page; `crossval-json.ts` has the same for terminals. */
import { escapeHtml } from "@ictal/base/html";
import { type KeyFigure, keyFiguresHtml } from "@ictal/jupyter/report/key-figures";
import type { SplitManifest } from "../dataset/split.js";
import type { CrossvalJson } from "./crossval-json.js";
import { numberText, type Table, tableHtml } from "./html-table.js";

type Value = number | null | undefined;
type Pooled = CrossvalJson["outOfFold"];

const number = (value: Value, decimals = 3) => numberText(value ?? Number.NaN, decimals);

const between = ([lower, upper]: readonly Value[] = [], decimals = 3) =>
  Number.isFinite(lower ?? Number.NaN) ? `${number(lower, decimals)} to ${number(upper, decimals)}` : "n/a";

/** What a reader looks for first, with intervals by patient. */
export function crossvalKeyFigures({ outOfFold, patients }: CrossvalJson): string {
  const note = (interval: readonly Value[] | undefined, decimals?: number) =>
    Number.isFinite(interval?.[0] ?? Number.NaN) ? between(interval, decimals) : `no interval, ${patients} patients`;
  const { event, eventIntervals } = outOfFold;
  const figures: KeyFigure[] = [
    { name: "AUROC, out of fold", value: number(outOfFold.auroc), note: note(outOfFold.interval) },
    { name: "F1, SzCORE events", value: number(event.f1), note: note(eventIntervals.f1) },
    { name: "sensitivity, SzCORE events", value: number(event.sensitivity), note: note(eventIntervals.sensitivity) },
    { name: "false alarms per 24 h", value: number(event.fpPerDay, 1), note: note(eventIntervals.fpPerDay, 1) },
  ];
  return keyFiguresHtml(figures);
}

function scoreTable({ outOfFold, bySeed, ensemble }: CrossvalJson): Table {
  const row = (name: string, { auroc, interval, meanOfFolds, event }: Pooled) => [
    ...[name, number(auroc), between(interval), number(meanOfFolds)],
    ...[event.sensitivity, event.precision, event.f1].map((value) => number(value)),
    number(event.fpPerDay, 1),
  ];
  const seeds = bySeed.length > 1 ? bySeed.map(({ seed, ...each }) => row(`seed ${seed}`, each)) : [];
  const together = ensemble
    ? [["mean of the seeds' probabilities", number(ensemble.auroc), between(ensemble.interval), ...Array(5).fill("")]]
    : [];
  const { hours, leastFalseAlarmsPer24h: least, upperFalseAlarmsPer24h: upper } = outOfFold.resolution;
  return {
    caption: "Out of fold: AUROC of seconds with its interval by patient, the rest of SzCORE events",
    columns: ["", "AUROC", "95 %", "mean of folds", "sensitivity", "precision", "F1", "alarms in 24 h"],
    rows: [row("all patients", outOfFold), ...seeds, ...together],
    note: `${number(hours, 2)} h resolve ${number(least, 1)} false alarms per 24 h, one in all; there are at most ${number(upper, 1)} (95 %, Poisson).`,
  };
}

function foldTable({ perFold }: CrossvalJson): Table {
  const isConfigured = perFold.some(({ thresholdFrom }) => thresholdFrom === "configured");
  return {
    caption: "Each fold by itself",
    columns: ["fold", "seed", "patients", "with seizures", "AUROC", "epoch", "on dev", "threshold", "F1 of events"],
    rows: perFold.map((each) => [
      ...[each.fold, each.seed, each.patients, each.patientsWithSeizures].map(String),
      number(each.auroc),
      `${each.epoch} of ${each.epochs}`,
      each.epochBy === null ? "last" : number(each.epochBy.onDev),
      `${number(each.threshold)}${each.thresholdFrom === "dev" ? "" : " *"}`,
      number(each.event.f1),
    ]),
    ...(isConfigured && { note: "* as configured: dev finds no seizure at any threshold." }),
  };
}

/** Scores of all and of each fold, and what was chosen on what. */
export function crossvalTables(json: CrossvalJson): string {
  const { epoch, threshold } = json.chosen;
  const chosen = `<p class="note">Epoch: ${escapeHtml(epoch)}. Threshold: ${escapeHtml(threshold)}.</p>`;
  return `${tableHtml(scoreTable(json))}${tableHtml(foldTable(json))}${chosen}`;
}

/** Who was trained on, chosen on and held out in each fold. */
export function splitTable(folds: readonly SplitManifest[]): string {
  const rows = folds.map(({ record }, fold) => {
    const counts = ["train", "dev", "eval"].map((split) => {
      const { patients = [], patientsWithSeizures = 0 } = record.splits[split] ?? {};
      return `${patients.length} (${patientsWithSeizures})`;
    });
    return [String(fold), ...counts, (record.splits.eval?.patients ?? []).join(", ")];
  });
  const names = "patients held out";
  return tableHtml({
    caption: "Patients of each fold, and in brackets those with seizures",
    ...{ columns: ["fold", "train", "dev", "held out", names], words: [names], rows },
  });
}
