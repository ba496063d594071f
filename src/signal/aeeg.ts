// Hot loops: `!` marks indices that the loop bounds keep inside the arrays.
/** Amplitude-integrated EEG: the trend of amplitude that is read over hours. */
import { requireNumbers } from "@ictal/base/options";
import { quantileOf } from "../base/quantile.js";
import { createFilterState, sosfiltInto, steadyState } from "./biquads.js";
import { butterworth } from "./butterworth.js";

export interface AeegOptions {
  readonly sampleRateHz: number;
  /** Length of one value of the trend. @default 15 */
  readonly epochSeconds?: number | undefined;
  /** Pass band before the amplitude is taken. @default 2 to 15 Hz */
  readonly lowCutHz?: number | undefined;
  readonly highCutHz?: number | undefined;
}

/** Peak-to-peak amplitude in the input's unit, per epoch; the lower and upper margins are the 10th and 90th percentiles. */
export interface Aeeg {
  /** Middle of each epoch in seconds. */
  readonly timesSeconds: Float64Array;
  readonly lower: Float64Array;
  readonly median: Float64Array;
  readonly upper: Float64Array;
}

const SMOOTHING_SECONDS = 0.5;
const ORDER = 3;

/** Mean of |x| over half seconds, times pi: the peak-to-peak amplitude of a sine (mean 2/pi of its peak, twice that). */
function envelopeOf(x: Float64Array, width: number): Float64Array {
  const values = new Float64Array(Math.floor(x.length / width));
  for (let i = 0; i < values.length; i++) {
    let sum = 0;
    for (let k = i * width; k < (i + 1) * width; k++) sum += Math.abs(x[k]!);
    values[i] = (Math.PI * sum) / width;
  }
  return values;
}

/**
 * The aEEG of one signal. A band-pass (Butterworth, order 3, causal, at rest on the first value) replaces the
 * weighting filter of cerebral function monitors, so that a sine inside the band reads its own amplitude. The rest of the
 * signal that fills no epoch is dropped. RangeError when an epoch is shorter than two half seconds.
 */
export function aeeg(
  x: ArrayLike<number>,
  { sampleRateHz, epochSeconds = 15, lowCutHz = 2, highCutHz = 15 }: AeegOptions,
): Aeeg {
  requireNumbers({ sampleRateHz, epochSeconds, lowCutHz, highCutHz }, { above: 0 });
  const width = Math.max(1, Math.round(SMOOTHING_SECONDS * sampleRateHz));
  const perEpoch = Math.floor(Math.round(epochSeconds * sampleRateHz) / width);
  if (!(perEpoch >= 2)) throw new RangeError(`invalid epochSeconds: ${epochSeconds}; expected at least 1`);
  const filtered = Float64Array.from(x);
  const sections = butterworth(ORDER, { lowCutHz, highCutHz }, sampleRateHz);
  const state = filtered.length > 0 ? steadyState(sections, filtered[0]) : createFilterState(sections);
  sosfiltInto(filtered, 0, filtered.length, sections, state);
  const envelope = envelopeOf(filtered, width);
  const epochs = Math.floor(envelope.length / perEpoch);
  const quantile = (share: number) =>
    Float64Array.from({ length: epochs }, (_, e) =>
      quantileOf([...envelope.subarray(e * perEpoch, (e + 1) * perEpoch)], share),
    );
  const epochLength = (perEpoch * width) / sampleRateHz;
  const timesSeconds = Float64Array.from({ length: epochs }, (_, e) => (e + 0.5) * epochLength);
  return { timesSeconds, lower: quantile(0.1), median: quantile(0.5), upper: quantile(0.9) };
}
