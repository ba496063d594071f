// Hot loops: `!` marks indices that the loop bounds keep inside the arrays.
import { requireNumber } from "@ictal/base/options";
import { recordingAt } from "../cache/manifest.js";
import { segmentsOf } from "../cache/segments.js";
import type { WindowReader } from "./window-reader.js";

/** Seconds read at once. */
const BLOCK_SECONDS = 60;

export interface LineLengthOptions {
  /** Width of the centred mean over which the feature is taken, at least 1. @default 10 */
  readonly smoothSeconds?: number | undefined;
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
  { smoothSeconds = 10, signal }: LineLengthOptions = {},
): Promise<Float32Array> {
  requireNumber("smoothSeconds", smoothSeconds, { least: 1 });
  const { sampleRateHz } = reader.manifest;
  const cached = recordingAt(reader.manifest, recording);
  const seconds = Math.ceil(cached.sampleCount / sampleRateHz);
  const raw = new Float64Array(seconds);
  const length = BLOCK_SECONDS * sampleRateHz + 1; // one sample more, so that no difference is lost between blocks
  const samples = new Float32Array(reader.channelCount * length);
  for (const segment of segmentsOf(cached)) {
    const end = segment.startSample + segment.sampleCount;
    for (let start = segment.startSample; start < end; start += length - 1) {
      signal?.throwIfAborted();
      const count = Math.min(length, end - start);
      await reader.readInto(samples, recording, start, length, { signal });
      for (let channel = 0; channel < reader.channelCount; channel++) {
        const first = channel * length;
        for (let i = 1; i < count; i++) {
          raw[Math.floor((start + i - 1) / sampleRateHz)]! += Math.abs(samples[first + i]! - samples[first + i - 1]!);
        }
      }
    }
  }
  return smoothed(raw, smoothSeconds, reader.channelCount);
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
