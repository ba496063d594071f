import { classCounts, type PatientRecording, type RankedCells, rankCells, winsOf } from "./auroc-wins.js";
import { patientsOf } from "./patient-counts.js";
import {
  clipDifference,
  type Estimate,
  estimate,
  type IntervalOptions,
  intervalLevel,
  jackknifeError,
  type Uncertain,
} from "./patient-interval.js";
import { type SignFlipOptions, signFlipTest, testedP } from "./sign-flip.js";

export interface AurocInterval {
  /** Of the patients as they are. */
  readonly auroc: number;
  /** NaN under four patients. */
  readonly lower: number;
  readonly upper: number;
  /** Patients with seizure cells, or with background cells where those are fewer. */
  readonly patients: number;
}

/** AUROC for a weighting of patients, and the number of patients behind it. */
interface PatientAuroc {
  readonly area: (weight?: ArrayLike<number>) => number;
  readonly total: number;
  readonly patients: number;
}

function fewerOfClasses(positives: Float64Array, negatives: Float64Array): number {
  const having = (counts: Float64Array) => counts.reduce((sum, count) => sum + (count > 0 ? 1 : 0), 0);
  return Math.min(having(positives), having(negatives));
}

function patientAuroc(cells: RankedCells, total: number): PatientAuroc {
  const { positives, negatives } = classCounts(cells, total);
  const wins = winsOf(cells, cells, total);
  const area = (weight?: ArrayLike<number>) => {
    let [won, above, below] = [0, 0, 0];
    for (let p = 0; p < total; p++) {
      const factor = weight?.[p] ?? 1;
      above += factor * positives[p]!;
      below += factor * negatives[p]!;
      if (factor === 0 || positives[p] === 0) continue;
      for (let q = 0; q < total; q++) won += factor * (weight?.[q] ?? 1) * wins[p * total + q]!;
    }
    return above > 0 && below > 0 ? won / (above * below) : Number.NaN;
  };
  return { area, total, patients: fewerOfClasses(positives, negatives) };
}

/** The AUROC in which the cells of patient `p` count `weight[p]` times; ties count half, NaN when a class is missing. */
export function weightedAuroc(
  recordings: readonly PatientRecording[],
  patients: readonly string[],
): (weight: ArrayLike<number>) => number {
  return patientAuroc(rankCells(recordings, patients), patients.length).area;
}

/**
 * What the jackknife says of an area: it compares cells of two patients, so that with few of them it is biased, and its
 * spread is known worse than a mean's. Six tenths of the degrees of freedom hold the level in simulation.
 */
function uncertaintyOf(total: number, patients: number, area: (weight?: ArrayLike<number>) => number): Uncertain {
  const weight = new Uint8Array(total);
  const without = Array.from(weight, (_, p) => {
    weight.fill(1)[p] = 0;
    return area(weight);
  });
  const value = area();
  const mean = without.reduce((sum, each) => sum + each / total, 0);
  const centre = total * value - (total - 1) * mean;
  const degreesOfFreedom = Math.max(1, 0.6 * (patients - 1));
  return { value, standardError: jackknifeError(without), patients, centre, degreesOfFreedom };
}

/**
 * Area under the ROC curve with an interval by patient, since the cells of a patient are no independent draws: jackknife on
 * the log-odds scale with Student's quantile (Obuchowski, Biometrics 53, 1997), exact where the area is 0 or 1. Time grows
 * with the cells once and with patients cubed.
 */
export function aurocInterval(recordings: readonly PatientRecording[], options: IntervalOptions = {}): AurocInterval {
  const level = intervalLevel(options);
  const names = patientsOf(recordings);
  const { area, total, patients } = patientAuroc(rankCells(recordings, names), names.length);
  const { value, lower, upper } = estimate(uncertaintyOf(total, patients, area), "share", level);
  return { auroc: value, lower, upper, patients };
}

/** Difference of the areas of two detectors on the same recordings. */
export interface AurocDifference extends Estimate {
  readonly first: number;
  readonly second: number;
  /** As `Difference.p` of the event measures. */
  readonly p: number;
  readonly leastP: number;
}

function requireSame(first: readonly PatientRecording[], second: readonly PatientRecording[]): void {
  const ids = (list: readonly PatientRecording[]) =>
    JSON.stringify(list.map(({ id, patient }) => [id, patient]).sort());
  if (ids(first) !== ids(second))
    throw new RangeError("invalid recordings: both detectors need the same, of the same patients");
}

/** Difference of areas where `exchanged` patients have the ranks of the other detector. */
function exchangedDifference(cells: readonly [RankedCells, RankedCells], total: number) {
  const counts = cells.map((own) => classCounts(own, total));
  const wins = cells.map((seizure) => cells.map((background) => winsOf(seizure, background, total)));
  const area = (side: 0 | 1, exchanged: Uint8Array) => {
    let [won, above, below] = [0, 0, 0];
    for (let p = 0; p < total; p++) {
      const own = side ^ exchanged[p]!;
      above += counts[own]!.positives[p]!;
      below += counts[own]!.negatives[p]!;
      if (counts[own]!.positives[p] === 0) continue;
      const [same, other] = [wins[own]![side]!, wins[own]![1 - side]!];
      for (let q = 0, at = p * total; q < total; q++, at++) won += exchanged[q] === 0 ? same[at]! : other[at]!;
    }
    return won / (above * below);
  };
  return (exchanged: Uint8Array) => area(0, exchanged) - area(1, exchanged);
}

/**
 * The AUROCs of two detectors on the same recordings (RangeError for others): difference with an interval by patient, and p
 * of exchanging the ranks of their scores patient by patient (Bandos et al., Statistics in Medicine 24, 2005).
 */
export function compareAuroc(
  first: readonly PatientRecording[],
  second: readonly PatientRecording[],
  options: IntervalOptions & SignFlipOptions,
): AurocDifference {
  requireSame(first, second);
  const level = intervalLevel(options);
  const names = patientsOf(first);
  const cells = [rankCells(first, names), rankCells(second, names)] as const;
  const [a, b] = [patientAuroc(cells[0], names.length), patientAuroc(cells[1], names.length)];
  const patients = Math.min(a.patients, b.patients);
  const uncertain = uncertaintyOf(names.length, patients, (weight) => a.area(weight) - b.area(weight));
  const own = clipDifference(estimate(uncertain, "difference", level));
  const difference = exchangedDifference(cells, names.length);
  const into = (out: Float64Array, exchanged: Uint8Array) => {
    out[0] = difference(exchanged);
  };
  const [p] = signFlipTest(names.length, 1, into, options);
  return { ...own, first: a.area(), second: b.area(), ...testedP(p!, patients, options) };
}
