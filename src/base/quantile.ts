/**
 * Quantile `share` (0..1) of numbers, linear between neighbours (type 7 of Hyndman and Fan, 1996, numpy's default). NaN without
 * values; the input is not changed.
 */
export function quantileOf(values: ArrayLike<number>, share: number): number {
  if (!(share >= 0 && share <= 1)) throw new RangeError(`invalid share: ${share}`);
  if (values.length === 0) return Number.NaN;
  const sorted = Float64Array.from(values).sort();
  const position = share * (sorted.length - 1);
  const lower = sorted[Math.floor(position)]!;
  return lower + (position - Math.floor(position)) * (sorted[Math.ceil(position)]! - lower);
}
