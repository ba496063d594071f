/** Indices in the notation of schedulers: ascending, consecutive ones as a range, e.g. "0-3,7". */
export function formatIndices(indices: readonly number[]): string {
  const sorted = [...new Set(indices)].sort((a, b) => a - b);
  const runs: [number, number][] = [];
  for (const index of sorted) {
    const run = runs.at(-1);
    if (run && run[1] === index - 1) run[1] = index;
    else runs.push([index, index]);
  }
  return runs.map(([first, last]) => (first === last ? `${first}` : `${first}-${last}`)).join(",");
}

/** A part of a plan that fits into one job array: task indices from 0, to which `offset` is added. */
export interface ArrayPart {
  readonly offset: number;
  readonly indices: readonly number[];
}

/** Splits shard indices into job arrays whose task indices stay below `maxArraySize`. */
export function arrayParts(shards: readonly number[], maxArraySize: number): ArrayPart[] {
  const parts = new Map<number, number[]>();
  for (const shard of shards) {
    const offset = Math.floor(shard / maxArraySize) * maxArraySize;
    const part = parts.get(offset);
    if (part) part.push(shard - offset);
    else parts.set(offset, [shard - offset]);
  }
  return [...parts].sort(([a], [b]) => a - b).map(([offset, indices]) => ({ offset, indices }));
}
