import { hashOf } from "@ictal/base/canonical";
import type { Manifest } from "../cache/manifest.js";
import { recordedSeconds } from "../cache/segments.js";
import type { SplitSource } from "./split-options.js";

/** Patients and contents of one split. */
export interface SplitPart {
  readonly patients: readonly string[];
  readonly patientsWithSeizures: number;
  readonly recordings: number;
  readonly seizures: number;
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

/** Splits in the order train, dev, eval, others by name. */
function splitNames(recordings: Manifest["recordings"]): string[] {
  const rank = (name: string) => (ORDER.includes(name) ? ORDER.indexOf(name) : ORDER.length);
  const names = new Set(recordings.map(({ split }) => split));
  return [...names].sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1));
}

/** Patients and contents of the splits of a manifest. */
export function splitParts({ recordings, sampleRateHz }: Pick<Manifest, "recordings" | "sampleRateHz">) {
  const parts = splitNames(recordings).map((split): [string, SplitPart] => {
    const own = recordings.filter((recording) => recording.split === split);
    const seconds = own.reduce((sum, recording) => sum + recordedSeconds(recording, sampleRateHz), 0);
    return [
      split,
      {
        patients: [...new Set(own.map(({ patient }) => patient))].sort(),
        patientsWithSeizures: new Set(own.flatMap(({ patient, seizures }) => (seizures.length > 0 ? [patient] : [])))
          .size,
        recordings: own.length,
        seizures: own.reduce((sum, { seizures }) => sum + seizures.length, 0),
        hours: +(seconds / 3600).toFixed(4),
      },
    ];
  });
  return Object.fromEntries(parts);
}

/** Counts of each split in one line, e.g. `train 25 patients (15 with seizures), dev 8 (5), eval 8 (5)`. */
export function splitCounts({ splits }: Pick<SplitRecord, "splits">): string {
  return Object.entries(splits)
    .map(([split, { patients, patientsWithSeizures }], i) =>
      i === 0
        ? `${split} ${patients.length} patients (${patientsWithSeizures} with seizures)`
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
