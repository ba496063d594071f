/**
 * Intervals of a measure over patients, who are the independent draws, by the jackknife with Student's quantile: they hold
 * from four patients up, where percentiles of a bootstrap are too narrow (Efron, "The jackknife, the bootstrap and other
 * resampling plans", 1982; Obuchowski, "Nonparametric analysis of clustered ROC curve data", Biometrics 53, 1997).
 */
import { requireNumber } from "@ictal/base/options";
import { studentQuantile } from "./distributions.js";
import { type Bounds, binomialInterval, poissonInterval } from "./exact-intervals.js";

/** With fewer patients than these no interval and no test is given. */
export const LEAST_PATIENTS = 4;

export interface IntervalOptions {
  /** Coverage of the interval. @default 0.95 */
  readonly level?: number | undefined;
}

/** Which values a measure can take: a share lies in 0..1, a rate is at least 0, a difference has any sign. */
export type Scale = "share" | "rate" | "difference";

/** A measure with its interval by patient; bounds are NaN when there are too few patients or they do not differ. */
export interface Estimate {
  /** Of the patients as they are; NaN without a denominator. */
  readonly value: number;
  readonly lower: number;
  readonly upper: number;
  /** Patients behind the value: those in whom the measure has a denominator. */
  readonly patients: number;
}

/** What an interval is computed from. */
export interface Uncertain {
  readonly value: number;
  /** Standard error over patients; NaN where it is unknown. */
  readonly standardError: number;
  readonly patients: number;
  /** How much one counted event adds to a rate, for the bound of a rate of 0. */
  readonly perEvent?: number;
  /** Where the interval is centred: the value without its bias. @default value */
  readonly centre?: number;
  /** Of Student's quantile. @default patients - 1 */
  readonly degreesOfFreedom?: number;
}

/** The level that was asked for. RangeError outside 0..1. */
export function intervalLevel({ level = 0.95 }: IntervalOptions): number {
  requireNumber("level", level, { above: 0, below: 1 });
  return level;
}

/**
 * The interval of one measure: on the log-odds scale for shares, the logarithm for rates, straight for differences; exact
 * (Clopper-Pearson with patients as trials, Poisson) where a share is 0 or 1 or a rate 0 and patients cannot differ.
 */
export function estimate(found: Uncertain, scale: Scale, level: number): Estimate {
  const { value, standardError, patients, perEvent, centre = value, degreesOfFreedom = patients - 1 } = found;
  const none = { value, lower: Number.NaN, upper: Number.NaN, patients };
  if (patients < LEAST_PATIENTS || Number.isNaN(value)) return none;
  if (scale === "share" && (value === 0 || value === 1))
    return { ...none, ...binomialInterval(value * patients, patients, level) };
  if (scale === "rate" && value === 0 && perEvent !== undefined)
    return { ...none, lower: 0, upper: perEvent * poissonInterval(0, level).upper };
  if (!(standardError > 0)) return none;
  const half = studentQuantile((1 + level) / 2, degreesOfFreedom) * standardError;
  const { lower, upper } = boundsAround(centre, half, scale);
  return { ...none, lower: Math.min(lower, value), upper: Math.max(upper, value) };
}

function boundsAround(centre: number, half: number, scale: Scale): Bounds {
  if (scale === "difference") return { lower: centre - half, upper: centre + half };
  if (scale === "rate") return { lower: centre * Math.exp(-half / centre), upper: centre * Math.exp(half / centre) };
  const share = Math.min(Math.max(centre, 1e-6), 1 - 1e-6);
  const logOdds = Math.log(share / (1 - share));
  const width = half / (share * (1 - share));
  const inverse = (x: number) => 1 / (1 + Math.exp(-x));
  return { lower: inverse(logOdds - width), upper: inverse(logOdds + width) };
}

/** Standard error from the values of a measure without one patient after the other; NaN under two patients. */
export function jackknifeError(without: ArrayLike<number>): number {
  const count = without.length;
  if (count < 2) return Number.NaN;
  let mean = 0;
  for (let i = 0; i < count; i++) mean += without[i]! / count;
  let squares = 0;
  for (let i = 0; i < count; i++) squares += (without[i]! - mean) ** 2;
  const error = Math.sqrt(((count - 1) / count) * squares);
  return error > 1e-12 * Math.abs(mean) ? error : 0; // rounding is no spread
}

/** Bounds of a difference of shares stay within -1..1. */
export function clipDifference<E extends Estimate>(difference: E): E {
  return { ...difference, lower: Math.max(-1, difference.lower), upper: Math.min(1, difference.upper) };
}

/** What a measure is, beside its value. */
export interface MeasureKind {
  readonly scale: Scale;
  readonly perEvent?: number;
}

/**
 * Estimates of all measures that `measure` gives for a weighting of patients. A patient counts for a measure where `isPart`
 * says so: where the measure is defined on this patient alone.
 */
export function jackknifeMeasures<K extends string>(
  patients: number,
  measure: (weight: ArrayLike<number>) => Readonly<Record<K, number>>,
  isPart: (patient: number, name: K) => boolean,
  kinds: Readonly<Record<K, MeasureKind>>,
  level: number,
): Record<K, Estimate> {
  const weight = new Uint8Array(patients).fill(1);
  const whole = measure(weight);
  const without = Array.from(weight, (_, p) => {
    weight.fill(1)[p] = 0;
    return measure(weight);
  });
  const entries = (Object.keys(whole) as K[]).map((name) => {
    const values = without.flatMap((each, p) => (isPart(p, name) ? [each[name]] : []));
    const uncertain = { value: whole[name], standardError: jackknifeError(values), patients: values.length };
    const { scale, perEvent } = kinds[name];
    return [name, estimate({ ...uncertain, ...(perEvent !== undefined && { perEvent }) }, scale, level)] as const;
  });
  return Object.fromEntries(entries) as Record<K, Estimate>;
}
