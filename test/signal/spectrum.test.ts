import assert from "node:assert/strict";
import test from "node:test";
import { createRandom } from "../../src/base/random.js";
import { bandRise } from "../../src/signal/band-rise.js";
import { createFourier } from "../../src/signal/fft.js";
import { bandPower, bandPowers, spectrogram, welch } from "../../src/signal/spectrum.js";
import { readFixture, relativeError, wave } from "./reference-values.js";

const random = createRandom(5, "spectrum");

/** The defining sum of a Fourier transform, real parts then imaginary parts. */
function slowTransform(re: Float64Array, im: Float64Array): number[] {
  const length = re.length;
  const sums = (part: (c: number, s: number, n: number) => number) =>
    Array.from({ length }, (_, k) => {
      let sum = 0;
      for (let n = 0; n < length; n++) {
        const angle = (2 * Math.PI * ((n * k) % length)) / length;
        sum += part(Math.cos(angle), Math.sin(angle), n);
      }
      return sum;
    });
  return [...sums((c, s, n) => re[n]! * c + im[n]! * s), ...sums((c, s, n) => im[n]! * c - re[n]! * s)];
}

test("createFourier gives the defining sum for lengths of every radix and for primes, and inverts it", () => {
  for (const length of [1, 2, 3, 4, 5, 6, 7, 8, 11, 15, 16, 30, 45, 60, 64, 97, 100, 225, 240, 251, 256, 375]) {
    const re = Float64Array.from({ length }, (_, i) => random.normal(2 * i));
    const im = Float64Array.from({ length }, (_, i) => random.normal(2 * i + 1));
    const before = [...re, ...im];
    const expected = slowTransform(re, im);
    const fourier = createFourier(length);
    fourier.forwardInto(re, im);
    assert.ok(relativeError([...re, ...im], expected) < 1e-12, `length ${length}`);
    fourier.inverseInto(re, im);
    assert.ok(
      relativeError(
        [...re, ...im].map((value) => value / length),
        before,
      ) < 1e-13,
      `inverse of ${length}`,
    );
  }
});

test("createFourier refuses lengths that are no transform", () => {
  for (const length of [0, -4, 2.5, 2 ** 29]) assert.throws(() => createFourier(length), /invalid transform length/);
});

test("welch gives scipy's power spectral density", () => {
  interface Welch {
    welch: { segment: number; overlap: number; frequencies: number[]; power: number[] }[];
  }
  for (const { segment, overlap, frequencies, power } of readFixture<Welch>("spectra").welch) {
    const own = welch(wave(2000, 3), { sampleRateHz: 250, segmentSamples: segment, overlapSamples: overlap });
    assert.ok(relativeError(own.frequenciesHz, frequencies) < 1e-14);
    assert.ok(relativeError(own.power, power) < 1e-11, `${segment}: ${relativeError(own.power, power)}`);
  }
});

test("bandPower finds the power of a sine in its band and none beside it", () => {
  const sine = Float64Array.from({ length: 2560 }, (_, i) => 30 * Math.sin((2 * Math.PI * 10 * i) / 256));
  const spectrum = welch(sine, { sampleRateHz: 256 });
  assert.ok(Math.abs(bandPower(spectrum, 8, 13) - 450) < 1e-6);
  const powers = bandPowers(spectrum);
  assert.deepEqual(Object.keys(powers), ["delta", "theta", "alpha", "beta", "gamma"]);
  assert.ok(powers.delta! + powers.theta! + powers.beta! + powers.gamma! < 1e-6);
});

test("bandRise tells decibels by channel between the seconds before and after a sample", () => {
  const rate = 128;
  const [channelCount, sampleCount] = [2, 30 * rate];
  const samples = new Float32Array(channelCount * sampleCount);
  for (let i = 0; i < sampleCount; i++) {
    const wave = Math.sin((2 * Math.PI * 5 * i) / rate);
    samples[i] = (i < 12 * rate ? 1 : 10) * wave;
    samples[sampleCount + i] = wave + (i < 12 * rate ? 0 : 10 * Math.sin((2 * Math.PI * 30 * i) / rate));
  }
  const options = { channelCount, sampleRateHz: rate, atSample: 12 * rate, band: [2, 13] } as const;
  const [grown, same] = bandRise(samples, options);
  assert.ok(Math.abs(grown! - 20) < 0.1, `${grown} dB for ten times the amplitude`);
  assert.ok(Math.abs(same!) < 0.1, `${same} dB where only another band rose`);
  assert.throws(
    () => bandRise(samples, { ...options, atSample: 9 * rate }),
    /invalid atSample: 1152; expected 1280 to/,
  );
});

test("spectrogram times its segments by their centres and takes a short signal as one segment", () => {
  const { timesSeconds, frequenciesHz, power } = spectrogram(wave(1000, 2), { sampleRateHz: 100 });
  assert.deepEqual([...timesSeconds], [1, 2, 3, 4, 5, 6, 7, 8, 9]);
  assert.equal(power.length, 9 * frequenciesHz.length);
  assert.equal(spectrogram(wave(50, 2), { sampleRateHz: 100 }).timesSeconds.length, 1);
});

test("spectrogram names the option that does not fit", () => {
  assert.throws(() => spectrogram([], { sampleRateHz: 100 }), /no samples/);
  assert.throws(() => spectrogram([1, 2], { sampleRateHz: 0 }), /invalid sampleRateHz: 0/);
  const overlong = { sampleRateHz: 100, segmentSamples: 10, overlapSamples: 10 };
  assert.throws(() => spectrogram([1, 2], overlong), /invalid overlapSamples: 10 \(expected 0 to 9\)/);
});

test("lengths of the factors 2, 3 and 5 are transformed without rounding where the result is a whole number", () => {
  for (const length of [8, 60, 360, 1000]) {
    const re = new Float64Array(length);
    const im = new Float64Array(length);
    re[0] = 1;
    createFourier(length).forwardInto(re, im);
    assert.deepEqual([...re], new Array(length).fill(1), `length ${length}`);
    assert.ok(im.every((value) => value === 0));
  }
});
