/**
 * Threshold-free measures on pooled samples. Rank-based, ties shared (Fawcett, "An introduction to ROC analysis",
 * Pattern Recognition Letters 27, 2006).
 */

/** Points of a ROC and a precision-recall curve, one per distinct threshold, from the strictest on. */
export interface Curves {
  readonly positives: number;
  readonly negatives: number;
  /** Area under the ROC curve (trapezoids); NaN when a class is missing. */
  readonly auroc: number;
  /** Average precision: sum of precision x gained recall; NaN without positives. */
  readonly auprc: number;
  readonly threshold: Float32Array;
  readonly truePositiveRate: Float64Array;
  readonly falsePositiveRate: Float64Array;
  readonly precision: Float64Array;
}

/** Curves of `score` (higher = seizure) against `truth` (1 seizure, 0 background), equally long. */
export function rocAndPrCurves(score: Float32Array, truth: ArrayLike<number>): Curves {
  if (score.length !== truth.length)
    throw new RangeError(`invalid lengths: ${score.length} scores, ${truth.length} labels`);
  const order = sortedDescending(score);
  let positives = 0;
  for (let i = 0; i < truth.length; i++) if (truth[i] === 1) positives += 1;
  const negatives = truth.length - positives;
  const threshold: number[] = [];
  const tpr: number[] = [];
  const fpr: number[] = [];
  const precision: number[] = [];
  let tp = 0;
  let fp = 0;
  let area = 0;
  let average = 0;
  for (let i = 0; i < order.length; ) {
    const value = score[order[i]!]!;
    const tpBefore = tp;
    const fpBefore = fp;
    for (; i < order.length && score[order[i]!] === value; i++) {
      if (truth[order[i]!] === 1) tp += 1;
      else fp += 1;
    }
    area += ((tp + tpBefore) / 2) * (fp - fpBefore);
    average += (tp / (tp + fp)) * (tp - tpBefore);
    threshold.push(value);
    tpr.push(tp / positives);
    fpr.push(fp / negatives);
    precision.push(tp / (tp + fp));
  }
  return {
    positives,
    negatives,
    auroc: positives > 0 && negatives > 0 ? area / (positives * negatives) : Number.NaN,
    auprc: positives > 0 ? average / positives : Number.NaN,
    threshold: Float32Array.from(threshold),
    truePositiveRate: Float64Array.from(tpr),
    falsePositiveRate: Float64Array.from(fpr),
    precision: Float64Array.from(precision),
  };
}

/** Share of seizure among the cells, the average precision of chance; NaN without cells. */
export function prevalenceOf({ positives, negatives }: Pick<Curves, "positives" | "negatives">): number {
  return positives / (positives + negatives);
}

function sortedDescending(score: Float32Array): Uint32Array {
  for (let i = 0; i < score.length; i++)
    if (Number.isNaN(score[i]!)) throw new RangeError(`invalid score at ${i}: NaN`);
  return Uint32Array.from(score.keys()).sort((a, b) => score[b]! - score[a]! || a - b);
}

/** Area under the ROC curve; NaN when a class is missing. */
export function auroc(score: Float32Array, truth: ArrayLike<number>): number {
  return rocAndPrCurves(score, truth).auroc;
}
