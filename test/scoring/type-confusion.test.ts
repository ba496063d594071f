import assert from "node:assert/strict";
import { test } from "node:test";
import { typeConfusion } from "../../src/scoring/type-confusion.js";

const event = (startSeconds: number, endSeconds: number, label: string) => ({
  startSeconds,
  endSeconds,
  label,
  confidence: 1,
});

test("typeConfusion takes the label of the detection that shares most time, and puts false alarms with background", () => {
  const typed = [event(10, 40, "fnsz"), event(100, 130, "gnsz"), event(200, 220, "fnsz")];
  const typedHypothesis = [
    event(5, 15, "gnsz"),
    event(15, 38, "fnsz"),
    event(300, 310, "gnsz"),
    event(130, 140, "fnsz"),
  ];
  const pair = { id: "a", patient: "p", durationSeconds: 600, reference: typed, typed, hypothesis: typedHypothesis };
  assert.deepEqual(typeConfusion([{ ...pair, typedHypothesis }]), {
    rows: ["fnsz", "gnsz", "background"],
    columns: ["missed", "fnsz", "gnsz"],
    counts: [
      [1, 1, 0],
      [1, 0, 0],
      [0, 1, 1],
    ],
  });
});

test("typeConfusion of a detector without types has one column beside missed, and of nothing no counts", () => {
  const typed = [event(10, 40, "absz")];
  const pair = { id: "a", patient: "p", durationSeconds: 60, reference: typed, typed };
  const { columns, counts } = typeConfusion([{ ...pair, hypothesis: [{ startSeconds: 39, endSeconds: 50 }] }]);
  assert.deepEqual(
    [columns, counts],
    [
      ["missed", "seiz"],
      [
        [0, 1],
        [0, 0],
      ],
    ],
  );
  assert.deepEqual(typeConfusion([]), { rows: ["background"], columns: ["missed"], counts: [[0]] });
});
