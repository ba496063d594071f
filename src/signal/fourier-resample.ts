// Hot loops: `!` marks indices that the loop bounds keep inside the arrays.
import { createFourier } from "./fft.js";

/** Move the spectrum of `before` points (arrays of max(before, after)) to `after` points, both halves. */
function resizeSpectrum(spectrum: Float64Array, before: number, after: number): Float64Array {
  const out = new Float64Array(after);
  const least = Math.min(before, after);
  const half = Math.ceil(least / 2);
  for (let k = 0; k < half; k++) out[k] = spectrum[k]!;
  for (let k = 1; k < half; k++) out[after - k] = spectrum[before - k]!;
  if (least % 2 === 0) {
    const middle = least / 2; // the Nyquist bin of the shorter length: folded when shortening, shared when lengthening
    if (after < before) out[middle] = spectrum[middle]! + spectrum[before - middle]!;
    else if (after > before) out[middle] = out[after - middle] = spectrum[middle]! / 2;
    else out[middle] = spectrum[middle]!;
  }
  return out;
}

/** Resamples complete channels of one length to one number of samples; returns copies. */
export type FourierResampler = (channels: readonly Float64Array[]) => Float64Array[];

/**
 * Prepare the resampling of channels of `length` samples to `sampleCount` samples by cutting or lengthening their Fourier
 * transform: `scipy.signal.resample(x, num)`. The two ends of the recording count as neighbours. Two channels share a
 * transform. The resampler throws RangeError on channels of another length.
 */
export function createFourierResampler(length: number, sampleCount: number): FourierResampler {
  const forward = createFourier(length);
  const backward = createFourier(sampleCount);
  const resamplePair = (first: Float64Array, second: Float64Array | undefined): Float64Array[] => {
    const re = first.slice();
    const im = second?.slice() ?? new Float64Array(length);
    forward.forwardInto(re, im);
    const outRe = resizeSpectrum(re, length, sampleCount);
    const outIm = resizeSpectrum(im, length, sampleCount);
    backward.inverseInto(outRe, outIm);
    const pair = second ? [outRe, outIm] : [outRe];
    for (const out of pair) for (let i = 0; i < sampleCount; i++) out[i]! /= length;
    return pair;
  };
  return (channels) => {
    const odd = channels.find((channel) => channel.length !== length);
    if (odd) throw new RangeError(`invalid channel: ${odd.length} samples (expected ${length})`);
    return channels.flatMap((channel, c) => (c % 2 === 0 ? resamplePair(channel, channels[c + 1]) : []));
  };
}
