import assert from "node:assert/strict";
import { test } from "node:test";
import { compareAuroc } from "../../src/scoring/auroc-interval.js";
import { scoreBreakdown } from "../../src/scoring/breakdown.js";
import { scoreNedc } from "../../src/scoring/nedc/score-nedc.js";
import type { PatientPair } from "../../src/scoring/patient-counts.js";
import { scoreSzcore } from "../../src/scoring/score.js";
import { compareDetectors, scoreIntervals } from "../../src/scoring/score-intervals.js";

const interval = (startSeconds: number, endSeconds: number) => ({ startSeconds, endSeconds });
const seizure = interval(1000, 1060);

/** One recording of an hour per patient with one seizure; detected or not, with `alarms` false alarms. */
function patient(name: string, detected: boolean, alarms = 0): PatientPair {
  const hypothesis = [
    ...(detected ? [seizure] : []),
    ...Array.from({ length: alarms }, (_, i) => interval(1500 + 200 * i, 1520 + 200 * i)),
  ];
  return { id: `${name}/r`, patient: name, durationSeconds: 3600, reference: [seizure], hypothesis };
}

const mixed = [patient("a", true), patient("b", false, 1), patient("c", true, 2), patient("d", true)];

test("scoreIntervals gives the pooled scores themselves, with bounds around them", () => {
  const { measures, patients } = scoreIntervals(mixed);
  const { event, sample } = scoreSzcore(mixed);
  const { ovlp, taes } = scoreNedc(mixed);
  assert.equal(patients, 4);
  assert.deepEqual(
    [measures.eventSensitivity.value, measures.eventF1.value, measures.eventFalseAlarmsPer24h.value],
    [event.sensitivity, event.f1, event.falseAlarmsPer24h],
  );
  assert.equal(measures.samplePrecision.value, sample.precision);
  assert.deepEqual(
    [measures.ovlpSensitivity.value, measures.taesFalseAlarmsPer24h.value],
    [ovlp.sensitivity, taes.falseAlarmsPer24h],
  );
  for (const { value, lower, upper } of Object.values(measures)) assert.ok(lower <= value && value <= upper);
});

test("the interval of a sensitivity is the binomial's when one in two patients is found", () => {
  const half = Array.from({ length: 100 }, (_, i) => patient(`p${i}`, i % 2 === 0));
  const { value, lower, upper } = scoreIntervals(half).measures.ovlpSensitivity;
  assert.equal(value, 0.5);
  assert.ok(Math.abs(lower - 0.402) < 0.005 && Math.abs(upper - 0.598) < 0.005, `${lower} ${upper}`); // 0.5 -+ 1.96 * 0.05
});

test("recordings of one patient count together, and their order does not matter", () => {
  const whole = Array.from({ length: 8 }, (_, i) => ({ ...patient(`p${i >> 1}`, i < 4), id: `r${i}` }));
  const { lower, upper, patients } = scoreIntervals(whole).measures.eventSensitivity;
  assert.ok(patients === 4 && lower < 0.05 && upper > 0.95, `${lower} ${upper} ${patients}`);
  assert.deepEqual(scoreIntervals([...whole].reverse()), scoreIntervals(whole));
});

test("a reference without seizures has no sensitivity but a rate of false alarms", () => {
  const silent = mixed.map((pair) => ({ ...pair, reference: [] }));
  const { eventSensitivity, eventFalseAlarmsPer24h } = scoreIntervals(silent).measures;
  assert.ok(Number.isNaN(eventSensitivity.value) && Number.isNaN(eventSensitivity.lower));
  assert.equal(eventSensitivity.patients, 0);
  assert.ok(eventFalseAlarmsPer24h.value > 0);
});

test("compareDetectors finds no difference of a detector from itself, and no spread to make an interval of", () => {
  const { differences } = compareDetectors(mixed, mixed, { seed: 1 });
  for (const { value, lower, upper, p } of Object.values(differences)) {
    assert.deepEqual([value, lower, upper, p], [0, Number.NaN, Number.NaN, 1]);
  }
});

test("compareDetectors sees a constant gain through patients of any difficulty", () => {
  const better = Array.from({ length: 20 }, (_, i) => patient(`p${i}`, i % 2 === 0, i % 5));
  const worse = Array.from({ length: 20 }, (_, i) => patient(`p${i}`, i % 2 === 0, (i % 5) + 1));
  const { eventFalseAlarmsPer24h: alarms, eventSensitivity } = compareDetectors(better, worse, { seed: 1 }).differences;
  assert.ok(Math.abs(alarms.value + 24) < 1e-9 && Number.isNaN(alarms.lower), "the same in every patient");
  assert.deepEqual([alarms.p, alarms.leastP], [1 / 10_000, 1 / 10_000]);
  assert.equal(eventSensitivity.p, 1);
});

test("compareDetectors refuses detectors that were scored on different recordings or references", () => {
  const other = mixed.map((pair, i) => (i === 2 ? { ...pair, reference: [interval(0, 10)] } : pair));
  assert.throws(() => compareDetectors(mixed, other, { seed: 1 }), /c\/r differs or is missing/);
  assert.throws(() => compareDetectors(mixed.slice(1), mixed, { seed: 1 }), /3 and 4 recordings/);
});

test("scoreIntervals refuses a level that is none", () => {
  assert.throws(() => scoreIntervals(mixed, { level: 1 }), /invalid level/);
});

test("compareAuroc exchanges the ranks of two detectors patient by patient", () => {
  const recordings = (sign: number, scale: number) =>
    ["a", "b", "c", "d", "e"].map((name, i) => ({
      ...{ id: name, patient: name, durationSeconds: 4, rateHz: 1, reference: [interval(2, 4)] },
      probability: Float32Array.of(0.5, 0.5 - 0.05 * i, 0.5 + 0.1 * sign, 0.5 + 0.2 * sign).map((v) => scale * v),
    }));
  const [better, worse] = [recordings(1, 1), recordings(-1, 0.01)];
  const found = compareAuroc(better, worse, { seed: 1 });
  assert.deepEqual([found.first, found.p, found.leastP, found.patients], [1, 0.0625, 0.0625, 5]);
  assert.ok(found.second < 0.5 && found.lower > 0 && found.lower < found.value && found.value < found.upper);
  assert.deepEqual(compareAuroc(better, recordings(1, 0.01), { seed: 1 }).p, 1, "the scale of scores is no difference");
  assert.throws(() => compareAuroc(recordings(1, 1).slice(1), recordings(1, 1), { seed: 1 }), /same/);
});

test("breakdown counts detected seizures by type, by length and by patient", () => {
  const event = (from: number, to: number, label: string) => ({ ...interval(from, to), label, confidence: 1 });
  const typed = [event(100, 105, "absz"), event(200, 260, "gnsz"), event(400, 1000, "gnsz")];
  const pair = {
    id: "a/1",
    patient: "a",
    durationSeconds: 3600,
    reference: typed,
    typed,
    hypothesis: [interval(250, 300), interval(2000, 2010)],
  };
  const { byType, byDuration, byPatient } = scoreBreakdown([pair, { ...patient("b", true), reference: [] }]);
  assert.deepEqual(byType, {
    absz: { seizures: 1, detected: 0, sensitivity: 0 },
    gnsz: { seizures: 2, detected: 1, sensitivity: 0.5 },
  });
  assert.deepEqual(Object.keys(byDuration), ["under 10 s", "60 to 120 s", "300 s and more"]);
  const [a, b] = byPatient;
  assert.deepEqual([a!.seizures, a!.detected, a!.falseAlarms, a!.falseAlarmsPer24h], [3, 1, 1, 24]);
  assert.ok(Number.isNaN(b!.sensitivity));
});
