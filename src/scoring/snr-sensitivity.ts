import type { Interval } from "../base/events.js";

/** One recording with a seizure injected at a level, and what a detector found in it. */
export interface InjectedPair {
  readonly snrDb: number;
  readonly patient: string;
  readonly durationSeconds: number;
  readonly seizures: readonly Interval[];
  readonly detections: readonly Interval[];
}

/** Sensitivity at one signal-to-noise ratio. */
export interface SnrPoint {
  readonly snrDb: number;
  readonly seizures: number;
  readonly detected: number;
  readonly patients: number;
  /** Detections that overlap no seizure. */
  readonly falseAlarms: number;
  readonly hours: number;
}

/**
 * Seizures found at each level, in ascending order: a seizure is detected when any detection overlaps it, a detection is false
 * when it overlaps none.
 */
export function sensitivityBySnr(pairs: readonly InjectedPair[]): SnrPoint[] {
  const levels = [...new Set(pairs.map(({ snrDb }) => snrDb))].sort((a, b) => a - b);
  return levels.map((snrDb) => {
    const at = pairs.filter((pair) => pair.snrDb === snrDb);
    const sum = (value: (pair: InjectedPair) => number) => at.reduce((total, pair) => total + value(pair), 0);
    return {
      snrDb,
      seizures: sum(({ seizures }) => seizures.length),
      detected: sum(({ seizures, detections }) => countTouching(seizures, detections)),
      patients: new Set(at.map(({ patient }) => patient)).size,
      falseAlarms: sum(({ seizures, detections }) => detections.length - countTouching(detections, seizures)),
      hours: sum(({ durationSeconds }) => durationSeconds) / 3600,
    };
  });
}

/** How many of `intervals` overlap any of `others`. */
function countTouching(intervals: readonly Interval[], others: readonly Interval[]): number {
  return intervals.filter((a) => others.some((b) => b.startSeconds < a.endSeconds && b.endSeconds > a.startSeconds))
    .length;
}
