import type { Interval } from "../base/events.js";
import { checkedEvents } from "./event-list.js";
import type { ScoredPair } from "./score.js";

/** Which seizures were missed and which detections were false, one by one. */
export interface EventOutcomes {
  /** Seizures that no detection overlaps. */
  readonly misses: readonly Interval[];
  /** Detections that overlap no seizure. */
  readonly falseAlarms: readonly Interval[];
}

const overlaps = (a: Interval, b: Interval) => a.startSeconds < b.endSeconds && a.endSeconds > b.startSeconds;

/**
 * The missed seizures and false alarms of one recording by the rule of any overlap (NEDC's OVLP): each event as it is, no
 * tolerance, nothing joined. Overlapping events of one list count as their union. Faulty times are FormatErrors.
 */
export function eventOutcomes({ id, durationSeconds, reference, hypothesis }: ScoredPair): EventOutcomes {
  const wanted = checkedEvents(reference, durationSeconds, `${id} (reference)`);
  const found = checkedEvents(hypothesis, durationSeconds, `${id} (hypothesis)`);
  return {
    misses: wanted.filter((event) => !found.some((other) => overlaps(event, other))),
    falseAlarms: found.filter((event) => !wanted.some((other) => overlaps(event, other))),
  };
}
