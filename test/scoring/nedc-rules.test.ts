import assert from "node:assert/strict";
import { test } from "node:test";
import { FormatError } from "@ictal/base/errors";
import { createRandom } from "../../src/base/random.js";
import { cohensKappa } from "../../src/scoring/nedc/agreement.js";
import { alignLabels, labelSequence } from "../../src/scoring/nedc/dpalign.js";
import { epochTable } from "../../src/scoring/nedc/epoch.js";
import { scoreOverlap } from "../../src/scoring/nedc/overlap.js";
import { scoreNedc } from "../../src/scoring/nedc/score-nedc.js";
import { scoreTaes } from "../../src/scoring/nedc/taes.js";

const interval = (startSeconds: number, endSeconds: number) => ({ startSeconds, endSeconds });
const reference = [interval(100, 130)];
const labels = (text: string) => Uint8Array.from(text, (letter) => (letter === "s" ? 1 : 0));

/** Hits and false alarms of each scorer for one hypothesis event against the reference 100-130 s in 300 s. */
const SINGLE_PAIRS: Record<string, { dpalign: string; ovlp: string; taes: string; epoch: string }> = {
  "130-150": { dpalign: "1/0", ovlp: "0/1", taes: "0/1", epoch: "0/80" },
  "110-120": { dpalign: "1/0", ovlp: "1/0", taes: "0.33/0", epoch: "40/0" },
  "90-110": { dpalign: "1/0", ovlp: "1/0", taes: "0.33/0.33", epoch: "40/40" },
  "90-150": { dpalign: "1/0", ovlp: "1/0", taes: "1/1", epoch: "120/120" },
  "20-250": { dpalign: "1/0", ovlp: "1/0", taes: "1/1", epoch: "120/800" },
};

for (const [name, expected] of Object.entries(SINGLE_PAIRS)) {
  test(`scoreNedc counts 100-130 s against ${name} s as NEDC does`, () => {
    const [start, end] = name.split("-").map(Number);
    const pair = { id: "a", durationSeconds: 300, reference, hypothesis: [interval(start!, end!)] };
    const scores = scoreNedc([pair]);
    const found = Object.fromEntries(
      (["dpalign", "ovlp", "taes", "epoch"] as const).map((scorer) => {
        const { hits, falseAlarms } = scores[scorer];
        return [scorer, `${Number(hits.toFixed(2))}/${Number(falseAlarms.toFixed(2))}`];
      }),
    );
    assert.deepEqual(found, expected);
  });
}

test("scoreNedc pools counts and seconds over recordings and keeps each recording's scores", () => {
  const pairs = [
    { id: "a", durationSeconds: 600, reference: [interval(100, 160)], hypothesis: [interval(110, 150)] },
    { id: "b", durationSeconds: 1200, reference: [], hypothesis: [interval(300, 320)] },
  ];
  const { ovlp, epoch, ira, perRecording } = scoreNedc(pairs);
  assert.deepEqual([ovlp.targets, ovlp.hits, ovlp.falseAlarms, ovlp.falseAlarmsPer24h], [1, 1, 1, 48]);
  assert.equal(epoch.falseAlarmsPer24h, (80 * 0.25 * 86_400) / 1800);
  assert.ok(Number.isNaN(perRecording.b!.ovlp.sensitivity));
  assert.equal(perRecording.b!.ira.kappa, 0);
  assert.ok(ira.kappa > 0 && ira.kappa < 1);
});

test("scoreNedc of no recordings has no rates, and impossible times are refused by name", () => {
  const { ovlp, ira } = scoreNedc([]);
  assert.ok(Number.isNaN(ovlp.sensitivity) && Number.isNaN(ovlp.falseAlarmsPer24h) && Number.isNaN(ira.kappa));
  assert.throws(
    () => scoreNedc([{ id: "x", durationSeconds: 10, reference: [interval(20, 30)], hypothesis: [] }]),
    (error: unknown) => error instanceof FormatError && /x \(reference\)/.test(error.message),
  );
});

test("epochTable takes epochs whose centre lies in the recording and gives a centre on a boundary to the earlier label", () => {
  const { both, referenceOnly, hypothesisOnly, neither } = epochTable(
    [interval(0.125, 0.375)],
    [interval(0, 0.125)],
    0.7,
  );
  assert.deepEqual([both, referenceOnly, hypothesisOnly, neither], [0, 1, 1, 1]);
  assert.deepEqual(epochTable([], [], 0.1), { both: 0, referenceOnly: 0, hypothesisOnly: 0, neither: 0 });
});

test("labelSequence names background wherever time is left and keeps touching events apart", () => {
  const text = (events: { startSeconds: number; endSeconds: number }[]) =>
    [...labelSequence(events, 100)].map((label) => "bs"[label]).join("");
  assert.equal(text([]), "b");
  assert.equal(text([interval(0, 100)]), "s");
  assert.equal(text([interval(10, 20), interval(20, 30), interval(90, 100)]), "bssbs");
});

test("alignLabels prefers a substitution where deletion plus insertion costs the same", () => {
  assert.deepEqual(alignLabels(labels("sb"), labels("bs")), { targets: 1, hits: 0, misses: 1, falseAlarms: 0 });
  assert.deepEqual(alignLabels(labels("bsbsb"), labels("bsb")), { targets: 2, hits: 1, misses: 1, falseAlarms: 0 });
  assert.deepEqual(alignLabels(labels("b"), labels("")), { targets: 0, hits: 0, misses: 0, falseAlarms: 0 });
});

test("alignLabels counts as many misses and insertions as the cheapest edit has steps", () => {
  const random = createRandom(3, "align");
  const draw = (round: number) =>
    Uint8Array.from({ length: random.integer(round, 9) }, (_, i) => random.integer(1000 + round * 10 + i, 2));
  const distance = (a: number[], b: number[]): number => {
    if (a.length === 0 || b.length === 0) return a.length + b.length;
    const paired = distance(a.slice(1), b.slice(1)) + (a[0] === b[0] ? 0 : 1);
    return Math.min(paired, distance(a.slice(1), b) + 1, distance(a, b.slice(1)) + 1);
  };
  for (let round = 0; round < 60; round += 2) {
    const truth = draw(round).slice(0, 6);
    const found = draw(round + 1).slice(0, 6);
    const [seizure, background] = [alignLabels(truth, found, 1), alignLabels(truth, found, 0)];
    const misses = seizure.misses + background.misses;
    const inserted = seizure.falseAlarms + background.falseAlarms;
    assert.equal(misses + inserted, distance([...truth], [...found])); // every edit is a miss or an insertion
  }
});

test("scoreOverlap and scoreTaes agree on which events meet for events that share no second", () => {
  const random = createRandom(4, "overlap");
  const draw = (from: number) =>
    Array.from({ length: 5 }, (_, i) => {
      const start = i * 100 + 10 + random.uniform(from + 2 * i) * 40;
      return interval(start, start + 2 + random.uniform(from + 2 * i + 1) * 40);
    });
  for (let round = 0; round < 100; round++) {
    const [ref, hyp] = [draw(round * 40), draw(round * 40 + 20)];
    const overlap = scoreOverlap(ref, hyp);
    const taes = scoreTaes(ref, hyp);
    assert.ok(taes.hits <= overlap.hits + 1e-9 && taes.falseAlarms >= overlap.falseAlarms - 1e-9);
    assert.ok(Math.abs(taes.hits + taes.misses - 5) < 1e-9);
  }
});

test("cohensKappa is 1 for agreement, 0 for chance, -1 for reversal and NaN for nothing", () => {
  const kappa = (both: number, referenceOnly: number, hypothesisOnly: number, neither: number) =>
    cohensKappa({ both, referenceOnly, hypothesisOnly, neither });
  assert.equal(kappa(10, 0, 0, 20), 1);
  assert.equal(kappa(0, 0, 0, 20), 1);
  assert.equal(kappa(5, 5, 5, 5), 0);
  assert.equal(kappa(0, 5, 5, 0), -1);
  assert.ok(Number.isNaN(kappa(0, 0, 0, 0)));
});
