import assert from "node:assert/strict";
import { test } from "node:test";
import { quantileOf } from "../../src/base/quantile.js";
import { createRandom } from "../../src/base/random.js";
import { normalizeInto } from "../../src/signal/normalize.js";
import { createRunningNormalization } from "../../src/signal/running-normalize.js";
import { createSortedWindow } from "../../src/signal/sorted-window.js";

const RATE = 16;
const OPTIONS = { channelCount: 1, sampleRateHz: RATE, memorySeconds: 10, clip: 10, warmUpSeconds: 1 };
const random = createRandom(5, "running");

const noise = (length: number) => Float32Array.from({ length }, (_, i) => 30 * random.normal(i) + i / 100);

/** All of `x` normalised in blocks of `lengths`, the last one repeated. */
function run(x: Float32Array, lengths: readonly number[] = [x.length]): Float32Array {
  const running = createRunningNormalization(OPTIONS);
  const out = new Float32Array(x.length);
  for (let from = 0, k = 0; from < x.length; k++) {
    const block = x.subarray(from, from + lengths[Math.min(k, lengths.length - 1)]!);
    running.push(0, block, (start, end, normalization) => {
      const target = out.subarray(from + start, from + end);
      if (normalization) normalizeInto(target, block.subarray(start, end), normalization);
    });
    from += block.length;
  }
  return out;
}

test("each second is normalised by median and quartiles of the seconds before it, of ten at most", () => {
  const x = noise(30 * RATE);
  const out = run(x);
  assert.ok(out.subarray(0, RATE).every((value) => value === 0));
  for (const second of [1, 5, 10, 29]) {
    const past = x.subarray(Math.max(0, second - 10) * RATE, second * RATE);
    const mean = quantileOf(past, 0.5);
    const std = (quantileOf(past, 0.75) - quantileOf(past, 0.25)) / 1.3489795003921634;
    const expected = new Float32Array(RATE);
    normalizeInto(expected, x.subarray(second * RATE, (second + 1) * RATE), { mean, std, clip: 10 });
    assert.deepEqual(out.subarray(second * RATE, (second + 1) * RATE), expected);
  }
});

test("running normalisation gives the same bits however the recording is cut", () => {
  const x = noise(25 * RATE + 5);
  const whole = run(x);
  for (const lengths of [[1], [7], [RATE], [3, 100, 1, 40]]) assert.deepEqual(run(x, lengths), whole);
});

test("running normalisation: what comes later changes nothing before it", () => {
  const x = noise(20 * RATE);
  const changed = x.slice().fill(1e5, 15 * RATE);
  assert.deepEqual(run(changed).subarray(0, 15 * RATE), run(x).subarray(0, 15 * RATE));
});

test("running normalisation: a flat channel stays zero, and after a restart nothing is known", () => {
  assert.ok(run(new Float32Array(5 * RATE).fill(40)).every((value) => value === 0));
  const running = createRunningNormalization(OPTIONS);
  running.push(0, noise(3 * RATE), () => {});
  running.restart();
  running.push(0, noise(3), (_, __, normalization) => assert.equal(normalization, undefined));
  assert.throws(() => running.push(1, noise(3), () => {}), RangeError);
});

test("a sorted window keeps duplicates apart and refuses what it does not hold", () => {
  const window = createSortedWindow(5);
  window.replace(Float32Array.of(1, 2, 2, 3));
  window.replace(Float32Array.of(0, 2), Float32Array.of(2));
  assert.deepEqual(
    [0, 0.25, 0.5, 1].map((share) => window.quantile(share)),
    [0, 1, 2, 3],
  );
  assert.throws(() => window.replace(Float32Array.of(1)), /6 values, expected at most 5/);
  assert.throws(() => window.replace(new Float32Array(), Float32Array.of(7)), /does not hold/);
});
