import { predictedCount } from "../base/value-ranges.js";
import {
  type BootstrapOptions,
  bootstrapSettings,
  type Estimate,
  estimateOf,
  patientDraws,
  twoSided,
} from "./bootstrap.js";
import { cellsOf, type PredictedRecording } from "./score.js";

/** A prediction that knows whose recording it is. */
export interface PatientRecording extends PredictedRecording {
  readonly patient: string;
}

export interface AurocInterval {
  /** Of the patients as they are. */
  readonly auroc: number;
  /** Percentiles of the replicates; NaN when none is usable. */
  readonly lower: number;
  readonly upper: number;
  readonly patients: number;
  /** Replicates with both classes, of those drawn. */
  readonly usable: number;
  readonly replicates: number;
}

/** Cells of one score, by patient: entry `e` of level `l` for `start[l] <= e < start[l + 1]`, levels from the highest on. */
interface Levels {
  readonly start: Uint32Array;
  readonly patient: Uint32Array;
  readonly positives: Uint32Array;
  readonly negatives: Uint32Array;
}

/**
 * Area under the ROC curve with a bootstrap interval that draws patients, not cells, with replacement, since the cells of a
 * patient are no independent draws (Field and Welsh, "Bootstrapping clustered data", 2007). The same seed gives the same
 * interval, whatever the order of the recordings. Time grows with replicates times cells: give a few values per second.
 */
export function aurocInterval(recordings: readonly PatientRecording[], options: BootstrapOptions): AurocInterval {
  const settings = bootstrapSettings(options);
  const patients = [...new Set(recordings.map(({ patient }) => patient))].sort();
  const area = weightedAuroc(recordings, patients);
  const drawn = [...patientDraws(patients.length, settings, "auroc bootstrap")].map(area);
  const auroc = area(new Uint32Array(patients.length).fill(1));
  const { lower, upper, usable } = estimateOf(auroc, drawn, settings.level);
  return { auroc, lower, upper, patients: patients.length, usable, replicates: settings.replicates };
}

/** The AUROC in which the cells of patient `p` count `weight[p]` times; ties count half, NaN when a class is missing. */
export function weightedAuroc(
  recordings: readonly PatientRecording[],
  patients: readonly string[],
): (weight: ArrayLike<number>) => number {
  const { start, patient, positives, negatives } = levelsOf(recordings, patients);
  return (weight) => {
    let above = 0; // positives of higher score
    let below = 0; // negatives passed
    let area = 0;
    for (let l = 0; l + 1 < start.length; l++) {
      let hits = 0;
      let others = 0;
      for (let e = start[l]!; e < start[l + 1]!; e++) {
        const factor = weight[patient[e]!]!;
        hits += factor * positives[e]!;
        others += factor * negatives[e]!;
      }
      area += others * (above + hits / 2);
      above += hits;
      below += others;
    }
    return above > 0 && below > 0 ? area / (above * below) : Number.NaN;
  };
}

function levelsOf(recordings: readonly PatientRecording[], patients: readonly string[]): Levels {
  const levels = distinctDescending(recordings);
  const counts = patients.map((name) => countCells(recordings, name, levels));
  const start = new Uint32Array(levels.length + 1);
  for (const cells of counts) for (const l of cells.keys()) start[l + 1]! += 1;
  for (let l = 0; l < levels.length; l++) start[l + 1]! += start[l]!;
  const total = start[levels.length]!;
  const [patient, positives, negatives] = [new Uint32Array(total), new Uint32Array(total), new Uint32Array(total)];
  const next = start.slice();
  for (const [p, cells] of counts.entries()) {
    for (const [l, [negative, positive]] of cells) {
      const e = next[l]!++;
      patient[e] = p;
      positives[e] = positive;
      negatives[e] = negative;
    }
  }
  return { start, patient, positives, negatives };
}

function distinctDescending(recordings: readonly PatientRecording[]): Float32Array {
  const all = new Float32Array(recordings.reduce((sum, recording) => sum + predictedCount(recording), 0));
  let offset = 0;
  for (const recording of recordings) {
    const bad = recording.probability.findIndex(Number.isNaN);
    if (bad >= 0) throw new RangeError(`invalid score at ${bad} of ${recording.id}: NaN`);
    const { score } = cellsOf(recording);
    all.set(score, offset);
    offset += score.length;
  }
  return all
    .sort()
    .reverse()
    .filter((score, i) => i === 0 || score !== all[i - 1]);
}

/** Negative and positive cells of one patient by level. */
function countCells(
  recordings: readonly PatientRecording[],
  name: string,
  levels: Float32Array,
): Map<number, [number, number]> {
  const cells = new Map<number, [number, number]>();
  for (const recording of recordings) {
    if (recording.patient !== name) continue;
    const { score, truth } = cellsOf(recording);
    for (let i = 0; i < score.length; i++) {
      const level = levelOf(levels, score[i]!);
      const cell = cells.get(level);
      if (cell) cell[truth[i]!]! += 1;
      else cells.set(level, truth[i] === 1 ? [0, 1] : [1, 0]);
    }
  }
  return cells;
}

/** Position of `score` among distinct scores in descending order. */
function levelOf(levels: Float32Array, score: number): number {
  let low = 0;
  let high = levels.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (levels[middle]! > score) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Difference of the areas of two detectors on the same recordings. */
export interface AurocDifference extends Estimate {
  readonly first: number;
  readonly second: number;
  /** As `Difference.p` of the event measures. */
  readonly p: number;
}

/** Paired bootstrap by patient of the AUROCs of two detectors; both must hold the same recordings (RangeError). */
export function compareAuroc(
  first: readonly PatientRecording[],
  second: readonly PatientRecording[],
  options: BootstrapOptions,
): AurocDifference {
  const ids = (list: readonly PatientRecording[]) =>
    JSON.stringify(list.map(({ id, patient }) => [id, patient]).sort());
  if (ids(first) !== ids(second))
    throw new RangeError("invalid recordings: both detectors need the same, of the same patients");
  const settings = bootstrapSettings(options);
  const patients = [...new Set(first.map(({ patient }) => patient))].sort();
  const a = weightedAuroc(first, patients);
  const b = weightedAuroc(second, patients);
  const once = new Uint32Array(patients.length).fill(1);
  const drawn = [...patientDraws(patients.length, settings, "auroc bootstrap")].map((weight) => a(weight) - b(weight));
  const [one, other] = [a(once), b(once)];
  return { ...estimateOf(one - other, drawn, settings.level), first: one, second: other, p: twoSided(drawn) };
}
