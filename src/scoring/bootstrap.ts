/**
 * Bootstrap over patients: cells and events of one patient are no independent draws, patients are (Field and Welsh,
 * "Bootstrapping clustered data", 2007). It gives the standard error of what a jackknife cannot: a searched threshold.
 */
import { requireCounts, requireNumber } from "@ictal/base/options";
import { createRandom } from "../base/random.js";
import { type IntervalOptions, intervalLevel } from "./patient-interval.js";

export interface BootstrapOptions extends IntervalOptions {
  readonly seed: number;
  /** @default 1000 */
  readonly replicates?: number | undefined;
}

/** Options with their defaults. RangeError for a level outside 0..1 and a replicate count under 1. */
export function bootstrapSettings({ seed, replicates = 1000, level }: BootstrapOptions) {
  requireNumber("seed", seed, { isWhole: true });
  requireCounts({ replicates });
  return { seed, replicates, level: intervalLevel({ level }) };
}

/** How often each of `patients` is drawn in each replicate; the same seed and stream give the same draws. */
export function* patientDraws(
  patients: number,
  { seed, replicates }: { readonly seed: number; readonly replicates: number },
  stream: string,
): Generator<Uint32Array> {
  const random = createRandom(seed, stream);
  for (let r = 0; r < replicates && patients > 0; r++) {
    const weight = new Uint32Array(patients);
    for (let draw = 0; draw < patients; draw++) weight[random.integer(r * patients + draw, patients)]! += 1;
    yield weight;
  }
}

/** Standard error over patients from replicates that are no NaN, with the factor n/(n - 1) that small samples need. */
export function bootstrapError(replicates: readonly number[], patients: number): number {
  const known = replicates.filter((value) => !Number.isNaN(value));
  if (known.length < 2 || patients < 2) return Number.NaN;
  const mean = known.reduce((sum, value) => sum + value, 0) / known.length;
  const squares = known.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (known.length - 1);
  return Math.sqrt((squares * patients) / (patients - 1));
}
