/**
 * Band power with logistic regression, the baseline of the experiments on varied corpora: it sees the signals that a detector
 * sees. A window of 8 s every 4 s; log power in five bands, either of every channel or as mean, largest and spread over the
 * channels; ridge regression by Newton's method with balanced classes.
 */
import type { WindowReader } from "../../src/dataset/window-reader.js";
import { bandPower, welch } from "../../src/signal/spectrum.js";

export const WINDOW_SECONDS = 8;
export const STRIDE_SECONDS = 4;
const BANDS = [
  [0.5, 2],
  [2, 4],
  [4, 8],
  [8, 13],
  [13, 30],
] as const;

/** Windows of one recording. */
export interface WindowFeatures {
  readonly recording: number;
  /** Log powers, `[window, band, channel]` as rows. */
  readonly rows: readonly Float64Array[];
  /** Share of seizure in each window. */
  readonly ictal: readonly number[];
}

/** Log band powers of channel-major samples `[channel, length]`. */
export function bandPowersOf(samples: Float32Array, channelCount: number, sampleRateHz: number): Float64Array {
  const length = samples.length / channelCount;
  const out = new Float64Array(BANDS.length * channelCount);
  for (let channel = 0; channel < channelCount; channel++) {
    const spectrum = welch(samples.subarray(channel * length, (channel + 1) * length), { sampleRateHz });
    for (const [band, [low, high]] of BANDS.entries())
      out[band * channelCount + channel] = Math.log(bandPower(spectrum, low, high) + 1e-9);
  }
  return out;
}

/** Mean, largest value and standard deviation over channels of each band: `[band, 3]`. */
export function overChannels(row: Float64Array): Float64Array {
  const channelCount = row.length / BANDS.length;
  return Float64Array.from({ length: 3 * BANDS.length }, (_, i) => {
    const values = row.subarray(Math.floor(i / 3) * channelCount, (Math.floor(i / 3) + 1) * channelCount);
    const mean = values.reduce((sum, value) => sum + value, 0) / channelCount;
    if (i % 3 === 0) return mean;
    if (i % 3 === 1) return Math.max(...values);
    return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / channelCount);
  });
}

/** Features of all windows of a cached recording. */
export async function windowFeatures(reader: WindowReader, recording: number): Promise<WindowFeatures> {
  const { manifest, channelCount } = reader;
  const { sampleRateHz } = manifest;
  const { sampleCount, seizures } = manifest.recordings[recording]!;
  const samples = new Float32Array(channelCount * WINDOW_SECONDS * sampleRateHz);
  const rows: Float64Array[] = [];
  const ictal: number[] = [];
  for (let start = 0; start + WINDOW_SECONDS <= sampleCount / sampleRateHz; start += STRIDE_SECONDS) {
    reader.readIntoSync(samples, recording, start * sampleRateHz, WINDOW_SECONDS * sampleRateHz);
    rows.push(bandPowersOf(samples, channelCount, sampleRateHz));
    const end = start + WINDOW_SECONDS;
    const overlap = seizures.map((s) => Math.max(0, Math.min(end, s.endSeconds) - Math.max(start, s.startSeconds)));
    ictal.push(overlap.reduce((sum, seconds) => sum + seconds, 0) / WINDOW_SECONDS);
  }
  return { recording, rows, ictal };
}

/** Mean score of the windows over each second; seconds after the last window have that of the second before. */
export function perSecond(scores: readonly number[], seconds: number): Float32Array {
  const sum = new Float64Array(seconds);
  const count = new Float64Array(seconds);
  scores.forEach((score, window) => {
    for (let i = 0; i < WINDOW_SECONDS; i++) {
      const at = window * STRIDE_SECONDS + i;
      if (at < seconds) sum[at]! += score;
      if (at < seconds) count[at]! += 1;
    }
  });
  const out = new Float32Array(seconds);
  for (let i = 0; i < seconds; i++) out[i] = count[i]! > 0 ? sum[i]! / count[i]! : (out[i - 1] ?? 0);
  return out;
}

/** Fit on rows and classes (1 seizure); the score (a logit) of a row. `ridge` is the weight of the squared coefficients. */
export function fitLogistic(rows: readonly Float64Array[], classes: readonly number[], ridge = 20) {
  const width = rows[0]!.length;
  const count = rows.length;
  const mean = new Float64Array(width);
  const scale = new Float64Array(width);
  for (const row of rows) for (const [k, value] of row.entries()) mean[k]! += value / count;
  for (const row of rows) for (const [k, value] of row.entries()) scale[k]! += (value - mean[k]!) ** 2 / count;
  const scaled = (row: Float64Array) =>
    Float64Array.from({ length: width + 1 }, (_, k) =>
      k === width ? 1 : (row[k]! - mean[k]!) / (Math.sqrt(scale[k]!) + 1e-9),
    );
  const x = rows.map(scaled);
  const positives = classes.reduce((sum, value) => sum + value, 0);
  const weightOf = [count / (2 * (count - positives)), count / (2 * positives)];
  const w = new Float64Array(width + 1);
  const logit = (row: Float64Array) => row.reduce((sum, value, k) => sum + value * w[k]!, 0);
  for (let iteration = 0; iteration < 12; iteration++) {
    const gradient = Float64Array.from(w, (value, k) => (k === width ? 0 : -ridge * value));
    const hessian = Array.from({ length: width + 1 }, (_, k) => {
      const line = new Float64Array(width + 1);
      line[k] = k === width ? 1e-9 : ridge;
      return line;
    });
    x.forEach((row, i) => {
      const p = 1 / (1 + Math.exp(-logit(row)));
      const weight = weightOf[classes[i]!]!;
      const curvature = weight * p * (1 - p);
      for (let a = 0; a <= width; a++) {
        gradient[a]! += weight * (classes[i]! - p) * row[a]!;
        const line = hessian[a]!;
        for (let b = 0; b <= a; b++) line[b]! += curvature * row[a]! * row[b]!;
      }
    });
    const step = solveCholesky(hessian, gradient);
    for (let k = 0; k <= width; k++) w[k]! += step[k]!;
  }
  return (row: Float64Array) => logit(scaled(row));
}

/** Solve a symmetric positive system given by its lower triangle, which is overwritten. */
function solveCholesky(lower: readonly Float64Array[], right: Float64Array): Float64Array {
  const n = right.length;
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = lower[i]![j]!;
      for (let k = 0; k < j; k++) sum -= lower[i]![k]! * lower[j]![k]!;
      lower[i]![j] = i === j ? Math.sqrt(sum) : sum / lower[j]![j]!;
    }
  }
  const out = Float64Array.from(right);
  for (let i = 0; i < n; i++) {
    for (let k = 0; k < i; k++) out[i]! -= lower[i]![k]! * out[k]!;
    out[i]! /= lower[i]![i]!;
  }
  for (let i = n - 1; i >= 0; i--) {
    for (let k = i + 1; k < n; k++) out[i]! -= lower[k]![i]! * out[k]!;
    out[i]! /= lower[i]![i]!;
  }
  return out;
}
