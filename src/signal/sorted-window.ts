// Hot loops: `!` marks indices that the loop bounds keep inside the arrays.

/** Values in ascending order, of which some are taken out while others are put in. */
export interface SortedWindow {
  readonly count: number;
  /**
   * Put in `fresh` and take out `old`, both ascending, `old` among what is held. One pass over all values. NaN is not allowed:
   * it has no place in the order.
   */
  replace(fresh: Float32Array, old?: Float32Array): void;
  /** Quantile `share` (0..1), linear between neighbours as numpy's default; NaN without values. */
  quantile(share: number): number;
}

/** A window of at most `capacity` values. */
export function createSortedWindow(capacity: number): SortedWindow {
  let held = new Float32Array(capacity);
  let spare = new Float32Array(capacity);
  let count = 0;
  return {
    get count() {
      return count;
    },
    replace(fresh, old) {
      const expected = count + fresh.length - (old?.length ?? 0);
      if (expected > capacity) throw new RangeError(`invalid window: ${expected} values, expected at most ${capacity}`);
      const next = mergeInto(spare, held.subarray(0, count), fresh, old);
      if (next !== expected) throw new RangeError("invalid old: a value that the window does not hold");
      [held, spare] = [spare, held];
      count = next;
    },
    quantile(share) {
      if (count === 0) return Number.NaN;
      const position = share * (count - 1);
      const lower = held[Math.floor(position)]!;
      return lower + (position - Math.floor(position)) * (held[Math.ceil(position)]! - lower);
    },
  };
}

const NONE: Float32Array = new Float32Array();

/**
 * `held` without `old` and with `fresh`, all ascending, into `out`; returns how many. What lies before the next value to put in or to
 * take out is copied in a loop of one comparison.
 */
function mergeInto(out: Float32Array, held: Float32Array, fresh: Float32Array, old = NONE): number {
  const [heldCount, freshCount, oldCount] = [held.length, fresh.length, old.length];
  let [from, written, nextFresh, nextOld] = [0, 0, 0, 0];
  while (nextFresh < freshCount || nextOld < oldCount) {
    const put = nextFresh < freshCount ? fresh[nextFresh]! : Number.POSITIVE_INFINITY;
    const take = nextOld < oldCount ? old[nextOld]! : Number.POSITIVE_INFINITY;
    const next = Math.min(put, take);
    while (from < heldCount && held[from]! < next) out[written++] = held[from++]!;
    if (nextOld < oldCount && take <= put) {
      if (from < heldCount && held[from] === take) from += 1;
      nextOld += 1;
    } else {
      out[written++] = put;
      nextFresh += 1;
    }
  }
  while (from < heldCount) out[written++] = held[from++]!;
  return written;
}
