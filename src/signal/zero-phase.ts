// Hot loops: `!` marks indices that the loop bounds keep inside the arrays.
import { UnsupportedError } from "@ictal/base/errors";
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

/** Filters a group of channels, shape [sample, lane], in place; `state` holds one `createFilterState` per lane. */
export type GroupFilter = (x: Float64Array, sections: Sections, state: Float64Array) => void;

const filterOneChannel: GroupFilter = (x, sections, state) => sosfiltInto(x, 0, x.length, sections, state);

/** `x` with `pad` samples at each end that mirror the signal around its first and last value. */
function extendOddly(x: Float64Array, pad: number, lanes: number): Float64Array {
  const last = x.length - lanes;
  const extended = new Float64Array(x.length + 2 * pad * lanes);
  extended.set(x, pad * lanes);
  for (let i = lanes; i <= pad * lanes; i += lanes) {
    for (let lane = 0; lane < lanes; lane++) {
      extended[pad * lanes - i + lane] = 2 * x[lane]! - x[i + lane]!;
      extended[pad * lanes + last + i + lane] = 2 * x[last + lane]! - x[last - i + lane]!;
    }
  }
  return extended;
}

/**
 * Filter whole channels forwards and backwards, so that no frequency is delayed: `scipy.signal.sosfiltfilt` with its
 * default odd extension. `x` has shape [sample, lane]; `filter` runs all lanes at once. Returns a copy. Throws
 * UnsupportedError when a channel is not longer than the extension.
 */
export function sosfiltfilt(
  x: Float64Array,
  sections: Sections,
  lanes = 1,
  filter: GroupFilter = filterOneChannel,
): Float64Array {
  const pad = oddPadLength(sections);
  const count = x.length / lanes;
  if (count <= pad) {
    throw new UnsupportedError(
      `a recording of ${count} samples is too short for zero-phase filters, which need more than ${pad}: use phase "causal" or exclude the recording`,
    );
  }
  const extended = extendOddly(x, pad, lanes);
  for (let direction = 0; direction < 2; direction++) {
    const states = Array.from(extended.subarray(0, lanes), (level) => steadyState(sections, level));
    filter(extended, sections, Float64Array.from(states.flatMap((state) => [...state])));
    extended.reverse(); // this reverses the lanes too, which the second pass restores
  }
  return extended.slice(pad * lanes, pad * lanes + x.length);
}
