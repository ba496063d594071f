import assert from "node:assert/strict";
import { test } from "node:test";
import { devMetrics } from "../../src/scoring/dev-metrics.js";

const recording = (id: string, seizures: { startSeconds: number; endSeconds: number }[], labelled = true) => ({
  id,
  durationSeconds: 600,
  labelled,
  seizures,
});

/** A probability of 0.1, and `value` inside the given seconds. */
function probability(value: number, ...stretches: [number, number][]): Float32Array {
  const out = new Float32Array(600).fill(0.1);
  for (const [start, end] of stretches) out.fill(value, start, end);
  return out;
}

test("a perfect detector scores 1 everywhere, and recordings without labels do not count", () => {
  const metrics = devMetrics(
    [recording("a", [{ startSeconds: 100, endSeconds: 160 }]), recording("b", []), recording("c", [], false)],
    {
      falseAlarmRates: [10, 72],
    },
  );
  const found = metrics([
    { id: "a", rateHz: 1, probability: probability(0.95, [100, 160]) },
    { id: "b", rateHz: 1, probability: probability(0.95) },
    { id: "c", rateHz: 1, probability: probability(0.95, [0, 600]) },
  ]);
  assert.deepEqual(found, {
    auroc: 1,
    auprc: 1,
    sensitivity: 1,
    precision: 1,
    f1: 1,
    fpPerDay: 0,
    sensitivity_at_10fa: Number.NaN, // 20 minutes resolve 72 false alarms in 24 h
    sensitivity_at_72fa: 1,
  });
});

test("the sensitivity at a rate of false alarms takes the best threshold that stays within it", () => {
  const metrics = devMetrics([recording("a", [{ startSeconds: 100, endSeconds: 160 }])], {
    falseAlarmRates: [143, 200],
  });
  const found = metrics([
    {
      id: "a",
      rateHz: 1,
      probability: Float32Array.from(probability(0.6, [100, 160]), (value, i) => (i >= 300 && i < 340 ? 0.9 : value)),
    },
  ]);
  assert.equal(found.sensitivity, 0);
  assert.ok(Number.isNaN(found.sensitivity_at_143fa));
  assert.equal(found.sensitivity_at_200fa, 1); // one false alarm in ten minutes is 144 a day
});

test("the search for sensitivities goes by the split that was chosen, not by the folder of the corpus", () => {
  const of = (id: string, split: string) =>
    devMetrics([{ ...recording(id, [{ startSeconds: 100, endSeconds: 160 }]), split }], { falseAlarmRates: [200] })([
      { id, rateHz: 1, probability: probability(0.95, [100, 160]) },
    ]);
  assert.equal(of("eval/a", "dev").sensitivity_at_200fa, 1);
  assert.throws(() => of("dev/a", "eval"), /thresholds are searched on 1 recordings of eval/);
});
