import type { ValueRange } from "../base/value-ranges.js";
import { type Segment, type Segmented, segmentsOf } from "../cache/segments.js";
import { createStitcher, downsampleProbabilities, type Stitcher, type Stitching } from "./stitching.js";

/** Accumulates the probabilities of one recording from its windows, each segment stitched by itself. */
export interface SegmentJoiner {
  /** Add the probabilities of the window of `segment` that starts at `startSample` of the recording. */
  add(segment: Segment, startSample: number, probabilities: Float32Array): void;
  /** The mean of each `group` of logits over the recording's time; gaps are 0 and lie outside `segments`. */
  finish(group: number): { probability: Float32Array; segments?: readonly ValueRange[] };
}

/** Joins the windows of a recording. A segment begins with the logit that is nearest to it in the recording's time. */
export function createSegmentJoiner(stitching: Stitching, recording: Segmented, logitSamples: number): SegmentJoiner {
  const segments = segmentsOf(recording);
  const stitchers = new Map<number, Stitcher>(
    segments.map(({ startSample, sampleCount }) => [
      startSample,
      createStitcher(stitching, Math.ceil(sampleCount / logitSamples)),
    ]),
  );
  const stitcherOf = ({ startSample }: Segment): Stitcher => {
    const stitcher = stitchers.get(startSample);
    if (!stitcher) throw new RangeError(`invalid segment: none starts at sample ${startSample}`);
    return stitcher;
  };
  return {
    add(segment, startSample, probabilities) {
      stitcherOf(segment).add((startSample - segment.startSample) / logitSamples, probabilities);
    },
    finish(group) {
      const parts = segments.map((segment) => ({
        first: Math.round(segment.startSample / logitSamples),
        values: stitcherOf(segment).finish(),
      }));
      const [only] = parts;
      if (only && !recording.segments) return { probability: downsampleProbabilities(only.values, group) };
      return downsampleInPlace(parts, Math.ceil(recording.sampleCount / logitSamples), group);
    },
  };
}

interface Part {
  /** Logit of the recording. */
  readonly first: number;
  readonly values: Float32Array;
}

function downsampleInPlace(parts: readonly Part[], logitCount: number, group: number) {
  const length = Math.ceil(Math.max(logitCount, ...parts.map(({ first, values }) => first + values.length)) / group);
  const probability = new Float32Array(length);
  const counts = new Uint32Array(length);
  const ranges: ValueRange[] = [];
  for (const { first, values } of parts) {
    for (const [i, value] of values.entries()) {
      const at = Math.floor((first + i) / group);
      probability[at]! += value;
      counts[at]! += 1;
    }
    const start = Math.max(ranges.at(-1)?.end ?? 0, Math.floor(first / group)); // a value may hold the edges of two segments
    const end = Math.ceil((first + values.length) / group);
    if (end > start) ranges.push({ start, end });
  }
  for (const [at, count] of counts.entries()) if (count > 0) probability[at]! /= count;
  return { probability, segments: ranges };
}
