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
    assert.ok(relativeError(steadyState(butterworth(order, edges, sampleRateHz)), zi) < 1e-9, `order ${order}`);
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
  sosfiltInto(
    steady,
    0,
    steady.length,
    band,
    steadyState(band).map((value) => value * x[0]!),
  );
  assert.ok(relativeError(steady, expected.steady) < 1e-9);
  assert.ok(relativeError(sosfiltfilt(sosfiltfilt(x, band), mains), expected.zero) < 1e-9);
});
