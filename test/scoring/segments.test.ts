import assert from "node:assert/strict";
import { test } from "node:test";
import { createRandom } from "../../src/base/random.js";
import { aurocInterval } from "../../src/scoring/auroc-interval.js";
import { devMetrics } from "../../src/scoring/dev-metrics.js";
import { operatingPoints } from "../../src/scoring/operating-points.js";
import { evaluatePredictions, type PredictedRecording, pooledCells } from "../../src/scoring/score.js";

const RATE_HZ = 2;
const GAP = { from: 600, to: 1400 };
const random = createRandom(4, "scored segments");
const values = Float32Array.from({ length: 2000 }, (_, i) => (i % 250 < 40 ? 0.9 : 0.7 * random.uniform(i)));
const reference = [
  { startSeconds: 1, endSeconds: 19 },
  { startSeconds: 250, endSeconds: 272 },
  { startSeconds: 760, endSeconds: 780 },
];

/** A recording whose gap holds `inGap`, and what is left of it as two recordings. */
function recordingsOf(inGap: number): { split: PredictedRecording & { patient: string }; parts: PredictedRecording[] } {
  const probability = values.slice();
  probability.fill(inGap, GAP.from, GAP.to);
  const own = { patient: "a", rateHz: RATE_HZ };
  const segments = [
    { start: 0, end: GAP.from },
    { start: GAP.to, end: 2000 },
  ];
  const shift = GAP.to / RATE_HZ;
  return {
    split: { ...own, id: "dev/a/s/m/t0", durationSeconds: 1000, probability, segments, reference },
    parts: [
      {
        id: "1",
        rateHz: RATE_HZ,
        durationSeconds: 300,
        probability: probability.slice(0, GAP.from),
        reference: reference.slice(0, 2),
      },
      {
        ...{ id: "2", rateHz: RATE_HZ, durationSeconds: 300, probability: probability.slice(GAP.to) },
        reference: [{ startSeconds: 760 - shift, endSeconds: 780 - shift }],
      },
    ],
  };
}

test("values in gaps count nowhere: sample measures are those of the parts, whatever stands in the gap", () => {
  const { split, parts } = recordingsOf(0);
  assert.deepEqual(pooledCells([split]), pooledCells(parts));
  const [found, expected] = [evaluatePredictions([split]), evaluatePredictions(parts)];
  assert.ok(expected.auroc > 0.6 && expected.auroc < 1);
  assert.deepEqual([found.auroc, found.auprc], [expected.auroc, expected.auprc]);
  for (const inGap of [0.5, 1]) assert.deepEqual(evaluatePredictions([recordingsOf(inGap).split]), found);
  const interval = aurocInterval([split]);
  assert.ok(Math.abs(interval.auroc - expected.auroc) < 1e-12);
  assert.deepEqual(aurocInterval([recordingsOf(1).split]), interval);
});

test("events of a recording with a gap stand at the file's times, and thresholds are searched within segments", () => {
  const { split, parts } = recordingsOf(0.95);
  const counts = (recordings: readonly PredictedRecording[]) => {
    const { event } = evaluatePredictions(recordings).szcore;
    return [event.refTrue, event.tp, event.fp];
  };
  assert.deepEqual(counts([split]), counts(parts));
  const points = operatingPoints([split], { thresholds: [0.5, 0.8, 0.92] });
  const expected = operatingPoints(parts, { thresholds: [0.5, 0.8, 0.92] });
  assert.deepEqual(
    points.map(({ threshold, sensitivity }) => [threshold, sensitivity]),
    expected.map(({ threshold, sensitivity }) => [threshold, sensitivity]),
  );
  const metrics = devMetrics([{ ...split, labelled: true, seizures: reference }])([split]);
  assert.equal(metrics.auroc, evaluatePredictions([split]).auroc);
});
