import { type Fourier, planFourier } from "../signal/fft.js";

interface Work {
  readonly plan: Fourier;
  readonly re: Float64Array;
  readonly im: Float64Array;
}

const works = new Map<number, Work>();

function workOf(length: number): Work {
  const known = works.get(length);
  if (known) return known;
  const made = { plan: planFourier(length), re: new Float64Array(length), im: new Float64Array(length) };
  works.set(length, made);
  return made;
}

/**
 * Move every frequency of `row` by `shiftHz`, in place: the real part of its analytic signal (negative frequencies taken
 * out, positive ones doubled) times exp(2 pi i shiftHz t). What would pass 0 Hz or half the rate is folded back.
 */
export function shiftFrequencies(row: Float32Array, shiftHz: number, sampleRateHz: number): void {
  const { plan, re, im } = workOf(row.length);
  const { length } = row;
  re.set(row);
  im.fill(0);
  plan.forwardInto(re, im);
  const half = length / 2;
  for (let k = 1; k < length; k++) {
    const gain = k < half ? 2 : k === half ? 1 : 0;
    re[k]! *= gain;
    im[k]! *= gain;
  }
  plan.inverseInto(re, im);
  for (let i = 0; i < length; i++) {
    const angle = (2 * Math.PI * shiftHz * i) / sampleRateHz;
    row[i] = (re[i]! * Math.cos(angle) - im[i]! * Math.sin(angle)) / length;
  }
}
