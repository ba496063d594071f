/** The order of preference of splits when the limit is below their number. */
const SPLIT_ORDER = ["train", "dev", "eval"];

function rank(split: string): number {
  const place = SPLIT_ORDER.indexOf(split);
  return place < 0 ? SPLIT_ORDER.length : place;
}

/**
 * The first `limit` recordings such that every split keeps some (the meaning of BGB_LIMIT_FILES). Each split gets one
 * recording, in the order train, dev, eval, others by name; the rest is allocated in proportion to what each split
 * still has, by largest remainder; within a split the first by id are chosen. The result depends on the ids alone and is
 * sorted by id. `undefined` or a limit at or over the count keeps all.
 */
export function limitRecordings<T extends { readonly id: string; readonly split: string }>(
  recordings: readonly T[],
  limit: number | undefined,
): T[] {
  if (limit !== undefined && !(Number.isInteger(limit) && limit >= 1)) throw new RangeError(`invalid limit: ${limit}`);
  const sorted = [...recordings].sort((a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0));
  if (limit === undefined || limit >= sorted.length) return sorted;
  const bySplit = new Map<string, T[]>();
  for (const recording of sorted) {
    const group = bySplit.get(recording.split);
    if (group) group.push(recording);
    else bySplit.set(recording.split, [recording]);
  }
  const groups = [...bySplit].sort(([a], [b]) => rank(a) - rank(b) || (a < b ? -1 : 1)).slice(0, limit);
  const quotas = allocate(
    groups.map(([, group]) => group.length),
    limit,
  );
  const chosen = new Set(groups.flatMap(([, group], i) => group.slice(0, quotas[i])));
  return sorted.filter((recording) => chosen.has(recording));
}

/** One each, the rest by largest remainder over what remains of each size. */
function allocate(sizes: readonly number[], limit: number): number[] {
  const rest = limit - sizes.length;
  const open = sizes.reduce((sum, size) => sum + size - 1, 0);
  const exact = sizes.map((size) => (open > 0 ? (rest * (size - 1)) / open : 0));
  const quotas = exact.map((share) => 1 + Math.floor(share));
  const order = exact
    .map((share, i) => ({ i, remainder: share - Math.floor(share) }))
    .sort((a, b) => b.remainder - a.remainder || a.i - b.i);
  const missing = limit - quotas.reduce((sum, count) => sum + count, 0);
  for (const { i } of order.slice(0, missing)) quotas[i]! += 1;
  return quotas;
}
