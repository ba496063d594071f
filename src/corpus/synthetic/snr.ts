import { sosfiltInto, steadyState } from "../../signal/biquads.js";
import { butterworth, type Sections } from "../../signal/butterworth.js";

/** Band in which power is compared, hertz. */
export const SNR_BAND_HZ = { low: 0.5, high: 40 } as const;

/** Second-order Butterworth band-pass of the comparison; the upper edge is lowered to 0.45 of low sample rates. */
function snrSections(sampleRateHz: number): Sections {
  const edges = { lowCutHz: SNR_BAND_HZ.low, highCutHz: Math.min(SNR_BAND_HZ.high, 0.45 * sampleRateHz) };
  return butterworth(2, edges, sampleRateHz);
}

/** Mean square of `x` between 0.5 and 40 Hz (causal second-order Butterworth band-pass that starts at rest at the first sample). */
export function bandPower(x: Float32Array, sampleRateHz: number): number {
  const sections = snrSections(sampleRateHz);
  const filtered = Float64Array.from(x);
  sosfiltInto(filtered, 0, filtered.length, sections, steadyState(sections, filtered[0] ?? 0));
  let sum = 0;
  for (const value of filtered) sum += value * value;
  return sum / Math.max(1, filtered.length);
}

/** How a seizure is scaled to a signal-to-noise ratio. */
export interface SeizureGain {
  /** Index of the channel where the seizure is strongest. */
  readonly channel: number;
  /** Factor of the seizure in all channels. */
  readonly gain: number;
  /** Mean square of the background in that channel, microvolts squared. */
  readonly backgroundPower: number;
}

/**
 * The factor that brings a seizure to `snrDb`. Definition: ten times the decadic logarithm of the mean square of the seizure
 * alone over that of the background alone, both between 0.5 and 40 Hz (`bandPower`), over the whole seizure as far as it lies
 * in the recording, in the one channel, as recorded, where the seizure alone has the largest mean square. `seizure` and
 * `background` hold the same channels over the same samples, microvolts; channels without any background (flat) are not
 * considered. Undefined when no channel is left.
 */
export function seizureGain(
  seizure: readonly Float32Array[],
  background: readonly Float32Array[],
  sampleRateHz: number,
  snrDb: number,
): SeizureGain | undefined {
  let found: { channel: number; power: number; backgroundPower: number } | undefined;
  seizure.forEach((rows, channel) => {
    const power = bandPower(rows, sampleRateHz);
    if (!(power > (found?.power ?? 0))) return;
    const backgroundPower = bandPower(background[channel]!, sampleRateHz);
    if (backgroundPower > 0) found = { channel, power, backgroundPower };
  });
  if (!found) return undefined;
  const { channel, power, backgroundPower } = found;
  return { channel, backgroundPower, gain: Math.sqrt((backgroundPower / power) * 10 ** (snrDb / 10)) };
}
