/** Patients assigned to train, dev and eval, as a view of a manifest: one cache serves every split and fold. */
import { ConfigError } from "@ictal/base/errors";
import { type Defined, withDefaults } from "@ictal/base/options";
import { type Manifest, withRecordings } from "../cache/manifest.js";
import { readSplitFile } from "../corpus/split-file.js";
import { type Splits, splitsOf } from "../corpus/splits.js";
import { checkFoldCount, dealFolds, drawShares, type PatientRecording, patientsOf } from "./patients.js";
import { SPLIT_CHOICE_DEFAULTS, type SplitChoice } from "./split-options.js";
import { type SplitPlan, type SplitRecord, splitLabels, splitParts } from "./split-record.js";
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

type Recordings = readonly PatientRecording[];

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
  const { dev } = drawShares(patientsOf(notInEval(recordings)), { dev: devShare, eval: 0 }, seed);
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

/** Of recordings that are split before they are in a manifest. */
export interface PlanOptions {
  /** True for some recordings of a corpus: then a file of splits may name patients that are not among them. */
  readonly isPart?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Check what can be known of `choice` from the names of the patients alone, before a cache is built. Throws the ConfigError that
 * `assignSplits` would.
 */
export async function checkSplitChoice(
  recordings: readonly { readonly patient: string; readonly split: string }[],
  { by, file, folds }: SplitChoice,
  { isPart, signal }: PlanOptions = {},
): Promise<void> {
  const names = [...new Set(recordings.map(({ patient }) => patient))].sort();
  if (by === "file" && file !== undefined) {
    const splits = await readSplitFile(file, { signal });
    if (!isPart) refuseUnknown(splits, names, file);
  }
  const inFolds = new Set(recordings.flatMap(({ patient, split }) => (split === "eval" ? [] : [patient])));
  if (by === "folds" && folds !== undefined) checkFoldCount([...inFolds].sort(), folds);
}

async function byFile(
  recordings: Recordings,
  { file }: FilledChoice,
  { isPart, signal }: PlanOptions,
): Promise<Assigned> {
  if (file === undefined)
    throw new ConfigError("data.split.by is file and data.split.file is not set; give --splits DIR", {
      key: "data.split.file",
    });
  const splits = await readSplitFile(file, { signal });
  if (!isPart) refuseUnknown(splits, namesOf(recordings), file);
  return { by: "file", why: `the splits of ${file}`, splits };
}

/** A manifest whose recordings are in the splits that were chosen, and what was done. */
export interface SplitManifest {
  readonly manifest: Manifest;
  readonly record: SplitRecord;
}

/**
 * Throws a ConfigError where some patients have a split of the corpus's own and others have none, as where rows of participants.tsv
 * are missing: their split would be a guess.
 */
function requireDecided(recordings: Recordings): void {
  const undecided = namesOf(recordings.filter(({ split }) => split === "all"));
  const isSplit = recordings.some(({ split }) => split === "train" || split === "dev"); // an eval of its own alone leaves the others to be drawn
  if (undecided.length === 0 || !isSplit) return;
  const more = undecided.length > 3 ? ` and ${undecided.length - 3} more` : "";
  const who = undecided.length === 1 ? "one patient" : `${undecided.length} patients`;
  throw new ConfigError(
    `the corpus gives ${who} no split while others have one (${undecided.slice(0, 3).join(", ")}${more}); correct participants.tsv and build the cache again, or say the splits yourself with --splits DIR`,
    { key: "data.split", value: undecided, allowed: "a split for every patient, or for none" },
  );
}

/** The recordings whose patients are in a split, with its name, and why. */
async function placedPatients<T extends PatientRecording>(
  recordings: readonly T[],
  choice: SplitChoice,
  known: Recordings,
  options: PlanOptions,
): Promise<Omit<SplitRecord, "splits"> & { readonly recordings: readonly T[] }> {
  const filled = filledChoice(choice);
  if (filled.by !== "file") requireDecided(recordings);
  const { splits, ...about } =
    filled.by === "file"
      ? await byFile(known, filled, options)
      : { official, patients: byPatients, folds: byFolds }[filled.by](recordings, filled);
  const splitOf = new Map(Object.entries(splits).flatMap(([split, names]) => names.map((name) => [name, split])));
  const kept = recordings.flatMap((recording) => {
    const split = splitOf.get(recording.patient);
    return split === undefined ? [] : [split === recording.split ? recording : { ...recording, split }];
  });
  const used = new Set(kept.map(({ patient }) => patient));
  return { ...about, recordings: kept, unused: namesOf(recordings).filter((patient) => !used.has(patient)) };
}

/**
 * Assign the patients of `manifest` to train, dev and eval as `choice` says; recordings of patients in none are dropped from
 * the view. Nothing on the disk changes, and ids keep the name of the folder's split. Deterministic; patients are never in two splits; by
 * "patients" and "folds" those with and without seizures are shared out in proportion. Throws a ConfigError for what cannot be
 * (a fold that does not exist, more folds than patients, unknown patients in a file, patients without a split beside others with one), errors of `readSplitFile` as they are.
 */
export async function assignSplits(
  manifest: Manifest,
  choice: SplitChoice = {},
  {
    known = manifest,
    signal,
  }: { readonly known?: Manifest | undefined; readonly signal?: AbortSignal | undefined } = {},
): Promise<SplitManifest> {
  const options = { isPart: known.limit !== undefined || known.leftOut.length > 0, signal };
  const { recordings, ...about } = await placedPatients(manifest.recordings, choice, known.recordings, options);
  const isSame =
    recordings.length === manifest.recordings.length &&
    recordings.every((recording, i) => recording === manifest.recordings[i]);
  const view = isSame ? manifest : withRecordings(manifest, recordings);
  return { manifest: view, record: { ...about, splits: splitParts(view) } };
}

/**
 * What `assignSplits` would do with recordings whose labels alone are known, as before a cache is built. Errors as `assignSplits`.
 */
export async function planSplits(
  recordings: readonly PatientRecording[],
  choice: SplitChoice = {},
  options: PlanOptions = {},
): Promise<SplitPlan> {
  const { recordings: kept, ...about } = await placedPatients(recordings, choice, recordings, options);
  return { ...about, splits: splitLabels(kept) };
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

/** What `foldsOf` would do with recordings whose labels alone are known. Errors as `assignSplits`. */
export function planFolds(
  recordings: readonly PatientRecording[],
  folds: number,
  choice: SplitChoice = {},
  options: PlanOptions = {},
): Promise<SplitPlan[]> {
  const each = (fold: number) => planSplits(recordings, { ...choice, by: "folds", folds, fold }, options);
  return Promise.all(Array.from({ length: folds }, (_, fold) => each(fold)));
}

/** Patients that folds are cut of: all but those of the corpus's own eval split. */
export function foldPatients({ recordings }: { readonly recordings: Recordings }): readonly string[] {
  return namesOf(notInEval(recordings));
}
