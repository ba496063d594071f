import assert from "node:assert/strict";
import { test } from "node:test";
import { createRandom } from "../../src/base/random.js";
import { aeeg } from "../../src/signal/aeeg.js";

const RATE = 128;
const sine = (seconds: number, hertz: number, microvolts: number, offset = 0) =>
  Float32Array.from(
    { length: seconds * RATE },
    (_, i) => offset + microvolts * Math.sin((2 * Math.PI * hertz * i) / RATE),
  );

test("a sine inside the band reads its peak-to-peak amplitude, whatever the offset of the signal", () => {
  const { timesSeconds, lower, median, upper } = aeeg(sine(60, 6, 25, 4000), { sampleRateHz: RATE });
  assert.deepEqual([...timesSeconds], [7.5, 22.5, 37.5, 52.5]);
  for (const values of [lower, median, upper])
    for (const value of values.subarray(1)) assert.ok(Math.abs(value - 50) < 1, `${value} is not 50`);
});

test("what lies outside the band is no amplitude", () => {
  for (const hertz of [0.3, 40]) {
    const { median } = aeeg(sine(60, hertz, 100), { sampleRateHz: RATE });
    assert.ok(median.at(-1)! < 5, `${hertz} Hz reads ${median.at(-1)}`);
  }
});

test("the margins part where the amplitude changes within an epoch, and a rest without an epoch is left out", () => {
  const random = createRandom(1, "aeeg");
  const x = Float32Array.from({ length: 40 * RATE }, (_, i) => (i % (4 * RATE) < RATE ? 60 : 5) * random.normal(i));
  const { lower, median, upper } = aeeg(x, { sampleRateHz: RATE });
  assert.equal(median.length, 2);
  assert.ok(upper[1]! > 4 * lower[1]! && lower[1]! <= median[1]! && median[1]! <= upper[1]!);
  assert.equal(aeeg(new Float32Array(0), { sampleRateHz: RATE }).median.length, 0);
  assert.throws(() => aeeg(x, { sampleRateHz: RATE, epochSeconds: 0.4 }), /invalid epochSeconds: 0.4/);
});
