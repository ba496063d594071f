/** Patients assigned to train, dev and eval, as a view of a manifest: one cache serves every split and fold. */
import { ConfigError } from "@ictal/base/errors";
import { type Defined, withDefaults } from "@ictal/base/options";
import { type Manifest, type ManifestRecording, withRecordings } from "../cache/manifest.js";
import { readSplitFile } from "../corpus/split-file.js";
import { type Splits, splitsOf } from "../corpus/splits.js";
import { checkFoldCount, dealFolds, drawShares, patientsOf } from "./patients.js";
import { SPLIT_CHOICE_DEFAULTS, type SplitChoice } from "./split-options.js";
import { type SplitRecord, splitParts } from "./split-record.js";
import { SPLIT_DEFAULTS } from "./window-options.js";

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
export function splitByPatient(manifest: Pick<Manifest, "recordings">, fraction: number, seed: number): PatientSplit {
  if (!(fraction > 0 && fraction < 1)) throw new RangeError(`invalid fraction: ${fraction}; expected 0..1`);
  const usable = manifest.recordings.filter(({ split }) => split !== "eval");
  const { train, dev } = drawShares(patientsOf(usable), { dev: fraction, eval: 0 }, seed);
  return { train, dev };
}

type FilledChoice = Defined<Omit<SplitChoice, "folds" | "fold" | "file">> &
  Pick<SplitChoice, "folds" | "fold" | "file">;

function filledChoice(choice: SplitChoice): FilledChoice {
  const { devShare, splitSeed: seed } = SPLIT_DEFAULTS;
  return withDefaults({ ...SPLIT_CHOICE_DEFAULTS, devShare, seed, ownDev: true }, choice);
}

/** Splits by patient, and what is said of them. */
interface Assigned extends Pick<SplitRecord, "by" | "why" | "seed" | "folds" | "fold"> {
  readonly splits: Splits;
}

type Recordings = readonly ManifestRecording[];

const percent = (share: number) => `${+(100 * share).toFixed(1)} %`;

const inEval = (recordings: Recordings) => recordings.filter(({ split }) => split === "eval");
const notInEval = (recordings: Recordings) => recordings.filter(({ split }) => split !== "eval");
const namesOf = (recordings: Recordings) => [...new Set(recordings.map(({ patient }) => patient))].sort();

/** Shares of the patients, those of the corpus's own eval split apart. */
function byPatients(recordings: Recordings, { devShare, evalShare, seed }: FilledChoice, because = ""): Assigned {
  const own = namesOf(inEval(recordings));
  const shares = { dev: devShare, eval: own.length > 0 ? 0 : evalShare };
  const drawn = drawShares(patientsOf(notInEval(recordings)), shares, seed);
  const heldOut = own.length > 0 ? "eval is the corpus's own" : `${percent(evalShare)} are eval`;
  const none = devShare > 0 && drawn.dev.length === 0 ? "; they are too few for a dev split: nothing is validated" : "";
  return {
    by: "patients",
    seed,
    why: `${because}patients were drawn by data.split (seed ${seed}): ${percent(devShare)} are dev, ${heldOut}${none}`,
    splits: { ...drawn, eval: own.length > 0 ? own : drawn.eval },
  };
}

/** The corpus's own splits; without one of train by patients, without one of dev a part of train. */
function official(recordings: Recordings, choice: FilledChoice): Assigned {
  const own = splitsOf(recordings);
  if (!own.train) {
    const names = Object.keys(own).filter((name) => name !== "all");
    const has = names.length === 0 ? "no splits" : `no split train (only ${names.join(", ")})`;
    return byPatients(recordings, choice, `the corpus has ${has} of its own: `);
  }
  if (own.dev && choice.ownDev) return { by: "official", why: "the corpus's own splits", splits: own };
  const { devShare, seed } = choice;
  if (devShare === 0)
    return {
      by: "official",
      why: "there is no dev split to validate on; nothing is validated",
      splits: { ...own, dev: [] },
    };
  const { dev } = splitByPatient({ recordings: [...recordings] }, devShare, seed);
  const held = own.train.filter((patient) => dev.includes(patient));
  return {
    by: "official",
    seed,
    why: `there is no dev split to validate on; ${percent(devShare)} of the training patients are held out for validation (data.validation_split)`,
    splits: { ...own, train: own.train.filter((patient) => !held.includes(patient)), dev: held },
  };
}

/** One of several folds is eval; of the other patients a share is dev. Patients of the corpus's own eval are in no fold. */
function byFolds(recordings: Recordings, { folds, fold, devShare, seed }: FilledChoice): Assigned {
  const missing = folds === undefined ? "folds" : "fold";
  if (folds === undefined || fold === undefined)
    throw new ConfigError(
      `data.split.by is folds and data.split.${missing} is not set; give --folds K --fold I (from 0)`,
      {
        key: `data.split.${missing}`,
      },
    );
  if (fold >= folds)
    throw new ConfigError(`there is no fold ${fold} of ${folds}: folds are numbered from 0 to ${folds - 1}`, {
      key: "data.split.fold",
      value: fold,
      allowed: `0 to ${folds - 1}`,
    });
  const patients = patientsOf(notInEval(recordings));
  const heldOut = dealFolds(patients, folds, seed)[fold] ?? [];
  const rest = patients.filter(({ name }) => !heldOut.includes(name));
  const { train, dev } = drawShares(rest, { dev: devShare, eval: 0 }, seed);
  const own = inEval(recordings).length > 0 ? "; the corpus's own eval patients are in no fold" : "";
  return {
    by: "folds",
    ...{ seed, folds, fold },
    why: `fold ${fold} of ${folds} is eval (seed ${seed}); ${percent(devShare)} of the other patients are dev${own}`,
    splits: { train, dev, eval: heldOut },
  };
}

function refuseUnknown(splits: Splits, names: readonly string[], file: string): void {
  const known = new Set(names);
  const unknown = Object.values(splits)
    .flat()
    .filter((patient) => !known.has(patient));
  if (unknown.length === 0) return;
  const shown = `${unknown.slice(0, 5).join(", ")}${unknown.length > 5 ? ` and ${unknown.length - 5} more` : ""}`;
  throw new ConfigError(
    `${file}: ${unknown.length === 1 ? "one patient is" : `${unknown.length} patients are`} not among the ${known.size} of the corpus: ${shown}; patients are named as in the corpus, e.g. ${names[0]}`,
    { key: "data.split.file", value: unknown, allowed: "patients of the corpus" },
  );
}

/**
 * Check what can be known of `choice` from the names of the patients alone, before a cache is built. Throws the ConfigError that
 * `assignSplits` would.
 */
export async function checkSplitChoice(
  recordings: readonly { readonly patient: string; readonly split: string }[],
  { by, file, folds }: SplitChoice,
  { signal }: { readonly signal?: AbortSignal | undefined } = {},
): Promise<void> {
  const names = [...new Set(recordings.map(({ patient }) => patient))].sort();
  if (by === "file" && file !== undefined) refuseUnknown(await readSplitFile(file, { signal }), names, file);
  const inFolds = new Set(recordings.flatMap(({ patient, split }) => (split === "eval" ? [] : [patient])));
  if (by === "folds" && folds !== undefined) checkFoldCount([...inFolds].sort(), folds);
}

async function byFile(
  recordings: Recordings,
  { file }: FilledChoice,
  signal: AbortSignal | undefined,
): Promise<Assigned> {
  if (file === undefined)
    throw new ConfigError("data.split.by is file and data.split.file is not set; give --splits DIR", {
      key: "data.split.file",
    });
  const splits = await readSplitFile(file, { signal });
  refuseUnknown(splits, namesOf(recordings), file);
  return { by: "file", why: `the splits of ${file}`, splits };
}

/** A manifest whose recordings are in the splits that were chosen, and what was done. */
export interface SplitManifest {
  readonly manifest: Manifest;
  readonly record: SplitRecord;
}

/**
 * Assign the patients of `manifest` to train, dev and eval as `choice` says; recordings of patients in none are dropped from
 * the view. Nothing on the disk changes, and ids keep the name of the folder's split. Deterministic; patients are never in two splits; by
 * "patients" and "folds" those with and without seizures are shared out in proportion. Throws a ConfigError for what cannot be
 * (a fold that does not exist, more folds than patients, unknown patients in a file), errors of `readSplitFile` as they are.
 */
export async function assignSplits(
  manifest: Manifest,
  choice: SplitChoice = {},
  {
    known = manifest,
    signal,
  }: { readonly known?: Manifest | undefined; readonly signal?: AbortSignal | undefined } = {},
): Promise<SplitManifest> {
  const filled = filledChoice(choice);
  const { recordings } = manifest;
  const { splits, ...about } =
    filled.by === "file"
      ? await byFile(known.recordings, filled, signal)
      : { official, patients: byPatients, folds: byFolds }[filled.by](recordings, filled);
  const splitOf = new Map(Object.entries(splits).flatMap(([split, names]) => names.map((name) => [name, split])));
  const kept = recordings.flatMap((recording) => {
    const split = splitOf.get(recording.patient);
    return split === undefined ? [] : [split === recording.split ? recording : { ...recording, split }];
  });
  const used = new Set(kept.map(({ patient }) => patient));
  const unused = namesOf(recordings).filter((patient) => !used.has(patient));
  const isSame = kept.length === recordings.length && kept.every((recording, i) => recording === recordings[i]);
  const view = isSame ? manifest : withRecordings(manifest, kept);
  return { manifest: view, record: { ...about, splits: splitParts(view), unused } };
}

/** Every fold of `folds` as a split of `manifest`: its patients are eval, a share of the others is dev. Errors as `assignSplits`. */
export function foldsOf(
  manifest: Manifest,
  folds: number,
  choice: SplitChoice = {},
  { signal }: { readonly signal?: AbortSignal | undefined } = {},
): Promise<SplitManifest[]> {
  const each = (fold: number) => assignSplits(manifest, { ...choice, by: "folds", folds, fold }, { signal });
  return Promise.all(Array.from({ length: folds }, (_, fold) => each(fold)));
}

/** Patients that folds are cut of: all but those of the corpus's own eval split. */
export function foldPatients({ recordings }: Pick<Manifest, "recordings">): readonly string[] {
  return namesOf(notInEval(recordings));
}
