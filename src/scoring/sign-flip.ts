/**
 * Paired permutation test by patient: without a difference of two detectors their results of a patient can change places,
 * each way as likely as the other (Pitman, 1937; Bandos, Rockette and Gur, Statistics in Medicine 24, 2005, for ROC areas).
 */
import { requireCounts, requireNumber } from "@ictal/base/options";
import { createRandom } from "../base/random.js";
import { LEAST_PATIENTS } from "./patient-interval.js";

export interface SignFlipOptions {
  readonly seed: number;
  /** Random exchanges where there are too many to take all, with 16 patients and more. @default 9999 */
  readonly replicates?: number | undefined;
}

/** Below this number of patients all 2^n exchanges are taken. */
export const DRAWN_FROM_PATIENTS = 16;

/** A p with what it could be at least. */
export interface TestedP {
  /** Two-sided; NaN under four patients. */
  readonly p: number;
  /** No p of so many patients can be less: 2^(1 - n) below 16, one in `replicates` + 1 above. */
  readonly leastP: number;
}

/** What a p of so many patients may say. */
export function testedP(p: number, patients: number, options: Pick<SignFlipOptions, "replicates">): TestedP {
  const { replicates = 9999 } = options;
  const least = patients < DRAWN_FROM_PATIENTS ? Math.min(1, 2 ** (1 - patients)) : 1 / (replicates + 1);
  return { p: patients < LEAST_PATIENTS ? Number.NaN : Math.max(p, least), leastP: least };
}

/**
 * Two-sided p of each of `width` differences: the share of exchanges whose difference is at least as large as the one seen.
 * `differenceInto(out, exchanged)` fills the differences where `exchanged[i]` is 1 for patients whose results change places;
 * exchanging all must give the opposite sign. An exchange without a value counts as large; NaN where none was seen.
 */
export function signFlipTest(
  patients: number,
  width: number,
  differenceInto: (out: Float64Array, exchanged: Uint8Array) => void,
  { seed, replicates = 9999 }: SignFlipOptions,
): Float64Array {
  requireNumber("seed", seed, { isWhole: true });
  requireCounts({ replicates });
  const exchanged = new Uint8Array(patients);
  const out = new Float64Array(width);
  differenceInto(out, exchanged);
  const seen = out.map((value) => Math.abs(value) * (1 - 1e-12) - 1e-15);
  const larger = new Uint32Array(width);
  const count = () => {
    differenceInto(out, exchanged);
    for (let m = 0; m < width; m++) if (!(Math.abs(out[m]!) < seen[m]!)) larger[m]! += 1;
  };
  const isExact = patients < DRAWN_FROM_PATIENTS;
  const total = isExact ? 2 ** Math.max(0, patients - 1) : replicates;
  if (isExact) {
    // the last patient stays: exchanging all only turns the sign
    for (let subset = 0; subset < total; subset++) {
      for (let p = 0; p < patients - 1; p++) exchanged[p] = (subset >> p) & 1;
      count();
    }
  } else drawExchanges(exchanged, total, seed, count);
  const itself = isExact ? 0 : 1;
  return seen.map((value, m) => (Number.isNaN(value) ? Number.NaN : (larger[m]! + itself) / (total + itself)));
}

function drawExchanges(exchanged: Uint8Array, draws: number, seed: number, count: () => void): void {
  const random = createRandom(seed, "sign flips");
  let counter = 0;
  for (let draw = 0; draw < draws; draw++) {
    for (let p = 0, bits = 0; p < exchanged.length; p++, bits >>>= 1) {
      if (p % 32 === 0) bits = random.uint32(counter++);
      exchanged[p] = bits & 1;
    }
    count();
  }
}
