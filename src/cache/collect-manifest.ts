/** From the sidecars of a cache to its manifest. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { hashOf } from "@ictal/base/canonical";
import { CacheError } from "@ictal/base/errors";
import { mapConcurrent } from "../base/concurrent.js";
import type { CacheFolder } from "./folder.js";
import { CACHE_FORMAT_VERSION } from "./format.js";
import { countRecordings, countSplits } from "./manifest-counts.js";
import type { Manifest, ManifestRecording } from "./manifest-schema.js";
import { recordingFile } from "./paths.js";
import {
  bytesOnDisk,
  type Exclusion,
  listSidecars,
  parseSidecar,
  readExclusion,
  readSidecar,
  type Sidecar,
} from "./sidecar.js";
import { refuseUncheckedTimelines } from "./timeline-check.js";
import { hasSignal } from "./write-sidecar.js";

/** Which cache, and what it has to cover. */
export interface WriteManifestOptions {
  /** Which cache of the folder. @default the only one there */
  readonly key?: string | undefined;
  /** The corpus the cache must cover. @default every recording that is in the cache */
  readonly catalogue?:
    | {
        readonly recordings: readonly { readonly id: string; readonly split?: string }[];
        readonly fingerprint: string;
        readonly limit?: number | undefined;
      }
    | undefined;
  readonly signal?: AbortSignal | undefined;
}

function toRecording(sidecar: Sidecar): ManifestRecording {
  const named = (marks: readonly boolean[]) => sidecar.channels.filter((_, channel) => marks[channel]);
  return {
    id: sidecar.id,
    split: sidecar.split,
    patient: sidecar.patient,
    file: recordingFile(sidecar.id, sidecar.sampleType),
    fileBytes: sidecar.fileBytes,
    sampleCount: sidecar.sampleCount,
    ...(sidecar.segments && { segments: sidecar.segments }),
    durationSeconds: sidecar.durationSeconds,
    labelled: sidecar.labelled,
    seizures: sidecar.seizures,
    filled: named(sidecar.filled),
    flat: named(sidecar.flat),
  };
}

/** The first names, for a message. */
export function listSome(names: readonly string[]): string {
  const shown = names.slice(0, 3).join(", ");
  return names.length > 3 ? `${shown} and ${names.length - 3} more` : shown;
}

function refuseMissing(missing: readonly string[], total: number): void {
  if (missing.length === 0) return;
  const message = `${missing.length} of ${total} recordings are not in the cache: ${listSome(missing)}; run: ictal cache build`;
  throw new CacheError(message, { found: total - missing.length, expected: total });
}

function refuseSharedPatients(recordings: readonly ManifestRecording[]): void {
  const splitOf = new Map<string, string>();
  const shared = new Set<string>();
  for (const { patient, split } of recordings) {
    const known = splitOf.get(patient);
    if (known !== undefined && known !== split) shared.add(patient);
    splitOf.set(patient, split);
  }
  if (shared.size === 0) return;
  const message = `patients in more than one split: ${listSome([...shared].sort())}; results would be too good. Move or remove their recordings`;
  throw new CacheError(message, { found: [...shared].sort(), expected: "every patient in one split" });
}

async function sidecarsPresent(folder: CacheFolder, signal: AbortSignal | undefined): Promise<string[]> {
  const files = await listSidecars(folder);
  const idOf = async (file: string) => {
    const path = join(folder.path, file);
    return parseSidecar(await readFile(path, "utf8"), path).id;
  };
  const ids = await mapConcurrent(files, 16, idOf, signal);
  return ids.sort();
}

type Found = { recording: ManifestRecording; sidecar: Sidecar } | { excluded: Exclusion } | { missing: string };

/** A note on an excluded recording comes first: it is newer than samples from a time when the recording was intact. */
async function findRecording(folder: CacheFolder, id: string, signal: AbortSignal | undefined): Promise<Found> {
  const excluded = await readExclusion(folder.path, id);
  if (excluded) return { excluded };
  const sidecar = await readSidecar(folder.path, id, { signal });
  if (!sidecar) return { missing: id };
  if (sidecar.key !== folder.key) {
    const message = `${id}: sidecar of another cache; remove it and build again`;
    throw new CacheError(message, { found: sidecar.key, expected: folder.key });
  }
  const recording = toRecording(sidecar);
  const bytes = await bytesOnDisk(join(folder.path, recording.file));
  return bytes === recording.fileBytes && hasSignal(sidecar) ? { recording, sidecar } : { missing: id };
}

/**
 * A manifest from the sidecars of a key folder; refuses missing recordings, patients in two splits and recordings whose
 * timestamps were never compared with their samples.
 */
export async function collectManifest(
  folder: CacheFolder,
  { catalogue, signal }: WriteManifestOptions,
): Promise<Manifest> {
  const ids = catalogue
    ? catalogue.recordings.map((recording) => recording.id).sort()
    : await sidecarsPresent(folder, signal);
  const found = await mapConcurrent(ids, 16, (id) => findRecording(folder, id, signal), signal);
  refuseMissing(
    found.flatMap((each) => ("missing" in each ? [each.missing] : [])),
    ids.length,
  );
  refuseUncheckedTimelines(
    found.flatMap((each) => ("sidecar" in each ? [each.sidecar] : [])),
    folder.path,
  );
  const splitOf = new Map(catalogue?.recordings.map(({ id, split }) => [id, split]));
  const recordings = found.flatMap((each) => {
    if (!("recording" in each)) return [];
    const split = splitOf.get(each.recording.id); // as the corpus says now: participants.tsv may have come after the build
    return [split === undefined ? each.recording : { ...each.recording, split }];
  });
  const counts = countRecordings(recordings, folder.sampleRateHz);
  refuseSharedPatients(recordings);
  return {
    formatVersion: CACHE_FORMAT_VERSION,
    key: folder.key,
    sampleType: folder.sampleType,
    sampleRateHz: folder.sampleRateHz,
    frameSamples: folder.frameSamples,
    channels: folder.channels,
    corpusFingerprint: catalogue?.fingerprint ?? hashOf(recordings.map(({ id, sampleCount }) => [id, sampleCount])),
    timelinesChecked: true,
    ...(catalogue?.limit === undefined ? {} : { limit: catalogue.limit }),
    counts,
    bySplit: countSplits(recordings, folder.sampleRateHz),
    leftOut: found.flatMap((each) => ("excluded" in each ? [each.excluded] : [])),
    recordings,
  };
}
