// Hot loops: `!` marks indices that the loop bounds keep inside the arrays.
import { requireNumber } from "@ictal/base/options";
import { elementAt } from "../base/lookup.js";
import { recordingAt } from "../cache/manifest.js";
import { segmentsOf } from "../cache/segments.js";
import { createFilterState, sosfiltInto } from "../signal/biquads.js";
import { butterworth } from "../signal/butterworth.js";
import type { WindowReader } from "./window-reader.js";

/** Seconds read at once. */
const BLOCK_SECONDS = 60;

export interface LineLengthOptions {
  /** Width of the centred mean over which the feature is taken, at least 1. @default 10 */
  readonly smoothSeconds?: number | undefined;
  /**
   * Band that is filtered out of the cached signal first (causal, order 3), e.g. [0.5, 20]: over a wide band muscle and noise rule the
   * feature. @default the signal as it is
   */
  readonly bandHz?: readonly [low: number, high: number] | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Line length of a cached recording, one value a second: the mean over channels of the summed absolute differences from
 * sample to sample (Esteller et al., "Line length: an efficient feature for seizure onset detection", EMBC 2001), smoothed.
 * A threshold on it is a baseline that a trained detector should exceed. 0 in gaps. Units: standard deviations a second.
 */
export async function lineLength(
  reader: WindowReader,
  recording: number,
  { smoothSeconds = 10, bandHz, signal }: LineLengthOptions = {},
): Promise<Float32Array> {
  requireNumber("smoothSeconds", smoothSeconds, { least: 1 });
  const { sampleRateHz } = reader.manifest;
  const cached = recordingAt(reader.manifest, recording);
  const seconds = Math.ceil(cached.sampleCount / sampleRateHz);
  const raw = new Float64Array(seconds);
  const length = BLOCK_SECONDS * sampleRateHz + 1; // one sample more, so that no difference is lost between blocks
  const samples = new Float32Array(reader.channelCount * length);
  for (const segment of segmentsOf(cached)) {
    const filter = bandHz && bandFilter(bandHz, sampleRateHz, reader.channelCount);
    const end = segment.startSample + segment.sampleCount;
    for (let start = segment.startSample; start < end; start += length - 1) {
      signal?.throwIfAborted();
      const count = Math.min(length, end - start);
      await reader.readInto(samples, recording, start, length, { signal });
      for (let channel = 0; channel < reader.channelCount; channel++) {
        const first = channel * length;
        filter?.(samples.subarray(first, first + count), channel);
        for (let i = 1; i < count; i++) {
          raw[Math.floor((start + i - 1) / sampleRateHz)]! += Math.abs(samples[first + i]! - samples[first + i - 1]!);
        }
      }
    }
  }
  return smoothed(raw, smoothSeconds, reader.channelCount);
}

/** Filters the samples of a channel in place, block after block; the first of a block but the first is the last of the one before. */
function bandFilter([lowCutHz, highCutHz]: readonly [number, number], sampleRateHz: number, channelCount: number) {
  const sections = butterworth(3, { lowCutHz, highCutHz }, sampleRateHz);
  const channels = Array.from({ length: channelCount }, () => ({
    state: createFilterState(sections),
    last: undefined as number | undefined,
  }));
  return (samples: Float32Array, channel: number): void => {
    const own = elementAt(channels, channel);
    const from = own.last === undefined ? 0 : 1;
    const filtered = Float64Array.from(samples);
    sosfiltInto(filtered, from, samples.length - from, sections, own.state);
    if (own.last !== undefined) filtered[0] = own.last;
    own.last = filtered.at(-1);
    samples.set(filtered);
  };
}

/** Centred running mean, over fewer values at the ends, divided by `divisor`. */
function smoothed(values: Float64Array, width: number, divisor: number): Float32Array {
  const sums = new Float64Array(values.length + 1);
  for (const [i, value] of values.entries()) sums[i + 1] = sums[i]! + value;
  return Float32Array.from(values, (_, i) => {
    const from = Math.max(0, i - Math.floor(width / 2));
    const to = Math.min(values.length, i + Math.ceil(width / 2));
    return (sums[to]! - sums[from]!) / (to - from) / divisor;
  });
}
