import assert from "node:assert/strict";
import { test } from "node:test";
import { FormatError } from "@ictal/base/errors";
import { createRandom } from "../../src/base/random.js";
import { rocAndPrCurves } from "../../src/scoring/curves.js";
import { checkedEvents } from "../../src/scoring/event-list.js";
import { cellLabels, evaluatePredictions, scoreSzcore } from "../../src/scoring/score.js";

const interval = (startSeconds: number, endSeconds: number) => ({ startSeconds, endSeconds });

test("curves(score, truth) gives the share of correctly ordered pairs, ties counting half", () => {
  const random = createRandom(2, "curves");
  const score = Float32Array.from({ length: 300 }, (_, i) => random.integer(i, 20) / 20);
  const truth = Uint8Array.from({ length: 300 }, (_, i) => (random.uniform(1000 + i) < 0.3 + 0.4 * score[i]! ? 1 : 0));
  let pairs = 0;
  let right = 0;
  for (let i = 0; i < 300; i++) {
    for (let j = 0; j < 300; j++) {
      if (truth[i] !== 1 || truth[j] !== 0) continue;
      pairs += 1;
      right += score[i]! > score[j]! ? 1 : score[i] === score[j] ? 0.5 : 0;
    }
  }
  const found = rocAndPrCurves(score, truth);
  assert.ok(Math.abs(found.auroc - right / pairs) < 1e-12);
  assert.equal(found.truePositiveRate.at(-1), 1);
  assert.equal(found.falsePositiveRate.at(-1), 1);
});

test("curves of a perfect and of a one-class input are 1 and NaN", () => {
  const perfect = rocAndPrCurves(Float32Array.of(0.1, 0.9, 0.2, 0.8), [0, 1, 0, 1]);
  assert.equal(perfect.auroc, 1);
  assert.equal(perfect.auprc, 1);
  assert.ok(Number.isNaN(rocAndPrCurves(Float32Array.of(0.1, 0.9), [0, 0]).auroc));
  assert.throws(() => rocAndPrCurves(Float32Array.of(Number.NaN), [1]), /invalid score at 0: NaN/);
});

test("checkedEvents sorts, unites overlaps, keeps touching events apart and refuses impossible times", () => {
  assert.deepEqual(checkedEvents([interval(50, 60), interval(5, 20), interval(10, 15), interval(20, 30)], 55, "x"), [
    interval(5, 20),
    interval(20, 30),
    interval(50, 55),
  ]);
  for (const bad of [interval(-1, 3), interval(5, 4), interval(Number.NaN, 4), interval(60, 70), interval(60, 60)]) {
    assert.throws(
      () => checkedEvents([bad], 55, "rec"),
      (error: unknown) => error instanceof FormatError && /rec/.test(error.message),
    );
  }
});

test("scoreSzcore pools counts over recordings and never joins them", () => {
  const pairs = [
    { id: "a", durationSeconds: 600, reference: [interval(100, 160)], hypothesis: [interval(110, 150)] },
    { id: "b", durationSeconds: 600, reference: [], hypothesis: [interval(300, 320)] },
  ];
  const { event, sample, perRecording } = scoreSzcore(pairs);
  assert.deepEqual([event.refTrue, event.tp, event.fp, event.sensitivity, event.precision], [1, 1, 1, 1, 0.5]);
  assert.deepEqual([sample.refTrue, sample.tp, sample.fp], [60, 40, 20]);
  assert.ok(Number.isNaN(perRecording.b!.event.sensitivity));
  assert.equal(event.falseAlarmsPer24h, 72);
});

test("cellLabels marks the cells whose centre lies in an event", () => {
  assert.deepEqual([...cellLabels([interval(1.4, 3.5)], 5, 1)], [0, 1, 1, 0, 0]);
  assert.deepEqual([...cellLabels([interval(-3, 0.6), interval(4.5, 99)], 5, 1)], [1, 0, 0, 0, 1]);
});

test("evaluate scores probabilities by sample and by event", () => {
  const probability = new Float32Array(600).fill(0.05);
  probability.fill(0.97, 100, 160);
  const { auroc, szcore, hypotheses } = evaluatePredictions([
    { id: "a", durationSeconds: 600, rateHz: 1, probability, reference: [interval(100, 160)] },
  ]);
  assert.equal(auroc, 1);
  assert.equal(szcore.event.f1, 1);
  assert.equal(hypotheses.get("a")!.length, 1);
});
