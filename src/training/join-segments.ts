import type { ValueRange } from "../base/value-ranges.js";
import { type Segment, type Segmented, segmentsOf } from "../cache/segments.js";
import { type Blend, type Blender, createBlender, poolProbabilities } from "./blend.js";

/** Probabilities of one recording while its windows come in, each segment blended by itself. */
export interface SegmentJoiner {
  /** Add the probabilities of the window of `segment` that starts at `startSample` of the recording. */
  add(segment: Segment, startSample: number, probabilities: Float32Array): void;
  /** The mean of each `group` of logits over the recording's time; gaps are 0 and lie outside `segments`. */
  finish(group: number): { probability: Float32Array; segments?: readonly ValueRange[] };
}

/** Joins the windows of a recording. A segment begins with the logit that is nearest to it in the recording's time. */
export function createSegmentJoiner(blend: Blend, recording: Segmented, logitSamples: number): SegmentJoiner {
  const segments = segmentsOf(recording);
  const blenders = new Map<number, Blender>(
    segments.map(({ startSample, sampleCount }) => [
      startSample,
      createBlender(blend, Math.ceil(sampleCount / logitSamples)),
    ]),
  );
  return {
    add(segment, startSample, probabilities) {
      blenders.get(segment.startSample)!.add((startSample - segment.startSample) / logitSamples, probabilities);
    },
    finish(group) {
      const parts = segments.map(({ startSample }) => ({
        first: Math.round(startSample / logitSamples),
        values: blenders.get(startSample)!.finish(),
      }));
      if (!recording.segments) return { probability: poolProbabilities(parts[0]!.values, group) };
      return pooledInPlace(parts, Math.ceil(recording.sampleCount / logitSamples), group);
    },
  };
}

interface Part {
  /** Logit of the recording. */
  readonly first: number;
  readonly values: Float32Array;
}

function pooledInPlace(parts: readonly Part[], logitCount: number, group: number) {
  const last = parts.at(-1)!;
  const length = Math.ceil(Math.max(logitCount, last.first + last.values.length) / group);
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
