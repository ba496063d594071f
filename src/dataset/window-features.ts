// Hot loops: `!` marks indices that the loop bounds keep inside the arrays.
/** Classical features of a window of EEG, for baselines that need no network. */
import { bandPower, welch } from "../signal/spectrum.js";

/** Bands whose power is taken, up to 30 Hz: above it scalp EEG is mostly muscle. */
const BANDS = [
  [0.5, 2],
  [2, 4],
  [4, 8],
  [8, 13],
  [13, 30],
] as const;

/** Added before logarithms and quotients, so that flat channels give numbers. */
const TINY = 1e-9;

/** Correlation of channels, and the autocorrelation in which rhythms of 0.5 to 4 Hz are looked for, are taken at this rate. */
const SLOW_RATE_HZ = 32;
const RHYTHM_HZ = [0.5, 4] as const;

/** Names of the features, in their order. */
export const WINDOW_FEATURES: readonly string[] = [
  ...["mean", "max", "sd"].flatMap((over) => BANDS.map(([low, high]) => `${over} log power ${low} to ${high} Hz`)),
  "mean log line length",
  "max log line length",
  "mean absolute correlation",
  "mean rhythmicity",
  "max rhythmicity",
];

interface Over {
  readonly mean: number;
  readonly max: number;
  readonly sd: number;
}

/** Over channels. */
function over(values: ArrayLike<number>): Over {
  const all = Array.from(values);
  const mean = all.reduce((sum, value) => sum + value, 0) / all.length;
  const variance = all.reduce((sum, value) => sum + (value - mean) ** 2, 0) / all.length;
  return { mean, max: Math.max(...all), sd: Math.sqrt(variance) };
}

/** A channel averaged down to 32 Hz, its mean subtracted and its length 1; a flat channel is 0. */
function slowUnitRow(row: Float32Array, group: number): Float64Array {
  const x = new Float64Array(Math.floor(row.length / group));
  let sum = 0;
  for (let i = 0, at = 0; i < x.length; i++) {
    let value = 0;
    for (let k = 0; k < group; k++, at++) value += row[at]!;
    x[i] = value / group;
    sum += value / group;
  }
  const mean = sum / x.length;
  let squares = 0;
  for (let i = 0; i < x.length; i++) squares += (x[i]! - mean) ** 2;
  const length = Math.sqrt(squares);
  for (let i = 0; i < x.length; i++) x[i] = length < TINY ? 0 : (x[i]! - mean) / length;
  return x;
}

/** Mean absolute correlation of every two of the rows, which have length 1. */
function meanCorrelation(rows: readonly Float64Array[]): number {
  let sum = 0;
  let count = 0;
  for (let a = 0; a < rows.length; a++)
    for (let b = a + 1; b < rows.length; b++, count++) {
      const [x, y] = [rows[a]!, rows[b]!];
      let product = 0;
      for (let i = 0; i < x.length; i++) product += x[i]! * y[i]!;
      sum += Math.abs(product);
    }
  return count === 0 ? 0 : sum / count;
}

/** Highest autocorrelation of a row of length 1 at the lags of rhythms: near 1 for a regular discharge. */
function rhythmicity(x: Float64Array, rateHz: number): number {
  const [first, last] = [Math.round(rateHz / RHYTHM_HZ[1]), Math.min(x.length - 1, Math.round(rateHz / RHYTHM_HZ[0]))];
  let most = 0;
  for (let lag = first; lag <= last; lag++) {
    let product = 0;
    for (let i = lag; i < x.length; i++) product += x[i]! * x[i - lag]!;
    most = Math.max(most, product);
  }
  return most;
}

function logLineLength(row: Float32Array): number {
  let sum = 0;
  for (let i = 1; i < row.length; i++) sum += Math.abs(row[i]! - row[i - 1]!);
  return Math.log(sum / Math.max(1, row.length - 1) + TINY);
}

/**
 * Features of a window, shape [channel, sample], in the order of `WINDOW_FEATURES`: logarithms of the power in bands up to 30 Hz (Welch,
 * 2 s segments), line length (Esteller et al. 2001), correlation of channels and rhythmicity, each over the channels.
 */
export function windowFeatures(window: Float32Array, channelCount: number, sampleRateHz: number): Float64Array {
  const sampleCount = window.length / channelCount;
  const rows = Array.from({ length: channelCount }, (_, c) => window.subarray(c * sampleCount, (c + 1) * sampleCount));
  const spectra = rows.map((row) => welch(row, { sampleRateHz }));
  const powers = BANDS.map(([low, high]) => over(spectra.map((each) => Math.log(bandPower(each, low, high) + TINY))));
  const lineLengths = over(rows.map(logLineLength));
  const group = Math.max(1, Math.round(sampleRateHz / SLOW_RATE_HZ));
  const slow = rows.map((row) => slowUnitRow(row, group));
  const rhythms = over(slow.map((row) => rhythmicity(row, sampleRateHz / group)));
  return Float64Array.of(
    ...powers.map(({ mean }) => mean),
    ...powers.map(({ max }) => max),
    ...powers.map(({ sd }) => sd),
    ...[lineLengths.mean, lineLengths.max],
    meanCorrelation(slow),
    ...[rhythms.mean, rhythms.max],
  );
}
