import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { test } from "node:test";
import {
  type SzcoreRates,
  scoreEvents,
  scoreSamples,
  szcoreRates,
  truncateToSeconds,
} from "../../src/scoring/szcore.js";

const shared = new URL("../../../../shared/data/scoring/szcore-vectors.json", import.meta.url);
const own = new URL("../../../test/fixtures/scoring/timescoring.json", import.meta.url);

interface Expected {
  readonly refTrue: number;
  readonly tp: number;
  readonly fp: number;
  readonly sensitivity: number | null;
  readonly precision: number | null;
  readonly f1: number | null;
  readonly f1_before_v0_0_7: number | null;
  readonly fpPerDay: number;
}
interface Case {
  readonly name: string;
  readonly durationSec: number;
  readonly ref: [number, number][];
  readonly hyp: [number, number][];
  readonly via: "events" | "mask1";
  readonly params: Record<string, number>;
  readonly event: Expected;
  readonly sample: Expected;
}

const intervals = (pairs: [number, number][]) =>
  pairs.map(([startSeconds, endSeconds]) => ({ startSeconds, endSeconds }));

function assertRates(found: SzcoreRates, expected: Expected): void {
  const rates: [number, number | null][] = [
    [found.sensitivity, expected.sensitivity],
    [found.precision, expected.precision],
    [found.f1, expected.f1],
    [found.f1Before2026, expected.f1_before_v0_0_7],
    [found.falseAlarmsPer24h, expected.fpPerDay],
  ];
  assert.deepEqual([found.refTrue, found.tp, found.fp], [expected.refTrue, expected.tp, expected.fp]);
  for (const [value, wanted] of rates) {
    if (wanted === null) assert.ok(Number.isNaN(value));
    else assert.ok(Math.abs(value - wanted) <= 1e-12 * Math.max(1, Math.abs(wanted)), `${value} is not ${wanted}`);
  }
}

if (!existsSync(shared)) test("SzCORE vectors", { skip: "shared/data/scoring is not beside the project" }, () => {});

for (const vectors of [own, shared].filter((each) => existsSync(each))) {
  const { cases } = JSON.parse(readFileSync(vectors, "utf8")) as { cases: Case[] };
  for (const { name, durationSec, ref, hyp, via, params, event, sample } of cases) {
    test(`SzCORE counts and rates equal timescoring's: ${name} (${via})`, () => {
      const seconds = via === "mask1" ? Math.trunc(durationSec) : durationSec;
      const prepare = (pairs: [number, number][]) =>
        via === "mask1" ? truncateToSeconds(intervals(pairs), durationSec) : intervals(pairs);
      const options = {
        toleranceStartSeconds: params.toleranceStart,
        toleranceEndSeconds: params.toleranceEnd,
        minOverlap: params.minOverlap,
        maxEventSeconds: params.maxEventDuration,
        minGapSeconds: params.minDurationBetweenEvents,
      };
      assertRates(szcoreRates(scoreEvents(prepare(ref), prepare(hyp), seconds, options)), event);
      assertRates(szcoreRates(scoreSamples(prepare(ref), prepare(hyp), seconds)), sample);
    });
  }
}
