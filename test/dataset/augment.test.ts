import assert from "node:assert/strict";
import { test } from "node:test";
import { augmentInto, createAugmenter } from "../../src/dataset/augment.js";

const CHANNELS = 19;

function draws(options: Parameters<typeof createAugmenter>[0], count = 4000) {
  const draw = createAugmenter(options, 1, 0, 256);
  return Array.from({ length: count }, (_, position) => draw(position, CHANNELS));
}

test("no augmentation changes nothing", () => {
  const [draw] = draws({}, 1);
  const window = Float32Array.from({ length: 38 }, (_, i) => i);
  augmentInto(window, CHANNELS, draw!, 256);
  assert.deepEqual(
    [...window],
    Array.from({ length: 38 }, (_, i) => i),
  );
  assert.equal(draw!.shiftSamples, 0);
});

test("dropout, flips, factors and shifts have the frequencies and bounds that were asked for", () => {
  const made = draws({ channelDropout: 0.1, signFlip: 0.25, amplitudeScale: [0.5, 2], timeShiftSeconds: 2 });
  const dropped = made.reduce((sum, draw) => sum + draw.dropped.length, 0) / (made.length * CHANNELS);
  assert.ok(Math.abs(dropped - 0.1) < 0.006, `dropped ${dropped}`);
  const flipped = made.filter((draw) => draw.factor < 0).length / made.length;
  assert.ok(Math.abs(flipped - 0.25) < 0.035, `flipped ${flipped}`);
  const sizes = made.map((draw) => Math.abs(draw.factor));
  assert.ok(Math.min(...sizes) >= 0.5 && Math.max(...sizes) <= 2 && Math.max(...sizes) > 1.95);
  const shifts = made.map((draw) => draw.shiftSamples);
  assert.ok(Math.min(...shifts) >= -512 && Math.max(...shifts) <= 512 && Math.max(...shifts) > 500);
  assert.ok(Math.abs(shifts.reduce((sum, shift) => sum + shift, 0) / made.length) < 25);
});

test("noise has the standard deviation asked for and spares dropped channels", () => {
  const [draw] = draws({ noise: 0.5 }, 1);
  const window = new Float32Array(CHANNELS * 4001);
  augmentInto(window, CHANNELS, { ...draw!, dropped: [2] }, 256);
  assert.ok(window.subarray(2 * 4001, 3 * 4001).every((value) => value === 0));
  const rest = [...window.subarray(0, 2 * 4001), ...window.subarray(3 * 4001)];
  const mean = rest.reduce((sum, value) => sum + value, 0) / rest.length;
  const std = Math.sqrt(rest.reduce((sum, value) => sum + (value - mean) ** 2, 0) / rest.length);
  assert.ok(Math.abs(mean) < 0.01 && Math.abs(std / 0.5 - 1) < 0.01, `mean ${mean} std ${std}`);
  const tails = rest.filter((value) => Math.abs(value) > 0.5 * 1.96).length / rest.length;
  assert.ok(Math.abs(tails - 0.05) < 0.005, `tails ${tails}`);
});

test("draws depend on seed, epoch and position alone", () => {
  const options = { noise: 1, timeShiftSeconds: 5, channelDropout: 0.5 };
  const draw = createAugmenter(options, 3, 1, 256);
  assert.deepEqual(createAugmenter(options, 3, 1, 256)(17, CHANNELS), draw(17, CHANNELS));
  assert.notDeepEqual(draw(18, CHANNELS), draw(17, CHANNELS));
  assert.notDeepEqual(createAugmenter(options, 3, 2, 256)(17, CHANNELS), draw(17, CHANNELS));
  assert.notDeepEqual(createAugmenter(options, 4, 1, 256)(17, CHANNELS), draw(17, CHANNELS));
});

test("values that make no sense are refused by name", () => {
  const make = (options: Parameters<typeof createAugmenter>[0]) => () => createAugmenter(options, 1, 0, 256);
  assert.throws(make({ channelDropout: 1.5 }), /invalid channelDropout: 1.5/);
  assert.throws(make({ signFlip: -1 }), /invalid signFlip: -1/);
  assert.throws(make({ amplitudeScale: [0, 1] }), /invalid amplitudeScale: 0,1/);
  assert.throws(make({ timeShiftSeconds: -1 }), /invalid timeShiftSeconds: -1/);
  assert.throws(make({ noise: Number.NaN }), /invalid noise: NaN/);
});

test("frequencyShiftHz moves a tone by the shift and keeps its size, shifts stay in bounds, dropped channels stay zero", () => {
  const rate = 256;
  const count = 2560;
  const tone = (hertz: number, i: number) => Math.cos((2 * Math.PI * hertz * i) / rate);
  const window = Float32Array.from({ length: 2 * count }, (_, i) => tone(10, i % count));
  const [draw] = draws({ frequencyShiftHz: 3 }, 1);
  augmentInto(window, 2, { ...draw!, frequencyShiftHz: 2.5, dropped: [1] }, rate);
  for (let i = 0; i < count; i++) assert.ok(Math.abs(window[i]! - tone(12.5, i)) < 1e-5, `sample ${i}`);
  assert.ok(window.subarray(count).every((value) => value === 0));
  const shifts = draws({ frequencyShiftHz: 3 }).map((each) => each.frequencyShiftHz);
  assert.ok(Math.min(...shifts) >= -3 && Math.max(...shifts) <= 3 && Math.max(...shifts) - Math.min(...shifts) > 5.9);
  assert.throws(() => createAugmenter({ frequencyShiftHz: -1 }, 1, 0, 256), /invalid frequencyShiftHz: -1/);
});
