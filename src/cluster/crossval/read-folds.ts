/** The finished folds of a cross-validation, as they lie in its folder. */
import { existsSync } from "node:fs";
import { CacheError, isIctalError } from "@ictal/base/errors";
import type { Event } from "../../base/events.js";
import { readSplitFile } from "../../corpus/split-file.js";
import type { SplitManifest } from "../../dataset/split.js";
import type { PatientRecording } from "../../scoring/auroc-wins.js";
import type { FoldPredictions } from "../../scoring/out-of-fold.js";
import { readCheckpointState } from "../../training/checkpoint.js";
import { checkpointDir, listCheckpoints } from "../../training/checkpoint-folder.js";
import { weightsHashOfRun } from "../../training/load-weights.js";
import { type PredictionSidecar, readPrediction } from "../../training/prediction-store.js";
import { receiptPath } from "../state.js";
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

/** What leads back to a whole fold: one whose receipt says that it is done is not made again while the receipt is there. */
function adviceFor({ receipt }: Pick<StoredFold, "receipt">): string {
  return existsSync(receipt)
    ? `${receipt} says that the fold was finished, so what it made was deleted since: delete ${receipt}, too, and ${AGAIN}`
    : `the fold is not finished (there is no ${receipt}): ${AGAIN}`;
}

async function choiceOf(runDir: string, own: Pick<StoredFold, "fold" | "receipt">): Promise<EpochChoice> {
  const newest = (await listCheckpoints(runDir)).at(-1);
  if (newest === undefined)
    throw new CacheError(`no checkpoint of fold ${own.fold} in ${runDir}; ${adviceFor(own)}`, {
      found: 0,
      expected: 1,
    });
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

/** A fold as it lies in its folder. */
interface StoredFold {
  readonly fold: number;
  readonly runDir: string;
  /** Of the task that trained and predicted it. */
  readonly receipt: string;
  /** Of its best checkpoint. */
  readonly checkpointHash: string;
}

/** Throws a CacheError for a prediction that the fold's own checkpoint did not make, or that was corrected: it may be a leak. */
function requireOwn({ id, checkpointHash, calibrationHash }: PredictionSidecar, own: StoredFold): void {
  const refuse = (fault: string, found: string, expected: string) => {
    throw new CacheError(
      `the prediction of ${id} in fold ${own.fold} ${fault}, so it is not known to be out of fold; delete ${predictionsDir(own.runDir)} and ${own.receipt}, and run the same ictal crossval again`,
      { found, expected },
    );
  };
  const [found, expected] = [checkpointHash.slice(0, 12), own.checkpointHash.slice(0, 12)];
  if (checkpointHash !== own.checkpointHash)
    refuse(`comes from the checkpoint ${found}, the fold's is ${expected}`, checkpointHash, own.checkpointHash);
  if (calibrationHash !== undefined)
    refuse(`has the calibration ${calibrationHash.slice(0, 12)}, the folds have none`, calibrationHash, "none");
}

async function recordingsOf(own: StoredFold, { manifest }: SplitManifest, split: string): Promise<FoldRecording[]> {
  const dir = predictionsDir(own.runDir);
  const found: FoldRecording[] = [];
  for (const { id, patient, durationSeconds, seizures, labelled, split: its } of manifest.recordings) {
    if (its !== split || !labelled) continue;
    const stored = await readPrediction(dir, id).catch((error: unknown) => {
      if (!isIctalError(error, "NotFoundError")) throw error;
      const message = `no prediction of ${id} of fold ${own.fold} in ${dir}; ${adviceFor(own)}`;
      throw new CacheError(message, { found: 0, expected: 1 }, { cause: error });
    });
    requireOwn(stored.sidecar, own);
    const { rateHz, probability, segments } = stored;
    const values = { rateHz, probability, ...(segments && { segments }) };
    found.push({ id, patient, durationSeconds, split, ...values, reference: seizures });
  }
  return found;
}

/**
 * The predictions of every fold and seed under `out`, and the epochs that were chosen. Throws a CacheError for a fold that is not
 * finished, was trained on other patients, or has predictions of another checkpoint than its run's best, or calibrated ones.
 */
export async function readFolds(
  out: string,
  folds: readonly SplitManifest[],
  seeds: readonly number[],
  { signal }: { readonly signal?: AbortSignal | undefined } = {},
): Promise<FoldRun[]> {
  const runs: FoldRun[] = [];
  for (const [row, seed] of seeds.entries()) {
    for (const [fold, view] of folds.entries()) {
      signal?.throwIfAborted();
      const runDir = foldDir(out, seed, fold);
      const receipt = receiptPath(out, row * folds.length + fold); // planCrossval's order
      const choice = await choiceOf(runDir, { fold, receipt });
      await checkPatients(runDir, view);
      const own = { fold, runDir, receipt, checkpointHash: await weightsHashOfRun(runDir) };
      const [dev, heldOut] = [await recordingsOf(own, view, "dev"), await recordingsOf(own, view, "eval")];
      runs.push({ fold, seed, dev, heldOut, choice });
    }
  }
  return runs;
}
