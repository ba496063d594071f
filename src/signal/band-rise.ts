import { requireCounts, requireNumber, requireNumbers } from "@ictal/base/options";
import { bandPower, welch } from "./spectrum.js";

export interface BandRiseOptions {
  readonly channelCount: number;
  readonly sampleRateHz: number;
  /** Sample of the window where the rise is looked for, an onset say. */
  readonly atSample: number;
  /** Length of either side. @default 10 */
  readonly seconds?: number | undefined;
  /** Band in Hz, the upper edge excluded. */
  readonly band: readonly [lowHz: number, highHz: number];
}

/**
 * How much the power in a band changes at a sample: that of the seconds after it over that of the seconds before it, in
 * decibels, one value per channel. `samples` `[channel, sample]`, any unit. RangeError where either side is incomplete.
 */
export function bandRise(samples: Float32Array, options: BandRiseOptions): Float64Array {
  const { channelCount, sampleRateHz, atSample, seconds = 10, band } = options;
  requireCounts({ channelCount });
  requireNumbers({ sampleRateHz, seconds }, { above: 0 });
  requireNumber("atSample", atSample, { isWhole: true, least: 0 });
  const sampleCount = samples.length / channelCount;
  const side = Math.round(seconds * sampleRateHz);
  if (!(atSample >= side && atSample + side <= sampleCount)) {
    throw new RangeError(
      `invalid atSample: ${atSample}; expected ${side} to ${sampleCount - side}, with ${seconds} s on either side`,
    );
  }
  const segmentSamples = Math.min(side, 2 * sampleRateHz);
  const powerFrom = (start: number) =>
    bandPower(welch(samples.subarray(start, start + side), { sampleRateHz, segmentSamples }), ...band);
  return Float64Array.from({ length: channelCount }, (_, channel) => {
    const at = channel * sampleCount + atSample;
    return 10 * Math.log10(powerFrom(at) / powerFrom(at - side));
  });
}
