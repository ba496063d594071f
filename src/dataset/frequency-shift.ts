// Hot loops: `!` marks indices that the loop bounds keep inside the arrays.
import { createFourier, type Fourier } from "../signal/fft.js";

interface FourierBuffers {
  readonly fourier: Fourier;
  readonly re: Float64Array;
  readonly im: Float64Array;
}

const buffersByLength = new Map<number, FourierBuffers>();

function buffersOf(length: number): FourierBuffers {
  const known = buffersByLength.get(length);
  if (known) return known;
  const created = { fourier: createFourier(length), re: new Float64Array(length), im: new Float64Array(length) };
  buffersByLength.set(length, created);
  return created;
}

/**
 * Move every frequency of `row` by `shiftHz`, in place: the real part of its analytic signal (negative frequencies
 * removed, positive ones doubled) times exp(2 pi i shiftHz t). What would pass 0 Hz or half the rate is folded back.
 */
export function shiftFrequencies(row: Float32Array, shiftHz: number, sampleRateHz: number): void {
  const { fourier, re, im } = buffersOf(row.length);
  const { length } = row;
  re.set(row);
  im.fill(0);
  fourier.forwardInto(re, im);
  const half = length / 2;
  for (let k = 1; k < length; k++) {
    const gain = k < half ? 2 : k === half ? 1 : 0;
    re[k]! *= gain;
    im[k]! *= gain;
  }
  fourier.inverseInto(re, im);
  for (let i = 0; i < length; i++) {
    const angle = (2 * Math.PI * shiftHz * i) / sampleRateHz;
    row[i] = (re[i]! * Math.cos(angle) - im[i]! * Math.sin(angle)) / length;
  }
}
