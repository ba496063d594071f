/** Per-channel statistics over a whole recording and the z-score that goes into a stored frame. */
import { FRAME_SAMPLES, INT16_SCALE, type StoredFrame } from "./format.js";

/** Below this standard deviation, in microvolts, a channel is flat. EDF steps are four orders of magnitude larger. */
export const FLAT_STANDARD_DEVIATION = 1e-6;

/** Count, mean and summed squared deviation per channel. */
export interface RunningStatistics {
  sampleCount: number;
  readonly mean: Float64Array;
  readonly squares: Float64Array;
}

/** Statistics of nothing yet for `channelCount` channels. */
export function createStatistics(channelCount: number): RunningStatistics {
  return { sampleCount: 0, mean: new Float64Array(channelCount), squares: new Float64Array(channelCount) };
}

/**
 * Add the first `valid` samples of each row of `frame` (`[channel, FRAME_SAMPLES]`). Each frame is summed on its own
 * and merged by the pairwise rule (Chan, Golub, LeVeque 1979), so the result depends on the frames alone and not on
 * how the signal arrived.
 */
export function addFrame(statistics: RunningStatistics, frame: Float32Array, valid = FRAME_SAMPLES): void {
  const before = statistics.sampleCount;
  const total = before + valid;
  if (valid === 0) return;
  for (let channel = 0; channel < statistics.mean.length; channel++) {
    const start = channel * FRAME_SAMPLES;
    let sum = 0;
    for (let i = start; i < start + valid; i++) sum += frame[i]!;
    const mean = sum / valid;
    let squares = 0;
    for (let i = start; i < start + valid; i++) {
      const deviation = frame[i]! - mean;
      squares += deviation * deviation;
    }
    const delta = mean - statistics.mean[channel]!;
    statistics.mean[channel]! += (delta * valid) / total;
    statistics.squares[channel]! += squares + (delta * delta * before * valid) / total;
  }
  statistics.sampleCount = total;
}

/** Mean, population standard deviation (numpy's default) and flatness of each channel. */
export interface ChannelStatistics {
  /** Microvolts. */
  readonly mean: readonly number[];
  /** Microvolts. */
  readonly std: readonly number[];
  readonly flat: readonly boolean[];
}

/** Close the running sums; a channel under `FLAT_STANDARD_DEVIATION` or named in `knownFlat` is flat. */
export function closeStatistics(statistics: RunningStatistics, knownFlat: readonly boolean[] = []): ChannelStatistics {
  const count = Math.max(1, statistics.sampleCount);
  const std = Array.from(statistics.squares, (squares) => Math.sqrt(squares / count));
  const flat = std.map((value, channel) => value < FLAT_STANDARD_DEVIATION || knownFlat[channel] === true);
  return { mean: Array.from(statistics.mean), std, flat };
}

/** What turns microvolts into stored numbers. */
export interface FrameScaling {
  readonly statistics: ChannelStatistics;
  /** False stores microvolts as they are (float32 only). */
  readonly normalize: boolean;
  /** Bound in standard deviations. */
  readonly clip: number;
}

/** Bounds of one row, `[start, end)`, and its scaling. */
interface Row {
  readonly start: number;
  readonly end: number;
  readonly mean: number;
  readonly std: number;
  readonly limit: number;
}

function quantizeRowInto(out: Int16Array, frame: Float32Array, { start, end, mean, std, limit }: Row): void {
  const gain = 1 / (std * INT16_SCALE);
  const steps = Math.min(32767, Math.round(limit / INT16_SCALE));
  for (let i = start; i < end; i++) {
    const step = Math.round((frame[i]! - mean) * gain);
    out[i] = step > steps ? steps : step < -steps ? -steps : step;
  }
}

function scaleRowInto(out: Float32Array, frame: Float32Array, { start, end, mean, std, limit }: Row): void {
  for (let i = start; i < end; i++) {
    const value = (frame[i]! - mean) / std;
    out[i] = value > limit ? limit : value < -limit ? -limit : value;
  }
}

/**
 * Write the z-score of `frame` (`[channel, FRAME_SAMPLES]`, microvolts) into `out`, clipped at `clip` standard
 * deviations, zeros after `valid` samples and in flat channels.
 */
export function storeFrameInto(out: StoredFrame, frame: Float32Array, valid: number, scaling: FrameScaling): void {
  const { statistics, normalize, clip } = scaling;
  out.fill(0);
  for (let channel = 0; channel < statistics.mean.length; channel++) {
    if (statistics.flat[channel]) continue;
    const start = channel * FRAME_SAMPLES;
    const row: Row = normalize
      ? { start, end: start + valid, mean: statistics.mean[channel]!, std: statistics.std[channel]!, limit: clip }
      : { start, end: start + valid, mean: 0, std: 1, limit: Number.POSITIVE_INFINITY };
    if (out instanceof Int16Array) quantizeRowInto(out, frame, row);
    else scaleRowInto(out, frame, row);
  }
}
