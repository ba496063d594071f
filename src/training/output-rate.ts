/** Seizures begin over seconds: more values only make files and searches larger. */
const MOST_VALUES_PER_SECOND = 16;

/** Probabilities per second that are given where none are asked for: the network's own rate, or the highest whole part of it within 16. */
export function usualRateHz(ownRateHz: number): number {
  return ownRateHz / Math.ceil(ownRateHz / MOST_VALUES_PER_SECOND);
}
