import type { Interval } from "../../base/events.js";
import type { NedcCounts } from "./counts.js";

/**
 * Time-aligned event scoring (NEDC TAES; Shah et al., "Objective evaluation metrics for automatic classification of EEG
 * events", 2021). A pair earns the covered share of the reference as a hit and the surplus time over the reference's length,
 * at most 1, as a false alarm. The first reference under a hypothesis that outlasts it is scored; every further reference
 * that this hypothesis reaches, be it only by touching, is a full miss and takes no other hypothesis. A hypothesis that ends
 * earlier leaves the reference open to the following ones, whose shares add up. An unpaired reference is one miss, an
 * unpaired hypothesis one false alarm. Both lists sorted and disjoint (`checkedEvents`); counts are fractions.
 */
export function scoreTaes(reference: readonly Interval[], hypothesis: readonly Interval[]): NedcCounts {
  let hits = 0;
  let falseAlarms = 0;
  let h = 0;
  for (let r = 0; r < reference.length; r++) {
    const target = reference[r]!;
    for (; h < hypothesis.length && hypothesis[h]!.endSeconds <= target.startSeconds; h++) falseAlarms += 1;
    const first = hypothesis[h];
    if (first === undefined || first.startSeconds >= target.endSeconds) continue;
    if (first.endSeconds >= target.endSeconds) {
      hits += coveredShare(target, first);
      falseAlarms += surplusShare(target, first);
      h += 1;
      while (r + 1 < reference.length && reference[r + 1]!.startSeconds <= first.endSeconds) r += 1;
    } else {
      for (; h < hypothesis.length && hypothesis[h]!.startSeconds < target.endSeconds; h++) {
        hits += coveredShare(target, hypothesis[h]!);
        falseAlarms += surplusShare(target, hypothesis[h]!);
      }
    }
  }
  falseAlarms += hypothesis.length - h;
  return { targets: reference.length, hits, misses: reference.length - hits, falseAlarms };
}

const lengthOf = ({ startSeconds, endSeconds }: Interval) => endSeconds - startSeconds;

function coveredShare(target: Interval, found: Interval): number {
  const start = Math.max(target.startSeconds, found.startSeconds);
  return (Math.min(target.endSeconds, found.endSeconds) - start) / lengthOf(target);
}

function surplusShare(target: Interval, found: Interval): number {
  const before = Math.max(0, target.startSeconds - found.startSeconds);
  const after = Math.max(0, found.endSeconds - target.endSeconds);
  return Math.min(1, (before + after) / lengthOf(target));
}
