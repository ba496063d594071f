import assert from "node:assert/strict";
import { test } from "node:test";
import { quantileOf } from "../../src/base/quantile.js";
import { createRandom } from "../../src/base/random.js";
import { aurocInterval, weightedAuroc } from "../../src/scoring/auroc-interval.js";
import type { PatientRecording } from "../../src/scoring/auroc-wins.js";
import { calibrationCurve } from "../../src/scoring/calibration.js";
import { auroc } from "../../src/scoring/curves.js";
import { latencyText, onsetLatency } from "../../src/scoring/onset-latency.js";
import { pooledCells } from "../../src/scoring/score.js";

const interval = (startSeconds: number, endSeconds: number) => ({ startSeconds, endSeconds });

test("quantileOf interpolates as numpy does and leaves its input alone", () => {
  const values = [3, 1, 2, 10];
  assert.deepEqual(
    [0, 0.25, 0.5, 0.75, 1].map((share) => quantileOf(values, share)),
    [1, 1.75, 2.5, 4.75, 10], // numpy.percentile([3, 1, 2, 10], [0, 25, 50, 75, 100])
  );
  assert.deepEqual(values, [3, 1, 2, 10]);
  assert.ok(Number.isNaN(quantileOf([], 0.5)));
  assert.throws(() => quantileOf([1], 1.1), /invalid share: 1\.1/);
});

test("onsetLatency measures from each seizure to the first detection that overlaps it", () => {
  const pairs = [
    {
      id: "a",
      durationSeconds: 1000,
      reference: [interval(100, 160), interval(300, 360), interval(500, 560), interval(700, 760)],
      hypothesis: [interval(110, 120), interval(130, 170), interval(296, 310), interval(560, 600), interval(720, 730)],
    },
    { id: "b", durationSeconds: 1000, reference: [interval(10, 20)], hypothesis: [] },
  ];
  assert.deepEqual(onsetLatency(pairs), {
    seizures: 5,
    censored: 0,
    lookAheadSeconds: null,
    detected: 3, // latencies 10, -4 and 20 s; 560-600 only touches
    medianSeconds: 10,
    lowerQuartileSeconds: 3,
    upperQuartileSeconds: 15,
    interquartileSeconds: 12,
  });
  const waiting = onsetLatency(pairs, { lookAheadSeconds: 2.5 });
  assert.deepEqual([waiting.medianSeconds, waiting.lookAheadSeconds], [12.5, 2.5]);
  const { seizures, detected, medianSeconds } = onsetLatency([]);
  assert.deepEqual([seizures, detected, medianSeconds], [0, 0, Number.NaN]);
});

test("onsetLatency leaves out and counts seizures that run at the first sample of a file or of a stretch after a gap", () => {
  const pair = {
    id: "a",
    durationSeconds: 1000,
    stretchStartsSeconds: [0, 500],
    reference: [interval(0, 60), interval(100, 160), interval(480, 540), interval(700, 760)],
    hypothesis: [interval(0, 50), interval(104, 150), interval(500, 530)],
  };
  const found = onsetLatency([pair]);
  assert.deepEqual([found.seizures, found.censored, found.detected, found.medianSeconds], [4, 2, 1, 4]);
  assert.equal(
    latencyText(found),
    "1 of 2 seizures with a recorded onset; 2 more seizures run at the first sample and have no latency; the detector's look-ahead is unknown and not added",
  );
  assert.match(latencyText(onsetLatency([pair], { lookAheadSeconds: 16.04 })), /; 16\.04 s of look-ahead added$/);
});

test("calibration is 0 where every bin's share is its mean probability, and the gap where it is not", () => {
  const score = Float32Array.from({ length: 100 }, (_, i) => (i < 50 ? 0.25 : 0.75));
  const truth = Uint8Array.from({ length: 100 }, (_, i) => (i % 4 === 0 ? 1 : 0) ^ (i < 50 ? 0 : 1));
  const { expectedError, bins } = calibrationCurve(score, truth, 4);
  assert.equal(
    bins.reduce((sum, { count }) => sum + count, 0),
    100,
  );
  assert.deepEqual(
    bins.map(({ count, meanScore, seizureShare }) => [count, meanScore, seizureShare]),
    [
      [0, Number.NaN, Number.NaN],
      [50, 0.25, 0.26], // 13 of 50
      [0, Number.NaN, Number.NaN],
      [50, 0.75, 0.76], // 38 of 50
    ],
  );
  assert.ok(Math.abs(expectedError - 0.01) < 1e-12);
  assert.equal(calibrationCurve(Float32Array.of(1, 1, 0), [0, 0, 0]).expectedError, 2 / 3);
});

test("calibration refuses values that are no probabilities and is NaN of nothing", () => {
  assert.throws(() => calibrationCurve(Float32Array.of(1.5), [1]), /invalid score at 0: 1\.5/);
  assert.throws(() => calibrationCurve(Float32Array.of(Number.NaN), [1]), /invalid score at 0: NaN/);
  assert.throws(() => calibrationCurve(Float32Array.of(0.5), []), /invalid lengths/);
  assert.ok(Number.isNaN(calibrationCurve(new Float32Array(0), []).expectedError));
});

/** Patients whose scores share an offset, so that cells of one patient resemble each other. */
function cohort(patients: number, seed: number): PatientRecording[] {
  const random = createRandom(seed, "cohort");
  return Array.from({ length: 2 * patients }, (_, r) => {
    const patient = `p${r % patients}`;
    const offset = 0.3 * random.uniform(1e6 + (r % patients));
    const reference = [interval(20, 20 + 10 * (1 + random.integer(2e6 + r, 4)))];
    const probability = Float32Array.from({ length: 120 }, (_, i) => {
      const inside = i >= 20 && i < reference[0]!.endSeconds;
      return Math.round(20 * (offset + (inside ? 0.25 : 0) + 0.4 * random.uniform(r * 1000 + i))) / 20;
    });
    return { id: `r${r}`, patient, durationSeconds: 120, rateHz: 1, probability, reference };
  });
}

test("weightedAuroc equals the AUROC of the cells repeated by their patient's weight", () => {
  const recordings = cohort(5, 1);
  const patients = ["p0", "p1", "p2", "p3", "p4"];
  const area = weightedAuroc(recordings, patients);
  for (const weight of [
    [1, 1, 1, 1, 1],
    [0, 3, 0, 1, 1],
    [5, 0, 0, 0, 0],
  ]) {
    const repeated = recordings.flatMap((recording) =>
      new Array<PatientRecording>(weight[patients.indexOf(recording.patient)]!).fill(recording),
    );
    const { score, truth } = pooledCells(repeated);
    assert.ok(Math.abs(area(weight) - auroc(score, truth)) < 1e-12);
  }
  assert.ok(Number.isNaN(area([0, 0, 0, 0, 0])));
});

test("aurocInterval holds the AUROC, is the same whatever the order, and narrows with more patients", () => {
  const recordings = cohort(12, 2);
  const found = aurocInterval(recordings);
  assert.ok(found.lower < found.auroc && found.auroc < found.upper);
  assert.equal(found.patients, 12);
  assert.deepEqual(aurocInterval([...recordings].reverse()), found);
  const wide = aurocInterval(cohort(4, 2));
  const narrow = aurocInterval(cohort(100, 2));
  assert.ok(narrow.upper - narrow.lower < 0.5 * (wide.upper - wide.lower));
});

test("aurocInterval covers the cohort's own AUROC as often as its level says", () => {
  const { score, truth } = pooledCells(cohort(1000, 100));
  const population = auroc(score, truth);
  for (const patients of [4, 6, 8, 12]) {
    let covered = 0;
    for (let seed = 0; seed < 250; seed++) {
      const { lower, upper } = aurocInterval(cohort(patients, 20_000 + seed));
      if (lower <= population && population <= upper) covered += 1;
    }
    assert.ok(Math.abs(covered / 250 - 0.95) <= 0.03, `${patients} patients: ${covered} of 250`);
  }
});

test("aurocInterval counts patients of the rarer class, of under four gives no interval, and refuses NaN scores", () => {
  const one = aurocInterval(cohort(1, 3));
  assert.ok(one.auroc > 0.5 && Number.isNaN(one.lower) && one.patients === 1);
  const some = cohort(9, 3).map((recording, r) => (r % 9 < 4 ? recording : { ...recording, reference: [] }));
  assert.equal(aurocInterval(some).patients, 4);
  const none = aurocInterval(cohort(3, 3).map((recording) => ({ ...recording, reference: [] })));
  assert.deepEqual([none.auroc, none.lower, none.patients], [Number.NaN, Number.NaN, 0]);
  const broken = { ...cohort(1, 3)[0]!, probability: Float32Array.of(0.1, Number.NaN) };
  assert.throws(() => aurocInterval([broken]), /invalid score at 1 of r0: NaN/);
  assert.ok(Number.isNaN(aurocInterval([]).auroc));
});
