/**
 * Calibration of probabilities by temperature and prior (Guo et al., "On calibration of modern neural networks", 2017; Saerens,
 * Latinne and Decaestecker, "Adjusting the outputs of a classifier to new a priori probabilities", 2002).
 */

import { requireCounts, requireNumber } from "@ictal/base/options";
import { type CalibrationMap, calibrated, logOdds } from "../base/calibration-map.js";
import type { PatientRecording } from "./auroc-wins.js";
import { type Calibration, calibrationCurve } from "./calibration.js";
import { patientsOf } from "./patient-counts.js";
import { cellsOf, pooledCells } from "./score.js";

/** A fitted correction with what it was fitted on. */
export interface FittedCalibration extends CalibrationMap {
  /** Share of seizure in the cells that it was fitted on. */
  readonly prevalence: number;
  readonly patients: number;
}

interface Cells {
  readonly score: Float32Array;
  readonly truth: Uint8Array;
}

const ROUNDS = 50;
const CONVERGED = 1e-9;

/**
 * Slope and bias of the log-odds with the highest likelihood, by Newton's method. A prior as strong as one cell holds them at
 * 1 and 0, so that separable cells have an answer too.
 */
function fitLogOdds({ score, truth }: Cells): CalibrationMap {
  const x = Float64Array.from(score, logOdds);
  let [slope, bias] = [1, 0];
  for (let round = 0; round < ROUNDS; round++) {
    let [g0, g1, h00, h01, h11] = [1 - slope, -bias, 1, 0, 1];
    for (let i = 0; i < x.length; i++) {
      const p = 1 / (1 + Math.exp(-(slope * x[i]! + bias)));
      const [rest, weight] = [truth[i]! - p, p * (1 - p)];
      g0 += rest * x[i]!;
      g1 += rest;
      h00 += weight * x[i]! * x[i]!;
      h01 += weight * x[i]!;
      h11 += weight;
    }
    const determinant = h00 * h11 - h01 * h01;
    const [stepSlope, stepBias] = [(h11 * g0 - h01 * g1) / determinant, (h00 * g1 - h01 * g0) / determinant];
    const scale = Math.min(1, 2 / Math.max(Math.abs(stepSlope), Math.abs(stepBias), 1e-300));
    slope = Math.max(1e-3, slope + scale * stepSlope); // the order of values stays
    bias += scale * stepBias;
    if (Math.abs(scale * stepSlope) + Math.abs(scale * stepBias) < CONVERGED) break;
  }
  return { temperature: 1 / slope, bias };
}

/** Temperature and bias that fit the probabilities of `recordings` best. RangeError when a class is missing. */
export function fitCalibration(recordings: readonly PatientRecording[]): FittedCalibration {
  const cells = pooledCells(recordings);
  const positives = cells.truth.reduce((sum, label) => sum + label, 0);
  if (positives === 0 || positives === cells.truth.length)
    throw new RangeError(
      `invalid recordings: ${positives} of ${cells.truth.length} values are seizure; expected both classes`,
    );
  return { ...fitLogOdds(cells), prevalence: positives / cells.truth.length, patients: patientsOf(recordings).length };
}

/** The correction for a use in which `prevalence` of the time is seizure; RangeError outside 0..1. */
export function shiftPrevalence(fitted: FittedCalibration, prevalence: number): CalibrationMap {
  requireNumber("prevalence", prevalence, { above: 0, below: 1 });
  return { temperature: fitted.temperature, bias: fitted.bias + logOdds(prevalence) - logOdds(fitted.prevalence) };
}

/** Recordings with corrected probabilities; the given ones stay as they are. */
export function calibrateRecordings<R extends PatientRecording>(recordings: readonly R[], map: CalibrationMap): R[] {
  return recordings.map((each) => ({ ...each, probability: each.probability.map((value) => calibrated(value, map)) }));
}

/** Patients with seizures first, so that they are spread over the folds. */
function spreadPatients(recordings: readonly PatientRecording[]): string[] {
  const ill = new Set(recordings.filter(({ reference }) => reference.length > 0).map(({ patient }) => patient));
  return patientsOf(recordings).sort((a, b) => Number(ill.has(b)) - Number(ill.has(a)));
}

/** Calibration of probabilities that were corrected by a fit on other patients: patients in turn, in `folds` parts. */
export function calibrationOutOfFold(recordings: readonly PatientRecording[], folds = 10): Calibration {
  requireCounts({ folds });
  const patients = spreadPatients(recordings);
  const count = Math.min(folds, patients.length);
  const foldOf = new Map(patients.map((name, p) => [name, p % count] as const));
  const corrected = Array.from({ length: count }, (_, fold) => {
    const others = recordings.filter(({ patient }) => foldOf.get(patient) !== fold);
    return calibrateRecordings(
      recordings.filter(({ patient }) => foldOf.get(patient) === fold),
      fitCalibration(others),
    );
  });
  const { score, truth } = pooledCells(corrected.flat());
  return calibrationCurve(score, truth);
}

/** Mean probability and share of seizure of one patient. */
export interface PatientCalibration {
  readonly patient: string;
  readonly hours: number;
  /** NaN without values, as the others. */
  readonly meanProbability: number;
  readonly seizureShare: number;
  readonly expectedError: number;
}

/** Reliability by patient, those with the largest gap of mean probability and share of seizure first. */
export function calibrationByPatient(recordings: readonly PatientRecording[]): PatientCalibration[] {
  const mean = (values: ArrayLike<number>) => {
    let sum = 0;
    for (let i = 0; i < values.length; i++) sum += values[i]!;
    return sum / values.length;
  };
  const found = patientsOf(recordings).map((patient) => {
    const own = recordings.filter((each) => each.patient === patient);
    const { score, truth } = pooledCells(own);
    const hours = own.reduce((sum, each) => sum + cellsOf(each).score.length / each.rateHz / 3600, 0);
    const { expectedError } = calibrationCurve(score, truth);
    return { patient, hours, meanProbability: mean(score), seizureShare: mean(truth), expectedError };
  });
  const gap = (each: PatientCalibration) => Math.abs(each.meanProbability - each.seizureShare) || 0;
  return found.sort((a, b) => gap(b) - gap(a));
}
