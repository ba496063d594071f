import assert from "node:assert/strict";
import { test } from "node:test";
import { scoreBreakdown } from "../../src/scoring/breakdown.js";
import { ratesJson, scoresJson } from "../../src/scoring/json-names.js";
import { scoreNedc } from "../../src/scoring/nedc/score-nedc.js";
import { sensitivitiesAtRates } from "../../src/scoring/rate-sensitivity.js";
import { scoreSzcore } from "../../src/scoring/score.js";
import { compareDetectors, scoreIntervals } from "../../src/scoring/score-intervals.js";

const pair = {
  ...{ id: "dev/p/t0", patient: "p", durationSeconds: 3600 },
  reference: [{ startSeconds: 100, endSeconds: 160 }],
  hypothesis: [{ startSeconds: 1000, endSeconds: 1060 }],
};

/** Paths of the members that count false alarms. */
function alarmPaths(value: unknown, path = ""): string[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, member]) => {
    const own = path === "" ? key : `${path}.${key}`;
    return /PerDay|Per24h|perDay/.test(key) ? [own] : alarmPaths(member, own);
  });
}

test("scoresJson(report) and ratesJson(rates) keep the names of version 0.1 and every value", () => {
  const options = { seed: 1, replicates: 2 };
  const szcore = scoreSzcore([pair]);
  const report = {
    szcore: { event: szcore.event },
    nedc: { ovlp: scoreNedc([pair]).ovlp },
    intervals: scoreIntervals([pair]),
    breakdown: scoreBreakdown([pair]),
    comparison: compareDetectors([pair], [pair], options),
  };
  const json = scoresJson(report);
  assert.deepEqual(alarmPaths(json), [
    "szcore.event.fpPerDay",
    "nedc.ovlp.falseAlarmsPer24h",
    "intervals.measures.eventFalseAlarmsPerDay",
    "intervals.measures.ovlpFalseAlarmsPerDay",
    "intervals.measures.taesFalseAlarmsPerDay",
    "breakdown.byPatient.0.falseAlarmsPerDay",
    "comparison.differences.eventFalseAlarmsPerDay",
    "comparison.differences.ovlpFalseAlarmsPerDay",
    "comparison.differences.taesFalseAlarmsPerDay",
  ]);
  const values = (value: unknown): unknown[] =>
    typeof value === "object" && value !== null ? Object.values(value).flatMap(values) : [value];
  assert.deepEqual(values(json), values(report));
  const recording = { ...pair, rateHz: 1, probability: new Float32Array(3600).fill(0.5, 100, 160) };
  assert.deepEqual(alarmPaths(ratesJson(sensitivitiesAtRates([recording], [1], options))), [
    "0.perDay",
    "0.falseAlarmsPerDay",
    "0.leastFalseAlarmsPer24h",
    "0.upperFalseAlarmsPer24h",
  ]);
});
