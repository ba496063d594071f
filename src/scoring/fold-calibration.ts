/** Calibration inside a cross-validation: each fold's probabilities are corrected by what its own dev patients say. */
import { calibrationCurve } from "./calibration.js";
import {
  calibrateRecordings,
  calibrationByPatient,
  type FittedCalibration,
  fitCalibration,
  type PatientCalibration,
} from "./fit-calibration.js";
import type { FoldPredictions } from "./out-of-fold.js";
import { pooledCells } from "./score.js";

/** The correction of one fold; undefined where its dev patients have no seizure or nothing else, so that none can be fitted. */
export interface FoldCalibration extends Pick<FoldPredictions, "fold" | "seed"> {
  readonly fitted: FittedCalibration | undefined;
}

function fitOnDev({ dev }: FoldPredictions): FittedCalibration | undefined {
  const { truth } = pooledCells(dev);
  return truth.includes(1) && truth.includes(0) ? fitCalibration(dev) : undefined;
}

/**
 * Folds with corrected probabilities, in dev too, so that thresholds are chosen on the same scale; the given ones stay as they
 * are. Temperature and prior are fitted on the `dev` of each fold, nothing on its held-out patients.
 */
export function calibrateFolds<F extends FoldPredictions>(
  folds: readonly F[],
): { readonly folds: readonly F[]; readonly calibrations: readonly FoldCalibration[] } {
  const calibrations = folds.map((each) => ({ fold: each.fold, seed: each.seed, fitted: fitOnDev(each) }));
  const corrected = folds.map((each, i): F => {
    const map = calibrations[i]!.fitted;
    if (!map) return each;
    return { ...each, dev: calibrateRecordings(each.dev, map), heldOut: calibrateRecordings(each.heldOut, map) };
  });
  return { folds: corrected, calibrations };
}

/** How far the probabilities of held-out patients can be believed. */
export interface OutOfFoldCalibration {
  /** Expected calibration error of all held-out values; NaN of nothing. */
  readonly expectedError: number;
  /** Those whose mean probability is farthest from their share of seizure first. */
  readonly byPatient: readonly PatientCalibration[];
}

/** Calibration of the held-out probabilities as they are. */
export function outOfFoldCalibration(folds: readonly FoldPredictions[]): OutOfFoldCalibration {
  const recordings = folds.flatMap(({ heldOut }) => heldOut);
  const { score, truth } = pooledCells(recordings);
  const known = recordings.filter(({ probability }) => probability.length > 0);
  return { expectedError: calibrationCurve(score, truth).expectedError, byPatient: calibrationByPatient(known) };
}
