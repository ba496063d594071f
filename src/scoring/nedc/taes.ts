import type { Interval } from "../../base/events.js";
import type { NedcCounts } from "./counts.js";

/**
 * Time-aligned event scoring (NEDC TAES; Shah et al., "Objective evaluation metrics for automatic classification of EEG
 * events", 2021). A pair earns the covered share of the reference as a hit and the surplus time over the reference's length,
 * at most 1, as a false alarm. The first reference under a hypothesis that outlasts it is scored; every further reference
 * that this hypothesis reaches is a full miss and takes no other hypothesis. A hypothesis that ends earlier leaves the
 * reference open to the following ones that it reaches, whose shares add up. An unpaired reference is one miss, an unpaired
 * hypothesis one false alarm. Both lists sorted and disjoint (`checkedEvents`); counts are fractions.
 */
export function scoreTaes(reference: readonly Interval[], hypothesis: readonly Interval[]): NedcCounts {
  let hits = 0;
  let falseAlarms = 0;
  let h = 0;
  let outlasting: Interval | undefined; // the hypothesis that the further references it reaches are missed by
  for (const target of reference) {
    if (outlasting && reaches(outlasting, target)) continue;
    outlasting = undefined;
    let found = hypothesis[h];
    for (; found && found.endSeconds <= target.startSeconds; found = hypothesis[h]) {
      falseAlarms += 1;
      h += 1;
    }
    if (!found || found.startSeconds >= target.endSeconds) continue;
    if (found.endSeconds >= target.endSeconds) outlasting = found;
    do {
      hits += coveredShare(target, found);
      falseAlarms += surplusShare(target, found);
      h += 1;
      found = hypothesis[h];
    } while (!outlasting && found && reaches(target, found));
  }
  falseAlarms += hypothesis.length - h;
  return { targets: reference.length, hits, misses: reference.length - hits, falseAlarms };
}

const lengthOf = ({ startSeconds, endSeconds }: Interval) => endSeconds - startSeconds;

/**
 * Whether the later event begins by the second in which the earlier one ends. Whole seconds are what the tool's numbers show:
 * touching events chain, a gap of 0.25 s within one second chains, a gap of 0.0005 s across a full second does not.
 */
function reaches(earlier: Interval, later: Interval): boolean {
  return Math.floor(later.startSeconds) <= Math.floor(earlier.endSeconds);
}

/**
 * Shared time over the target's length; below 0 when the two only meet within a second, as the tool counts it. For a found
 * target without a length, where the tool stops on a division by zero, the limit of ever shorter ones.
 */
function coveredShare(target: Interval, found: Interval): number {
  if (lengthOf(target) === 0) return 1;
  const start = Math.max(target.startSeconds, found.startSeconds);
  return (Math.min(target.endSeconds, found.endSeconds) - start) / lengthOf(target);
}

function surplusShare(target: Interval, found: Interval): number {
  const before = Math.max(0, target.startSeconds - found.startSeconds);
  const after = Math.max(0, found.endSeconds - target.endSeconds);
  return Math.min(1, (before + after) / lengthOf(target));
}
