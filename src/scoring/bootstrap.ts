/**
 * Bootstrap over patients: cells and events of one patient are no independent draws, patients are (Field and Welsh,
 * "Bootstrapping clustered data", 2007).
 */
import { requireCounts, requireNumber } from "@ictal/base/options";
import { quantileOf } from "../base/quantile.js";
import { createRandom } from "../base/random.js";

export interface BootstrapOptions {
  readonly seed: number;
  /** @default 1000 */
  readonly replicates?: number | undefined;
  /** Coverage of the interval. @default 0.95 */
  readonly level?: number | undefined;
}

/** A measure with its percentile interval; bounds are NaN when no replicate is usable. */
export interface Estimate {
  /** Of the patients as they are; NaN without a denominator. */
  readonly value: number;
  readonly lower: number;
  readonly upper: number;
  /** Replicates in which the measure has a denominator. */
  readonly usable: number;
}

/** Options with their defaults. RangeError for a level outside 0..1 and a replicate count under 1. */
export function bootstrapSettings({ seed, replicates = 1000, level = 0.95 }: BootstrapOptions) {
  requireNumber("seed", seed, { isWhole: true });
  requireNumber("level", level, { above: 0, below: 1 });
  requireCounts({ replicates });
  return { seed, replicates, level };
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

/** `value` with the percentiles of those replicates that are no NaN. */
export function estimateOf(value: number, replicates: readonly number[], level: number): Estimate {
  const usable = replicates.filter((replicate) => !Number.isNaN(replicate));
  const lower = quantileOf(usable, (1 - level) / 2);
  const upper = quantileOf(usable, (1 + level) / 2);
  return { value, lower, upper, usable: usable.length };
}

/**
 * Estimates of all measures that `measure` gives for a weighting of patients; NaN there means no denominator. Every
 * measure sees the same draws.
 */
export function bootstrapMeasures<K extends string>(
  patients: number,
  measure: (weight: ArrayLike<number>) => Readonly<Record<K, number>>,
  options: BootstrapOptions,
): Record<K, Estimate> {
  const settings = bootstrapSettings(options);
  const whole = measure(new Uint32Array(patients).fill(1));
  const names = Object.keys(whole) as K[];
  const found = names.map((name) => ({ name, replicates: [] as number[] }));
  for (const weight of patientDraws(patients, settings, "patient bootstrap")) {
    const drawn = measure(weight);
    for (const { name, replicates } of found) replicates.push(drawn[name]);
  }
  const entries = found.map(
    ({ name, replicates }) => [name, estimateOf(whole[name], replicates, settings.level)] as const,
  );
  return Object.fromEntries(entries) as Record<K, Estimate>;
}

/** Achieved significance of "no difference": twice the smaller tail, the observation itself counted once. */
export function twoSided(differences: readonly number[]): number {
  const usable = differences.filter((value) => !Number.isNaN(value));
  if (usable.length === 0) return Number.NaN;
  const low = usable.filter((value) => value <= 0).length;
  const high = usable.filter((value) => value >= 0).length;
  return Math.min(1, (2 * (Math.min(low, high) + 1)) / (usable.length + 1));
}
