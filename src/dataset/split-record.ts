import { hashOf } from "@ictal/base/canonical";
import type { Manifest } from "../cache/manifest.js";
import { recordedSeconds } from "../cache/segments.js";
import type { PatientRecording } from "./patients.js";
import type { SplitSource } from "./split-options.js";

/** What labels alone say of one split. */
export interface SplitLabels {
  readonly patients: readonly string[];
  readonly patientsWithSeizures: number;
  readonly recordings: number;
  readonly seizures: number;
}

/** Patients and contents of one split. */
export interface SplitPart extends SplitLabels {
  readonly hours: number;
}

/** Which patient is where, and why: what `splits.json` in the folder of a run holds. */
export interface SplitRecord {
  readonly by: SplitSource;
  /** One sentence. */
  readonly why: string;
  /** Of the draw; absent where nothing was drawn. */
  readonly seed?: number;
  readonly folds?: number;
  readonly fold?: number;
  readonly splits: Readonly<Record<string, SplitPart>>;
  /** Patients of the corpus that are in no split. */
  readonly unused: readonly string[];
}

const ORDER = ["train", "dev", "eval"];

/** Splits as their labels alone give them, before there are recordings in a cache. */
export interface SplitPlan extends Omit<SplitRecord, "splits"> {
  readonly splits: Readonly<Record<string, SplitLabels>>;
}

/** Splits in the order train, dev, eval, others by name. */
function splitNames(recordings: readonly Pick<PatientRecording, "split">[]): string[] {
  const rank = (name: string) => (ORDER.includes(name) ? ORDER.indexOf(name) : ORDER.length);
  const names = new Set(recordings.map(({ split }) => split));
  return [...names].sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1));
}

function labelsOf(recordings: readonly PatientRecording[]): SplitLabels {
  return {
    patients: [...new Set(recordings.map(({ patient }) => patient))].sort(),
    patientsWithSeizures: new Set(recordings.flatMap(({ patient, seizures }) => (seizures.length > 0 ? [patient] : [])))
      .size,
    recordings: recordings.length,
    seizures: recordings.reduce((sum, { seizures }) => sum + seizures.length, 0),
  };
}

/** Patients and seizures of the splits of recordings whose labels are known. */
export function splitLabels(recordings: readonly PatientRecording[]): Readonly<Record<string, SplitLabels>> {
  const own = (split: string) => recordings.filter((recording) => recording.split === split);
  return Object.fromEntries(splitNames(recordings).map((split) => [split, labelsOf(own(split))]));
}

/** Patients and contents of the splits of a manifest. */
export function splitParts({ recordings, sampleRateHz }: Pick<Manifest, "recordings" | "sampleRateHz">) {
  const parts = splitNames(recordings).map((split): [string, SplitPart] => {
    const own = recordings.filter((recording) => recording.split === split);
    const seconds = own.reduce((sum, recording) => sum + recordedSeconds(recording, sampleRateHz), 0);
    return [split, { ...labelsOf(own), hours: +(seconds / 3600).toFixed(4) }];
  });
  return Object.fromEntries(parts);
}

/** Counts of each split in one line, e.g. `train 25 patients (15 with seizures), dev 8 (5), eval 8 (5)`. */
export function splitCounts({ splits }: Pick<SplitPlan, "splits">): string {
  return Object.entries(splits)
    .map(([split, { patients, patientsWithSeizures }], i) =>
      i === 0
        ? `${split} ${patients.length} patient${patients.length === 1 ? "" : "s"} (${patientsWithSeizures} with seizures)`
        : `${split} ${patients.length} (${patientsWithSeizures})`,
    )
    .join(", ");
}

/** Identity of an assignment: equal where every patient is in the same split. */
export function splitHash({
  splits,
}: {
  readonly splits: Readonly<Record<string, Pick<SplitPart, "patients">>>;
}): string {
  return hashOf(
    Object.entries(splits).map(([split, { patients }]) => [split, patients]),
    16,
  );
}
