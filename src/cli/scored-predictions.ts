/** Stored predictions of a split, with the labels of its recordings from the manifest of the cache. */
import { resolve } from "node:path";
import { UsageError } from "@ictal/base/action";
import { CacheError, isIctalError, NotFoundError } from "@ictal/base/errors";
import { notify, printable } from "@ictal/base/printable";
import type { Event } from "../base/events.js";
import type { Manifest } from "../cache/manifest.js";
import type { PatientRecording } from "../scoring/auroc-wins.js";
import { readPrediction } from "../training/prediction-store.js";
import { isAccepted, PREDICTION_MISSING } from "./accept-option.js";
import { configuredManifest } from "./configured-manifest.js";
import type { FlagConfig } from "./data-options.js";
import { requireFolder } from "./review-source.js";

/** A labelled recording with its probabilities and typed seizures. */
export interface ScoredPrediction extends PatientRecording {
  readonly reference: readonly Event[];
}

export interface ScoredSplit {
  readonly manifest: Manifest;
  /** All labelled recordings of the split; one without a stored prediction has no values, and so no detections. */
  readonly recordings: readonly ScoredPrediction[];
  /** Ids of those without a stored prediction. */
  readonly missing: readonly string[];
  /** Recordings of the split without labels; they are not scored. */
  readonly unlabelled: number;
  /** SHA-256 of the weights that made the predictions. */
  readonly checkpointHash: string;
  /** SHA-256 of the calibration that corrected the probabilities; absent where none did. */
  readonly calibrationHash?: string;
}

export interface ScoredSplitOptions {
  readonly predictions: string;
  readonly split: string;
  readonly allowOtherCache?: boolean | undefined;
}

/** The splits that a cache has recordings of. */
export function splitsText({ recordings }: Pick<Manifest, "recordings">): string {
  return [...new Set(recordings.map(({ split }) => split))].sort().join(", ");
}

const NO_VALUES = new Float32Array(0);

/** How far the end of a prediction may lie from that of its recording. */
const END_TOLERANCE_SECONDS = 2;

/**
 * The labelled recordings of a split with their predictions. Predictions must come from the configuration's cache (unless
 * allowed) and from one checkpoint, and end where their recordings end: otherwise CacheError. NotFoundError when there is none.
 */
export async function readScoredSplit(
  found: FlagConfig,
  { predictions, split, allowOtherCache = false }: ScoredSplitOptions,
): Promise<ScoredSplit> {
  const dir = resolve(predictions);
  await requireFolder(dir);
  const manifest = await configuredManifest(found, split);
  const inSplit = manifest.recordings.filter((recording) => recording.split === split);
  if (inSplit.length === 0) throw new UsageError(`invalid --split ${split}: the cache has ${splitsText(manifest)}`);
  const labelled = inSplit.filter((recording) => recording.labelled);
  const recordings: ScoredPrediction[] = [];
  const missing: string[] = [];
  let checkpointHash: string | undefined;
  let calibrationHash: string | undefined;
  for (const { id, patient, durationSeconds, seizures } of labelled) {
    const identity = { id, patient, durationSeconds, split };
    const stored = await readPrediction(dir, id).catch((error: unknown) => {
      if (isIctalError(error, "NotFoundError")) return undefined;
      throw error;
    });
    if (!stored) {
      missing.push(id);
      recordings.push({ ...identity, rateHz: 1, probability: NO_VALUES, reference: seizures });
      continue;
    }
    const { sidecar, probability, rateHz, segments } = stored;
    if (sidecar.cacheKey !== manifest.key && !allowOtherCache)
      refuse(`${dir}: the prediction of ${id} comes from the cache`, sidecar.cacheKey, manifest.key);
    if (checkpointHash === undefined) calibrationHash = sidecar.calibrationHash;
    checkpointHash ??= sidecar.checkpointHash;
    if (sidecar.checkpointHash !== checkpointHash)
      refuse(`${dir}: the prediction of ${id} comes from the checkpoint`, sidecar.checkpointHash, checkpointHash);
    if (sidecar.calibrationHash !== calibrationHash)
      refuse(
        `${dir}: the prediction of ${id} has the calibration`,
        sidecar.calibrationHash ?? "none",
        calibrationHash ?? "none",
      );
    const end = probability.length / rateHz;
    if (Math.abs(end - durationSeconds) > END_TOLERANCE_SECONDS)
      refuse(`${dir}: the prediction of ${id} ends at (s)`, end, durationSeconds);
    const values = { rateHz, probability, ...(segments && { segments }) };
    recordings.push({ ...identity, ...values, reference: seizures });
  }
  if (checkpointHash === undefined) {
    throw new NotFoundError(
      `none of the ${labelled.length} labelled recordings of ${split} has a prediction in ${dir}; create them with: ictal predict --split ${split} --out ${predictions}`,
      dir,
    );
  }
  const unlabelled = inSplit.length - labelled.length;
  return { manifest, recordings, missing, unlabelled, checkpointHash, ...(calibrationHash && { calibrationHash }) };
}

function refuse(what: string, found: string | number, expected: string | number): never {
  throw new CacheError(`${what} ${found}, expected ${expected}; predict all recordings again`, { found, expected });
}

/** Reports on stderr that `missing` recordings count as without detections, and returns the exit code: 1 unless that is accepted. */
export function reportMissing(missing: readonly string[], accept: readonly string[] | undefined): number {
  const [example] = missing;
  if (example === undefined) return 0;
  const isKnown = isAccepted(PREDICTION_MISSING, accept);
  const advice = `predict the whole split again, or accept it with --accept ${PREDICTION_MISSING}`;
  notify(
    `ictal: ${missing.length} recordings have no prediction and count as without detections, e.g. ${printable(example)}${isKnown ? "" : `; ${advice}`}`,
  );
  return isKnown ? 0 : 1;
}
