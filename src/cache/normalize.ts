/** From a recording's moments, or its past, to stored frames: which channels are flat, and the z-score as int16 or float32. */
import type { ChainOptions } from "../signal/chain-options.js";
import { type Moments, type Normalization, normalizeInto } from "../signal/normalize.js";
import { quantizeInto } from "../signal/quantize.js";
import { createRunningNormalization, FLAT_MICROVOLTS, type RunningOptions } from "../signal/running-normalize.js";
import { FRAME_SAMPLES, INT16_SCALE, type StoredFrame } from "./format.js";
import type { Segment } from "./segments.js";

/** Mean, population standard deviation (numpy's default) and flatness of each channel. */
export interface ChannelStatistics {
  /** Microvolts. */
  readonly mean: readonly number[];
  /** Microvolts. */
  readonly std: readonly number[];
  readonly flat: readonly boolean[];
}

/** Moments with the flat channels marked: those under `FLAT_MICROVOLTS` and those that `knownFlat` names. */
export function markFlat(moments: Moments, knownFlat: readonly boolean[] = []): ChannelStatistics {
  const std = Array.from(moments.std);
  const flat = std.map((value, channel) => value < FLAT_MICROVOLTS || knownFlat[channel] === true);
  return { mean: Array.from(moments.mean), std, flat };
}

/** What turns microvolts into stored numbers. */
export interface FrameScaling {
  readonly statistics: ChannelStatistics;
  /** False stores microvolts as they are (float32 only). */
  readonly normalize: boolean;
  /** Bound in standard deviations. */
  readonly clip: number;
  /** Normalise by the past instead of `statistics`. @default by `statistics` */
  readonly running?: RunningScaling | undefined;
}

/** Normalisation by the past, anew in each segment. */
export interface RunningScaling extends Omit<RunningOptions, "channelCount" | "clip"> {
  /** Where segments begin, among the stored samples. @default one segment */
  readonly segmentStarts?: readonly number[] | undefined;
}

/** Normalisation by the past, where the chain asks for it; `segments` are those of the recording. */
export function runningScaling(
  { memorySeconds, targetRateHz: sampleRateHz, offsetSeconds: warmUpSeconds }: ChainOptions,
  segments: readonly Segment[] = [],
): RunningScaling | undefined {
  if (memorySeconds === undefined) return undefined;
  let before = 0;
  const segmentStarts = segments.map(({ sampleCount }) => {
    before += sampleCount;
    return before - sampleCount;
  });
  return { memorySeconds, sampleRateHz, warmUpSeconds, segmentStarts };
}

/** Writes one frame after another: `frame` (`[channel, FRAME_SAMPLES]`, microvolts), of which `valid` samples are recorded, into `out`. */
export type StoreFrame = (out: StoredFrame, frame: Float32Array, valid: number) => void;

/** What stores the frames of one recording in order. */
export function createFrameStorer(scaling: FrameScaling): StoreFrame {
  const { running, normalize } = scaling;
  if (!(running && normalize)) return (out, frame, valid) => storeFrameInto(out, frame, valid, scaling);
  return createRunningStorer(scaling, running);
}

function createRunningStorer({ statistics, clip }: FrameScaling, running: RunningScaling): StoreFrame {
  const channelCount = statistics.mean.length;
  const normalization = createRunningNormalization({ ...running, channelCount, clip });
  const starts = [...(running.segmentStarts ?? [])].filter((start) => start > 0);
  let before = 0; // stored samples of the frames so far
  return (out, frame, valid) => {
    for (let from = 0; from < valid; ) {
      while (starts[0] !== undefined && starts[0] <= before + from) {
        starts.shift();
        normalization.restart();
      }
      const to = Math.min(valid, (starts[0] ?? Number.POSITIVE_INFINITY) - before);
      for (let channel = 0; channel < channelCount; channel++) {
        const start = channel * FRAME_SAMPLES + from;
        const row = frame.subarray(start, start + to - from);
        normalization.push(channel, row, (first, end, found) =>
          storeSamplesInto(out.subarray(start + first, start + end), row.subarray(first, end), found),
        );
      }
      from = to;
    }
    for (let channel = 0; channel < channelCount && valid < FRAME_SAMPLES; channel++)
      out.fill(0, channel * FRAME_SAMPLES + valid, (channel + 1) * FRAME_SAMPLES);
    before += valid;
  };
}

/** Samples in microvolts as they are stored; zeros where no normalisation is known. */
export function storeSamplesInto(out: StoredFrame, row: Float32Array, normalization: Normalization | undefined): void {
  if (!normalization) out.fill(0, 0, row.length);
  else if (out instanceof Int16Array) quantizeInto(out, row, normalization, 1 / INT16_SCALE);
  else normalizeInto(out, row, normalization);
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
    const normalization = { mean, std: statistics.std[channel] ?? Number.NaN, clip };
    if (normalize) storeSamplesInto(out.subarray(start, start + valid), row, normalization);
    else out.set(row, start);
  }
}
