import { ConfigError } from "@ictal/base/errors";
import { createRandom } from "../base/random.js";

/** What decides where a patient goes. */
export interface Patient {
  readonly name: string;
  readonly hasSeizure: boolean;
}

/** A recording as far as splits are concerned; a manifest's entry has it. */
export interface PatientRecording {
  readonly patient: string;
  readonly split: string;
  readonly seizures: readonly unknown[];
}

/** Patients of recordings, by name. */
export function patientsOf(recordings: readonly Omit<PatientRecording, "split">[]): Patient[] {
  const found = new Map<string, boolean>();
  for (const { patient, seizures } of recordings)
    found.set(patient, found.get(patient) === true || seizures.length > 0);
  return [...found].map(([name, hasSeizure]) => ({ name, hasSeizure })).sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Names in the order of the seed's draw: those with seizures, or those without. */
function drawn(patients: readonly Patient[], withSeizure: boolean, seed: number): string[] {
  const own = patients.filter(({ hasSeizure }) => hasSeizure === withSeizure).map(({ name }) => name);
  const order = createRandom(seed, `split ${withSeizure}`).permutation(own.length);
  return Array.from(order, (index) => own.slice(index, index + 1)).flat();
}

/** Patients of each split, ascending. */
export interface SharedPatients {
  readonly train: readonly string[];
  readonly dev: readonly string[];
  readonly eval: readonly string[];
}

/**
 * Draw shares of `patients` for dev and eval by `seed`, patients with and without seizures in the same proportion. dev gets
 * a patient with seizures where there are two, eval where there are three; train always keeps one.
 */
export function drawShares(
  patients: readonly Patient[],
  shares: { readonly dev: number; readonly eval: number },
  seed: number,
): SharedPatients {
  const found = { train: [] as string[], dev: [] as string[], eval: [] as string[] };
  for (const withSeizure of [true, false]) {
    const names = drawn(patients, withSeizure, seed);
    const least = withSeizure ? 1 : 0;
    let left = names.length - least; // train keeps one with seizures
    const take = (share: number) => {
      const count = share === 0 ? 0 : Math.max(0, Math.min(left, Math.max(least, Math.round(share * names.length))));
      left -= count;
      return count;
    };
    const dev = take(shares.dev);
    const heldOut = take(shares.eval);
    found.dev.push(...names.slice(0, dev));
    found.eval.push(...names.slice(dev, dev + heldOut));
    found.train.push(...names.slice(dev + heldOut));
  }
  return { train: found.train.sort(), dev: found.dev.sort(), eval: found.eval.sort() };
}

/** Throws a ConfigError for folds of a single patient and for more folds than patients. */
export function checkFoldCount(names: readonly string[], folds: number): void {
  const details = { key: "data.split.folds", value: folds };
  const count = names.length;
  if (count < 2) {
    const who = count === 1 ? ` (${names[0]})` : "";
    throw new ConfigError(
      `folds keep patients apart, and the corpus has ${count === 1 ? "one patient" : "no patient"}${who}; cross-validation needs at least two`,
      { ...details, allowed: "at least two patients" },
    );
  }
  if (folds > count)
    throw new ConfigError(
      `${folds} folds of ${count} patients: each fold needs a patient; ask for at most ${count} folds (--leave-one-patient-out)`,
      { ...details, allowed: `2 to ${count}` },
    );
}

/**
 * Deal `patients` into `folds` folds by `seed`, those with seizures first and then the others, so that folds differ by one
 * patient at most, and by one with seizures. Throws a ConfigError for more folds than patients, a single patient, and
 * patients with seizures that are too few for every training part to have one.
 */
export function dealFolds(patients: readonly Patient[], folds: number, seed: number): string[][] {
  checkFoldCount(
    patients.map(({ name }) => name),
    folds,
  );
  const ill = patients.filter(({ hasSeizure }) => hasSeizure).length;
  if (ill < 2)
    throw new ConfigError(
      `${ill === 0 ? "none" : "one"} of the ${patients.length} patients has a seizure, so a training part would have none: folds cannot be trained; check the annotations, or add patients`,
      { key: "data.split.folds", value: folds, allowed: "at least two patients with seizures" },
    );
  const order = [...drawn(patients, true, seed), ...drawn(patients, false, seed)];
  return Array.from({ length: folds }, (_, fold) => order.filter((_name, i) => i % folds === fold).sort());
}
