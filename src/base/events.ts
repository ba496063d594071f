/**
 * A labelled interval of a recording, half-open `[startSeconds, endSeconds)`, counted from the start of the recording.
 * `confidence` lies in 0..1.
 */
export interface Event {
  readonly startSeconds: number;
  readonly endSeconds: number;
  readonly label: string;
  readonly confidence: number;
}

/** A half-open interval of time in seconds. */
export interface Interval {
  readonly startSeconds: number;
  readonly endSeconds: number;
}

/** Union of intervals: sorted, disjoint; adjacent intervals are joined, zero-length ones dropped. The input is not changed. */
export function mergeIntervals(intervals: readonly Interval[]): Interval[] {
  const sorted = intervals
    .filter((interval) => interval.endSeconds > interval.startSeconds)
    .sort((a, b) => a.startSeconds - b.startSeconds || a.endSeconds - b.endSeconds);
  const merged: { startSeconds: number; endSeconds: number }[] = [];
  for (const { startSeconds, endSeconds } of sorted) {
    const last = merged.at(-1);
    if (last && startSeconds <= last.endSeconds) last.endSeconds = Math.max(last.endSeconds, endSeconds);
    else merged.push({ startSeconds, endSeconds });
  }
  return merged;
}

/** The complement of the union of `intervals` in `[0, durationSeconds)`. */
export function complementIntervals(intervals: readonly Interval[], durationSeconds: number): Interval[] {
  const gaps: Interval[] = [];
  let cursor = 0;
  for (const { startSeconds, endSeconds } of mergeIntervals(intervals)) {
    if (startSeconds > cursor) gaps.push({ startSeconds: cursor, endSeconds: Math.min(startSeconds, durationSeconds) });
    cursor = Math.max(cursor, endSeconds);
    if (cursor >= durationSeconds) break;
  }
  if (cursor < durationSeconds) gaps.push({ startSeconds: cursor, endSeconds: durationSeconds });
  return gaps;
}

/** Total length in seconds of the union of `intervals`. */
export function totalSeconds(intervals: readonly Interval[]): number {
  return mergeIntervals(intervals).reduce((sum, { startSeconds, endSeconds }) => sum + endSeconds - startSeconds, 0);
}
