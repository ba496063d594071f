/** A rate change by up/down (in lowest terms) and its low-pass filter, cut into one row of taps per phase. */
export interface PolyphaseBank {
  readonly up: number;
  readonly down: number;
  /** Half length of the low-pass at the raised rate: output m sits on its centre, tap `halfTaps`. */
  readonly halfTaps: number;
  /** Taps per phase, a multiple of 4. */
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
  const taps = 4 * Math.ceil(used / up / 4);
  const coefficients = new Float64Array(up * taps);
  for (let phase = 0; phase < up; phase++) {
    for (let k = 0; phase + k * up < used; k++) {
      coefficients[phase * taps + taps - 1 - k] = up * h[phase + k * up]!;
    }
  }
  return { up, down, halfTaps, taps, coefficients };
}

/**
 * `count` output samples into `out` from `outStart`: output j is the scalar product of the row of its phase with
 * `taps` samples of `x` from its base; the first output has base `base` and phase `phase`, each further one lies
 * down/up input samples later. Four partial sums are added as (s0 + s2) + (s1 + s3), the order of two-lane SIMD.
 */
export function polyphaseInto(
  out: Float64Array,
  outStart: number,
  count: number,
  x: Float64Array,
  base: number,
  phase: number,
  bank: PolyphaseBank,
): void {
  const { up, down, taps, coefficients } = bank;
  const step = Math.floor(down / up);
  const phaseStep = down % up;
  let at = base;
  let row = phase;
  for (let j = outStart; j < outStart + count; j++) {
    let s0 = 0;
    let s1 = 0;
    let s2 = 0;
    let s3 = 0;
    let c = row * taps;
    const end = c + taps;
    for (let i = at; c < end; c += 4, i += 4) {
      s0 += coefficients[c]! * x[i]!;
      s1 += coefficients[c + 1]! * x[i + 1]!;
      s2 += coefficients[c + 2]! * x[i + 2]!;
      s3 += coefficients[c + 3]! * x[i + 3]!;
    }
    out[j] = s0 + s2 + (s1 + s3);
    at += step;
    row += phaseStep;
    if (row >= up) {
      row -= up;
      at += 1;
    }
  }
}
