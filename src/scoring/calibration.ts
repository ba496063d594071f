/** One bin of a reliability diagram. */
export interface CalibrationBin {
  readonly from: number;
  readonly to: number;
  readonly count: number;
  /** Mean probability inside; NaN when empty. */
  readonly meanScore: number;
  /** Share of seizure inside; NaN when empty. */
  readonly seizureShare: number;
}

export interface Calibration {
  /** Mean of |probability - share of seizure| over bins, weighted by their counts; NaN of nothing. */
  readonly expectedError: number;
  readonly bins: readonly CalibrationBin[];
}

/**
 * Expected calibration error of probabilities against `truth` (1 seizure, 0 background) with bins of equal width (Naeini et
 * al., "Obtaining well calibrated probabilities using Bayesian binning", 2015). RangeError for values outside 0..1.
 */
export function calibrationCurve(score: Float32Array, truth: ArrayLike<number>, binCount = 15): Calibration {
  if (score.length !== truth.length)
    throw new RangeError(`invalid lengths: ${score.length} scores, ${truth.length} labels`);
  if (!Number.isInteger(binCount) || binCount < 1) throw new RangeError(`invalid binCount: ${binCount}`);
  const count = new Float64Array(binCount);
  const sum = new Float64Array(binCount);
  const seizures = new Float64Array(binCount);
  for (let i = 0; i < score.length; i++) {
    const value = score[i]!;
    if (!(value >= 0 && value <= 1)) throw new RangeError(`invalid score at ${i}: ${value}`);
    const bin = Math.min(binCount - 1, Math.floor(value * binCount));
    count[bin]! += 1;
    sum[bin]! += value;
    if (truth[i] === 1) seizures[bin]! += 1;
  }
  let distance = 0;
  for (let bin = 0; bin < binCount; bin++) distance += Math.abs(sum[bin]! - seizures[bin]!);
  return {
    expectedError: score.length > 0 ? distance / score.length : Number.NaN,
    bins: Array.from(count, (n, bin) => ({
      from: bin / binCount,
      to: (bin + 1) / binCount,
      count: n,
      meanScore: n > 0 ? sum[bin]! / n : Number.NaN,
      seizureShare: n > 0 ? seizures[bin]! / n : Number.NaN,
    })),
  };
}
