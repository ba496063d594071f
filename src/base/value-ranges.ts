/** Values of a prediction that stand for recorded time, half-open; the rest of it lies in gaps. */
export interface ValueRange {
  readonly start: number;
  readonly end: number;
}

/** What says which of its values were predicted. */
export interface RangedValues {
  readonly probability: ArrayLike<number>;
  /** Ascending and disjoint. @default one range, all values */
  readonly segments?: readonly ValueRange[] | undefined;
}

/** The ranges of a prediction; all its values where it has no gap. */
export function rangesOf({ probability, segments }: RangedValues): readonly ValueRange[] {
  return segments ?? [{ start: 0, end: probability.length }];
}

/** How many values were predicted. */
export function predictedCount(prediction: RangedValues): number {
  return rangesOf(prediction).reduce((sum, { start, end }) => sum + end - start, 0);
}
