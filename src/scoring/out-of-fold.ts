/** Scores of a cross-validation: each patient by the detector that never saw them, thresholds from inside the training folds. */
import { type AurocInterval, aurocInterval } from "./auroc-interval.js";
import type { PatientRecording } from "./auroc-wins.js";
import { rocAndPrCurves } from "./curves.js";
import { bestEventThreshold } from "./event-threshold.js";
import type { PatientPair } from "./patient-counts.js";
import type { IntervalOptions } from "./patient-interval.js";
import { cutEvents, detectEvents, POSTPROCESS_DEFAULTS, type PostprocessOptions } from "./postprocess.js";
import { type RateResolution, rateResolution } from "./resolution.js";
import { pooledCells, scoreSzcore } from "./score.js";
import { type ScoreIntervals, scoreIntervals } from "./score-intervals.js";
import type { SzcoreRates } from "./szcore.js";

/** Predictions of the detector of one fold. */
export interface FoldPredictions {
  readonly fold: number;
  /** Of the training, where folds were trained with several. */
  readonly seed: number;
  /** Patients from inside the training folds on whom nothing was fitted: the threshold is chosen on them. */
  readonly dev: readonly PatientRecording[];
  /** The patients of the fold. */
  readonly heldOut: readonly PatientRecording[];
}

/** Scores of one fold of one seed. */
export interface FoldScores {
  readonly fold: number;
  readonly seed: number;
  readonly patients: number;
  readonly patientsWithSeizures: number;
  /** NaN for a fold without a seizure. */
  readonly auroc: number;
  readonly threshold: number;
  /** "dev": of the highest event F1 on dev; "configured" where dev finds no seizure at any threshold. */
  readonly thresholdFrom: "dev" | "configured";
  readonly event: SzcoreRates;
}

/** Scores of pooled out-of-fold predictions. */
export interface PooledScores {
  readonly auroc: AurocInterval;
  /** Mean of the folds' AUROCs, which a shift of the probabilities from fold to fold does not lower. */
  readonly meanOfFolds: number;
  readonly event: SzcoreRates;
  /** What the hours resolve of the false alarms of `event`. */
  readonly resolution: RateResolution;
  readonly intervals: ScoreIntervals;
}

export interface OutOfFoldScores {
  readonly folds: number;
  readonly seeds: readonly number[];
  readonly patients: number;
  readonly patientsWithSeizures: number;
  /** Over all folds and seeds; a patient counts as one in the intervals, however many seeds. */
  readonly outOfFold: PooledScores;
  readonly bySeed: readonly (PooledScores & { readonly seed: number })[];
  /** Of the probabilities' means over the seeds; absent with one seed. */
  readonly ensemble?: AurocInterval;
  readonly perFold: readonly FoldScores[];
  /** Held-out recordings with the detections at their fold's threshold, for figures. */
  readonly pairs: readonly (PatientPair & Pick<FoldPredictions, "fold" | "seed">)[];
}

export interface OutOfFoldOptions extends IntervalOptions {
  readonly postprocess?: Partial<PostprocessOptions> | undefined;
}

interface ScoredFold {
  readonly scores: FoldScores;
  readonly pairs: OutOfFoldScores["pairs"];
  readonly heldOut: readonly PatientRecording[];
}

const namesOf = (recordings: readonly PatientRecording[]) => new Set(recordings.map(({ patient }) => patient));
const withSeizures = (recordings: readonly PatientRecording[]) =>
  namesOf(recordings.filter(({ reference }) => reference.length > 0)).size;

function areaOf(recordings: readonly PatientRecording[]): number {
  const { score, truth } = pooledCells(recordings);
  return rocAndPrCurves(score, truth).auroc;
}

function scoreFold({ fold, seed, dev, heldOut }: FoldPredictions, postprocess: PostprocessOptions): ScoredFold {
  const onDev = dev.map((recording) => ({ ...recording, split: "dev" }));
  const found = bestEventThreshold(onDev, { postprocess });
  const threshold = found?.threshold ?? postprocess.onThreshold;
  const offThreshold = (threshold * postprocess.offThreshold) / postprocess.onThreshold;
  const settings = { ...postprocess, onThreshold: threshold, offThreshold };
  const pairs = heldOut.map(({ id, patient, durationSeconds, reference, probability, rateHz, segments }) => ({
    ...{ id, patient, durationSeconds, reference, fold, seed },
    hypothesis: cutEvents(detectEvents(probability, rateHz, settings, segments), durationSeconds),
  }));
  return {
    heldOut,
    pairs,
    scores: {
      ...{ fold, seed, patients: namesOf(heldOut).size, patientsWithSeizures: withSeizures(heldOut) },
      ...{ auroc: areaOf(heldOut), threshold, thresholdFrom: found ? "dev" : "configured" },
      event: scoreSzcore(pairs).event,
    },
  };
}

function mean(values: readonly number[]): number {
  const known = values.filter((value) => !Number.isNaN(value));
  return known.length === 0 ? Number.NaN : known.reduce((sum, value) => sum + value, 0) / known.length;
}

function pooled(folds: readonly ScoredFold[], options: IntervalOptions): PooledScores {
  const seedCount = new Set(folds.map(({ scores }) => scores.seed)).size;
  const isUnique = seedCount === 1;
  const pairs = folds.flatMap((fold) =>
    fold.pairs.map((pair) => (isUnique ? pair : { ...pair, id: `${pair.id} of seed ${pair.seed}` })),
  );
  const { event } = scoreSzcore(pairs);
  const seconds = pairs.reduce((sum, { durationSeconds }) => sum + durationSeconds / seedCount, 0);
  return {
    auroc: aurocInterval(
      folds.flatMap(({ heldOut }) => heldOut),
      options,
    ),
    meanOfFolds: mean(folds.map(({ scores }) => scores.auroc)),
    event,
    resolution: rateResolution(event.falseAlarmsPer24h, seconds),
    intervals: scoreIntervals(pairs, options),
  };
}

/** Recordings with the mean of their probabilities over the seeds. */
function averaged(folds: readonly ScoredFold[]): PatientRecording[] {
  const byId = new Map<string, PatientRecording[]>();
  for (const recording of folds.flatMap(({ heldOut }) => heldOut))
    byId.set(recording.id, [...(byId.get(recording.id) ?? []), recording]);
  return [...byId.values()].flatMap((same) => {
    const [first] = same;
    if (!first) return [];
    const probability = first.probability.map(
      (_, i) => same.reduce((sum, each) => sum + (each.probability[i] ?? 0), 0) / same.length,
    );
    return [{ ...first, probability }];
  });
}

function refuseSharedPatients({ fold, dev, heldOut }: FoldPredictions): void {
  const own = namesOf(heldOut);
  const shared = [...namesOf(dev)].find((patient) => own.has(patient));
  if (shared !== undefined)
    throw new RangeError(`invalid fold ${fold}: patient ${shared} is held out and in dev; folds keep patients apart`);
}

/**
 * Score the folds of a cross-validation, of one seed or several. The onset threshold of each fold is that of the highest event F1 on its
 * `dev`; nothing is chosen on the patients that are scored. Intervals are by patient. RangeError when a patient is held out and in dev.
 */
export function scoreFolds(predictions: readonly FoldPredictions[], options: OutOfFoldOptions = {}): OutOfFoldScores {
  const postprocess = { ...POSTPROCESS_DEFAULTS, ...options.postprocess };
  for (const each of predictions) refuseSharedPatients(each);
  const folds = predictions.map((each) => scoreFold(each, postprocess));
  const seeds = [...new Set(predictions.map(({ seed }) => seed))];
  const recordings = folds.flatMap(({ heldOut }) => heldOut);
  return {
    folds: new Set(predictions.map(({ fold }) => fold)).size,
    seeds,
    patients: namesOf(recordings).size,
    patientsWithSeizures: withSeizures(recordings),
    outOfFold: pooled(folds, options),
    bySeed: seeds.map((seed) => {
      const own = folds.filter(({ scores }) => scores.seed === seed);
      return { seed, ...pooled(own, options) };
    }),
    ...(seeds.length > 1 && { ensemble: aurocInterval(averaged(folds), options) }),
    perFold: folds.map(({ scores }) => scores),
    pairs: folds.flatMap(({ pairs }) => pairs),
  };
}
