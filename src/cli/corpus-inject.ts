import { stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { action, type Outcome, UsageError } from "@ictal/base/action";
import { writeFileAtomic } from "@ictal/base/atomic-file";
import { ConfigError, NotFoundError } from "@ictal/base/errors";
import { collect, FlagError, parseCount } from "@ictal/base/flags";
import { createProgress } from "@ictal/base/progress";
import type { Command } from "commander";
import { readCatalogue } from "../corpus/catalogue.js";
import { injectSeizures } from "../corpus/synthetic/inject.js";
import { type InjectReport, levelFolder, readInjected } from "../corpus/synthetic/inject-folder.js";
import { wilson } from "../plots/measures.js";
import { snrSensitivity } from "../plots/snr.js";
import { type InjectedPair, type SnrPoint, sensitivityBySnr } from "../scoring/snr-sensitivity.js";
import { openStore } from "../store/open-store.js";
import { type Table, tableHtml } from "./html-table.js";
import { figureHtml, htmlPage } from "./page-html.js";
import { pairTrees, readScoreTree } from "./score-tree.js";

interface InjectFlags {
  readonly background: string;
  readonly snr: readonly number[];
  readonly out: string;
  readonly seed: number;
  readonly limit?: number;
}

interface SnrFlags {
  readonly hyp: readonly string[];
  readonly html?: string;
}

const INJECT_HELP = `
The ratio is that of the mean squares of seizure and background, both between 0.5 and 40 Hz, over the whole
seizure, in the channel where the seizure is strongest; in decibels. Each level is a folder snr_LEVEL with copies
of all usable recordings: the same seizure at the same time, only louder. injected.json lists them.

Sensitivity against the ratio, for a trained detector:
  ictal corpus inject --background data/normal --snr=-6,0,6 --out data/injected
  ictal cache build --config FILE --data-dir data/injected/snr_0 --cache-dir cache/snr_0
  ictal predict --config FILE --checkpoint RUN --data-dir data/injected/snr_0 --cache-dir cache/snr_0 \\
    --split all --events --out found/snr_0
  … the same for the other levels …
  ictal corpus snr data/injected --hyp found --html snr.html`;

/** Numbers separated by commas. */
function parseLevels(text: string): readonly number[] {
  const levels = text.split(",").map((part) => (part.trim() === "" ? Number.NaN : Number(part)));
  if (levels.every((level) => Math.abs(level) <= 60) && new Set(levels).size === levels.length) return levels;
  throw new FlagError("expected different numbers from -60 to 60, separated by commas, e.g. --snr=-6,0,6");
}

/** Adds `corpus inject` and `corpus snr`. */
export function addInjectCommands(corpus: Command): void {
  corpus
    .command("inject")
    .description("copy seizure-free recordings with a generated seizure in each, at given signal-to-noise ratios")
    .requiredOption("--background <corpus>", "folder or s3://bucket/prefix with annotated recordings")
    .requiredOption("--snr <decibels>", "signal-to-noise ratios, separated by commas; --snr=-6,0,6", parseLevels)
    .requiredOption("--out <folder>", "an empty or new folder, or one of an interrupted run with the same options")
    .option("--seed <number>", "random seed", parseCount(0), 42)
    .option("--limit <count>", "maximum number of recordings, some of every split", parseCount(1))
    .option("--json", "print one JSON document")
    .addHelpText("after", INJECT_HELP)
    .action(action(inject));
  corpus
    .command("snr")
    .description("sensitivity of detectors against the signal-to-noise ratio of injected seizures")
    .argument("<folder>", "a folder made by corpus inject")
    .requiredOption("--hyp <folder>", "detections, with the same folders snr_LEVEL; repeatable", collect)
    .option("--html <file>", "also write the figure as an HTML page")
    .option("--json", "print one JSON document")
    .action(action(snr));
}

async function inject({ background, snr: snrDb, out, seed, limit }: InjectFlags): Promise<Outcome> {
  const store = openBackground(background);
  try {
    const catalogue = await readCatalogue(store, { limit });
    const progress = createProgress({ intervalMilliseconds: 1000 });
    const report = await injectSeizures(store, catalogue, out, { snrDb, seed, progress });
    return { json: report, text: injectText(out, report) };
  } finally {
    await store.close?.();
  }
}

function openBackground(url: string) {
  try {
    return openStore(url);
  } catch (error) {
    throw error instanceof RangeError ? new UsageError(error.message) : error;
  }
}

function injectText(out: string, { seizures, skipped, snrDb }: InjectReport): string {
  const departures = seizures.flatMap(({ written }) =>
    snrDb.map((level) => Math.abs((written[level] ?? level) - level)),
  );
  const reasons = new Map<string, number>();
  for (const { reason } of skipped) reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
  return [
    `${out}: ${seizures.length} recordings with a seizure each, at ${snrDb.join(", ")} dB`,
    `${skipped.length} recordings skipped${skipped.length > 0 ? ":" : ""}`,
    ...[...reasons].map(([reason, count]) => `  ${count}: ${reason}`),
    `largest departure from a level: ${Math.max(...departures).toFixed(2)} dB (samples are rounded, and end at their signal's range)`,
  ].join("\n");
}

/** What one detector found at all levels. */
async function pointsOf(folder: string, hyp: string, report: InjectReport): Promise<SnrPoint[]> {
  const pairs: InjectedPair[] = [];
  for (const snrDb of report.snrDb) {
    const name = levelFolder(snrDb);
    if (!(await isFolder(join(hyp, name)))) {
      throw new NotFoundError(
        `no folder ${name} in ${hyp}; predict each level into its own, see corpus inject --help`,
        hyp,
      );
    }
    const references = await readScoreTree(join(folder, name), "the folder");
    const found = pairTrees(references, await readScoreTree(join(hyp, name), "--hyp"), 1);
    const [refused] = found.refused;
    const [missing] = found.missing;
    if (refused || missing !== undefined) {
      const what = refused ? `${refused.file}: ${refused.message}` : `no detections of ${missing}`;
      const value = join(hyp, name);
      throw new ConfigError(`${value} cannot be scored: ${what}; predict all recordings of the level again`, {
        ...{ key: "hyp", value, allowed: "detections of every recording" },
      });
    }
    for (const { patient, durationSeconds, reference, hypothesis } of found.pairs)
      pairs.push({ snrDb, patient, durationSeconds, seizures: reference, detections: hypothesis });
  }
  return sensitivityBySnr(pairs);
}

const isFolder = (path: string) =>
  stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );

async function snr(folder: string, { hyp, html }: SnrFlags): Promise<Outcome> {
  const report = await readInjected(folder);
  const detectors: Record<string, SnrPoint[]> = {};
  for (const path of hyp) {
    const name = basename(path.replace(/\/+$/, ""));
    detectors[Object.hasOwn(detectors, name) ? path : name] = await pointsOf(folder, path, report);
  }
  const text = Object.entries(detectors)
    .map(([name, points]) => detectorText(name, points))
    .join("\n\n");
  if (html !== undefined) {
    const figure = snrSensitivity(detectors, { corpus: `seizures injected into ${report.seizures.length} recordings` });
    const title = "Sensitivity against signal-to-noise ratio";
    const tables = Object.entries(detectors).map(([name, points]) => tableHtml(detectorTable(name, points)));
    const parts = [`<h1>${title}</h1>`, figureHtml(figure), ...tables];
    await writeFileAtomic(html, await htmlPage(title, parts));
  }
  return { json: { detectors }, text };
}

function rateText({ seizures, detected }: SnrPoint): string {
  const { lower, upper } = wilson(detected, seizures);
  return seizures > 0 ? `${(detected / seizures).toFixed(2)} (${lower.toFixed(2)} to ${upper.toFixed(2)})` : "n/a";
}

const patientsOf = (points: readonly SnrPoint[]) => Math.max(...points.map(({ patients }) => patients));

function detectorTable(name: string, points: readonly SnrPoint[]): Table {
  return {
    caption: `${name}: seizures found, with 95 % Wilson score intervals; ${patientsOf(points)} patients`,
    columns: ["signal-to-noise ratio (dB)", "seizures", "found", "share", "false alarms", "hours"],
    rows: points.map((point) => {
      const { snrDb, seizures, detected, falseAlarms, hours } = point;
      return [`${snrDb}`, `${seizures}`, `${detected}`, rateText(point), `${falseAlarms}`, hours.toFixed(2)];
    }),
  };
}

function detectorText(name: string, points: readonly SnrPoint[]): string {
  const rows = points.map((point) => {
    const { snrDb, seizures, detected, falseAlarms, hours } = point;
    const resolution = `${falseAlarms} false alarms in ${hours.toFixed(2)} h`;
    return `${String(snrDb).padStart(6)} dB  ${`${detected} of ${seizures}`.padStart(10)}  ${rateText(point)}  ${resolution}`;
  });
  const head = `${name}: seizures found, with 95 % Wilson score intervals; ${patientsOf(points)} patients`;
  return [head, ...rows].join("\n");
}
