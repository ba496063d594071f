/** Sums over the recordings of a manifest. */
import { CacheError, isIctalError } from "@ictal/base/errors";
import { totalSeconds } from "../base/events.js";
import type { ManifestCounts, ManifestRecording } from "./manifest-schema.js";
import { recordedSeconds } from "./segments.js";

/** Sums over `recordings`. */
export function countRecordings(recordings: readonly ManifestRecording[], sampleRateHz: number): ManifestCounts {
  return {
    recordings: recordings.length,
    labelled: recordings.filter((recording) => recording.labelled).length,
    patients: new Set(recordings.map((recording) => recording.patient)).size,
    seizures: recordings.reduce((sum, recording) => sum + recording.seizures.length, 0),
    seizureSeconds: recordings.reduce((sum, recording) => sum + totalSeconds(recording.seizures), 0),
    eegSeconds: recordings.reduce((sum, recording) => sum + recordedSeconds(recording, sampleRateHz), 0),
  };
}

/** The same per split. */
export function countSplits(
  recordings: readonly ManifestRecording[],
  sampleRateHz: number,
): Record<string, ManifestCounts> {
  const splits = [...new Set(recordings.map((recording) => recording.split))];
  const countOf = (split: string) =>
    countRecordings(
      recordings.filter((recording) => recording.split === split),
      sampleRateHz,
    );
  return Object.fromEntries(splits.map((split) => [split, countOf(split)]));
}

const SOME_SEIZURE = "at least one seizure";

/** True of the CacheError that a cache without any seizure has no manifest: it serves prediction alone. */
export function lacksSeizures(error: unknown): boolean {
  return isIctalError(error, "CacheError") && error.details.expected === SOME_SEIZURE;
}

/** Throws the CacheError that `lacksSeizures` tells where there is no seizure. */
export function refuseNoPositives(counts: ManifestCounts): void {
  if (counts.seizures > 0) return;
  const message = `no seizure in ${counts.recordings} recordings (${counts.labelled} with annotations); a detector cannot learn from that. Check that the annotation files lie beside the recordings (ictal annotations check), that the split is the right one, and that a limit (BGB_LIMIT_FILES, --limit) does not cut all seizures away`;
  throw new CacheError(message, { found: 0, expected: SOME_SEIZURE });
}
