import type { Random } from "../../base/random.js";

/** Cutoffs (Hz) and spectral weights of the one-pole filters whose sum falls like f^-1.4 from 0.4 Hz to 25 Hz. */
const PINK_CUTOFFS_HZ = [0.4, 1.6, 6.4, 25.6];
const PINK_WEIGHTS = PINK_CUTOFFS_HZ.map((cutoff) => cutoff ** -0.7);
/** Standard deviation of the sum of four uniform bytes. */
const FOUR_BYTES_DEVIATION = Math.sqrt((4 * (256 * 256 - 1)) / 12);

/**
 * State of the fast generator behind the noise (sfc32 by Chris Doty-Humphrey, a chaotic 128-bit counter generator),
 * taken from a counter-based stream: the stream seeds it, the recurrence makes millions of values
 * cheap.
 */
export function noiseState(random: Random): Int32Array {
  return Int32Array.from({ length: 4 }, (_, i) => (i === 3 ? 1 : random.uint32(i)));
}

/** Fill `out` with noise of mean 0 and deviation 1, nearly normal (a sum of four bytes, so within 3.5 deviations). */
export function whiteInto(out: Float32Array, state: Int32Array): void {
  let a = state[0]!;
  let b = state[1]!;
  let c = state[2]!;
  let d = state[3]!;
  const scale = 1 / FOUR_BYTES_DEVIATION;
  for (let i = 0; i < out.length; i++) {
    const t = (((a + b) | 0) + d) | 0;
    d = (d + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + t) | 0;
    out[i] = ((t & 255) + ((t >>> 8) & 255) + ((t >>> 16) & 255) + (t >>> 24) - 510) * scale;
  }
  state[0] = a;
  state[1] = b;
  state[2] = c;
  state[3] = d;
}

/** Fill `out` with noise of deviation 1 whose power falls like f^-1.4 between 0.4 and 25 Hz at any sample rate. */
export function pinkInto(out: Float32Array, sampleRateHz: number, state: Int32Array): void {
  poleSumInto(out, sampleRateHz, PINK_WEIGHTS, state);
}

/** Fill `out` with noise of deviation 1 whose power falls like f to the minus `slope` (0.5 to 2.3) between 0.4 and 25 Hz. */
export function colouredInto(out: Float32Array, sampleRateHz: number, slope: number, state: Int32Array): void {
  const weights = PINK_CUTOFFS_HZ.map((cutoff) => cutoff ** (-slope / 2));
  poleSumInto(out, sampleRateHz, weights, state);
}

/** Blend `x` in place with its one-pole low-pass, `weight` from 0 (as it is) to 1 (only the low-pass); its power stays. */
export function smoothInto(x: Float32Array, sampleRateHz: number, cutoffHz: number, weight: number): void {
  if (weight === 0) return;
  const { alpha } = lowPass(sampleRateHz, cutoffHz);
  let level = 0;
  let before = 0;
  let after = 0;
  for (let i = 0; i < x.length; i++) {
    const value = x[i]!;
    level += alpha * (value - level);
    x[i] = value + weight * (level - value);
    before += value * value;
    after += x[i]! * x[i]!;
  }
  const gain = after > 0 ? Math.sqrt(before / after) : 1;
  for (let i = 0; i < x.length; i++) x[i]! *= gain;
}

function poleSumInto(out: Float32Array, sampleRateHz: number, weights: readonly number[], state: Int32Array): void {
  const alphas = PINK_CUTOFFS_HZ.map((cutoff) => 1 - Math.exp((-2 * Math.PI * cutoff) / sampleRateHz));
  let variance = 0;
  alphas.forEach((p, i) => {
    alphas.forEach((q, j) => {
      variance += (weights[i]! * weights[j]! * p * q) / (1 - (1 - p) * (1 - q));
    });
  });
  const gains = weights.map((weight) => weight / Math.sqrt(variance));
  const [p0, p1, p2, p3] = alphas as [number, number, number, number];
  const [g0, g1, g2, g3] = gains as [number, number, number, number];
  whiteInto(out, state);
  let x0 = 0;
  let x1 = 0;
  let x2 = 0;
  let x3 = 0;
  for (let i = 0; i < out.length; i++) {
    const white = out[i]!;
    x0 += p0 * (white - x0);
    x1 += p1 * (white - x1);
    x2 += p2 * (white - x2);
    x3 += p3 * (white - x3);
    out[i] = g0 * x0 + g1 * x1 + g2 * x2 + g3 * x3;
  }
}

/** Fill `out` with a noisy rhythm of deviation 1 around `centreHz`; a narrow bandwidth has a slowly varying amplitude. */
export function rhythmInto(
  out: Float32Array,
  sampleRateHz: number,
  { centreHz, bandwidthHz }: { centreHz: number; bandwidthHz: number },
  state: Int32Array,
): void {
  const radius = Math.exp((-Math.PI * bandwidthHz) / sampleRateHz);
  const a1 = 2 * radius * Math.cos((2 * Math.PI * centreHz) / sampleRateHz);
  const a2 = -radius * radius;
  const variance = (1 - a2) / ((1 + a2) * ((1 - a2) ** 2 - a1 * a1)); // of an AR(2) process driven by unit noise
  const gain = 1 / Math.sqrt(variance);
  whiteInto(out, state);
  let y1 = 0;
  let y2 = 0;
  for (let i = 0; i < out.length; i++) {
    const y = a1 * y1 + a2 * y2 + out[i]! * gain;
    y2 = y1;
    y1 = y;
    out[i] = y;
  }
}

/** Step of a one-pole low-pass filter, and the gain that brings its output back to deviation 1 under white noise. */
export function lowPass(sampleRateHz: number, cutoffHz: number): { alpha: number; gain: number } {
  const alpha = 1 - Math.exp((-2 * Math.PI * cutoffHz) / sampleRateHz);
  return { alpha, gain: Math.sqrt((2 - alpha) / alpha) };
}

/** Fill `out` with one-pole low-pass noise of deviation 1. */
export function driftInto(out: Float32Array, sampleRateHz: number, cutoffHz: number, state: Int32Array): void {
  const { alpha, gain } = lowPass(sampleRateHz, cutoffHz);
  whiteInto(out, state);
  let level = 0;
  for (let i = 0; i < out.length; i++) {
    level += alpha * (out[i]! - level);
    out[i] = gain * level;
  }
}

/** Fill `out` with a sine of amplitude 1 by rotating a unit vector (one sine per call, not per sample). */
export function sineInto(out: Float32Array, sampleRateHz: number, frequencyHz: number, phase: number): void {
  const step = (2 * Math.PI * frequencyHz) / sampleRateHz;
  const turnCos = Math.cos(step);
  const turnSin = Math.sin(step);
  let cos = Math.cos(phase);
  let sin = Math.sin(phase);
  for (let i = 0; i < out.length; i++) {
    out[i] = sin;
    const next = cos * turnCos - sin * turnSin;
    sin = cos * turnSin + sin * turnCos;
    cos = next;
  }
}
