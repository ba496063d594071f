/**
 * Robust normalisation that sees the past only. Source of the estimator: the interquartile range of a normal distribution is
 * 1.349 standard deviations (Huber 1981), and neither it nor the median follows a quarter of outliers.
 */
import { elementAt } from "../base/lookup.js";
import type { Normalization } from "./normalize.js";
import { createSortedWindow, type SortedWindow } from "./sorted-window.js";

/** Interquartile range of a normal distribution in standard deviations. */
const NORMAL_QUARTILES = 1.3489795003921634;

/** Below this, in microvolts, a channel has no signal. EDF steps are four orders of magnitude larger. */
export const FLAT_MICROVOLTS = 1e-6;

/** How the past gives the normalisation of what follows. */
export interface RunningOptions {
  readonly channelCount: number;
  readonly sampleRateHz: number;
  /** Past that is looked at, in whole seconds. */
  readonly memorySeconds: number;
  /** Bound of the result in standard deviations. */
  readonly clip: number;
  /** Seconds at the start that stay zero, at least one: nothing is known there yet. */
  readonly warmUpSeconds: number;
}

/** Takes samples `from` to `to` of the block with what the samples before them give; undefined where they are to be zero. */
export type OnNormalization = (from: number, to: number, normalization: Normalization | undefined) => void;

/**
 * The normalisation of a recording as it comes. Median and interquartile range of each channel are renewed after every second,
 * counted from the start, from the past `memorySeconds`; they hold for the second that follows. So no sample has any effect
 * on an earlier one, and the result does not depend, bit for bit, on how the recording is cut into blocks.
 */
export interface RunningNormalization {
  /** Take the next samples of a channel (microvolts, finite). RangeError for a channel that is not there. */
  push(channel: number, samples: Float32Array, onNormalization: OnNormalization): void;
  /** Begin anew, after a gap. */
  restart(): void;
}

/** One channel: the second that is being filled, and the sorted seconds that the window holds. */
interface RunningChannel {
  readonly fresh: Float32Array;
  filled: number;
  /** Ring of sorted seconds. */
  readonly seconds: Float32Array[];
  secondCount: number;
  window: SortedWindow;
  normalization: Normalization | undefined;
}

/** Create the running normalisation of one recording; 24 bytes per sample of `memorySeconds` at most. */
export function createRunningNormalization(options: RunningOptions): RunningNormalization {
  const { channelCount, sampleRateHz, memorySeconds, clip } = options;
  const secondSamples = Math.max(1, Math.round(sampleRateHz));
  const warmUp = Math.max(1, Math.ceil(options.warmUpSeconds));
  const createChannel = (): RunningChannel => ({
    fresh: new Float32Array(secondSamples),
    filled: 0,
    seconds: [],
    secondCount: 0,
    window: createSortedWindow(memorySeconds * secondSamples),
    normalization: undefined,
  });
  const channels = Array.from({ length: channelCount }, createChannel);

  const closeSecond = (channel: RunningChannel) => {
    const slot = channel.secondCount % memorySeconds;
    const old = channel.seconds[slot];
    const sorted = channel.fresh.slice().sort();
    channel.window.replace(sorted, old);
    channel.seconds[slot] = sorted;
    channel.secondCount += 1;
    channel.filled = 0;
    if (channel.secondCount < warmUp) return;
    const { window } = channel;
    const std = (window.quantile(0.75) - window.quantile(0.25)) / NORMAL_QUARTILES;
    channel.normalization = std < FLAT_MICROVOLTS ? undefined : { mean: window.quantile(0.5), std, clip };
  };

  return {
    push(index, samples, onNormalization) {
      const channel = elementAt(channels, index);
      for (let from = 0; from < samples.length; ) {
        const to = Math.min(samples.length, from + secondSamples - channel.filled);
        onNormalization(from, to, channel.normalization);
        channel.fresh.set(samples.subarray(from, to), channel.filled);
        channel.filled += to - from;
        if (channel.filled === secondSamples) closeSecond(channel);
        from = to;
      }
    },
    restart() {
      channels.splice(0, channelCount, ...Array.from({ length: channelCount }, createChannel));
    },
  };
}
