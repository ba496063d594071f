import type { Interval } from "../../base/events.js";
import type { NedcCounts } from "./counts.js";

/** For each of `events`, whether any of `others` shares time with it; touching is not overlap. Both sorted and disjoint. */
export function overlapping(events: readonly Interval[], others: readonly Interval[]): boolean[] {
  let next = 0;
  return events.map(({ startSeconds, endSeconds }) => {
    let other = others[next];
    while (other && other.endSeconds <= startSeconds) {
      next += 1;
      other = others[next];
    }
    return other !== undefined && other.startSeconds < endSeconds;
  });
}

/**
 * Any-overlap scoring (NEDC OVLP): a reference event is hit when a hypothesis event overlaps it, a hypothesis event that
 * overlaps no reference is a false alarm. Both lists sorted and disjoint (`checkedEvents`).
 */
export function scoreOverlap(reference: readonly Interval[], hypothesis: readonly Interval[]): NedcCounts {
  const hits = overlapping(reference, hypothesis).filter(Boolean).length;
  const falseAlarms = overlapping(hypothesis, reference).filter((hit) => !hit).length;
  return { targets: reference.length, hits, misses: reference.length - hits, falseAlarms };
}
