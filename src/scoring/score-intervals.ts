/** Pooled scores of events and samples with intervals by patient, and the comparison of two detectors. */
import {
  countsByPatient,
  MEASURES,
  type Measure,
  measureKinds,
  measuresOf,
  type PatientPair,
  patientsOf,
  sumRows,
} from "./patient-counts.js";
import {
  clipDifference,
  type Estimate,
  type IntervalOptions,
  intervalLevel,
  jackknifeMeasures,
} from "./patient-interval.js";
import { type SignFlipOptions, signFlipTest, testedP } from "./sign-flip.js";
import type { SzcoreOptions } from "./szcore.js";

export interface ScoreIntervals {
  readonly patients: number;
  readonly level: number;
  /** Each with the number of its patients: a sensitivity has those with seizures. */
  readonly measures: Readonly<Record<Measure, Estimate>>;
}

/** Difference of one measure, first detector minus second. */
export interface Difference extends Estimate {
  readonly first: number;
  readonly second: number;
  /** Of the paired permutation test by patient, two-sided; NaN under four patients. */
  readonly p: number;
  /** No p of so many patients can be less. */
  readonly leastP: number;
}

export interface Comparison {
  readonly patients: number;
  readonly level: number;
  readonly differences: Readonly<Record<Measure, Difference>>;
}

interface SzcoreSettings {
  readonly szcore?: SzcoreOptions | undefined;
}

/** Pooled scores with intervals by patient (jackknife with Student's quantile); the order of the recordings does not matter. */
export function scoreIntervals(
  pairs: readonly PatientPair[],
  options: IntervalOptions & SzcoreSettings = {},
): ScoreIntervals {
  const level = intervalLevel(options);
  const patients = patientsOf(pairs);
  const rows = countsByPatient(pairs, patients, options.szcore ?? {});
  const measure = (weight: ArrayLike<number>) => measuresOf(sumRows(rows.length, (p) => rows[p]!, weight));
  const alone = rows.map(measuresOf);
  const kinds = measureKinds(pairs.reduce((sum, { durationSeconds }) => sum + durationSeconds, 0));
  const isPart = (p: number, name: Measure) => !Number.isNaN(alone[p]![name]);
  return { patients: patients.length, level, measures: jackknifeMeasures(rows.length, measure, isPart, kinds, level) };
}

function requireSameReference(first: readonly PatientPair[], second: readonly PatientPair[]): void {
  const others = new Map(second.map((pair) => [pair.id, pair]));
  const text = ({ durationSeconds, patient, reference }: PatientPair) =>
    JSON.stringify([
      durationSeconds,
      patient,
      reference.map(({ startSeconds, endSeconds }) => [startSeconds, endSeconds]),
    ]);
  const odd = first.find((pair) => {
    const other = others.get(pair.id);
    return !other || text(other) !== text(pair);
  });
  if (odd || first.length !== second.length) {
    const where = odd ? `${odd.id} differs or is missing` : `${first.length} and ${second.length} recordings`;
    throw new RangeError(`invalid pairs: two detectors are compared on the same recordings and reference; ${where}`);
  }
}

type Rows = readonly Float64Array[];

/** Measures of the first rows minus those of the second, where `exchanged` patients have changed sides. */
function differencesInto(out: Float64Array, a: Rows, b: Rows, exchanged: Uint8Array): void {
  const one = measuresOf(sumRows(a.length, (p) => (exchanged[p] === 1 ? b : a)[p]!));
  const other = measuresOf(sumRows(a.length, (p) => (exchanged[p] === 1 ? a : b)[p]!));
  for (const [m, name] of MEASURES.entries()) out[m] = one[name] - other[name];
}

const DIFFERENCES = Object.fromEntries(MEASURES.map((name) => [name, { scale: "difference" }])) as Record<
  Measure,
  { scale: "difference" }
>;

/**
 * Two detectors on the same recordings: differences with intervals by patient, and p of exchanging their results patient by
 * patient, all ways below 16 patients. RangeError when recordings, patients, durations or references differ.
 */
export function compareDetectors(
  first: readonly PatientPair[],
  second: readonly PatientPair[],
  options: IntervalOptions & SignFlipOptions & SzcoreSettings,
): Comparison {
  requireSameReference(first, second);
  const level = intervalLevel(options);
  const patients = patientsOf(first);
  const [a, b] = [first, second].map((pairs) => countsByPatient(pairs, patients, options.szcore ?? {})) as [Rows, Rows];
  const measured = (rows: Rows) => (weight?: ArrayLike<number>) =>
    measuresOf(sumRows(rows.length, (p) => rows[p]!, weight));
  const [ofFirst, ofSecond] = [measured(a), measured(b)];
  const difference = (weight: ArrayLike<number>) => {
    const [one, other] = [ofFirst(weight), ofSecond(weight)];
    return Object.fromEntries(MEASURES.map((name) => [name, one[name] - other[name]])) as Record<Measure, number>;
  };
  const alone = [a.map(measuresOf), b.map(measuresOf)];
  const isPart = (p: number, name: Measure) => alone.some((own) => !Number.isNaN(own[p]![name]));
  const estimates = jackknifeMeasures(a.length, difference, isPart, DIFFERENCES, level);
  const p = signFlipTest(a.length, MEASURES.length, (out, exchanged) => differencesInto(out, a, b, exchanged), options);
  const [one, other] = [ofFirst(), ofSecond()];
  const entries = MEASURES.map((name, m) => {
    const own = name.endsWith("Per24h") ? estimates[name] : clipDifference(estimates[name]);
    const tested = testedP(p[m]!, own.patients, options);
    return [name, { ...own, first: one[name], second: other[name], ...tested }] as const;
  });
  return { patients: patients.length, level, differences: Object.fromEntries(entries) as Record<Measure, Difference> };
}
