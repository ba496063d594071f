/** The finished folds of a cross-validation, as they lie in its folder. */
import { CacheError, isIctalError } from "@ictal/base/errors";
import type { Event } from "../../base/events.js";
import { readSplitFile } from "../../corpus/split-file.js";
import type { SplitManifest } from "../../dataset/split.js";
import type { PatientRecording } from "../../scoring/auroc-wins.js";
import type { FoldPredictions } from "../../scoring/out-of-fold.js";
import { readCheckpointState } from "../../training/checkpoint.js";
import { checkpointDir, listCheckpoints } from "../../training/checkpoint-folder.js";
import { readPrediction } from "../../training/prediction-store.js";
import { foldDir, predictionsDir } from "./folds.js";

/** Which epoch of a run was taken, and on what it was chosen. */
export interface EpochChoice {
  /** From 1. */
  readonly epoch: number;
  readonly epochs: number;
  /** The metric on dev that chose it; null where none was known and the last epoch was taken. */
  readonly metric: { readonly name: string; readonly value: number } | null;
}

/** A recording of a fold with its typed seizures. */
export interface FoldRecording extends PatientRecording {
  readonly reference: readonly Event[];
}

export interface FoldRun extends FoldPredictions {
  readonly dev: readonly FoldRecording[];
  readonly heldOut: readonly FoldRecording[];
  readonly choice: EpochChoice;
}

const AGAIN = "run the same ictal crossval again: finished folds are kept";

async function choiceOf(runDir: string): Promise<EpochChoice> {
  const newest = (await listCheckpoints(runDir)).at(-1);
  if (newest === undefined) throw new CacheError(`no checkpoint in ${runDir}; ${AGAIN}`, { found: 0, expected: 1 });
  const { best, stepsPerEpoch, totalSteps } = (await readCheckpointState(checkpointDir(runDir, newest))).state;
  return {
    epoch: Math.ceil((best?.step ?? newest) / stepsPerEpoch),
    epochs: totalSteps / stepsPerEpoch,
    metric: best && { name: best.name, value: best.value },
  };
}

/** The run must have been trained on the patients that the fold leaves for it: anything else would be a leak. */
async function checkPatients(runDir: string, { record }: SplitManifest): Promise<void> {
  const found = await readSplitFile(runDir);
  for (const split of ["train", "dev", "eval"]) {
    const [then, now] = [found[split] ?? [], record.splits[split]?.patients ?? []];
    if (then.length === now.length && now.every((patient) => then.includes(patient))) continue;
    throw new CacheError(
      `${runDir} was trained on other folds: its ${split} has other patients than the corpus gives now; choose another --out, or restore the corpus`,
      { found: then, expected: now },
    );
  }
}

async function recordingsOf(runDir: string, { manifest }: SplitManifest, split: string): Promise<FoldRecording[]> {
  const dir = predictionsDir(runDir);
  const found: FoldRecording[] = [];
  for (const { id, patient, durationSeconds, seizures, labelled, split: own } of manifest.recordings) {
    if (own !== split || !labelled) continue;
    const stored = await readPrediction(dir, id).catch((error: unknown) => {
      if (!isIctalError(error, "NotFoundError")) throw error;
      throw new CacheError(`no prediction of ${id} in ${dir}; ${AGAIN}`, { found: 0, expected: 1 }, { cause: error });
    });
    const { rateHz, probability, segments } = stored;
    const values = { rateHz, probability, ...(segments && { segments }) };
    found.push({ id, patient, durationSeconds, split, ...values, reference: seizures });
  }
  return found;
}

/**
 * The predictions of every fold and seed under `out`, and the epochs that were chosen. Throws a CacheError for a fold that is not
 * finished, or was trained on other patients.
 */
export async function readFolds(
  out: string,
  folds: readonly SplitManifest[],
  seeds: readonly number[],
  { signal }: { readonly signal?: AbortSignal | undefined } = {},
): Promise<FoldRun[]> {
  const runs: FoldRun[] = [];
  for (const seed of seeds) {
    for (const [fold, view] of folds.entries()) {
      signal?.throwIfAborted();
      const runDir = foldDir(out, seed, fold);
      const choice = await choiceOf(runDir);
      await checkPatients(runDir, view);
      const [dev, heldOut] = [await recordingsOf(runDir, view, "dev"), await recordingsOf(runDir, view, "eval")];
      runs.push({ fold, seed, dev, heldOut, choice });
    }
  }
  return runs;
}
