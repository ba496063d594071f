import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { writeFileAtomic } from "@ictal/base/atomic-file";
import { ConfigError, NotFoundError } from "@ictal/base/errors";

/** Patients of each split. */
export type Splits = Readonly<Record<string, readonly string[]>>;

/** Patients who are in more than one split, with the splits. */
export function overlappingPatients(splits: Splits): { patient: string; splits: string[] }[] {
  const first = new Map<string, string>();
  const shared = new Map<string, string[]>();
  for (const [split, patients] of Object.entries(splits)) {
    for (const patient of patients) {
      const firstSplit = first.get(patient);
      if (firstSplit === undefined) first.set(patient, split);
      else if (firstSplit !== split && !shared.get(patient)?.includes(split)) {
        shared.set(patient, [...(shared.get(patient) ?? [firstSplit]), split]);
      }
    }
  }
  return [...shared]
    .map(([patient, found]) => ({ patient, splits: found.sort() }))
    .sort((a, b) => (a.patient < b.patient ? -1 : 1));
}

/** Patients by split of a catalogue's recordings, sorted. */
export function splitsOf(recordings: readonly { readonly split: string; readonly patient: string }[]): Splits {
  const found = new Map<string, Set<string>>();
  for (const { split, patient } of recordings) {
    const patients = found.get(split);
    if (patients) patients.add(patient);
    else found.set(split, new Set([patient]));
  }
  const sorted = [...found].sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(sorted.map(([split, patients]) => [split, [...patients].sort()]));
}

/** The split that a patient is in; undefined when in none. */
export function splitOfPatient(splits: Splits, patient: string): string | undefined {
  return Object.entries(splits).find(([, patients]) => patients.includes(patient))?.[0];
}

/** Throws a ConfigError that names the patients who are in more than one split; `where` is the place of the splits. */
export function refuseOverlap(splits: Splits, where: string): void {
  const shared = overlappingPatients(splits);
  if (shared.length === 0) return;
  const shown = shared.slice(0, 5).map(({ patient, splits: ownSplits }) => `${patient} (${ownSplits.join(" and ")})`);
  const rest = shared.length > shown.length ? ` and ${shared.length - shown.length} more` : "";
  throw new ConfigError(
    `${where}: ${shared.length} patient${shared.length === 1 ? " is" : "s are"} in more than one split: ${shown.join(", ")}${rest}; ` +
      "keep each patient in one split, or scores on one split are inflated by the other",
    { key: "splits", value: shared.map(({ patient }) => patient), allowed: "each patient in one split" },
  );
}

/**
 * Write `SPLIT.txt` with one patient id per line for each split. Refuses (ConfigError) to write splits that share a
 * patient, and ids that `readSplits` would not read back. Returns the paths.
 */
export async function writeSplits(
  dir: string,
  catalogue: { readonly recordings: readonly { readonly split: string; readonly patient: string }[] },
  { signal }: { readonly signal?: AbortSignal | undefined } = {},
): Promise<string[]> {
  const splits = splitsOf(catalogue.recordings);
  refuseOverlap(splits, dir);
  for (const patients of Object.values(splits)) for (const patient of patients) checkPatient(patient);
  const paths: string[] = [];
  for (const [split, patients] of Object.entries(splits)) {
    signal?.throwIfAborted();
    const path = join(dir, `${split}.txt`);
    await writeFileAtomic(path, `${patients.join("\n")}\n`);
    paths.push(path);
  }
  return paths;
}

function checkPatient(patient: string): void {
  if (patient !== "" && !/^#|[\s,;/\p{Cc}\p{Cs}]/u.test(patient)) return;
  throw new ConfigError(
    `patient ${JSON.stringify(patient)} cannot be written to a split file; expected an id without blanks`,
    {
      key: "splits",
      value: patient,
      allowed: "ids without blanks, commas, slashes and control characters that do not begin with #",
    },
  );
}

/**
 * Read every `*.txt` of a folder as a split of that name: patient ids, one per line; blank lines and lines that start
 * with `#` are ignored. NotFoundError without such files; ConfigError when a patient is in two splits or a line holds
 * more than an id.
 */
export async function readSplits(
  dir: string,
  { signal }: { readonly signal?: AbortSignal | undefined } = {},
): Promise<Splits> {
  signal?.throwIfAborted();
  const names = await readdir(dir).catch((cause: unknown) => {
    throw new NotFoundError(`${dir}: no such folder of split files; expected train.txt, dev.txt, …`, dir, { cause });
  });
  const files = names.filter((name) => name.endsWith(".txt")).sort();
  if (files.length === 0) throw new NotFoundError(`${dir}: no split files; expected train.txt, dev.txt, …`, dir);
  const found: [split: string, patients: string[]][] = [];
  for (const name of files) {
    const path = join(dir, name);
    const text = await readFile(path, signal ? { encoding: "utf8", signal } : "utf8");
    found.push([name.slice(0, -".txt".length), parsePatients(text, path)]);
  }
  const splits = Object.fromEntries(found);
  refuseOverlap(splits, dir);
  return splits;
}

function parsePatients(text: string, file: string): string[] {
  const patients = new Set<string>();
  text.split(/\r?\n/).forEach((line, index) => {
    const patient = line.trim();
    if (patient === "" || patient.startsWith("#")) return;
    if (/[\s,;/]/.test(patient)) {
      throw new ConfigError(`${file}:${index + 1}: found "${patient}", expected one patient id per line`, {
        key: "splits",
        value: patient,
        allowed: "one patient id per line",
      });
    }
    patients.add(patient);
  });
  return [...patients].sort();
}
