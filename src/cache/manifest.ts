/** manifest.json: the recordings and events of one cache, written last, by one process, strict. Windows are derived from it. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { canonicalJson } from "@ictal/base/canonical";
import { CacheError, NotFoundError } from "@ictal/base/errors";
import { limitRecordings } from "../corpus/limit.js";
import { collectManifest, listSome, type WriteManifestOptions } from "./collect-manifest.js";
import { type CacheFolder, parseCacheJson, resolveFolder } from "./folder.js";
import { countRecordings, countSplits, refuseNoPositives } from "./manifest-counts.js";
import { type Manifest, type ManifestRecording, manifestSchema } from "./manifest-schema.js";
import { MANIFEST_FILE } from "./paths.js";
import { updateCacheFile } from "./temporary.js";
import { uncheckedTimelines } from "./timeline-check.js";

export { lacksSeizures } from "./manifest-counts.js";
export type { Manifest, ManifestCounts, ManifestRecording } from "./manifest-schema.js";

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

function refuseUnmarked({ timelinesChecked }: Manifest, path: string): void {
  if (timelinesChecked) return;
  const message = `${path}: ${uncheckedTimelines("its recordings")}`;
  throw new CacheError(message, { found: "no timelinesChecked", expected: "timelinesChecked" });
}

/** Which manifest to read. */
export interface ReadManifestOptions {
  /** Which cache of the folder. @default the only one there */
  readonly key?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * The manifest of a key folder, whatever wrote it: its names and sums are sound, its samples may be joined over gaps. For
 * what lists files; what reads samples or events asks `readManifest`.
 */
export async function readListedFiles(folder: CacheFolder, signal?: AbortSignal): Promise<Manifest> {
  const path = join(folder.path, MANIFEST_FILE);
  const text = await readFile(path, { encoding: "utf8", signal }).catch((error: NodeJS.ErrnoException) => {
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
  return manifest;
}

/**
 * Read and check the manifest of the cache at `dir`. NotFoundError when it was not written yet; CacheError when it is damaged,
 * has no seizure, or was written by version 0.1, which did not compare timestamps with samples.
 */
export async function readManifest(dir: string, options: ReadManifestOptions = {}): Promise<Manifest> {
  const folder = await resolveFolder(dir, options.key);
  const manifest = await readListedFiles(folder, options.signal);
  const path = join(folder.path, MANIFEST_FILE);
  refuseUnmarked(manifest, path);
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
