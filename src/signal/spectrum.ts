// Hot loops: `!` marks indices that the loop bounds keep inside the arrays.
import { requireCounts } from "@ictal/base/options";
import { createFourier } from "./fft.js";

/** A frequency band `[lowHz, highHz)`. */
export interface Band {
  readonly name: string;
  readonly lowHz: number;
  readonly highHz: number;
}

/** The bands of clinical EEG. */
export const EEG_BANDS: readonly Band[] = [
  { name: "delta", lowHz: 0.5, highHz: 4 },
  { name: "theta", lowHz: 4, highHz: 8 },
  { name: "alpha", lowHz: 8, highHz: 13 },
  { name: "beta", lowHz: 13, highHz: 30 },
  { name: "gamma", lowHz: 30, highHz: 70 },
];

export interface SpectrumOptions {
  readonly sampleRateHz: number;
  /** Samples per segment; a shorter signal is one segment. @default 2 seconds */
  readonly segmentSamples?: number | undefined;
  /** Samples that neighbouring segments share. @default half a segment */
  readonly overlapSamples?: number | undefined;
}

/** A one-sided power spectral density; for microvolts `power` is in µV²/Hz. */
export interface Spectrum {
  /** Shape [frequency], from 0 to half of the sample rate. */
  readonly frequenciesHz: Float64Array;
  /** Shape [frequency]. */
  readonly power: Float64Array;
}

/** Power spectral densities of successive segments. */
export interface Spectrogram {
  /** Centre of each segment from the start of the signal, shape [segment]. */
  readonly timesSeconds: Float64Array;
  /** Shape [frequency]. */
  readonly frequenciesHz: Float64Array;
  /** Shape [segment, frequency]. */
  readonly power: Float64Array;
}

interface Segments {
  readonly length: number;
  readonly hop: number;
  readonly count: number;
}

function segmentGrid(sampleCount: number, { sampleRateHz, segmentSamples, overlapSamples }: SpectrumOptions): Segments {
  if (!(sampleRateHz > 0)) throw new RangeError(`invalid sampleRateHz: ${sampleRateHz}`);
  if (sampleCount === 0) throw new RangeError("invalid signal: no samples");
  const wanted = segmentSamples ?? Math.round(2 * sampleRateHz);
  const overlap = overlapSamples ?? Math.floor(wanted / 2);
  requireCounts({ segmentSamples: wanted });
  if (!(Number.isInteger(overlap) && overlap >= 0 && overlap < wanted)) {
    throw new RangeError(`invalid overlapSamples: ${overlap} (expected 0 to ${wanted - 1})`);
  }
  if (wanted > sampleCount) return { length: sampleCount, hop: sampleCount, count: 1 };
  const hop = wanted - overlap;
  return { length: wanted, hop, count: Math.floor((sampleCount - wanted) / hop) + 1 };
}

/** The periodic Hann window. */
function hann(length: number): Float64Array {
  return Float64Array.from({ length }, (_, i) => (length === 1 ? 1 : 0.5 - 0.5 * Math.cos((2 * Math.PI * i) / length)));
}

/** One segment, its mean subtracted, times the window; zeros beyond the last segment. */
function loadSegment(out: Float64Array, x: ArrayLike<number>, s: number, grid: Segments, window: Float64Array): void {
  out.fill(0);
  if (s >= grid.count) return;
  const start = s * grid.hop;
  let sum = 0;
  for (let i = 0; i < grid.length; i++) sum += x[start + i]!;
  const mean = sum / grid.length;
  for (let i = 0; i < grid.length; i++) out[i] = (x[start + i]! - mean) * window[i]!;
}

/**
 * Power spectral density of successive overlapping segments (Hann window, mean subtracted, one-sided): the scaling of
 * `scipy.signal.welch`. Throws RangeError on an empty signal or a segment or overlap that does not fit.
 */
export function spectrogram(x: ArrayLike<number>, options: SpectrumOptions): Spectrogram {
  const { sampleRateHz } = options;
  const grid = segmentGrid(x.length, options);
  const { length, hop, count } = grid;
  const window = hann(length);
  const scale = 1 / (sampleRateHz * window.reduce((sum, value) => sum + value * value, 0));
  const fourier = createFourier(length);
  const re = new Float64Array(length);
  const im = new Float64Array(length);
  const bins = Math.floor(length / 2) + 1;
  const power = new Float64Array(count * bins); // [segment, frequency]
  for (let s = 0; s < count; s += 2) {
    loadSegment(re, x, s, grid, window);
    loadSegment(im, x, s + 1, grid, window);
    fourier.forwardInto(re, im); // two real segments: the spectrum's even part is the first, its odd part the second
    for (let k = 0; k < bins; k++) {
      const mirror = (length - k) % length;
      const sides = k === 0 || 2 * k === length ? 1 : 2;
      const first = ((re[k]! + re[mirror]!) ** 2 + (im[k]! - im[mirror]!) ** 2) / 4;
      const second = ((re[k]! - re[mirror]!) ** 2 + (im[k]! + im[mirror]!) ** 2) / 4;
      power[s * bins + k] = first * scale * sides;
      if (s + 1 < count) power[(s + 1) * bins + k] = second * scale * sides;
    }
  }
  return {
    timesSeconds: Float64Array.from({ length: count }, (_, s) => (s * hop + length / 2) / sampleRateHz),
    frequenciesHz: Float64Array.from({ length: bins }, (_, k) => (k * sampleRateHz) / length),
    power,
  };
}

/**
 * Power spectral density by Welch's method: the mean over the segments of `spectrogram`. The values of
 * `scipy.signal.welch`.
 */
export function welch(x: ArrayLike<number>, options: SpectrumOptions): Spectrum {
  const { frequenciesHz, timesSeconds, power } = spectrogram(x, options);
  const bins = frequenciesHz.length;
  const count = timesSeconds.length;
  const mean = new Float64Array(bins);
  for (let i = 0; i < power.length; i++) mean[i % bins]! += power[i]! / count;
  return { frequenciesHz, power: mean };
}

/** Power within `[lowHz, highHz)`: the sum of the density's bins times their width (µV² for a density in µV²/Hz). */
export function bandPower({ frequenciesHz, power }: Spectrum, lowHz: number, highHz: number): number {
  const [first = 0, second = first] = frequenciesHz;
  const width = second - first;
  return power.reduce((sum, value, k) => {
    const hertz = frequenciesHz[k] ?? Number.NaN;
    return hertz >= lowHz && hertz < highHz ? sum + value * width : sum;
  }, 0);
}

/** Power in each of `bands` by name. @default bands EEG_BANDS */
export function bandPowers(spectrum: Spectrum, bands: readonly Band[] = EEG_BANDS): Record<string, number> {
  return Object.fromEntries(bands.map(({ name, lowHz, highHz }) => [name, bandPower(spectrum, lowHz, highHz)]));
}
