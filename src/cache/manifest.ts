/** manifest.json: the recordings and events of one cache, written last, by one process, strict. Windows are derived from it. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { canonicalJson, hashOf } from "@ictal/base/canonical";
import { CacheError, isIctalError, NotFoundError } from "@ictal/base/errors";
import { z } from "zod";
import { mapConcurrent } from "../base/concurrent.js";
import { totalSeconds } from "../base/events.js";
import { limitRecordings } from "../corpus/limit.js";
import { type CacheFolder, MANIFEST_FILE, parseCacheJson, recordingFile, resolveFolder } from "./folder.js";
import { CACHE_FORMAT_VERSION, FRAME_SAMPLES } from "./format.js";
import { recordedSeconds, segmentsSchema } from "./segments.js";
import {
  bytesOnDisk,
  type Exclusion,
  eventSchema,
  hasSignal,
  listSidecars,
  parseSidecar,
  readExclusion,
  readSidecar,
  type Sidecar,
} from "./sidecar.js";
import { updateCacheFile } from "./temporary.js";

const count = z.number().int().min(0);

const recordingSchema = z.object({
  id: z.string(),
  split: z.string(),
  patient: z.string(),
  /** Relative to the manifest, forward slashes. */
  file: z.string(),
  fileBytes: count,
  /** Gaps counted. */
  sampleCount: count.min(1),
  /** Where it has samples, in a recording with gaps. */
  segments: segmentsSchema.optional(),
  durationSeconds: z.number().positive(),
  /** False: no annotations, hence neither seizure nor background. */
  labelled: z.boolean(),
  seizures: z.array(eventSchema),
  /** Channels that were interpolated. */
  filled: z.array(z.string()),
  /** Channels without a signal. */
  flat: z.array(z.string()),
});

const countsSchema = z.object({
  recordings: count,
  labelled: count,
  patients: count,
  seizures: count,
  seizureSeconds: z.number().min(0),
  eegSeconds: z.number().min(0),
});

const manifestSchema = z.object({
  formatVersion: z.literal(CACHE_FORMAT_VERSION),
  key: z.string(),
  sampleType: z.enum(["int16", "float32"]),
  sampleRateHz: z.number().positive(),
  frameSamples: z.literal(FRAME_SAMPLES),
  channels: z.array(z.string()).min(1),
  corpusFingerprint: z.string(),
  /** How many recordings the corpus was cut to; absent where nothing was. */
  limit: count.min(1).optional(),
  counts: countsSchema,
  bySplit: z.record(z.string(), countsSchema),
  /** Excluded recordings, with the reasons. */
  leftOut: z.array(z.object({ id: z.string(), code: z.string(), reason: z.string() })),
  recordings: z.array(recordingSchema),
});

/** One recording of a manifest. */
export type ManifestRecording = z.infer<typeof recordingSchema>;

/** Recordings, events and counts of a cache; `recordings` is sorted by id. */
export type Manifest = z.infer<typeof manifestSchema>;

/** Sums over recordings. */
export type ManifestCounts = z.infer<typeof countsSchema>;

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

function countRecordings(recordings: readonly ManifestRecording[], sampleRateHz: number): ManifestCounts {
  return {
    recordings: recordings.length,
    labelled: recordings.filter((recording) => recording.labelled).length,
    patients: new Set(recordings.map((recording) => recording.patient)).size,
    seizures: recordings.reduce((sum, recording) => sum + recording.seizures.length, 0),
    seizureSeconds: recordings.reduce((sum, recording) => sum + totalSeconds(recording.seizures), 0),
    eegSeconds: recordings.reduce((sum, recording) => sum + recordedSeconds(recording, sampleRateHz), 0),
  };
}

function countSplits(recordings: readonly ManifestRecording[], sampleRateHz: number): Record<string, ManifestCounts> {
  const splits = [...new Set(recordings.map((recording) => recording.split))];
  const countOf = (split: string) =>
    countRecordings(
      recordings.filter((recording) => recording.split === split),
      sampleRateHz,
    );
  return Object.fromEntries(splits.map((split) => [split, countOf(split)]));
}

function listSome(names: readonly string[]): string {
  const shown = names.slice(0, 3).join(", ");
  return names.length > 3 ? `${shown} and ${names.length - 3} more` : shown;
}

function refuseMissing(missing: readonly string[], total: number): void {
  if (missing.length === 0) return;
  const message = `${missing.length} of ${total} recordings are not in the cache: ${listSome(missing)}; run: ictal cache build`;
  throw new CacheError(message, { found: total - missing.length, expected: total });
}

const SOME_SEIZURE = "at least one seizure";

/** True of the CacheError that a cache without any seizure has no manifest: it serves prediction alone. */
export function lacksSeizures(error: unknown): boolean {
  return isIctalError(error, "CacheError") && error.details.expected === SOME_SEIZURE;
}

function refuseNoPositives(counts: ManifestCounts): void {
  if (counts.seizures > 0) return;
  const message = `no seizure in ${counts.recordings} recordings (${counts.labelled} with annotations); a detector cannot learn from that. Check that the annotation files lie beside the recordings (ictal annotations check), that the split is the right one, and that a limit (BGB_LIMIT_FILES, --limit) does not cut all seizures away`;
  throw new CacheError(message, { found: 0, expected: SOME_SEIZURE });
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

/** Caches of earlier versions may hold recordings of zeros, which a detector would learn as background. */
function refuseSilent({ recordings, channels }: Manifest, path: string): void {
  const silent = recordings.filter(({ flat, filled }) => {
    const without = new Set([...flat, ...filled]);
    return channels.every((channel) => without.has(channel));
  });
  if (silent.length === 0) return;
  const names = listSome(silent.map(({ id }) => id));
  const message = `${path}: ${silent.length} of ${recordings.length} recordings hold no signal in any channel: ${names}; build them again with: ictal cache build`;
  throw new CacheError(message, { found: silent.length, expected: 0 });
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

type Found = { recording: ManifestRecording } | { excluded: Exclusion } | { missing: string };

/** A note on an excluded recording comes first: it is newer than samples from a time when the recording was intact. */
async function findRecording(folder: CacheFolder, id: string): Promise<Found> {
  const excluded = await readExclusion(folder.path, id);
  if (excluded) return { excluded };
  const sidecar = await readSidecar(folder.path, id);
  if (!sidecar) return { missing: id };
  if (sidecar.key !== folder.key) {
    const message = `${id}: sidecar of another cache; remove it and build again`;
    throw new CacheError(message, { found: sidecar.key, expected: folder.key });
  }
  const recording = toRecording(sidecar);
  const bytes = await bytesOnDisk(join(folder.path, recording.file));
  return bytes === recording.fileBytes && hasSignal(sidecar) ? { recording } : { missing: id };
}

/** A manifest from the sidecars of a key folder; refuses missing recordings and patients in two splits. */
async function collectManifest(folder: CacheFolder, { catalogue, signal }: WriteManifestOptions): Promise<Manifest> {
  const ids = catalogue
    ? catalogue.recordings.map((recording) => recording.id).sort()
    : await sidecarsPresent(folder, signal);
  const found = await mapConcurrent(ids, 16, (id) => findRecording(folder, id), signal);
  refuseMissing(
    found.flatMap((each) => ("missing" in each ? [each.missing] : [])),
    ids.length,
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
    ...(catalogue?.limit === undefined ? {} : { limit: catalogue.limit }),
    counts,
    bySplit: countSplits(recordings, folder.sampleRateHz),
    leftOut: found.flatMap((each) => ("excluded" in each ? [each.excluded] : [])),
    recordings,
  };
}

/** Text of a manifest: canonical JSON with one recording per line, so equal manifests are equal bytes and diffs are readable. */
export function manifestText(manifest: Manifest): string {
  const { recordings, ...head } = manifest;
  const lines = recordings.map((recording) => canonicalJson(recording));
  return `${canonicalJson(head).slice(0, -1)},"recordings":[\n${lines.join(",\n")}\n]}\n`;
}

/**
 * Build manifest.json of the cache at `dir` from its sidecars and write it atomically, where its content has changed. Throws a CacheError when a recording of
 * the catalogue is neither cached nor noted as excluded, when there is no seizure at all, and when a patient is in two splits.
 */
export async function writeManifest(
  dir: string,
  options: WriteManifestOptions = {},
): Promise<{ manifest: Manifest; path: string }> {
  const folder = await resolveFolder(dir, options.key);
  const manifest = await collectManifest(folder, options);
  refuseNoPositives(manifest.counts);
  const path = join(folder.path, MANIFEST_FILE);
  await updateCacheFile(folder.path, path, manifestText(manifest));
  return { manifest, path };
}

/**
 * The manifest of the cache at `dir` as its sidecars give it, without writing it: prediction needs no seizure in it.
 * Errors as `writeManifest`'s, but for the absence of seizures.
 */
export async function describeRecordings(dir: string, options: WriteManifestOptions = {}): Promise<Manifest> {
  return collectManifest(await resolveFolder(dir, options.key), options);
}

/** Its sums stand beside its recordings: where they differ, labels, lengths or whole lines are not as they were written. */
function refuseOtherSums({ recordings, counts, bySplit, sampleRateHz }: Manifest, path: string): void {
  const found = canonicalJson({
    counts: countRecordings(recordings, sampleRateHz),
    bySplit: countSplits(recordings, sampleRateHz),
  });
  const expected = canonicalJson({ counts, bySplit });
  if (found === expected) return;
  const message = `${path}: its recordings are not those that its counts sum up; it was edited or damaged: write it again with: ictal manifest`;
  throw new CacheError(message, { found, expected });
}

/** Read and check the manifest of the cache at `dir`. NotFoundError when it was not written yet, CacheError when damaged. */
export async function readManifest(
  dir: string,
  options: { readonly key?: string | undefined } = {},
): Promise<Manifest> {
  const folder = await resolveFolder(dir, options.key);
  const path = join(folder.path, MANIFEST_FILE);
  const text = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "ENOENT") throw error;
    throw new NotFoundError(`no manifest at ${path}; write it with: ictal manifest`, path, { cause: error });
  });
  const manifest = parseCacheJson(manifestSchema, text, path);
  if (manifest.key !== folder.key)
    throw new CacheError(`${path}: written for another cache; write it again with: ictal manifest`, {
      found: manifest.key,
      expected: folder.key,
    });
  refuseOtherSums(manifest, path);
  refuseNoPositives(manifest.counts);
  refuseSilent(manifest, path);
  return manifest;
}

/** The recording at `position` of a manifest. RangeError when there is none. */
export function recordingAt({ recordings }: Pick<Manifest, "recordings">, position: number): ManifestRecording {
  const recording = recordings[position];
  if (!recording) throw new RangeError(`invalid recording: ${position} of ${recordings.length}`);
  return recording;
}

/**
 * `manifest` with at most `limit` of its recordings, some of every split (`limitRecordings`), and their counts; itself where
 * it has no more. Nothing on the disk changes. Throws a CacheError when no seizure is left.
 */
export function limitManifest(manifest: Manifest, limit: number | undefined): Manifest {
  const recordings = limitRecordings(manifest.recordings, limit);
  if (recordings.length === manifest.recordings.length) return manifest;
  const found = withRecordings(manifest, recordings);
  refuseNoPositives(found.counts);
  return { ...found, ...(limit !== undefined && { limit }) };
}

/** `manifest` with other `recordings`, some of its own or the same in other splits, and their counts. */
export function withRecordings(manifest: Manifest, recordings: readonly ManifestRecording[]): Manifest {
  const { sampleRateHz } = manifest;
  return {
    ...manifest,
    counts: countRecordings(recordings, sampleRateHz),
    bySplit: countSplits(recordings, sampleRateHz),
    recordings: [...recordings],
  };
}
