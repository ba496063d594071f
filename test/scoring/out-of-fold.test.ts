import assert from "node:assert/strict";
import { test } from "node:test";
import type { PatientRecording } from "../../src/scoring/auroc-wins.js";
import { bestEventThreshold } from "../../src/scoring/event-threshold.js";
import { calibrateFolds, outOfFoldCalibration } from "../../src/scoring/fold-calibration.js";
import { type FoldPredictions, scoreFolds } from "../../src/scoring/out-of-fold.js";

/** A minute at one value a second: `high` in the seizure from 20 to 40 s where the patient has one, `low` elsewhere. */
function recording(patient: string, high: number, low: number, hasSeizure = true): PatientRecording {
  const probability = Float32Array.from({ length: 60 }, (_, i) => (hasSeizure && i >= 20 && i < 40 ? high : low));
  const reference = hasSeizure ? [{ startSeconds: 20, endSeconds: 40 }] : [];
  return { id: `all/${patient}/t0`, patient, durationSeconds: 60, rateHz: 1, probability, reference };
}

const FOLDS: readonly FoldPredictions[] = [
  {
    fold: 0,
    seed: 1,
    dev: [recording("c", 0.4, 0.1)],
    heldOut: [recording("a", 0.45, 0.1), recording("b", 0, 0.1, false)],
  },
  {
    fold: 1,
    seed: 1,
    dev: [recording("a", 0.9, 0.6)],
    heldOut: [recording("c", 0.9, 0.6), recording("d", 0, 0.6, false)],
  },
];

test("bestEventThreshold(recordings) is the strictest threshold of the highest event F1, and none where nothing is found", () => {
  const { threshold, f1 } = bestEventThreshold([recording("a", 0.75, 0.25), recording("b", 0, 0.25, false)])!;
  assert.deepEqual([threshold, f1], [0.75, 1]);
  assert.equal(bestEventThreshold([recording("a", 0, 0.5, false)]), undefined);
  assert.equal(bestEventThreshold([]), undefined);
});

test("scoreFolds(folds) scores each fold at the threshold of its own dev, and pools", () => {
  const scores = scoreFolds(FOLDS);
  assert.deepEqual([scores.folds, scores.seeds, scores.patients, scores.patientsWithSeizures], [2, [1], 4, 2]);
  const found = scores.perFold.map(({ threshold, thresholdFrom, auroc, event }) => ({
    ...{ threshold: +threshold.toFixed(3), thresholdFrom, auroc, f1: event.f1 },
  }));
  assert.deepEqual(found, [
    { threshold: 0.4, thresholdFrom: "dev", auroc: 1, f1: 1 },
    { threshold: 0.9, thresholdFrom: "dev", auroc: 1, f1: 1 },
  ]);
  assert.equal(scores.outOfFold.event.f1, 1); // one threshold for both would miss fold 0 or alarm in fold 1
  assert.equal(scores.outOfFold.meanOfFolds, 1);
  assert.ok(scores.outOfFold.auroc.auroc < 1); // the folds' scales differ: 0.45 in a seizure, 0.6 out of one
  assert.equal(scores.outOfFold.auroc.patients, 2, "those with seizures");
  assert.equal(scores.ensemble, undefined);
});

test("calibrateFolds(folds) corrects each fold by its own dev, which lowers the error of the held-out patients", () => {
  // the network says 0.9 and 0.3 where every second and every tenth is seizure
  const sure = (patient: string): PatientRecording => ({
    ...recording(patient, 0.9, 0.3),
    probability: Float32Array.from({ length: 400 }, (_, i) => (i < 200 ? 0.9 : 0.3)),
    durationSeconds: 400,
    reference: [
      { startSeconds: 100, endSeconds: 200 },
      { startSeconds: 380, endSeconds: 400 },
    ],
  });
  const fold = { fold: 0, seed: 1, dev: [sure("c"), sure("d")], heldOut: [sure("a"), sure("b")] };
  const silent = { fold: 1, seed: 1, dev: [], heldOut: [recording("c", 0.45, 0.1)] };
  const { folds, calibrations } = calibrateFolds([fold, silent]);
  const [before, after] = [outOfFoldCalibration([fold]), outOfFoldCalibration(folds.slice(0, 1))];
  assert.ok(
    before.expectedError > 0.25 && after.expectedError < 0.01,
    `${before.expectedError} ${after.expectedError}`,
  );
  assert.deepEqual(
    after.byPatient.map(({ patient, seizureShare }) => [patient, seizureShare]),
    [
      ["a", 0.3],
      ["b", 0.3],
    ],
  );
  assert.deepEqual([calibrations[0]!.fitted!.patients, calibrations[1]!.fitted], [2, undefined]);
  assert.equal(folds[1], silent, "nothing to fit on");
  assert.ok(Math.abs(folds[0]!.dev[0]!.probability[0]! - 0.5) < 0.02, "dev is on the same scale");
});

test("scoreFolds(folds) of several seeds counts a patient once, scores each seed and the mean of the seeds", () => {
  const second = FOLDS.map((fold) => ({ ...fold, seed: 2 }));
  const { outOfFold, bySeed, ensemble, pairs } = scoreFolds([...FOLDS, ...second]);
  assert.equal(outOfFold.auroc.patients, 2);
  assert.equal(outOfFold.resolution.hours, bySeed[0]!.resolution.hours, "time counts once");
  assert.equal(outOfFold.intervals.patients, 4);
  assert.deepEqual(
    bySeed.map(({ seed, auroc }) => [seed, auroc.auroc]),
    [1, 2].map((seed) => [seed, bySeed[0]!.auroc.auroc]),
  );
  assert.equal(ensemble!.auroc, bySeed[0]!.auroc.auroc);
  assert.equal(pairs.length, 8);
});

test("scoreFolds(folds) takes the configured threshold without seizures in dev, has no AUROC without seizures, refuses a leak", () => {
  const silent = { fold: 0, seed: 1, dev: [], heldOut: [recording("a", 0, 0.1, false)] };
  const { perFold } = scoreFolds([silent], {
    postprocess: { onThreshold: 0.6, offThreshold: 0.5 },
  });
  assert.deepEqual([perFold[0]!.threshold, perFold[0]!.thresholdFrom], [0.6, "configured"]);
  assert.ok(Number.isNaN(perFold[0]!.auroc));
  const leak = { ...silent, dev: [recording("a", 0.5, 0.1)] };
  assert.throws(() => scoreFolds([leak]), /invalid fold 0: patient a is held out and in dev/);
});
