import type { Interval } from "./events.js";

/** What went wrong in one recording, by the rule of any overlap. */
export interface Mistakes {
  readonly id: string;
  readonly misses: readonly Interval[];
  readonly falseAlarms: readonly Interval[];
}

/** Length of the longest missed seizure in seconds; 0 without a miss. */
export function longestMissSeconds({ misses }: Pick<Mistakes, "misses">): number {
  return misses.reduce((most, { startSeconds, endSeconds }) => Math.max(most, endSeconds - startSeconds), 0);
}

/**
 * The one order of "worst first", of lists, reports and notebooks: the longest missed seizure, then the most missed seizures, then
 * the most false alarms, then the name.
 */
export function worstFirst<T extends Mistakes>(recordings: readonly T[]): T[] {
  return [...recordings].sort(
    (a, b) =>
      longestMissSeconds(b) - longestMissSeconds(a) ||
      b.misses.length - a.misses.length ||
      b.falseAlarms.length - a.falseAlarms.length ||
      (a.id < b.id ? -1 : 1),
  );
}
