/** The patients of one split, of the recordings that `ictal score` compares. */
import { UsageError } from "@ictal/base/action";
import { notify, printable } from "@ictal/base/printable";
import { type Command, Option } from "commander";
import { readSplitFile } from "../corpus/split-file.js";
import { dealFolds, patientsOf } from "../dataset/patients.js";
import { SPLIT_DEFAULTS } from "../dataset/window-options.js";
import type { ScorePairs } from "./score-tree.js";
import { addSplitOptions, type SplitFlags } from "./split-flags.js";

export interface ScoreSplitFlags extends SplitFlags {
  readonly split?: string | undefined;
  readonly splitSeed?: number | undefined;
}

/** Adds --splits, --folds, --fold, --split and --split-seed. */
export function addScoreSplitOptions(command: Command): Command {
  const heading = addSplitOptions(command).options.find(({ long }) => long === "--splits")?.helpGroupHeading;
  const own = [
    new Option("--split <name>", "split to score (default: eval with --folds, dev with --splits)"),
    new Option(
      "--split-seed <n>",
      `seed of --folds, data.split_seed of the training (default: ${SPLIT_DEFAULTS.splitSeed})`,
    ).argParser(Number),
  ];
  for (const option of own) command.addOption(heading === undefined ? option : option.helpGroup(heading));
  return command;
}

/** Name up to the first underscore: the patient in a folder of files without sub-folders. */
const flatPatient = (id: string) => (id.split(/[\\/]/).at(-1) ?? id).replace(/_.*$/s, "");

/** Whose recording it is, in the words of the splits: the patient of the path, or of a file in a flat folder. */
function patientIn(
  names: ReadonlySet<string>,
  { id, patient }: { readonly id: string; readonly patient: string },
): string {
  return names.has(patient) ? patient : flatPatient(id);
}

/** Patients of the split of `--splits` that is asked for, and those of all its splits. */
async function patientsOfFile(path: string, split: string): Promise<{ wanted: Set<string>; all: Set<string> }> {
  const splits = await readSplitFile(path);
  const wanted = splits[split];
  if (!wanted) throw new UsageError(`invalid --split ${split}: ${path} has ${Object.keys(splits).join(", ")}`);
  return { wanted: new Set(wanted), all: new Set(Object.values(splits).flat()) };
}

/** Patients of a fold, dealt as `ictal train --folds` deals those of a cache with the same patients and seizures. */
function patientsOfFold(
  { pairs }: ScorePairs,
  { folds = 0, fold = 0, split = "eval", splitSeed }: ScoreSplitFlags,
): Set<string> {
  if (split !== "eval")
    throw new UsageError(`invalid --split ${split}: with --folds the fold itself is scored, as eval`);
  if (fold >= folds)
    throw new UsageError(`invalid --fold ${fold} of ${folds} folds: folds are numbered from 0 to ${folds - 1}`);
  const recordings = pairs.map(({ patient, reference }) => ({ patient, seizures: reference }));
  return new Set(dealFolds(patientsOf(recordings), folds, splitSeed ?? SPLIT_DEFAULTS.splitSeed)[fold]);
}

/** Which recordings to score, by the flags; undefined for all. */
export async function scoredRecordings(
  found: ScorePairs,
  flags: ScoreSplitFlags,
): Promise<((pair: { readonly id: string; readonly patient: string }) => boolean) | undefined> {
  const { splits, folds, fold, split } = flags;
  if (splits !== undefined && (folds !== undefined || fold !== undefined))
    throw new UsageError("--splits and --folds each say which patient is where; give one of them");
  if ((folds === undefined) !== (fold === undefined))
    throw new UsageError("--folds and --fold belong together; give both");
  if (splits === undefined && folds === undefined) {
    if (split !== undefined) throw new UsageError("--split needs --splits, which says who is in which split");
    return undefined;
  }
  if (splits === undefined) {
    const wanted = patientsOfFold(found, flags);
    return ({ patient }) => wanted.has(patient);
  }
  const { wanted, all } = await patientsOfFile(splits, split ?? "dev");
  return (pair) => wanted.has(patientIn(all, pair));
}

/** Says of references without a seizure what cannot be scored. */
export function tellSilent({ pairs }: ScorePairs): void {
  if (pairs.length === 0 || pairs.some(({ reference }) => reference.length > 0)) return;
  notify(
    `ictal: no seizure in the references of the ${pairs.length} recordings that are scored: false alarms are counted, sensitivity and F1 are n/a`,
  );
}

/** The pairs of some recordings alone, with what is said of those. */
export function onlyPairs(
  found: ScorePairs,
  isWanted: ((pair: { readonly id: string; readonly patient: string }) => boolean) | undefined,
): ScorePairs {
  if (!isWanted) return found;
  const kept = found.pairs.filter(isWanted);
  const ids = new Set(kept.map(({ id }) => id));
  if (kept.length === 0)
    throw new UsageError("no recording of these folders belongs to a patient of the split; check --splits and --split");
  notify(printable(`ictal: ${kept.length} of ${found.pairs.length} recordings are scored, those of the split`));
  return { ...found, pairs: kept, missing: found.missing.filter((id) => ids.has(id)) };
}
