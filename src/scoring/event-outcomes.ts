import type { Interval } from "../base/events.js";
import { checkedEvents } from "./event-list.js";
import { overlapping } from "./nedc/overlap.js";
import type { ScoredPair } from "./score.js";

/** Which seizures were missed and which detections were false, one by one. */
export interface EventOutcomes {
  /** Seizures that no detection overlaps. */
  readonly misses: readonly Interval[];
  /** Detections that overlap no seizure. */
  readonly falseAlarms: readonly Interval[];
}

/**
 * The missed seizures and false alarms of one recording by the rule of any overlap (NEDC's OVLP): each event as it is, no
 * tolerance, nothing joined; overlapping events of one list count as their union. Faulty times are FormatErrors.
 */
export function eventOutcomes({ id, durationSeconds, reference, hypothesis }: ScoredPair): EventOutcomes {
  const wanted = checkedEvents(reference, durationSeconds, `${id} (reference)`);
  const found = checkedEvents(hypothesis, durationSeconds, `${id} (hypothesis)`);
  const [isHit, isRight] = [overlapping(wanted, found), overlapping(found, wanted)];
  return { misses: wanted.filter((_, i) => !isHit[i]), falseAlarms: found.filter((_, i) => !isRight[i]) };
}
