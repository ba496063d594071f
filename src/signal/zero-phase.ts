import { UnsupportedError } from "../base/errors.js";
import { sosfiltInto, steadyState } from "./biquads.js";
import type { Sections } from "./butterworth.js";

/** Samples by which the odd extension prolongs each end: 3 taps per pole or zero, as scipy's default `padlen`. */
export function oddPadLength(sections: Sections): number {
  const count = sections.length / 6;
  let shortZeros = 0;
  let shortPoles = 0;
  for (let s = 0; s < count; s++) {
    if (sections[6 * s + 2] === 0) shortZeros++;
    if (sections[6 * s + 5] === 0) shortPoles++;
  }
  return 3 * (2 * count + 1 - Math.min(shortZeros, shortPoles));
}

/** Filter the whole of `x` in place as if its first value had always been there. */
function filterSteadily(x: Float64Array, sections: Sections): void {
  sosfiltInto(x, 0, x.length, sections, steadyState(sections, x[0]!));
}

/**
 * Filter a whole channel forwards and backwards, so that no frequency is delayed: `scipy.signal.sosfiltfilt` with its
 * default odd extension. Returns a copy. Throws UnsupportedError when `x` is not longer than the extension.
 */
export function sosfiltfilt(x: Float64Array, sections: Sections): Float64Array {
  const pad = oddPadLength(sections);
  if (x.length <= pad) {
    throw new UnsupportedError(
      `a recording of ${x.length} samples is too short for zero-phase filters, which need more than ${pad}: use phase "causal" or leave it out`,
    );
  }
  const last = x.length - 1;
  const extended = new Float64Array(x.length + 2 * pad);
  extended.set(x, pad);
  for (let i = 1; i <= pad; i++) {
    extended[pad - i] = 2 * x[0]! - x[i]!;
    extended[pad + last + i] = 2 * x[last]! - x[last - i]!;
  }
  filterSteadily(extended, sections);
  extended.reverse();
  filterSteadily(extended, sections);
  extended.reverse();
  return extended.slice(pad, pad + x.length);
}
