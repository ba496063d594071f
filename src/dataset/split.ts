import { createRandom } from "../base/random.js";
import type { Manifest } from "../cache/manifest.js";

/** Patients of two disjoint groups, each ascending. */
export interface PatientSplit {
  readonly train: readonly string[];
  readonly dev: readonly string[];
}

/**
 * Assign `fraction` of the patients to dev, by `seed`, for a corpus without a dev split. Patients with and without
 * seizures are assigned in the same proportion, and dev gets at least one patient with seizures when there are two.
 * Recordings of the split "eval" are not used. @throws RangeError unless 0 < fraction < 1
 */
export function splitByPatient(manifest: Manifest, fraction: number, seed: number): PatientSplit {
  if (!(fraction > 0 && fraction < 1)) throw new RangeError(`invalid fraction: ${fraction}; expected 0..1`);
  const hasSeizure = new Map<string, boolean>();
  for (const { patient, split, seizures } of manifest.recordings)
    if (split !== "eval") hasSeizure.set(patient, hasSeizure.get(patient) === true || seizures.length > 0);
  const dev: string[] = [];
  const train: string[] = [];
  for (const withSeizure of [true, false]) {
    const patients = [...hasSeizure.keys()].filter((patient) => hasSeizure.get(patient) === withSeizure).sort();
    const order = createRandom(seed, `split ${withSeizure}`).permutation(patients.length);
    const share = Math.round(fraction * patients.length);
    const devCount = withSeizure && patients.length > 1 ? Math.min(Math.max(1, share), patients.length - 1) : share;
    const ranked = Array.from(order, (index) => patients.slice(index, index + 1)).flat();
    dev.push(...ranked.slice(0, devCount));
    train.push(...ranked.slice(devCount));
  }
  return { train: train.sort(), dev: dev.sort() };
}
