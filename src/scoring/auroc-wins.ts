/** How often seizure cells of one patient score above background cells of another: all that an AUROC by patient needs. */
import { predictedCount } from "../base/value-ranges.js";
import { cellsOf, type PredictedRecording } from "./score.js";

/** A prediction that knows whose recording it is. */
export interface PatientRecording extends PredictedRecording {
  readonly patient: string;
}

/** Cells of one detector in ascending order of score. */
export interface RankedCells {
  /** Mid-rank of the score in 0..1, equal for equal scores: comparable between detectors of any scale. */
  readonly rank: Float64Array;
  /** Position of the cell's patient. */
  readonly patient: Uint32Array;
  /** 1 seizure, 0 background. */
  readonly truth: Uint8Array;
}

/** Cells of each class by patient. */
export interface ClassCounts {
  readonly positives: Float64Array;
  readonly negatives: Float64Array;
}

const PATIENT_BITS = 19; // with the class and 32 bits of score a key stays below 2^53
const STEP = 2 ** (PATIENT_BITS + 1);

/** Fills `keys` from `offset` with score, patient and class of a recording's cells, in the order of their scores as numbers. */
function keysInto(keys: Float64Array, offset: number, recording: PatientRecording, patient: number): void {
  const { score, truth } = cellsOf(recording);
  const bits = new Uint32Array(new Float32Array(score).buffer);
  for (let i = 0; i < bits.length; i++) {
    const word = score[i] === 0 ? 0 : bits[i]!; // -0 is 0
    const ordered = word >>> 31 === 1 ? ~word >>> 0 : (word | 0x80000000) >>> 0; // greater for greater numbers
    keys[offset + i] = ordered * STEP + 2 * patient + truth[i]!;
  }
}

/** Cells in the order of their scores. RangeError for a NaN score and for more than 2^19 patients. */
export function rankCells(recordings: readonly PatientRecording[], patients: readonly string[]): RankedCells {
  if (patients.length > 2 ** PATIENT_BITS) throw new RangeError(`invalid patients: ${patients.length}`);
  const position = new Map(patients.map((name, p) => [name, p] as const));
  const keys = new Float64Array(recordings.reduce((sum, recording) => sum + predictedCount(recording), 0));
  let offset = 0;
  for (const recording of recordings) {
    const bad = recording.probability.findIndex(Number.isNaN);
    if (bad >= 0) throw new RangeError(`invalid score at ${bad} of ${recording.id}: NaN`);
    keysInto(keys, offset, recording, position.get(recording.patient) ?? 0);
    offset += predictedCount(recording);
  }
  return unpacked(keys.sort());
}

/** Sorted keys taken apart; equal scores share their mid-rank. */
function unpacked(keys: Float64Array): RankedCells {
  const count = keys.length;
  const [rank, patient, truth] = [new Float64Array(count), new Uint32Array(count), new Uint8Array(count)];
  for (let start = 0, end = 0; start < count; start = end) {
    const level = Math.floor(keys[start]! / STEP);
    const next = (level + 1) * STEP;
    while (end < count && keys[end]! < next) {
      const rest = keys[end]! - level * STEP;
      patient[end] = rest >>> 1;
      truth[end] = rest & 1;
      end += 1;
    }
    rank.fill((start + end) / 2 / count, start, end);
  }
  return { rank, patient, truth };
}

/** Cells of each class by patient. */
export function classCounts({ patient, truth }: RankedCells, patients: number): ClassCounts {
  const [positives, negatives] = [new Float64Array(patients), new Float64Array(patients)];
  for (let i = 0; i < patient.length; i++) (truth[i] === 1 ? positives : negatives)[patient[i]!]! += 1;
  return { positives, negatives };
}

/** `[p * patients + q]`: pairs of a seizure cell of `p` above a background cell of `q`; equal ranks count half. */
export function winsOf(seizure: RankedCells, background: RankedCells, patients: number): Float64Array {
  const wins = new Float64Array(patients * patients);
  const passed = new Float64Array(patients); // background cells below, ties half
  const count = background.rank.length;
  let next = 0;
  for (let start = 0, end = 0; start < seizure.rank.length; start = end) {
    const rank = seizure.rank[start]!;
    end = start;
    while (end < seizure.rank.length && seizure.rank[end] === rank) end += 1;
    for (; next < count && background.rank[next]! < rank; next++)
      if (background.truth[next] === 0) passed[background.patient[next]!]! += 1;
    let tied = next;
    for (; tied < count && background.rank[tied] === rank; tied++)
      if (background.truth[tied] === 0) passed[background.patient[tied]!]! += 0.5;
    for (let i = start; i < end; i++) {
      if (seizure.truth[i] !== 1) continue;
      const row = seizure.patient[i]! * patients;
      for (let q = 0; q < patients; q++) wins[row + q]! += passed[q]!;
    }
    for (; next < tied; next++) if (background.truth[next] === 0) passed[background.patient[next]!]! += 0.5;
  }
  return wins;
}
