import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { action, type Outcome, UsageError } from "@ictal/base/action";
import { writeFileAtomic } from "@ictal/base/atomic-file";
import { hashOf } from "@ictal/base/canonical";
import { NotFoundError } from "@ictal/base/errors";
import { notify, printable } from "@ictal/base/printable";
import type { Command } from "commander";
import type { ValueRange } from "../base/value-ranges.js";
import { postprocessFromConfig } from "../config/layer-options.js";
import { lookAheadFromConfig, lookAheadText } from "../config/look-ahead.js";
import { aurocInterval } from "../scoring/auroc-interval.js";
import { scoreBreakdown } from "../scoring/breakdown.js";
import { calibrationCurve } from "../scoring/calibration.js";
import { prevalenceOf, rocAndPrCurves } from "../scoring/curves.js";
import { calibrationByPatient } from "../scoring/fit-calibration.js";
import { ratesJson, scoresJson } from "../scoring/json-names.js";
import { scoreNedc } from "../scoring/nedc/score-nedc.js";
import { onsetLatency, type StartedPair } from "../scoring/onset-latency.js";
import { operatingPoints } from "../scoring/operating-points.js";
import { cutEvents, detectEvents, type PostprocessOptions } from "../scoring/postprocess.js";
import { sensitivitiesAtRates } from "../scoring/rate-sensitivity.js";
import { alarmResolutions } from "../scoring/resolution.js";
import { pooledCells, scoreSzcore } from "../scoring/score.js";
import { scoreIntervals } from "../scoring/score-intervals.js";
import { scoreSzcoreEvaluation } from "../scoring/szcore-evaluation.js";
import type { TypedDetections } from "../scoring/type-confusion.js";
import { readRunCurve } from "../training/read-curve.js";
import { projectCommit } from "../training/receipt.js";
import { acceptOption, PREDICTION_MISSING } from "./accept-option.js";
import { addBootstrapOptions, type BootstrapFlags, bootstrapOf } from "./bootstrap-flags.js";
import { addDataOptions, configOf, type DataFlags } from "./data-options.js";
import { highestOf, silenceText } from "./detector-silence.js";
import { optimismOf } from "./optimism.js";
import { checkOutputFile } from "./output-file.js";
import { requirePrinter, writePdf } from "./print-report.js";
import { type RunReport, reportPage } from "./report-page.js";
import { readScoredSplit, reportMissing, type ScoredPrediction } from "./scored-predictions.js";
import { addSplitOptions } from "./split-flags.js";
import { logEvalSearch } from "./threshold.js";
import { reportTrainedPatients } from "./trained-patients.js";

interface ReportFlags extends DataFlags, BootstrapFlags {
  readonly predictions: string;
  readonly run?: string;
  readonly out?: string;
  readonly pdf?: string;
  readonly split: string;
  readonly forceEval?: boolean;
  readonly allowOtherCache?: boolean;
  readonly accept?: readonly string[];
}

type Bootstrap = ReturnType<typeof bootstrapOf>;

type ReportPair = TypedDetections & StartedPair;

/** Where recorded stretches begin that follow a gap, and the first. */
function stretchStarts(segments: readonly ValueRange[], rateHz: number): number[] {
  return segments.flatMap(({ start }, i) => (segments[i - 1]?.end === start ? [] : [start / rateHz]));
}

function pairsOf(recordings: readonly ScoredPrediction[], postprocess: PostprocessOptions): ReportPair[] {
  return recordings.map(({ id, patient, durationSeconds, reference, probability, rateHz, segments }) => {
    const hypothesis = cutEvents(detectEvents(probability, rateHz, postprocess, segments), durationSeconds);
    const stretches = segments ? { stretchStartsSeconds: stretchStarts(segments, rateHz) } : {};
    const events = { reference, typed: reference, hypothesis, typedHypothesis: hypothesis };
    return { id, patient, durationSeconds, ...stretches, ...events };
  });
}

async function trainingOf(run: string | undefined): Promise<RunReport["training"]> {
  if (run === undefined) return undefined;
  const file = join(resolve(run), "metrics.jsonl");
  if (!existsSync(file))
    throw new NotFoundError(`no ${file}; --run takes the folder that ictal train wrote (experiment.output_dir)`, file);
  const curve = await readRunCurve(file);
  if (curve.cutLines.length > 0)
    notify(printable(`ictal: ${file}: lines cut short or damaged, which are not used: ${curve.cutLines.join(", ")}`));
  return curve;
}

/** Writes the page and its PDF, those that were asked for; their paths. */
async function writePages(found: RunReport, { out, pdf }: ReportFlags): Promise<string[]> {
  const files = [out, pdf].filter((file) => file !== undefined);
  const html = await reportPage(found, dirname(resolve(files[0] ?? "")));
  if (out !== undefined) await writeFileAtomic(resolve(out), html);
  if (pdf !== undefined) await writePdf(pdf, html);
  return files;
}

/** Why the detector found nothing, where it did. */
function silenceOf(
  recordings: readonly ScoredPrediction[],
  pairs: readonly ReportPair[],
  postprocess: PostprocessOptions,
  { split, predictions }: ReportFlags,
): string | undefined {
  const highest = recordings.reduce((most, { probability }) => highestOf(probability, most), Number.NaN);
  const events = pairs.reduce((sum, { hypothesis }) => sum + hypothesis.length, 0);
  const here = `with ictal threshold --predictions ${predictions}`;
  return silenceText(highest, postprocess, { events, search: split === "dev" ? here : "on dev with ictal threshold" });
}

/** All scores of the detected events. */
function scoresOf(pairs: readonly ReportPair[], bootstrap: Bootstrap, waitSeconds: number | null) {
  const [szcore, nedc] = [scoreSzcore(pairs), scoreNedc(pairs)];
  return {
    ...{ szcore, szcore1Hz: scoreSzcoreEvaluation(pairs), nedc },
    resolution: alarmResolutions(pairs, { szcore, nedc }),
    intervals: scoreIntervals(pairs, bootstrap),
    breakdown: scoreBreakdown(pairs),
    latency: onsetLatency(pairs, { lookAheadSeconds: waitSeconds }),
  };
}

/** Patients, hours and seizures. */
function sizesOf(recordings: readonly ScoredPrediction[]) {
  return {
    patients: new Set(recordings.map(({ patient }) => patient)).size,
    hours: (recordings.reduce((sum, { durationSeconds }) => sum + durationSeconds, 0) / 3600).toFixed(2),
    seizures: recordings.reduce((sum, { reference }) => sum + reference.length, 0),
  };
}

async function report(flags: ReportFlags): Promise<Outcome> {
  if (flags.out === undefined && flags.pdf === undefined)
    throw new UsageError("give --out FILE.html, --pdf FILE.pdf, or both");
  if (flags.pdf !== undefined) requirePrinter();
  for (const file of [flags.out, flags.pdf]) if (file !== undefined) await checkOutputFile(resolve(file));
  const bootstrap = bootstrapOf(flags);
  const loaded = await configOf(flags, ["cacheDir"]);
  const { config } = loaded;
  const training = await trainingOf(flags.run);
  const { manifest, recordings, missing, unlabelled, checkpointHash } = await readScoredSplit(loaded, flags);
  if (flags.run !== undefined) await reportTrainedPatients(flags.run, recordings, flags.split);
  const postprocess = postprocessFromConfig(config);
  const lookAhead = lookAheadFromConfig(config);
  const pairs = pairsOf(recordings, postprocess);
  const { score, truth } = pooledCells(recordings);
  const { split, forceEval } = flags;
  const isSearched = split !== "eval" || forceEval === true;
  const perDay = config.evaluation.fa_rates;
  const search = { postprocess, forceEval };
  if (isSearched && split === "eval")
    await logEvalSearch(flags.predictions, { verb: "report", checkpointHash, perDay });
  const { metric } = config.training.early_stopping;
  const optimism = optimismOf(split, { metric: training?.validations.at(-1)?.metricName ?? metric, isSearched });
  const silence = silenceOf(recordings, pairs, postprocess, flags);
  const found: RunReport = {
    config,
    silence,
    training,
    pairs,
    sample: rocAndPrCurves(score, truth),
    auroc: aurocInterval(recordings, bootstrap),
    calibration: calibrationCurve(score, truth),
    patientCalibration: calibrationByPatient(recordings.filter(({ probability }) => probability.length > 0)),
    ...(isSearched
      ? {
          points: operatingPoints(recordings, { ...search, warn: () => {} }),
          rates: sensitivitiesAtRates(recordings, perDay, { ...search, ...bootstrap }),
        }
      : {}),
    scores: {
      ...{ optimism: optimism ?? null, recordings: pairs.length, missing, refused: [], notes: [] },
      ...scoresOf(pairs, bootstrap, lookAhead.waitSeconds),
    },
    receipt: {
      configuration: `${flags.config ?? "(flags)"} ${hashOf(config, 16)}`,
      ...{ corpus: manifest.corpusFingerprint, cache: manifest.key, checkpoint: checkpointHash },
      ...{ run: flags.run, predictions: flags.predictions, split },
      recordings: `${recordings.length} scored, ${missing.length} of them without a prediction (no detections), ${unlabelled} without labels`,
      ...sizesOf(recordings),
      thresholds: `on ${postprocess.onThreshold}, off ${postprocess.offThreshold}`,
      intervals: `${100 * bootstrap.level} % by patient; of searched thresholds ${bootstrap.replicates} draws of patients, seed ${bootstrap.seed}`,
      "look-ahead": lookAheadText(lookAhead),
      commit: projectCommit(),
    },
    caption: {
      corpus: `corpus ${manifest.corpusFingerprint.slice(0, 8)}`,
      split,
      n: `${recordings.length} recordings`,
      cacheKey: `${manifest.key}, checkpoint ${checkpointHash.slice(0, 12)}`,
      commit: projectCommit(),
    },
  };
  const files = await writePages(found, flags);
  const { receipt, scores, auroc, rates = [] } = found;
  const json = {
    out: flags.out ?? null,
    pdf: flags.pdf ?? null,
    receipt,
    auroc,
    auprc: found.sample.auprc,
    prevalence: prevalenceOf(found.sample),
    optimism: optimism ?? null,
    ece: found.calibration.expectedError,
  };
  const number = (value: number) => (Number.isNaN(value) ? "n/a" : value.toFixed(3));
  const summary = `AUROC ${number(auroc.auroc)} (${number(auroc.lower)} to ${number(auroc.upper)}, ${auroc.patients} patients), event F1 ${number(scores.szcore?.event.f1 ?? Number.NaN)}, ${split}`;
  return {
    json: { ...json, rates: ratesJson(rates), scores: scoresJson(scores) },
    text: `${files.join("\n")}\n${summary}${isSearched ? "" : "; thresholds were not searched on eval"}${[silence, optimism].map((line) => (line === undefined ? "" : `\n${line}`)).join("")}`,
    exitCode: reportMissing(missing, flags.accept),
  };
}

const HELP = `
The report begins with the results and their intervals by patient; figures, the worst recordings (with links to the pages of
"ictal review" in a folder "review" next to the report), all scores, and last what was run on what follow. --pdf prints it.
On eval no threshold is searched unless --force-eval is given, which is logged; figures at the configured thresholds are
always included.
Exit code: 1 when a labelled recording of the split has no prediction, as after an interrupted "ictal predict", unless
--accept ${PREDICTION_MISSING} is given.

Example:
  ictal predict --config configs/smoke_test.yaml --checkpoint results/smoke --out results/dev
  ictal report --config configs/smoke_test.yaml --run results/smoke --predictions results/dev --out results/report.html
  ictal report --config configs/smoke_test.yaml --predictions results/dev --pdf results/report.pdf`;

/** Adds `ictal report`. */
export function addReportCommand(program: Command): void {
  const command = addSplitOptions(addDataOptions(program.command("report"), ["cacheDir"]))
    .description("write an HTML report of a training run: provenance, scores, figures, worst recordings")
    .requiredOption("--predictions <dir>", "output folder of ictal predict")
    .option("--out <file>", "HTML file to write (required, unless --pdf is given)")
    .option("--pdf <file>", "PDF file to write, printed by Chromium")
    .option("--run <dir>", "folder of the run, for the training curve")
    .option("--split <name>", "train, dev or eval", "dev")
    .option("--force-eval", "also search for thresholds on eval, and log that")
    .addOption(acceptOption("predictions", "codes of known problems that do not change the exit code"))
    .option("--allow-other-cache", "accept predictions made on another cache than the configured one");
  addBootstrapOptions(command).addHelpText("after", HELP).action(action(report));
}
