// Hot loops: `!` marks indices that the loop bounds keep inside the arrays.
/** Labels per sample, from a recording's events. Sample i stands for the time i / sampleRateHz. */
import { type Event, mergeIntervals } from "../base/events.js";
import { type Segmented, segmentsOf } from "../cache/segments.js";

/** What labels are made of: a manifest's recording has it. */
export interface LabelledRecording extends Segmented {
  readonly labelled: boolean;
  readonly seizures: readonly Event[];
}

/** Times this close under a sample, in samples, still belong to it: decimals of a second are not exact in binary. */
const SAMPLE_TOLERANCE = 1e-6;

/**
 * Seizures of a recording as disjoint, ascending half-open sample ranges `[start, end, start, end, ...]`, cut to the
 * recording: sample i is seizure when startSeconds <= i / sampleRateHz < endSeconds.
 */
export function seizureRanges(recording: LabelledRecording, sampleRateHz: number): Uint32Array {
  const toSample = (seconds: number) =>
    Math.min(recording.sampleCount, Math.max(0, Math.ceil(seconds * sampleRateHz - SAMPLE_TOLERANCE)));
  const ranges = mergeIntervals(recording.seizures)
    .map(({ startSeconds, endSeconds }) => [toSample(startSeconds), toSample(endSeconds)] as const)
    .filter(([start, end]) => end > start);
  return Uint32Array.from(ranges.flat());
}

/**
 * Fill `out` with 1 where `[startSample, startSample + out.length)` is seizure, else 0. Samples outside the recording
 * and unlabelled recordings are 0: `maskInto` distinguishes them from background.
 */
export function labelsInto(out: Float32Array, ranges: Uint32Array, startSample: number): void {
  out.fill(0);
  for (let i = 0; i < ranges.length; i += 2) {
    const from = ranges[i]! - startSample;
    const to = ranges[i + 1]! - startSample;
    if (to > 0 && from < out.length) out.fill(1, Math.max(0, from), Math.min(out.length, to));
  }
}

/** Fill `out` with 1 where a sample lies inside the recording, not in a gap of it, and has a known label, else 0. */
export function maskInto(out: Float32Array, recording: LabelledRecording, startSample: number): void {
  out.fill(0);
  if (!recording.labelled) return;
  for (const segment of segmentsOf(recording)) {
    const from = Math.max(0, segment.startSample - startSample);
    const to = Math.min(out.length, segment.startSample + segment.sampleCount - startSample);
    if (to > from) out.fill(1, from, to);
  }
}
