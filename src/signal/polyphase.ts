// Hot loops: `!` marks indices that the loop bounds keep inside the arrays.
/** A rate change by up/down (in lowest terms) and its low-pass filter, cut into one row of taps per phase. */
export interface PolyphaseBank {
  readonly up: number;
  readonly down: number;
  /** Half length of the low-pass at the raised rate: output m sits on its centre, tap `halfTaps`. */
  readonly halfTaps: number;
  /** Taps per phase, an even number. */
  readonly taps: number;
  /** Rows of coefficients: `up`, or fewer where so many phases share the row of the nearest one. */
  readonly rows: number;
  /** Shape [rows, taps], each row in the order of ascending input samples. */
  readonly coefficients: Float64Array;
}

/** Modified Bessel function of the first kind and order zero, by its power series. */
export function besselI0(x: number): number {
  const quarter = (x * x) / 4;
  let term = 1;
  let sum = 1;
  for (let k = 1; term > sum * 1e-17; k++) {
    term *= quarter / (k * k);
    sum += term;
  }
  return sum;
}

const KAISER_BETA = 5;
/** Half length of the low-pass in zeros of its sinc, as scipy's `resample_poly`. */
export const HALF_ZEROS = 10;

/** Sinc at `x` of its zeros from the centre, times the Kaiser window at `w` of its half length. */
function windowedSinc(x: number, w: number): number {
  const sinc = x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);
  const window = besselI0(KAISER_BETA * Math.sqrt(1 - w ** 2)) / besselI0(KAISER_BETA);
  return sinc * window;
}

/** `scipy.signal.firwin(2 * 10 * m + 1, 1 / m, window=("kaiser", 5.0))`: cut-off at 1/m of Nyquist, unit gain at 0. */
function lowPass(m: number): Float64Array {
  const half = HALF_ZEROS * m;
  const h = Float64Array.from({ length: 2 * half + 1 }, (_, i) => windowedSinc((i - half) / m, (i - half) / half));
  const sum = h.reduce((total, value) => total + value, 0);
  return h.map((value) => value / sum);
}

/** The bank of an exact ratio: a row for each phase. The two outermost taps lie on a zero of the sinc (1e-17) and are dropped. */
function exactBank(up: number, down: number): PolyphaseBank {
  const m = Math.max(up, down);
  const halfTaps = HALF_ZEROS * m;
  const h = lowPass(m);
  h[0] = 0;
  const used = 2 * halfTaps; // taps 0 .. 2 * halfTaps - 1
  const taps = 2 * Math.ceil(used / up / 2);
  const coefficients = new Float64Array(up * taps);
  for (let phase = 0; phase < up; phase++) {
    for (let k = 0; phase + k * up < used; k++) {
      coefficients[phase * taps + taps - 1 - k] = up * h[phase + k * up]!;
    }
  }
  return { up, down, halfTaps, taps, rows: up, coefficients };
}

/** Largest term of a ratio whose phases all have rows of their own: 200,000 coefficients. */
const LARGEST_EXACT_TERM = 10_000;
/** Rows of a bank of shared rows per sample of the slower rate: a phase is at most 1/65,536 of it from its row's. */
const SHARED_ROWS = 32_768;

/**
 * The bank of a ratio of large terms: the filter at `rows` equally spaced phases, of which each output takes the nearest.
 * Outputs lie on their true times in the long run and within 1.5e-5 of a sample of the slower rate at each one, which
 * changes a sine at half the Nyquist frequency by less than 3e-5 of its amplitude.
 */
function sharedBank(up: number, down: number): PolyphaseBank {
  const m = Math.max(up, down);
  const halfTaps = HALF_ZEROS * m;
  const taps = 2 * Math.ceil(halfTaps / up);
  const rows = Math.min(up, Math.ceil(SHARED_ROWS * Math.min(1, up / down)));
  const coefficients = new Float64Array(rows * taps);
  for (let row = 0; row < rows; row++) {
    const phase = ((row + 0.5) * up) / rows;
    for (let k = 0; phase + k * up < 2 * halfTaps; k++)
      coefficients[row * taps + taps - 1 - k] = windowedSinc(
        (phase + k * up - halfTaps) / m,
        (phase + k * up - halfTaps) / halfTaps,
      );
  }
  const gain = rows / coefficients.reduce((total, value) => total + value, 0);
  return { up, down, halfTaps, taps, rows, coefficients: coefficients.map((value) => value * gain) };
}

/**
 * The filter bank of `scipy.signal.resample_poly(x, up, down)` with its default Kaiser window; `up` and `down` in
 * lowest terms. With a term above 10,000 phases share rows (`sharedBank`), so that the bank stays below 20 MB.
 */
export function designPolyphase(up: number, down: number): PolyphaseBank {
  return Math.max(up, down) <= LARGEST_EXACT_TERM ? exactBank(up, down) : sharedBank(up, down);
}

/** Channels of a group, which the kernels process together: x[GROUP_CHANNELS * i + lane] is sample i of the channel in `lane`. */
export const GROUP_CHANNELS = 4;

/**
 * `count` output samples of four interleaved channels, shape [sample, GROUP_CHANNELS] as `x`, into `out` from its start: output j
 * is the scalar product of the row of its phase (of `rows`, the one it falls into) with `taps` samples of `x`, the first output's row `phase` beginning at
 * sample 0 and each further one down/up samples later. Each lane is one sum in ascending order of the samples, so that
 * two-lane SIMD over channels gives the same bits.
 */
export function polyphaseInto(
  out: Float64Array,
  count: number,
  x: Float64Array,
  phase: number,
  bank: PolyphaseBank,
): void {
  const { up, down, taps, rows, coefficients } = bank;
  const rowsPerPhase = rows / up;
  const step = GROUP_CHANNELS * Math.floor(down / up);
  const phaseStep = down % up;
  const last = GROUP_CHANNELS * count;
  let base = 0;
  let row = phase;
  for (let o = 0; o < last; o += GROUP_CHANNELS) {
    let s0 = 0;
    let s1 = 0;
    let s2 = 0;
    let s3 = 0;
    const first = taps * (rows === up ? row : Math.floor(row * rowsPerPhase));
    const end = first + taps;
    for (let c = first, i = base; c < end; c += 2, i += 2 * GROUP_CHANNELS) {
      const even = coefficients[c]!;
      s0 += even * x[i]!;
      s1 += even * x[i + 1]!;
      s2 += even * x[i + 2]!;
      s3 += even * x[i + 3]!;
      const odd = coefficients[c + 1]!;
      s0 += odd * x[i + 4]!;
      s1 += odd * x[i + 5]!;
      s2 += odd * x[i + 6]!;
      s3 += odd * x[i + 7]!;
    }
    out[o] = s0;
    out[o + 1] = s1;
    out[o + 2] = s2;
    out[o + 3] = s3;
    base += step;
    row += phaseStep;
    if (row >= up) {
      row -= up;
      base += GROUP_CHANNELS;
    }
  }
}
