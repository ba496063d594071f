import type { Interval } from "../base/events.js";
import { roundHalfEven } from "../base/rounding.js";

/** Runs of marked samples on a grid, as start and end (half-open) one after the other: ascending, disjoint, not empty. */
export type GridRuns = readonly number[];

/**
 * The samples of a grid that events mark, ends rounded half to even and cut at `sampleCount`: what a mask would hold, in
 * time that grows with the events alone. Events sorted by their starts.
 */
export function gridRuns(events: readonly Interval[], sampleCount: number, rateHz: number): GridRuns {
  const runs: number[] = [];
  for (const { startSeconds, endSeconds } of events) {
    const start = roundHalfEven(startSeconds * rateHz);
    const end = Math.min(sampleCount, roundHalfEven(endSeconds * rateHz));
    if (end <= start) continue;
    const last = runs.length - 1;
    if (last >= 0 && start <= runs[last]!) runs[last] = Math.max(runs[last]!, end);
    else runs.push(start, end);
  }
  return runs;
}

/** Marked samples in `[first, end)`. */
export function samplesWithin(runs: GridRuns, first: number, end: number): number {
  let count = 0;
  for (let i = 0; i < runs.length && runs[i]! < end; i += 2)
    count += Math.max(0, Math.min(end, runs[i + 1]!) - Math.max(first, runs[i]!));
  return count;
}

/** All marked samples. */
export function sampleTotal(runs: GridRuns): number {
  let count = 0;
  for (let i = 0; i < runs.length; i += 2) count += runs[i + 1]! - runs[i]!;
  return count;
}

/** Samples that both mark. */
export function sharedSamples(a: GridRuns, b: GridRuns): number {
  let count = 0;
  for (let i = 0, j = 0; i < a.length && j < b.length; ) {
    count += Math.max(0, Math.min(a[i + 1]!, b[j + 1]!) - Math.max(a[i]!, b[j]!));
    if (a[i + 1]! < b[j + 1]!) i += 2;
    else j += 2;
  }
  return count;
}
