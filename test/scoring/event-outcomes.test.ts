import assert from "node:assert/strict";
import { test } from "node:test";
import { eventOutcomes } from "../../src/scoring/event-outcomes.js";
import { scoreNedc } from "../../src/scoring/nedc/score-nedc.js";

const span = (startSeconds: number, endSeconds: number) => ({ startSeconds, endSeconds });
const pair = (reference: [number, number][], hypothesis: [number, number][]) => ({
  id: "a",
  durationSeconds: 600,
  reference: reference.map(([from, to]) => span(from, to)),
  hypothesis: hypothesis.map(([from, to]) => span(from, to)),
});

test("eventOutcomes names the seizures that no detection overlaps and the detections that overlap no seizure", () => {
  const { misses, falseAlarms } = eventOutcomes(
    pair(
      [
        [10, 20],
        [100, 130],
        [200, 210],
      ],
      [
        [15, 16],
        [130, 140],
        [205, 300],
        [400, 410],
      ],
    ),
  ); // touching is no overlap
  assert.deepEqual(misses, [span(100, 130)]);
  assert.deepEqual(falseAlarms, [span(130, 140), span(400, 410)]);
});

test("eventOutcomes counts what NEDC's OVLP counts, for overlapping, nested and cut events", () => {
  const each = pair(
    [
      [10, 20],
      [15, 30],
      [40, 50],
      [590, 900],
    ],
    [
      [5, 12],
      [22, 60],
      [100, 120],
      [110, 115],
    ],
  );
  const { misses, falseAlarms } = eventOutcomes(each);
  const { ovlp } = scoreNedc([each]).perRecording.a!;
  assert.deepEqual([misses.length, falseAlarms.length], [ovlp.misses, ovlp.falseAlarms]);
});

test("eventOutcomes of nothing is nothing, and faulty times are refused with the recording's name", () => {
  assert.deepEqual(eventOutcomes(pair([], [])), { misses: [], falseAlarms: [] });
  assert.throws(() => eventOutcomes(pair([[20, 10]], [])), /a \(reference\).*event 1 \[20, 10\]/s);
});
