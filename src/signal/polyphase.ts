/** A rate change by up/down (in lowest terms) and its low-pass filter, cut into one row of taps per phase. */
export interface PolyphaseBank {
  readonly up: number;
  readonly down: number;
  /** Half length of the low-pass at the raised rate: output m sits on its centre, tap `halfTaps`. */
  readonly halfTaps: number;
  /** Taps per phase, an even number. */
  readonly taps: number;
  /** Shape [up, taps], each row in the order of ascending input samples. */
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

/** `scipy.signal.firwin(2 * 10 * m + 1, 1 / m, window=("kaiser", 5.0))`: cut-off at 1/m of Nyquist, unit gain at 0. */
function lowPass(m: number): Float64Array {
  const half = 10 * m;
  const h = Float64Array.from({ length: 2 * half + 1 }, (_, i) => {
    const x = (i - half) / m;
    const sinc = x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);
    const window = besselI0(KAISER_BETA * Math.sqrt(1 - ((i - half) / half) ** 2)) / besselI0(KAISER_BETA);
    return sinc * window;
  });
  const sum = h.reduce((total, value) => total + value, 0);
  return h.map((value) => value / sum);
}

/**
 * The filter bank of `scipy.signal.resample_poly(x, up, down)` with its default Kaiser window; `up` and `down` in
 * lowest terms. The two outermost taps lie on a zero of the sinc (1e-17) and are left out.
 */
export function designPolyphase(up: number, down: number): PolyphaseBank {
  const m = Math.max(up, down);
  const halfTaps = 10 * m;
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
  return { up, down, halfTaps, taps, coefficients };
}

/** Channels that the kernel works on together: x[LANES * i + lane] is sample i of one of four channels. */
export const LANES = 4;

/**
 * `count` output samples of four interleaved channels, shape [sample, LANES] as `x`, into `out` from its start: output j
 * is the scalar product of the row of its phase with `taps` samples of `x`, the first output's row `phase` beginning at
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
  const { up, down, taps, coefficients } = bank;
  const step = LANES * Math.floor(down / up);
  const phaseStep = down % up;
  const last = LANES * count;
  let base = 0;
  let row = phase;
  for (let o = 0; o < last; o += LANES) {
    let s0 = 0;
    let s1 = 0;
    let s2 = 0;
    let s3 = 0;
    const end = (row + 1) * taps;
    for (let c = row * taps, i = base; c < end; c += 2, i += 2 * LANES) {
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
      base += LANES;
    }
  }
}
