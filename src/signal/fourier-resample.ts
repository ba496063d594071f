import { planFourier } from "./fft.js";

/** Move the spectrum of `before` points (arrays of max(before, after)) to `after` points, both halves. */
function refitSpectrum(spectrum: Float64Array, before: number, after: number): Float64Array {
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

/**
 * Resample whole channels of one length to `sampleCount` samples by cutting or lengthening their Fourier transform:
 * `scipy.signal.resample(x, num)`. The two ends of the recording count as neighbours. Two channels share a transform.
 * Returns copies; holds about 24 values of work space per sample. Throws RangeError on lengths below 1 or unequal ones.
 */
export function resampleFourier(channels: readonly Float64Array[], sampleCount: number): Float64Array[] {
  const length = channels[0]?.length ?? 1;
  if (channels.some((channel) => channel.length !== length)) throw new RangeError("invalid channels: lengths differ");
  const forward = planFourier(length);
  const backward = planFourier(sampleCount);
  const resampled: Float64Array[] = [];
  for (let c = 0; c < channels.length; c += 2) {
    const re = channels[c]!.slice();
    const im = channels[c + 1]?.slice() ?? new Float64Array(length);
    forward.forwardInto(re, im);
    const outRe = refitSpectrum(re, length, sampleCount);
    const outIm = refitSpectrum(im, length, sampleCount);
    backward.inverseInto(outRe, outIm);
    for (let i = 0; i < sampleCount; i++) {
      outRe[i]! /= length;
      outIm[i]! /= length;
    }
    resampled.push(outRe, outIm);
  }
  return resampled.slice(0, channels.length);
}
