import assert from "node:assert/strict";
import { test } from "node:test";
import { postprocessFromConfig } from "../../src/config/layer-options.js";
import type { Config } from "../../src/config/schema.js";
import { weightedAuroc } from "../../src/scoring/auroc-interval.js";
import { scoreBreakdown } from "../../src/scoring/breakdown.js";
import { onsetLatencies } from "../../src/scoring/onset-latency.js";

const interval = (startSeconds: number, endSeconds: number) => ({ startSeconds, endSeconds });

test("postprocessFromConfig takes every value over, sample counts as seconds at 256 Hz", () => {
  const postprocessing: Config["postprocessing"] = {
    hysteresis: { tau_on: 0.8, tau_off: 0.7, min_onset_samples: 128, min_offset_samples: 512 },
    morphology: { opening_kernel: 64, closing_kernel: 1024 },
    duration: { min_duration_s: 3, max_duration_s: 600 },
    events: { tau_merge: 2, confidence_method: "percentile", confidence_percentile: 0.9 },
    stitching: { method: "max" }, // of predictions
  };
  assert.deepEqual(postprocessFromConfig({ postprocessing }), {
    ...{ onThreshold: 0.8, offThreshold: 0.7, minOnsetSeconds: 0.5, minOffsetSeconds: 2 },
    ...{ openingSeconds: 0.25, closingSeconds: 4, minEventSeconds: 3, maxEventSeconds: 600 },
    ...{ mergeGapSeconds: 2, confidence: "percentile", confidencePercentile: 0.9 },
  });
});

test("weightedAuroc of one positive and one negative cell is 1, 0 or one half, never NaN", () => {
  const area = (positive: number, negative: number) => {
    const recording = { id: "a", patient: "p", durationSeconds: 2, rateHz: 1, reference: [interval(0, 1)] };
    return weightedAuroc([{ ...recording, probability: Float32Array.of(positive, negative) }], ["p"])([1]);
  };
  assert.deepEqual([area(0.9, 0.1), area(0.1, 0.9), area(0.5, 0.5)], [1, 0, 0.5]);
});

test("onsetLatencies passes over every detection that ended before a seizure, and finds the next one", () => {
  const hypothesis = [interval(1, 2), interval(3, 4), interval(5, 6), interval(12, 14), interval(31, 33)];
  const pair = { id: "a", durationSeconds: 60, reference: [interval(10, 20), interval(30, 40)], hypothesis };
  assert.deepEqual(onsetLatencies([pair]), { seizures: 2, censored: 0, latencies: [2, 1], lookAheadSeconds: null });
  assert.deepEqual(onsetLatencies([{ ...pair, hypothesis: hypothesis.slice(1) }]).latencies, [2, 1]);
});

test("breakdown takes typed seizures in any order, and hours as hours", () => {
  const event = (from: number, to: number, label: string) => ({ ...interval(from, to), label, confidence: 1 });
  const typed = [event(400, 460, "gnsz"), event(100, 105, "absz"), event(200, 220, "fnsz")];
  const pair = { id: "a/1", patient: "a", durationSeconds: 5400, reference: typed, typed };
  const { byType, byPatient } = scoreBreakdown([{ ...pair, hypothesis: [interval(101, 102), interval(450, 451)] }]);
  assert.deepEqual(
    Object.entries(byType).map(([type, { detected }]) => [type, detected]),
    [
      ["absz", 1],
      ["fnsz", 0],
      ["gnsz", 1],
    ],
  );
  assert.deepEqual([byPatient[0]!.hours, byPatient[0]!.detected], [1.5, 2]);
});
