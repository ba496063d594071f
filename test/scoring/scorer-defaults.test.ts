/** Every duration and tolerance of the scorers, frozen by name and at the border where it decides. */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  CONTRADICTION_TOLERANCE_SECONDS,
  DURATION_ERROR_SECONDS,
  END_ERROR_DURATIONS,
  END_TOLERANCE_SECONDS,
} from "../../src/recording/annotation-rows.js";
import { DURATION_WARNING_SECONDS, UNION_TOLERANCE_SECONDS } from "../../src/recording/seizures.js";
import { EPOCH_SECONDS } from "../../src/scoring/nedc/epoch.js";
import { scoreNedc } from "../../src/scoring/nedc/score-nedc.js";
import { POSTPROCESS_DEFAULTS } from "../../src/scoring/postprocess.js";
import { scoreSzcore } from "../../src/scoring/score.js";
import { SZCORE_DEFAULTS, scoreEvents } from "../../src/scoring/szcore.js";
import { scoreSzcoreEvaluation } from "../../src/scoring/szcore-evaluation.js";

const interval = (startSeconds: number, endSeconds: number) => ({ startSeconds, endSeconds });
const counts = (reference: [number, number][], hypothesis: [number, number][]) => {
  const [ref, hyp] = [reference, hypothesis].map((rows) => rows.map(([start, end]) => interval(start, end)));
  const { refTrue, tp, fp } = scoreEvents(ref!, hyp!, 3600);
  return [refTrue, tp, fp];
};

test("the durations and tolerances of every scorer and of post-processing are these", () => {
  assert.deepEqual(SZCORE_DEFAULTS, {
    toleranceStartSeconds: 30,
    toleranceEndSeconds: 60,
    minOverlap: 0,
    maxEventSeconds: 300,
    minGapSeconds: 90,
  });
  assert.deepEqual(POSTPROCESS_DEFAULTS, {
    onThreshold: 0.86,
    offThreshold: 0.78,
    minOnsetSeconds: 0.5,
    minOffsetSeconds: 1,
    openingSeconds: 11 / 256,
    closingSeconds: 31 / 256,
    minEventSeconds: 3,
    maxEventSeconds: 600,
    mergeGapSeconds: 2,
    confidence: "mean",
    confidencePercentile: 0.75,
  });
  const readers = {
    ...{ EPOCH_SECONDS, END_TOLERANCE_SECONDS, END_ERROR_DURATIONS, CONTRADICTION_TOLERANCE_SECONDS },
    ...{ DURATION_WARNING_SECONDS, DURATION_ERROR_SECONDS, UNION_TOLERANCE_SECONDS },
  };
  assert.deepEqual(readers, {
    EPOCH_SECONDS: 0.25,
    END_TOLERANCE_SECONDS: 0.001,
    END_ERROR_DURATIONS: 2,
    CONTRADICTION_TOLERANCE_SECONDS: 0.02,
    DURATION_WARNING_SECONDS: 0.1,
    DURATION_ERROR_SECONDS: 1,
    UNION_TOLERANCE_SECONDS: 0.02,
  });
});

test("SzCORE by default finds a detection up to 30 s before and 60 s after a seizure, and not beyond", () => {
  assert.deepEqual(counts([[1000, 1100]], [[960, 970.1]]), [1, 1, 0]);
  assert.deepEqual(counts([[1000, 1100]], [[960, 970]]), [1, 0, 1]);
  assert.deepEqual(counts([[1000, 1100]], [[1159.9, 1170]]), [1, 1, 0]);
  assert.deepEqual(counts([[1000, 1100]], [[1160, 1170]]), [1, 0, 1]);
});

test("SzCORE by default joins events less than 90 s apart and cuts those over 300 s", () => {
  assert.deepEqual(
    counts(
      [
        [1000, 1010],
        [1099.9, 1110],
      ],
      [],
    ),
    [1, 0, 0],
  );
  assert.deepEqual(
    counts(
      [
        [1000, 1010],
        [1100, 1110],
      ],
      [],
    ),
    [2, 0, 0],
  );
  assert.deepEqual(counts([[1000, 1300]], []), [1, 0, 0]);
  assert.deepEqual(counts([[1000, 1300.1]], []), [2, 0, 0]);
  assert.deepEqual(counts([[1000, 1600.1]], []), [3, 0, 0]);
});

test("any overlap is enough for SzCORE, one sample of 10 Hz, and the reports take the same defaults", () => {
  assert.deepEqual(counts([[1000, 1300]], [[1100, 1100.1]]), [1, 1, 0]);
  const pair = {
    ...{ id: "a", patient: "a", durationSeconds: 3600 },
    ...{ reference: [interval(1000, 1100)], hypothesis: [interval(960, 971), interval(1159, 1170)] },
  };
  const { event, sample } = scoreSzcore([pair]);
  assert.deepEqual([event.refTrue, event.tp, event.fp], [1, 1, 0]);
  assert.deepEqual([sample.refTrue, sample.tp, sample.fp], [100, 0, 22]);
  const { pooled } = scoreSzcoreEvaluation([pair]);
  assert.deepEqual([pooled.event.refTrue, pooled.event.tp, pooled.event.fp], [1, 1, 0]);
});

test("NEDC's scorers know no tolerance: touching is a miss, and epochs last a quarter of a second", () => {
  const score = (start: number, end: number) =>
    scoreNedc([
      { id: "a", durationSeconds: 3600, reference: [interval(1000, 1100)], hypothesis: [interval(start, end)] },
    ]);
  const apart = score(1100, 1110);
  assert.deepEqual([apart.ovlp.hits, apart.ovlp.falseAlarms, apart.taes.hits, apart.taes.falseAlarms], [0, 1, 0, 1]);
  assert.deepEqual([apart.epoch.targets, apart.epoch.hits, apart.epoch.falseAlarms], [400, 0, 40]);
  assert.deepEqual([apart.dpalign.hits, apart.dpalign.falseAlarms], [1, 0]);
  const near = score(1099.9, 1110);
  assert.deepEqual([near.ovlp.hits, near.ovlp.falseAlarms], [1, 0]);
  assert.ok(Math.abs(near.taes.hits - 0.001) < 1e-9 && Math.abs(near.taes.falseAlarms - 0.1) < 1e-9);
  assert.equal(near.epoch.falseAlarmsPer24h, (40 * 0.25 * 86_400) / 3600);
  assert.equal(score(1000, 1100).ira.kappa, 1);
});
