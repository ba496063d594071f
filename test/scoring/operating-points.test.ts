import assert from "node:assert/strict";
import { test } from "node:test";
import { isIctalError } from "@ictal/base/errors";
import { createRandom } from "../../src/base/random.js";
import { scoreNedc } from "../../src/scoring/nedc/score-nedc.js";
import {
  candidateThresholds,
  operatingPoints,
  pointWithin,
  sensitivityAtFalseAlarms,
} from "../../src/scoring/operating-points.js";
import { detectEvents } from "../../src/scoring/postprocess.js";
import { sensitivitiesAtRates } from "../../src/scoring/rate-sensitivity.js";
import { type PredictedRecording, scoreSzcore } from "../../src/scoring/score.js";

const interval = (startSeconds: number, endSeconds: number) => ({ startSeconds, endSeconds });
const SECONDS = 1800;

/** Six recordings at 1 Hz: seizures and artefacts rise to levels of their own, scaled by `scale`. */
function split(seed: number, scale = 1): PredictedRecording[] {
  const random = createRandom(seed, "operating points");
  return Array.from({ length: 6 }, (_, r) => {
    const probability = new Float32Array(SECONDS).fill(0.05 * scale);
    const reference = [];
    for (let k = 0; k < 4; k++) {
      const start = 100 + 400 * k + random.integer(r * 100 + k * 10, 200);
      const level = scale * (0.1 + 0.85 * random.uniform(r * 100 + k * 10 + 1));
      probability.fill(level, start, start + 40);
      if (random.uniform(r * 100 + k * 10 + 2) < 0.6) reference.push(interval(start + 5, start + 45));
    }
    return { id: `r${r}`, durationSeconds: SECONDS, rateHz: 1, probability, reference };
  });
}

test("sensitivityAtFalseAlarms never falls as more false alarms are allowed, for either scorer", () => {
  for (const scorer of ["szcore", "ovlp"] as const) {
    for (let seed = 0; seed < 5; seed++) {
      let before = -1;
      for (const perDay of [0, 1, 5, 10, 50, 100, 500, 5000]) {
        const point = sensitivityAtFalseAlarms(split(seed), perDay, { scorer });
        assert.ok(point.sensitivity >= before && point.falseAlarmsPer24h <= perDay);
        before = point.sensitivity;
      }
      assert.ok(before > 0.5);
    }
  }
});

test("a point is what its threshold gives when the split is post-processed and scored", () => {
  const recordings = split(1);
  const pairsAt = (threshold: number) =>
    recordings.map(({ id, durationSeconds, reference, probability, rateHz }) => {
      const thresholds = { onThreshold: threshold, offThreshold: (threshold * 0.78) / 0.86 };
      return { id, durationSeconds, reference, hypothesis: detectEvents(probability, rateHz, thresholds) };
    });
  const szcore = sensitivityAtFalseAlarms(recordings, 60);
  const { event } = scoreSzcore(pairsAt(szcore.threshold));
  assert.deepEqual([szcore.sensitivity, szcore.falseAlarmsPer24h], [event.sensitivity, event.falseAlarmsPer24h]);
  const ovlp = sensitivityAtFalseAlarms(recordings, 60, { scorer: "ovlp" });
  const scores = scoreNedc(pairsAt(ovlp.threshold)).ovlp;
  assert.deepEqual([ovlp.sensitivity, ovlp.falseAlarmsPer24h], [scores.sensitivity, scores.falseAlarmsPer24h]);
});

test("operating points do not depend on the scale of the probabilities", () => {
  const rates = (recordings: PredictedRecording[]) =>
    operatingPoints(recordings).map(({ sensitivity, falseAlarmsPer24h }) => [sensitivity, falseAlarmsPer24h]);
  assert.deepEqual(rates(split(2, 2 ** -9)), rates(split(2)));
});

test("without an affordable alarm the answer is silence, and without seizures it is NaN", () => {
  const loud = {
    id: "a",
    durationSeconds: 600,
    rateHz: 1,
    probability: new Float32Array(600).fill(0.9),
    reference: [],
  };
  const recordings = [loud, { ...loud, id: "b", reference: [interval(590, 600)], probability: new Float32Array(600) }];
  assert.deepEqual(sensitivityAtFalseAlarms(recordings, 0), {
    threshold: Number.POSITIVE_INFINITY,
    sensitivity: 0,
    falseAlarmsPer24h: 0,
  });
  assert.ok(Number.isNaN(sensitivityAtFalseAlarms([loud], 10).sensitivity));
  assert.ok(Number.isNaN(sensitivityAtFalseAlarms([], 10).falseAlarmsPer24h));
  assert.throws(() => pointWithin([], -1), /invalid maxFalseAlarmsPer24h: -1/);
});

test("pointWithin prefers fewer false alarms, then the stricter threshold, among equal sensitivities", () => {
  const point = (threshold: number, sensitivity: number, falseAlarmsPer24h: number) => ({
    threshold,
    sensitivity,
    falseAlarmsPer24h,
  });
  const points = [point(0.9, 0.5, 4), point(0.8, 0.7, 6), point(0.7, 0.7, 3), point(0.6, 0.7, 3), point(0.5, 0.9, 20)];
  assert.equal(pointWithin(points, 10).threshold, 0.7);
  assert.equal(pointWithin(points, 20).threshold, 0.5);
});

test("candidateThresholds are distinct, above 0, strictest first, and hold the highest peaks", () => {
  const found = candidateThresholds(split(3), 10);
  assert.ok(found.length > 5 && found.length <= 10);
  assert.deepEqual(
    found,
    [...new Set(found)].sort((a, b) => b - a),
  );
  assert.equal(found[0], Math.max(...split(3).map(({ probability }) => Math.max(...probability))));
  assert.deepEqual(candidateThresholds([]), []);
});

test("thresholds are not searched on eval unless forced, and then with a warning", () => {
  const sealed = split(1).map((recording, r) => ({ ...recording, id: `${r === 5 ? "eval" : "dev"}/p/s/m/t${r}` }));
  for (const search of [
    () => sensitivityAtFalseAlarms(sealed, 10),
    () => operatingPoints(sealed),
    () =>
      sensitivitiesAtRates(
        sealed.map((each) => ({ ...each, patient: each.id })),
        [10],
        { seed: 1 },
      ),
  ]) {
    assert.throws(
      search,
      (error: unknown) => isIctalError(error, "ConfigError") && /1 recordings of eval/.test(String(error)),
    );
  }
  const told: string[] = [];
  const forced = sensitivityAtFalseAlarms(sealed, 10, { forceEval: true, warn: (text) => told.push(text) });
  assert.deepEqual(forced, sensitivityAtFalseAlarms(split(1), 10));
  assert.match(told.join(), /searched on 1 recordings of eval by force/);
  assert.doesNotThrow(() => operatingPoints(sealed.slice(0, 5)));
});

test("sensitivitiesAtRates gives the pooled point with an interval around it, the same for the same seed", () => {
  const recordings = Array.from({ length: 6 }, (_, seed) => split(seed)).flatMap((list, p) =>
    list.map((each) => ({ ...each, id: `dev/p${p}/${each.id}`, patient: `p${p}` })),
  );
  const options = { seed: 3, replicates: 200 };
  const rates = sensitivitiesAtRates(recordings, [2, 50], options);
  for (const { maxFalseAlarmsPer24h, threshold, sensitivity, falseAlarmsPer24h, ...resolution } of rates) {
    const point = sensitivityAtFalseAlarms(recordings, maxFalseAlarmsPer24h);
    assert.deepEqual(
      [threshold, sensitivity.value, falseAlarmsPer24h],
      [point.threshold, point.sensitivity, point.falseAlarmsPer24h],
    );
    assert.ok(sensitivity.lower < sensitivity.value && sensitivity.value < sensitivity.upper);
    assert.equal(sensitivity.patients, 6);
    assert.deepEqual([resolution.isResolved, resolution.hours], [true, 18]);
    assert.ok(resolution.upperFalseAlarmsPer24h > falseAlarmsPer24h);
  }
  assert.deepEqual(sensitivitiesAtRates(recordings, [2, 50], options), rates);
  const one = sensitivitiesAtRates(recordings.slice(0, 6), [50], options)[0]!.sensitivity;
  assert.deepEqual([one.lower, one.patients], [Number.NaN, 1], "one patient has no interval");
  const [coarse] = sensitivitiesAtRates(recordings, [1], options); // one alarm in 18 h is 1.33 per 24 h
  assert.ok(!coarse!.isResolved && Number.isNaN(coarse!.threshold) && Number.isNaN(coarse!.sensitivity.value));
  assert.ok(Math.abs(coarse!.leastFalseAlarmsPer24h - 24 / 18) < 1e-12);
});
