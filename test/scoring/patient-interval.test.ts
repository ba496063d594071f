import assert from "node:assert/strict";
import { test } from "node:test";
import { createRandom } from "../../src/base/random.js";
import type { PatientPair } from "../../src/scoring/patient-counts.js";
import { estimate, jackknifeError } from "../../src/scoring/patient-interval.js";
import { compareDetectors, scoreIntervals } from "../../src/scoring/score-intervals.js";
import { signFlipTest, testedP } from "../../src/scoring/sign-flip.js";

const PATIENTS = [4, 6, 8, 12, 43];
const ROUNDS = 4000;

/** Normal deviates of patients, drawn once for all rounds. */
function deviates(patients: number): Float64Array {
  const random = createRandom(20, `patients ${patients}`);
  return Float64Array.from({ length: patients * ROUNDS }, (_, i) => random.normal(i));
}

/** Jackknife interval of the mean, by the values without one patient after the other. */
function meanInterval(values: Float64Array) {
  const count = values.length;
  const sum = values.reduce((total, value) => total + value, 0);
  const without = values.map((value) => (sum - value) / (count - 1));
  return estimate({ value: sum / count, standardError: jackknifeError(without), patients: count }, "difference", 0.95);
}

/** Two-sided p of a mean difference by patient. */
function flippedP(values: Float64Array, seed: number): number {
  const [p] = signFlipTest(
    values.length,
    1,
    (out, exchanged) => {
      let sum = 0;
      for (let i = 0; i < values.length; i++) sum += exchanged[i] === 1 ? -values[i]! : values[i]!;
      out[0] = sum;
    },
    { seed, replicates: 199 },
  );
  return testedP(p!, values.length, { replicates: 199 }).p;
}

test("intervals of a few patients hold: 5 % +- 1 exclude no difference that is none, and p errs no more often", () => {
  for (const patients of PATIENTS) {
    const all = deviates(patients);
    const exact = patients === 12 ? ROUNDS / 4 : ROUNDS; // 2048 exchanges each
    let [excluded, significant] = [0, 0];
    for (let round = 0; round < ROUNDS; round++) {
      const values = all.subarray(round * patients, (round + 1) * patients);
      const { lower, upper } = meanInterval(values);
      if (lower > 0 || upper < 0) excluded += 1;
      if (round < exact && flippedP(values, round) <= 0.05) significant += 1;
    }
    const shares = `${patients} patients: ${excluded / ROUNDS} excluded, ${significant / exact} significant`;
    assert.ok(Math.abs(excluded / ROUNDS - 0.05) <= 0.01, shares);
    const attainable = patients < 16 ? Math.floor(0.05 * 2 ** (patients - 1)) / 2 ** (patients - 1) : 0.05;
    assert.ok(Math.abs(significant / exact - attainable) <= 0.012, `${shares}, ${attainable} attainable`);
  }
});

const DAY = 86_400;

/** Patients whose own sensitivities and false alarms differ: beta-like shares, seizures and alarms by chance. */
function cohort(patients: number, seed: number): PatientPair[] {
  const random = createRandom(seed, "cohort");
  return Array.from({ length: patients }, (_, p) => {
    const share = 0.35 + 0.6 * random.uniform(1000 * p);
    const seizures = 3 + random.integer(1000 * p + 1, 8);
    const alarms = random.integer(1000 * p + 2, 9);
    const at = (slot: number) => ({ startSeconds: 1000 * slot + 100, endSeconds: 1000 * slot + 160 });
    const reference = Array.from({ length: seizures }, (_, s) => at(s));
    const found = reference.filter((_, s) => random.uniform(1000 * p + 10 + s) < share);
    const wrong = Array.from({ length: alarms }, (_, a) => at(40 + a));
    return { id: `r${p}`, patient: `p${p}`, durationSeconds: DAY, reference, hypothesis: [...found, ...wrong] };
  });
}

test("pooled sensitivity and false alarm rate of patients that differ are covered 95 % +- 2 of the time", () => {
  const [sensitivity, rate] = [0.65, 4]; // means of the cohort's shares and alarms
  for (const patients of [8, 12, 43]) {
    const rounds = Math.round(16_000 / patients);
    let [shares, rates] = [0, 0];
    for (let round = 0; round < rounds; round++) {
      const { ovlpSensitivity: s, ovlpFalseAlarmsPer24h: r } = scoreIntervals(cohort(patients, round)).measures;
      if (s.lower <= sensitivity && sensitivity <= s.upper) shares += 1;
      if (r.lower <= rate && rate <= r.upper) rates += 1;
    }
    const text = `${patients} patients: sensitivity ${shares / rounds}, rate ${rates / rounds}`;
    assert.ok(Math.abs(shares / rounds - 0.95) <= 0.02, text);
    assert.ok(Math.abs(rates / rounds - 0.95) <= 0.02, text);
  }
});

test("with four patients no p is below 0.125, and with three there is neither p nor interval", () => {
  const better = cohort(4, 1).map((pair) => ({ ...pair, hypothesis: pair.reference }));
  const worse = cohort(4, 1).map((pair) => ({ ...pair, hypothesis: pair.reference.slice(2) }));
  const { ovlpSensitivity: four } = compareDetectors(better, worse, { seed: 1 }).differences;
  assert.deepEqual([four.p, four.leastP, four.patients], [0.125, 0.125, 4]);
  assert.ok(four.lower > 0 && four.upper <= 1);
  const { ovlpSensitivity: three } = compareDetectors(better.slice(1), worse.slice(1), { seed: 1 }).differences;
  assert.deepEqual([three.p, three.lower, three.upper], [Number.NaN, Number.NaN, Number.NaN]);
  assert.ok(three.value > 0);
});

test("the bounds of a measure at its end are exact: patients as trials, alarms as a Poisson count", () => {
  const all = cohort(12, 3).map((pair) => ({ ...pair, hypothesis: pair.reference }));
  const { ovlpSensitivity, ovlpFalseAlarmsPer24h } = scoreIntervals(all).measures;
  assert.ok(Math.abs(ovlpSensitivity.lower - 0.025 ** (1 / 12)) < 1e-9 && ovlpSensitivity.upper === 1);
  assert.equal(ovlpFalseAlarmsPer24h.lower, 0);
  assert.ok(Math.abs(ovlpFalseAlarmsPer24h.upper - -Math.log(0.025) / 12) < 1e-9); // 12 days without one
});

test("a sensitivity counts the patients that have seizures, and p above 15 patients repeats with its seed", () => {
  const some = cohort(20, 4).map((pair, i) => (i < 5 ? { ...pair, reference: [] } : pair));
  const { ovlpSensitivity, ovlpFalseAlarmsPer24h } = scoreIntervals(some).measures;
  assert.deepEqual([ovlpSensitivity.patients, ovlpFalseAlarmsPer24h.patients], [15, 20]);
  const other = some.map((pair) => ({ ...pair, hypothesis: pair.hypothesis.slice(1) }));
  const p = (seed: number) => compareDetectors(some, other, { seed, replicates: 99 }).differences.ovlpSensitivity.p;
  assert.equal(p(1), p(1));
  assert.equal(compareDetectors(some, some, { seed: 1, replicates: 99 }).differences.eventF1.p, 1);
});
