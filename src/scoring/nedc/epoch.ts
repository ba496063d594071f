import type { Interval } from "../../base/events.js";
import { sumCounts } from "../sum-counts.js";
import type { NedcCounts } from "./counts.js";

/** Seconds of one epoch of EPOCH and IRA. */
export const EPOCH_SECONDS = 0.25;

/** Epochs of both sides: in both, in the reference only, in the hypothesis only, in neither. */
export interface EpochTable {
  readonly both: number;
  readonly referenceOnly: number;
  readonly hypothesisOnly: number;
  readonly neither: number;
}

/** First epoch whose centre lies after `seconds`. */
function firstAfter(seconds: number): number {
  return Math.floor((seconds - EPOCH_SECONDS / 2) / EPOCH_SECONDS) + 1;
}

/**
 * Epochs of a recording: those whose centre lies in it. A centre belongs to an event when start < centre <= end, since the
 * earlier of two neighbours (seizure or background) owns their boundary.
 */
function epochMask(events: readonly Interval[], epochCount: number): Uint8Array {
  const mask = new Uint8Array(epochCount);
  for (const { startSeconds, endSeconds } of events) mask.fill(1, firstAfter(startSeconds), firstAfter(endSeconds));
  return mask;
}

/** Confusion of epoch labels. Events inside `[0, durationSeconds]`. */
export function epochTable(
  reference: readonly Interval[],
  hypothesis: readonly Interval[],
  durationSeconds: number,
): EpochTable {
  const epochCount = firstAfter(durationSeconds);
  const ref = epochMask(reference, epochCount);
  const hyp = epochMask(hypothesis, epochCount);
  const cells = new Uint32Array(4); // index 2 * reference + hypothesis
  for (let i = 0; i < epochCount; i++) cells[2 * ref[i]! + hyp[i]!]! += 1;
  const [neither = 0, hypothesisOnly = 0, referenceOnly = 0, both = 0] = cells;
  return { both, referenceOnly, hypothesisOnly, neither };
}

/** NEDC EPOCH: counts of seizure epochs, so a false alarm is a quarter of a second, not an event. */
export function epochCounts({ both, referenceOnly, hypothesisOnly }: EpochTable): NedcCounts {
  return { targets: both + referenceOnly, hits: both, misses: referenceOnly, falseAlarms: hypothesisOnly };
}

/** Sum of tables over recordings. */
export function addEpochTables(tables: readonly EpochTable[]): EpochTable {
  return sumCounts({ both: 0, referenceOnly: 0, hypothesisOnly: 0, neither: 0 }, tables);
}
