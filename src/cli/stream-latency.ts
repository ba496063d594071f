/** Steps per doubling: a quantile is at most 9 % too large. */
const STEPS = 8;
/** The least duration that is told apart, in milliseconds. */
const LEAST_MILLISECONDS = 1 / 64;

/** How long each of many steps took, in memory that does not grow. */
export interface Durations {
  add(milliseconds: number): void;
  readonly count: number;
  readonly maximum: number;
  /** Quantile `share` (0..1), rounded up by at most 9 %; NaN without durations. */
  quantile(share: number): number;
}

/** A histogram with logarithmic steps, up to an hour. */
export function createDurations(): Durations {
  const bins = new Uint32Array(STEPS * 28);
  let count = 0;
  let maximum = 0;
  return {
    add(milliseconds) {
      const bin = Math.ceil(STEPS * Math.log2(Math.max(1, milliseconds / LEAST_MILLISECONDS)));
      const at = Math.min(bins.length - 1, bin);
      bins[at] = (bins[at] ?? 0) + 1;
      count += 1;
      maximum = Math.max(maximum, milliseconds);
    },
    get count() {
      return count;
    },
    get maximum() {
      return maximum;
    },
    quantile(share) {
      let before = 0;
      const bin = bins.findIndex((own) => {
        before += own;
        return before >= share * count && before > 0;
      });
      return bin < 0 ? Number.NaN : Math.min(maximum, LEAST_MILLISECONDS * 2 ** (bin / STEPS));
    },
  };
}
