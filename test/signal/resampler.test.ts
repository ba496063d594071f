import assert from "node:assert/strict";
import test from "node:test";
import { createFourierResampler } from "../../src/signal/fourier-resample.js";
import { resamplePolyphase } from "../../src/signal/resampler.js";
import { readFixture, relativeError, wave } from "./reference-values.js";

interface Resampling {
  polyphase: { up: number; down: number; count: number; y: number[] }[];
  fourier: { count: number; num: number; y: number[] }[];
}
const expected = readFixture<Resampling>("resampling");

test("resamplePolyphase gives scipy's resample_poly", () => {
  for (const { up, down, count, y } of expected.polyphase) {
    const error = relativeError(resamplePolyphase([wave(count, up)], up, down)[0]!, y);
    assert.ok(error < 1e-12, `${up}/${down}: ${error}`);
  }
});

test("createFourierResampler gives scipy's resample, two channels to a transform", () => {
  for (const { count, num, y } of expected.fourier) {
    const [one, other] = createFourierResampler(count, num)([wave(count, num), wave(count, 1)]);
    assert.ok(relativeError(one!, y) < 1e-11, `${count} to ${num}: ${relativeError(one!, y)}`);
    assert.ok(relativeError(other!, createFourierResampler(count, num)([wave(count, 1)])[0]!) < 1e-11);
  }
});
