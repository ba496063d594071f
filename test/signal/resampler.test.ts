import assert from "node:assert/strict";
import test from "node:test";
import { type ChainOptions, createChain, DEFAULT_CHAIN } from "../../src/signal/chain.js";
import { createFourierResampler } from "../../src/signal/fourier-resample.js";
import { rateRatio, resampledCount, resamplePolyphase } from "../../src/signal/resampler.js";
import { readFixture, relativeError, wave } from "./reference-values.js";

interface Resampling {
  polyphase: { up: number; down: number; count: number; y: number[] }[];
  large: { up: number; down: number; count: number; y: number[] }[];
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

test("resamplePolyphase gives scipy's resample_poly within 5e-5 for ratios of large terms", () => {
  for (const { up, down, count, y } of expected.large) {
    const error = relativeError(resamplePolyphase([wave(count, up)], up, down)[0]!, y);
    assert.ok(error < 5e-5, `${up}/${down}: ${error}`);
  }
});

const ODD_RATES = [249.99, 199.99, 499.99, 600.615, 999.41, 1017.2526, 2034.505, 173.61, 255.999, 256.0001, 24414.0625];

test("rateRatio meets any rate so closely that 24 hours at 256 Hz are less than half a sample off", () => {
  const day = 24 * 3600 * 256;
  let seed = 1;
  const random = () => {
    seed = (seed * 48271) % 2147483647;
    return seed / 2147483647;
  };
  const drawn = Array.from({ length: 2000 }, () => 50 * 1000 ** random());
  const near = Array.from({ length: 200 }, () => 256 * (1 + 10 ** (-9 + 6 * random())));
  for (const rate of [...ODD_RATES, ...drawn, ...near]) {
    const { up, down } = rateRatio(rate, 256);
    const samplesOff = Math.abs((up / down / (256 / rate) - 1) * day);
    assert.ok(samplesOff < 0.25, `${rate} Hz as ${up}/${down}: ${samplesOff} samples after 24 hours`);
  }
});

test("resampledCount stays exact where the product of length and term passes 2^53", () => {
  assert.equal(resampledCount(100_000_000, { up: 2 ** 28 - 1, down: 2 ** 28 }), 100_000_000);
  assert.equal(resampledCount(2 ** 28, { up: 2 ** 28 - 1, down: 2 ** 28 }), 2 ** 28 - 1);
  assert.equal(resampledCount(2 ** 28 + 1, { up: 2 ** 28 - 1, down: 2 ** 28 }), 2 ** 28);
});

test("createChain keeps a sine of any sample rate on its times, the same with both kernels and by blocks", () => {
  const options: ChainOptions = { ...DEFAULT_CHAIN, notchHz: null, missing: "reject", phase: "zero" };
  const electrodes = "FP1 FP2 F3 F4 C3 C4 P3 P4 O1 O2 F7 F8 T3 T4 T5 T6 FZ CZ PZ".split(" ");
  const run = (rate: number, more: Partial<ChainOptions>, kernels: "wasm" | "typescript") => {
    const count = Math.round(10 * rate);
    const sine = Float32Array.from({ length: count }, (_, i) => 100 * Math.sin((2 * Math.PI * 10 * i) / rate));
    const block = electrodes.map(() => sine);
    const chain = createChain({ ...options, ...more }, { sampleRateHz: rate, electrodes, kernels });
    const parts: Float32Array[] = [];
    for (let at = 0; at < count; at += 4001)
      parts.push(chain.push(block.map((row) => row.subarray(at, at + 4001)))[0]!);
    parts.push(chain.flush()[0]!);
    return Float32Array.from(parts.flatMap((part) => [...part]));
  };
  // The filter ripples by 0.2 %; a Fourier transform rounds the length, half a sample (12.3 uV) at most at the end.
  const bounds = { polyphase: 0.3, fourier: 12.3 };
  const exact = run(256, {}, "wasm");
  for (const rate of [249.99, 600.615, 173.61, 1017.2526, 256.0001]) {
    for (const resample of ["polyphase", "fourier"] as const) {
      const found = run(rate, { resample }, "wasm");
      assert.ok(Math.abs(found.length - exact.length) <= 1, `${rate} Hz ${resample}: ${found.length}`);
      let worst = 0; // in the middle, where the ends are not felt
      for (let j = 4 * 256; j < 6 * 256; j++) worst = Math.max(worst, Math.abs(found[j]! - exact[j]!));
      assert.ok(worst < bounds[resample], `${rate} Hz ${resample}: ${worst} uV off`);
    }
    assert.deepEqual(
      run(rate, { phase: "causal" }, "wasm"),
      run(rate, { phase: "causal" }, "typescript"),
      `${rate} Hz`,
    );
  }
});
