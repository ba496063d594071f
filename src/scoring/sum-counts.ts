/** Field by field sum of counts over recordings; `zero`, what nothing sums to, names the fields and stays as it is. */
export function sumCounts<K extends string>(
  zero: Readonly<Record<K, number>>,
  list: readonly Readonly<Record<K, number>>[],
): Record<K, number> {
  const sum: Record<K, number> = { ...zero };
  for (const counts of list) for (const name of Object.keys(zero) as K[]) sum[name] += counts[name];
  return sum;
}
