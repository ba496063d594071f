/** From a recording's moments to stored frames: which channels are flat, and the z-score as int16 or float32. */
import { type Moments, normalizeInto } from "../signal/normalize.js";
import { quantizeInto } from "../signal/quantize.js";
import { FRAME_SAMPLES, INT16_SCALE, type StoredFrame } from "./format.js";

/** Below this standard deviation, in microvolts, a channel is flat. EDF steps are four orders of magnitude larger. */
export const FLAT_STANDARD_DEVIATION = 1e-6;

/** Mean, population standard deviation (numpy's default) and flatness of each channel. */
export interface ChannelStatistics {
  /** Microvolts. */
  readonly mean: readonly number[];
  /** Microvolts. */
  readonly std: readonly number[];
  readonly flat: readonly boolean[];
}

/** Moments with the flat channels marked: those under `FLAT_STANDARD_DEVIATION` and those that `knownFlat` names. */
export function markFlat(moments: Moments, knownFlat: readonly boolean[] = []): ChannelStatistics {
  const std = Array.from(moments.std);
  const flat = std.map((value, channel) => value < FLAT_STANDARD_DEVIATION || knownFlat[channel] === true);
  return { mean: Array.from(moments.mean), std, flat };
}

/** What turns microvolts into stored numbers. */
export interface FrameScaling {
  readonly statistics: ChannelStatistics;
  /** False stores microvolts as they are (float32 only). */
  readonly normalize: boolean;
  /** Bound in standard deviations. */
  readonly clip: number;
}

/**
 * Write the z-score of `frame` (`[channel, FRAME_SAMPLES]`, microvolts) into `out`, clipped at `clip` standard
 * deviations, zeros after `valid` samples and in flat channels. For int16 `clip` is at most `INT16_RANGE`.
 */
export function storeFrameInto(out: StoredFrame, frame: Float32Array, valid: number, scaling: FrameScaling): void {
  const { statistics, normalize, clip } = scaling;
  for (const [channel, mean] of statistics.mean.entries()) {
    const start = channel * FRAME_SAMPLES;
    const used = statistics.flat[channel] ? 0 : valid;
    if (used < FRAME_SAMPLES) out.fill(0, start + used, start + FRAME_SAMPLES);
    if (used === 0) continue;
    const row = frame.subarray(start, start + valid);
    if (!normalize) {
      out.set(row, start);
      continue;
    }
    const normalization = { mean, std: statistics.std[channel] ?? Number.NaN, clip };
    const stored = out.subarray(start, start + valid);
    if (stored instanceof Int16Array) quantizeInto(stored, row, normalization, 1 / INT16_SCALE);
    else normalizeInto(stored, row, normalization);
  }
}
