import assert from "node:assert/strict";
import test from "node:test";
import { createFilterState, sosfiltInto, steadyState } from "../../src/signal/biquads.js";
import { butterworth, cascade, notch } from "../../src/signal/butterworth.js";
import { sosfiltfilt } from "../../src/signal/zero-phase.js";
import { readFixture, relativeError, wave } from "./reference-values.js";

interface Designs {
  butterworth: {
    order: number;
    lowCutHz: number | null;
    highCutHz: number | null;
    sampleRateHz: number;
    sos: number[];
    zi: number[];
  }[];
  notch: { notchHz: number; quality: number; sampleRateHz: number; section: number[] }[];
}

const designs = readFixture<Designs>("designs");
const band = butterworth(3, { lowCutHz: 0.5, highCutHz: 120 }, 256);
const mains = notch(60, 30, 256);

test("butterworth gives scipy's second-order sections in scipy's order", () => {
  for (const { order, lowCutHz, highCutHz, sampleRateHz, sos } of designs.butterworth) {
    const edges = { lowCutHz: lowCutHz ?? undefined, highCutHz: highCutHz ?? undefined };
    const sections = butterworth(order, edges, sampleRateHz);
    for (let s = 0; s < sections.length; s += 6) {
      const error = relativeError(sections.subarray(s, s + 6), sos.slice(s, s + 6));
      assert.ok(error < 1e-10, `order ${order}, ${lowCutHz} to ${highCutHz} Hz, section ${s / 6}: ${error}`);
    }
  }
});

test("notch gives scipy's iirnotch", () => {
  for (const { notchHz, quality, sampleRateHz, section } of designs.notch) {
    assert.ok(relativeError(notch(notchHz, quality, sampleRateHz), section) < 1e-14);
  }
});

test("steadyState gives scipy's sosfilt_zi", () => {
  for (const { order, lowCutHz, highCutHz, sampleRateHz, zi } of designs.butterworth) {
    const edges = { lowCutHz: lowCutHz ?? undefined, highCutHz: highCutHz ?? undefined };
    assert.ok(
      relativeError(steadyState(butterworth(order, edges, sampleRateHz)).subarray(0, zi.length), zi) < 1e-9,
      `order ${order}`,
    );
  }
});

test("sosfiltInto and sosfiltfilt give scipy's samples", () => {
  const expected = readFixture<{ causal: number[]; steady: number[]; zero: number[] }>("filters");
  const x = wave(600, 1);
  const all = cascade(band, mains);
  const causal = x.slice();
  sosfiltInto(causal, 0, causal.length, all, createFilterState(all));
  assert.ok(relativeError(causal, expected.causal) < 1e-9);
  const steady = x.slice();
  sosfiltInto(steady, 0, steady.length, band, steadyState(band, x[0]!));
  assert.ok(relativeError(steady, expected.steady) < 1e-9);
  assert.ok(relativeError(sosfiltfilt(sosfiltfilt(x, band), mains), expected.zero) < 1e-9);
});

test("sosfiltInto gives the same bits for a channel alone, in pieces, or every fourth value", () => {
  const all = cascade(band, mains);
  const x = wave(5000, 4);
  const whole = x.slice();
  sosfiltInto(whole, 0, whole.length, all, createFilterState(all));
  const pieces = x.slice();
  const state = createFilterState(all);
  for (let from = 0; from < x.length; from += 333)
    sosfiltInto(pieces, from, Math.min(333, x.length - from), all, state);
  assert.deepEqual(pieces, whole);
  const spread = new Float64Array(4 * x.length);
  for (let i = 0; i < x.length; i++) spread[4 * i + 3] = x[i]!;
  sosfiltInto(spread, 3, x.length, all, createFilterState(all), 4);
  assert.deepEqual(
    Float64Array.from(x, (_, i) => spread[4 * i + 3]!),
    whole,
  );
});

test("sosfiltInto comes to rest after a flat stretch and never stays among subnormal numbers", () => {
  const all = cascade(band, mains);
  const state = createFilterState(all);
  const x = new Float64Array(200_000);
  x[0] = 1000;
  sosfiltInto(x, 0, x.length, all, state);
  const smallest = 2 ** -1022;
  assert.ok(state.subarray(0, -1).every((value) => value === 0));
  assert.ok(x.subarray(-1024).every((value) => value === 0));
  assert.ok(x.filter((value) => value !== 0 && Math.abs(value) < smallest).length < 4 * 1024);
});

test("butterworth and notch say which edges a rate allows", () => {
  assert.throws(
    () => butterworth(3, { lowCutHz: 0.5, highCutHz: 120 }, 200),
    /invalid highCutHz: 120 \(expected above 0 and below 100 Hz, half of the sample rate 200 Hz\)/,
  );
  assert.throws(() => butterworth(0, { lowCutHz: 1 }, 256), /invalid filterOrder: 0 \(1 to 12\)/);
  assert.throws(() => butterworth(3, {}, 256), /needs lowCutHz, highCutHz or both/);
  assert.throws(() => notch(60, 0, 256), /invalid notchQ: 0/);
  assert.throws(() => notch(60, 30, 120), /invalid notchHz: 60/);
});

test("butterworth stands at -3 dB on its edges for every order", () => {
  for (let order = 1; order <= 8; order++) {
    const sections = butterworth(order, { lowCutHz: 1, highCutHz: 70 }, 256);
    for (const hertz of [1, 70]) {
      const angle = (2 * Math.PI * hertz) / 256;
      let gain = 1;
      for (let s = 0; s < sections.length; s += 6) {
        const at = (k: number) =>
          Math.hypot(
            sections[k]! + sections[k + 1]! * Math.cos(angle) + sections[k + 2]! * Math.cos(2 * angle),
            sections[k + 1]! * Math.sin(angle) + sections[k + 2]! * Math.sin(2 * angle),
          );
        gain *= at(s) / at(s + 3);
      }
      assert.ok(Math.abs(gain - Math.SQRT1_2) < 1e-8, `order ${order} at ${hertz} Hz: ${gain}`);
    }
  }
});
