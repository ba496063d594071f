import type { Random } from "../../base/random.js";
import { createRandom } from "../../base/random.js";
import { createDraws, type Draws } from "./draws.js";
import { DYNAMOTYPE_NAMES, type DynamotypeName } from "./dynamotypes.js";
import type { SyntheticRecording } from "./recording-table.js";

/** A recording of a varied corpus before a single sample exists. */
export type VariedRecording = SyntheticRecording<DynamotypeName>;

/** Patients of a varied corpus where nothing is said: 45 in train, 30 in dev, 15 in eval. */
export const VARIED_PATIENTS = 90;
export const LEAST_VARIED_PATIENTS = 6;
export const MOST_VARIED_PATIENTS = 2000;

const FOCI = ["F3", "F4", "T3", "T4", "T5", "T6", "C3", "C4", "P3", "P4", "F7", "F8"];
/** Types that a patient may have, the common ones more than once. */
const TYPES: readonly DynamotypeName[] = ["fnsz", "cpsz", "fnsz", "gnsz", "fnsz", ...DYNAMOTYPE_NAMES];
const MONTAGES = ["01_tcp_ar", "02_tcp_le", "03_tcp_ar_a"];

/**
 * Recordings of `patients` patients, half of them in train, a third in dev, the rest in eval: two each, of two to four
 * minutes; the first holds two to four seizures of the patient's type (none in every sixth patient), the second none. The same
 * for every difficulty, so that corpora of one seed differ in nothing else. Sorted by id.
 */
export function variedRecordings(seed: number, patients: number): VariedRecording[] {
  const random = createRandom(seed, "varied corpus/table");
  const train = Math.round(patients / 2);
  const dev = Math.max(1, Math.round(patients / 3));
  const rows = Array.from({ length: patients }, (_, index) => {
    const split = index < train ? "train" : index < train + dev ? "dev" : "eval";
    return patientRows(index, split, random.stream(`patient ${index}`));
  });
  return rows.flat().sort((a, b) => (a.id < b.id ? -1 : 1));
}

function patientRows(index: number, split: string, random: Random): VariedRecording[] {
  const draws = createDraws(random);
  const patient = patientName(index);
  const focus = draws.pick(FOCI);
  const type = TYPES[index % TYPES.length]!;
  const montage = draws.pick(MONTAGES);
  const sampleRateHz = draws.pick([250, 256]);
  const count = index % 6 === 5 ? 0 : draws.pick([2, 3, 4]);
  const row = (session: string, seizures: DynamotypeName[]): VariedRecording => ({
    id: [split, patient, session, montage, "t000"].join("/"),
    ...{ split, patient, session, montage, token: "t000", sampleRateHz, focus, seizures, traits: [] },
    durationSeconds: durationOf(draws),
  });
  return [
    row(
      "s001_2011",
      Array.from({ length: count }, () => type),
    ),
    row("s002_2012", []),
  ];
}

function durationOf(draws: Draws): number {
  return Math.round(draws.between(120, 240));
}

/** Eight letters, as TUSZ names patients: "va" and the number in letters. */
function patientName(index: number): string {
  let name = "";
  for (let rest = index, i = 0; i < 6; i++, rest = Math.floor(rest / 26)) {
    name = String.fromCharCode(97 + (rest % 26)) + name;
  }
  return `va${name}`;
}
