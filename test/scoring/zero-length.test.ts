import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { scoreNedc } from "../../src/scoring/nedc/score-nedc.js";
import { scoreSzcore } from "../../src/scoring/score.js";
import { scoreSzcoreEvaluation } from "../../src/scoring/szcore-evaluation.js";

type Rows = readonly (readonly [number, number])[];
type Counts = readonly [number, number, number, number];

interface Vectors {
  readonly durationSeconds: number;
  readonly cases: readonly {
    readonly name: string;
    readonly reference: Rows;
    readonly hypothesis: Rows;
    /** Of timescoring: reference, true positives, false positives. */
    readonly event: readonly [number, number, number];
    readonly sample: readonly [number, number, number];
    readonly nedc: Readonly<Record<"ovlp" | "taes" | "epoch" | "dpalign", Counts>> | { readonly error: string };
  }[];
}

const file = new URL("../../../test/fixtures/scoring/zero-length.json", import.meta.url);
const { durationSeconds, cases } = JSON.parse(readFileSync(file, "utf8")) as Vectors;
const intervals = (rows: Rows) => rows.map(([startSeconds, endSeconds]) => ({ startSeconds, endSeconds }));
const pairOf = ({ reference, hypothesis }: { readonly reference: Rows; readonly hypothesis: Rows }) => ({
  ...{ id: "a", patient: "a", durationSeconds },
  ...{ reference: intervals(reference), hypothesis: intervals(hypothesis) },
});

for (const { name, event, sample, nedc, ...rows } of cases) {
  test(`scorers count rows without a length as timescoring and NEDC's tool do: ${name}`, () => {
    const szcore = scoreSzcore([pairOf(rows)]);
    assert.deepEqual([szcore.event.refTrue, szcore.event.tp, szcore.event.fp], event);
    assert.deepEqual([szcore.sample.refTrue, szcore.sample.tp, szcore.sample.fp], sample);
    const found = scoreNedc([pairOf(rows)]);
    if ("error" in nedc) return assert.match(nedc.error, /division by zero/); // there its tool counts nothing
    for (const scorer of ["ovlp", "taes", "epoch", "dpalign"] as const) {
      const { targets, hits, misses, falseAlarms } = found[scorer];
      const counts = [targets, hits, misses, falseAlarms];
      for (const [i, count] of counts.entries())
        assert.ok(Math.abs(count - nedc[scorer][i]!) <= 0.005, `${scorer}: ${counts}, expected ${nedc[scorer]}`);
    }
  });
}

test("TAES counts a found reference without a length as the limit of ever shorter ones", () => {
  const taes = (endSeconds: number) =>
    scoreNedc([pairOf({ reference: [[100, endSeconds]], hypothesis: [[90, 130]] })]).taes;
  const { targets, hits, falseAlarms } = taes(100);
  assert.deepEqual([targets, hits, falseAlarms], [1, 1, 1]);
  assert.deepEqual([taes(100.001).hits, taes(100.001).falseAlarms], [1, 1]);
});

test("szcore-evaluation's masks hold no row without a length", () => {
  const { pooled } = scoreSzcoreEvaluation([pairOf({ reference: [[100, 100]], hypothesis: [[300, 300]] })]);
  assert.deepEqual([pooled.event.refTrue, pooled.event.tp, pooled.event.fp], [0, 0, 0]);
});
