import assert from "node:assert/strict";
import test from "node:test";
import { createRandom } from "../../src/base/random.js";
import { createMoments, normalize, normalizeInto } from "../../src/signal/normalize.js";
import { readFixture } from "./reference-values.js";

const random = createRandom(3, "normalize");

/** Two exact passes, as a check. */
function twoPass(x: Float32Array): { mean: number; std: number } {
  const mean = x.reduce((sum, value) => sum + value, 0) / x.length;
  const squares = x.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, std: Math.sqrt(squares / x.length) };
}

test("createMoments keeps the standard deviation of a small signal on a large offset", () => {
  const x = Float32Array.from({ length: 50_000 }, (_, i) => 4400 + random.normal(i));
  const moments = createMoments(1);
  moments.push([x]);
  const { mean, std, sampleCount } = moments.result();
  const expected = twoPass(x);
  assert.equal(sampleCount, 50_000);
  assert.ok(Math.abs(mean[0]! - expected.mean) < 1e-9);
  assert.ok(Math.abs(std[0]! / expected.std - 1) < 1e-11);
});

test("createMoments gives the same bits however the recording is cut, and may be asked in between", () => {
  const channels = [0, 1, 2].map((c) => Float32Array.from({ length: 20_000 }, (_, i) => random.normal(20_000 * c + i)));
  const whole = createMoments(3);
  whole.push(channels);
  const cut = createMoments(3);
  for (let from = 0, k = 0; from < 20_000; k++) {
    const to = from + random.stream("cuts").integer(k, 5000);
    cut.push(channels.map((x) => x.subarray(from, to)));
    cut.result();
    from = to;
  }
  assert.deepEqual(cut.result(), whole.result());
});

test("createMoments gives the reference system's mean and standard deviation", () => {
  const { filtered, mean, std } = readFixture<{ filtered: number[]; mean: number; std: number }>("reference-chain");
  const moments = createMoments(1);
  moments.push([Float32Array.from(filtered)]);
  const own = moments.result();
  assert.ok(Math.abs(own.mean[0]! - mean) < 1e-6 * std);
  assert.ok(Math.abs(own.std[0]! / std - 1) < 1e-7);
});

test("createMoments of nothing is 0, and refuses blocks of another shape", () => {
  const moments = createMoments(2);
  assert.deepEqual(moments.result(), { sampleCount: 0, mean: new Float64Array(2), std: new Float64Array(2) });
  assert.throws(() => moments.push([new Float32Array(3)]), /invalid block: lengths 3 \(expected 2 equal ones\)/);
  assert.throws(() => moments.push([new Float32Array(3), new Float32Array(4)]), /invalid block: lengths 3,4/);
});

test("normalizeInto clips, leaves a flat channel at 0 and works in place", () => {
  assert.deepEqual([...normalize(Float32Array.of(1, 3, 5, 500), { mean: 3, std: 2 - 1e-8, clip: 10 })], [-1, 0, 1, 10]);
  const flat = new Float32Array(4).fill(7);
  normalizeInto(flat, flat, { mean: 7, std: 0, clip: 10 });
  assert.deepEqual([...flat], [0, 0, 0, 0]);
  assert.equal(normalize(Float32Array.of(-1e9), { mean: 0, std: 1, clip: 10 })[0], -10);
});
