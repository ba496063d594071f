import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { scoreSzcore } from "../../src/scoring/score.js";
import { type EvaluationPair, scoreSzcoreEvaluation } from "../../src/scoring/szcore-evaluation.js";

type OnsetDuration = [onset: number, duration: number];
type Printed = Readonly<Record<string, number | null>>;
interface Case {
  readonly recordings: readonly {
    readonly subject: string;
    readonly run: number;
    readonly durationSec: number;
    readonly ref: OnsetDuration[];
    readonly hyp: OnsetDuration[] | null;
    readonly hypDurationSec: number;
  }[];
  readonly perSubject: { readonly sample_results: Printed; readonly event_results: Printed };
  readonly pooled: { readonly sample_results: Printed; readonly event_results: Printed };
}

const file = new URL("../../../test/fixtures/scoring/szcore-evaluation.json", import.meta.url);
const { cases } = JSON.parse(readFileSync(file, "utf8")) as { cases: Case[] };
const NAMES = { sensitivity: "sensitivity", precision: "precision", f1: "f1", fpRate: "falseAlarmsPer24h" } as const;

const events = (rows: OnsetDuration[]) =>
  rows.map(([onset, duration]) => ({ startSeconds: onset, endSeconds: Math.round((onset + duration) * 1e6) / 1e6 }));

const pairsOf = ({ recordings }: Case): EvaluationPair[] =>
  recordings.map(({ subject, run, durationSec, ref, hyp, hypDurationSec }) => ({
    id: `${subject}/${run}`,
    patient: subject,
    durationSeconds: durationSec,
    reference: events(ref),
    hypothesis: events(hyp ?? []),
    ...(hyp ? { hypothesisSeconds: hypDurationSec } : {}),
  }));

function assertClose(found: number, wanted: number | null, what: string): void {
  if (wanted === null) assert.ok(Number.isNaN(found), what);
  else assert.ok(Math.abs(found - wanted) <= 1e-12 * Math.max(1, Math.abs(wanted)), `${what}: ${found}, not ${wanted}`);
}

for (const [number, each] of cases.entries()) {
  test(`data set ${number}: means, deviations and pooled rates are those that szcore-evaluation printed`, () => {
    const report = scoreSzcoreEvaluation(pairsOf(each));
    for (const kind of ["event", "sample"] as const) {
      const [bySubject, pooled] = [each.perSubject[`${kind}_results`], each.pooled[`${kind}_results`]];
      for (const [theirs, ours] of Object.entries(NAMES) as [keyof typeof NAMES, "f1"][]) {
        assertClose(report[kind][ours].mean, bySubject[theirs]!, `${kind} ${theirs}`);
        assertClose(report[kind][ours].sd, bySubject[`${theirs}_std`]!, `${kind} ${theirs}_std`);
        assertClose(report.pooled[kind][ours], pooled[theirs]!, `${kind} pooled ${theirs}`);
      }
    }
  });
}

const one = (hypothesisSeconds: number): EvaluationPair => ({
  ...{ id: "a", patient: "p", durationSeconds: 600, hypothesisSeconds },
  ...{ reference: [{ startSeconds: 100, endSeconds: 160 }], hypothesis: [{ startSeconds: 110, endSeconds: 150 }] },
});

test("a hypothesis of another length counts as no detections and is listed, unless the tolerance covers it", () => {
  const strict = scoreSzcoreEvaluation([one(601)]);
  assert.deepEqual([strict.mismatched, strict.pooled.event.tp], [["a"], 0]);
  const lenient = scoreSzcoreEvaluation([one(601)], { durationToleranceSeconds: 1 });
  assert.deepEqual([lenient.mismatched, lenient.pooled.event.tp], [[], 1]);
  assert.deepEqual(scoreSzcoreEvaluation([one(600.9)]).mismatched, [], "only whole seconds are compared");
});

test("scoreSzcore gives mean and sd over subjects where pairs name them, subjects without a rate excluded", () => {
  const hit = one(600);
  const miss = { ...hit, id: "b", patient: "q", hypothesis: [] };
  const quiet = { ...hit, id: "c", patient: "r", reference: [], hypothesis: [] };
  const { subjects } = scoreSzcore([hit, miss, quiet]);
  assert.deepEqual(subjects?.event.sensitivity, { mean: 0.5, sd: 0.5, subjects: 2 });
  assert.deepEqual(subjects?.event.falseAlarmsPer24h, { mean: 0, sd: 0, subjects: 3 });
  assert.deepEqual(Object.keys(subjects!.perSubject), ["p", "q", "r"]);
  const { patient: _, ...nameless } = hit;
  assert.equal(scoreSzcore([nameless]).subjects, undefined);
});
