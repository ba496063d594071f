/**
 * A recording with gaps is kept as segments: its samples lie one after the other without the gaps, and `sampleCount` and all
 * positions count in the recording's own time, gaps included, so that sample i is the time i / sampleRateHz throughout.
 */

/** Contiguous samples: a part of a recording without a gap. */
export interface Segment {
  /** In the recording's time. */
  readonly startSample: number;
  readonly sampleCount: number;
}

/** What of a recording says where it has samples; a manifest's entry has it. */
export interface Segmented {
  /** From the first sample to the last, gaps counted. */
  readonly sampleCount: number;
  /** Ascending and disjoint; absent where there is no gap. */
  readonly segments?: readonly Segment[] | undefined;
}

/** What to do with a recording that has gaps: exclude it, or keep its segments apart. */
export type GapPolicy = "refuse" | "split";

/** The segments of a recording; itself where it has no gap. */
export function segmentsOf({ sampleCount, segments }: Segmented): readonly Segment[] {
  return segments ?? [{ startSample: 0, sampleCount }];
}

/** Samples per channel that were recorded, and are stored. */
export function recordedSamples({ sampleCount, segments }: Segmented): number {
  return segments ? segments.reduce((sum, segment) => sum + segment.sampleCount, 0) : sampleCount;
}

/** Seconds of a recording in which something was recorded: its duration without the gaps. */
export function recordedSeconds(
  recording: Segmented & { readonly durationSeconds: number },
  sampleRateHz: number,
): number {
  return recording.segments ? recordedSamples(recording) / sampleRateHz : recording.durationSeconds;
}

/** End of the segment that holds a sample, or of the last one before it. */
export function segmentEndAt(recording: Segmented, sample: number): number {
  const { startSample, sampleCount } = segmentAt(recording, sample);
  return startSample + sampleCount;
}

/** The segment that holds a sample, or the last one before it, or the first. */
export function segmentAt(recording: Segmented, sample: number): Segment {
  let found: Segment | undefined;
  for (const segment of segmentsOf(recording)) {
    if (found && segment.startSample > sample) break;
    found = segment;
  }
  return found ?? { startSample: 0, sampleCount: recording.sampleCount };
}

/** What is wrong with the segments of a file, or undefined: they must lie in order, apart, and within the recording. */
export function segmentFault({ sampleCount, segments = [] }: Segmented): string | undefined {
  let end = 0;
  for (const [i, segment] of segments.entries()) {
    if (segment.startSample < end) return `segment ${i} starts at sample ${segment.startSample}, before ${end}`;
    end = segment.startSample + segment.sampleCount;
  }
  return end > sampleCount ? `its segments end at sample ${end} of ${sampleCount}` : undefined;
}
