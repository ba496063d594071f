import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { studentQuantile } from "../../src/scoring/distributions.js";
import { binomialInterval, poissonInterval, poissonUpperBound } from "../../src/scoring/exact-intervals.js";

const file = new URL("../../../test/fixtures/scoring/quantiles.json", import.meta.url);
const reference = JSON.parse(readFileSync(file, "utf8")) as Record<"student" | "binomial" | "poisson", number[][]>;

function near(found: readonly number[], expected: readonly number[]): void {
  for (const [i, value] of expected.entries())
    assert.ok(Math.abs(found[i]! - value) <= 1e-9 * Math.max(1, Math.abs(value)), `${found} against ${expected}`);
}

test("Student's quantiles, Clopper-Pearson and Poisson bounds are those of scipy", () => {
  for (const [share, df, quantile] of reference.student) near([studentQuantile(share!, df!)], [quantile!]);
  for (const [hits, total, ...bounds] of reference.binomial) {
    const { lower, upper } = binomialInterval(hits!, total!);
    near([lower, upper], bounds);
  }
  for (const [count, ...bounds] of reference.poisson) {
    const { lower, upper } = poissonInterval(count!);
    near([lower, upper, poissonUpperBound(count!)], bounds);
  }
});

test("12 of 12 is at least 0.735, none in n is at most three in n, and no trials say nothing", () => {
  assert.ok(Math.abs(binomialInterval(12, 12).lower - 0.025 ** (1 / 12)) < 1e-12);
  assert.ok(Math.abs(poissonUpperBound(0) - Math.log(20)) < 1e-12);
  assert.ok(Number.isNaN(binomialInterval(0, 0).lower));
  assert.throws(() => studentQuantile(0.4, 3), /invalid share/);
  assert.throws(() => studentQuantile(0.9, 0), /invalid degreesOfFreedom/);
});
