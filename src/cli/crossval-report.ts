/** Scores and the HTML page of a cross-validation whose folds are done. */
import { join } from "node:path";
import { writeFileAtomic } from "@ictal/base/atomic-file";
import { escapeHtml } from "@ictal/base/html";
import { type FoldRun, readFolds } from "../cluster/crossval/read-folds.js";
import { postprocessFromConfig } from "../config/layer-options.js";
import { lookAheadFromConfig, lookAheadText } from "../config/look-ahead.js";
import type { Config } from "../config/schema.js";
import { splitFromConfig } from "../config/split-choice.js";
import type { SplitManifest } from "../dataset/split.js";
import type { Caption } from "../plots/figure.js";
import { patientReliability, reliabilityDiagram } from "../plots/measures.js";
import { rocFigure } from "../plots/roc.js";
import { calibrationCurve } from "../scoring/calibration.js";
import { rocAndPrCurves } from "../scoring/curves.js";
import { calibrateFolds, type OutOfFoldCalibration, outOfFoldCalibration } from "../scoring/fold-calibration.js";
import { type OutOfFoldScores, scoreFolds } from "../scoring/out-of-fold.js";
import { pooledCells } from "../scoring/score.js";
import type { TypedDetections } from "../scoring/type-confusion.js";
import { projectCommit } from "../training/receipt.js";
import { type CrossvalJson, calibrationLine, crossvalJson, crossvalLines, crossvalSchema } from "./crossval-json.js";
import { crossvalKeyFigures, crossvalTables, splitTable } from "./crossval-tables.js";
import { figureHtml, htmlPage, receiptHtml } from "./page-html.js";
import { eventFigures } from "./score-page.js";
import { worstHtml } from "./worst-recordings.js";

export interface CrossvalReportOptions {
  readonly config: Config;
  readonly folds: readonly SplitManifest[];
  readonly seeds: readonly number[];
  readonly out: string;
  /** Correct each fold's probabilities by temperature and prior that its dev patients fit. @default false */
  readonly calibrate?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** What was chosen on what, a sentence each. */
function chosenOn({ config, folds }: CrossvalReportOptions): CrossvalJson["chosen"] {
  const { metric } = config.training.early_stopping;
  const { devShare = 0 } = splitFromConfig(config);
  const dev = folds.map(({ record }) => record.splits.dev?.patients.length ?? 0);
  if (Math.max(...dev) === 0)
    return { epoch: "the last: there are no dev patients", threshold: "as configured: there are no dev patients" };
  const counts = [...new Set([Math.min(...dev), Math.max(...dev)])].join(" to ");
  return {
    epoch: `best ${metric} on dev, ${counts} patients (${+(100 * devShare).toFixed(1)} %) of each training part`,
    threshold: "highest event F1 on the same dev patients; nothing is chosen on the fold that is scored",
  };
}

function typedPairs({ pairs }: OutOfFoldScores, runs: readonly FoldRun[], seeds: readonly number[]): TypedDetections[] {
  const typed = new Map(runs.flatMap(({ heldOut }) => heldOut.map(({ id, reference }) => [id, reference] as const)));
  return pairs.map(({ id, seed, patient, durationSeconds, reference, hypothesis }) => {
    const name = seeds.length === 1 ? id : `${id} of seed ${seed}`;
    const events = hypothesis.map((event) => ({ ...event, label: "seiz", confidence: 1 }));
    return {
      ...{ id: name, patient, durationSeconds, reference, typed: typed.get(id) ?? [] },
      ...{ hypothesis, typedHypothesis: events },
    };
  });
}

/** The folds as they are scored. */
interface ScoredRuns {
  readonly scores: OutOfFoldScores;
  readonly runs: readonly FoldRun[];
  readonly byPatient: OutOfFoldCalibration["byPatient"];
}

async function pageOf(
  options: CrossvalReportOptions,
  json: CrossvalJson,
  { scores, runs, byPatient }: ScoredRuns,
): Promise<string> {
  const { config, folds, seeds, out } = options;
  const manifest = folds[0]?.manifest;
  const recordings = runs.flatMap(({ heldOut }) => heldOut);
  const cells = pooledCells(recordings);
  const pairs = typedPairs(scores, runs, seeds);
  const commit = projectCommit();
  const caption: Caption = {
    corpus: `corpus ${manifest?.corpusFingerprint.slice(0, 8)}`,
    split: "out of fold",
    n: `${scores.patients} patients`,
    cacheKey: manifest?.key,
    commit,
  };
  const lookAhead = lookAheadFromConfig(config);
  const title = `Cross-validation ${config.experiment.name}`;
  const hours = recordings.reduce((sum, { durationSeconds }) => sum + durationSeconds, 0) / seeds.length / 3600;
  const trained = seeds.length === 1 ? "one seed" : `${seeds.length} seeds`;
  const size = `${scores.folds} folds, ${trained} · ${scores.patients} patients (${scores.patientsWithSeizures} with seizures), ${hours.toFixed(2)} h · ${config.model.name}`;
  const receipt = {
    folds: scores.folds,
    seeds: seeds.join(", "),
    patients: `${scores.patients}, ${scores.patientsWithSeizures} with seizures`,
    hours: hours.toFixed(2),
    detector: config.model.name,
    corpus: manifest?.corpusFingerprint,
    cache: manifest?.key,
    intervals: "95 % by patient",
    calibration: calibrationLine(json),
    lookAhead: lookAheadText(lookAhead),
    commit,
  };
  return htmlPage(title, [
    `<header><h1>${escapeHtml(title)}</h1><p class="meta">${escapeHtml(size)}</p><p>Each patient was scored by a detector that never saw them.</p>${crossvalKeyFigures(json)}</header>`,
    "<h2>Seconds</h2>",
    figureHtml(rocFigure(rocAndPrCurves(cells.score, cells.truth), caption)),
    figureHtml(reliabilityDiagram(calibrationCurve(cells.score, cells.truth), caption)),
    figureHtml(patientReliability(byPatient, caption)),
    "<h2>Events</h2>",
    ...eventFigures(pairs, caption, { lookAheadSeconds: lookAhead.waitSeconds }).map(figureHtml),
    `<h2>Worst recordings</h2>${await worstHtml(pairs, out)}`,
    `<h2>All scores</h2>${crossvalTables(json)}`,
    `<h2>Folds</h2>${splitTable(folds)}`,
    receiptHtml(receipt),
    `<details class="configuration"><summary>Configuration</summary><pre>${escapeHtml(JSON.stringify(config, null, 2))}</pre></details>`,
  ]);
}

/** Score the finished folds under `out` and write `report.html` there. Throws a CacheError while a fold is not done. */
export async function reportCrossval(options: CrossvalReportOptions): Promise<CrossvalJson> {
  const { config, folds, seeds, out, calibrate = false, signal } = options;
  const predicted = await readFolds(out, folds, seeds, { signal });
  const corrected = calibrate ? calibrateFolds(predicted) : undefined;
  const runs = corrected?.folds ?? predicted;
  const scores = scoreFolds(runs, { postprocess: postprocessFromConfig(config) });
  const { expectedError, byPatient } = outOfFoldCalibration(runs);
  const uncorrectedError = corrected && outOfFoldCalibration(predicted).expectedError;
  const perFold = corrected?.calibrations.map(({ fitted = null, ...each }) => ({ ...each, fitted }));
  const calibration = {
    expectedError,
    corrected: perFold && uncorrectedError !== undefined ? { uncorrectedError, perFold } : null,
  };
  const file = join(out, "report.html");
  const json = crossvalJson(scores, runs, { chosen: chosenOn(options), calibration, report: file });
  await writeFileAtomic(file, await pageOf(options, json, { scores, runs, byPatient }));
  return json;
}

/** The document of the last command of a plan as text. */
export function crossvalText(document: unknown): string {
  const json = crossvalSchema.parse(JSON.parse(JSON.stringify(document))); // NaN becomes null
  return [...crossvalLines(json), json.report].join("\n");
}
