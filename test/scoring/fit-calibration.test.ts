import assert from "node:assert/strict";
import { test } from "node:test";
import { calibrated } from "../../src/base/calibration-map.js";
import { createRandom } from "../../src/base/random.js";
import type { PatientRecording } from "../../src/scoring/auroc-wins.js";
import { calibrationCurve } from "../../src/scoring/calibration.js";
import { auroc } from "../../src/scoring/curves.js";
import {
  calibrateRecordings,
  calibrationByPatient,
  calibrationOutOfFold,
  fitCalibration,
  shiftPrevalence,
} from "../../src/scoring/fit-calibration.js";
import { pooledCells } from "../../src/scoring/score.js";

const TEMPERATURE = 2.5;
const BIAS = 3.5;

/** Patients of different level whose true log-odds were made `TEMPERATURE` times too large and shifted by a wrong prior. */
function overconfident(patients: number, seed: number): PatientRecording[] {
  const random = createRandom(seed, "overconfident");
  return Array.from({ length: patients }, (_, p) => {
    const level = -2.2 + 0.5 * random.normal(1e6 + p);
    const truth: number[] = [];
    const probability = Float32Array.from({ length: 1200 }, (_, i) => {
      const odds = level + 1.5 * random.normal(2000 * p + i);
      truth.push(random.uniform(1e7 + 2000 * p + i) < 1 / (1 + Math.exp(-odds)) ? 1 : 0);
      return 1 / (1 + Math.exp(-(TEMPERATURE * odds + BIAS)));
    });
    const reference = truth.flatMap((label, i) => (label === 1 ? [{ startSeconds: i, endSeconds: i + 1 }] : []));
    return { id: `r${p}`, patient: `p${p}`, durationSeconds: 1200, rateHz: 1, probability, reference };
  });
}

const errorOf = (recordings: readonly PatientRecording[]) => {
  const { score, truth } = pooledCells(recordings);
  return calibrationCurve(score, truth).expectedError;
};

test("fitCalibration finds temperature and bias again, and brings the error of other patients below 0.05", () => {
  const recordings = overconfident(16, 1);
  const fitted = fitCalibration(recordings);
  assert.ok(Math.abs(fitted.temperature - TEMPERATURE) < 0.25, String(fitted.temperature));
  assert.ok(Math.abs(fitted.bias + BIAS / TEMPERATURE) < 0.25, String(fitted.bias));
  assert.ok(errorOf(recordings) > 0.1);
  assert.ok(calibrationOutOfFold(recordings).expectedError < 0.05);
  const others = calibrateRecordings(overconfident(16, 2), fitted);
  assert.ok(errorOf(others) < 0.05, String(errorOf(others)));
});

test("a calibration keeps the order of values, and moves their mean to the prevalence of use", () => {
  const recordings = overconfident(8, 3);
  const fitted = fitCalibration(recordings);
  const area = (list: readonly PatientRecording[]) => {
    const { score, truth } = pooledCells(list);
    return auroc(score, truth);
  };
  const mean = (list: readonly PatientRecording[]) => {
    const { score } = pooledCells(list);
    return score.reduce((sum, value) => sum + value / score.length, 0);
  };
  const here = calibrateRecordings(recordings, fitted);
  assert.ok(Math.abs(area(here) - area(recordings)) < 1e-4);
  assert.ok(Math.abs(mean(here) - fitted.prevalence) < 0.005);
  const rare = calibrateRecordings(recordings, shiftPrevalence(fitted, 0.01));
  assert.ok(mean(rare) > 0.005 && mean(rare) < 0.02, String(mean(rare)));
  assert.throws(() => shiftPrevalence(fitted, 1), /invalid prevalence/);
  assert.ok(Math.abs(calibrated(0.5, { temperature: 1, bias: 0 }) - 0.5) < 1e-12);
});

test("separable values have an answer, one class has none, and patients are listed by their gap", () => {
  const [first] = overconfident(1, 4);
  const reference = [{ startSeconds: 0, endSeconds: 600 }];
  const probability = Float32Array.from({ length: 1200 }, (_, i) => (i < 600 ? 0.9 : 0.1));
  const { temperature } = fitCalibration([{ ...first!, probability, reference }]);
  assert.ok(temperature > 0 && temperature < 1);
  assert.throws(() => fitCalibration([{ ...first!, reference: [] }]), /0 of 1200 values are seizure; expected both/);
  const [worst, best] = calibrationByPatient([
    { ...first!, patient: "right", reference, probability: probability.map((v) => v) },
    { ...first!, id: "s", patient: "wrong", reference: [], probability },
  ]);
  assert.deepEqual([worst!.patient, best!.patient, best!.seizureShare], ["wrong", "right", 0.5]);
  assert.ok(Math.abs(worst!.meanProbability - 0.5) < 1e-6 && Math.abs(worst!.hours - 1 / 3) < 1e-9);
});
