/** The JSON beside each recording's samples, written last: a recording without one does not exist for readers. */
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { canonicalJson } from "@ictal/base/canonical";
import { CacheError } from "@ictal/base/errors";
import { z } from "zod";
import { type CacheFolder, parseCacheJson } from "./folder.js";
import { CACHE_FORMAT_VERSION, FRAME_SAMPLES, fileBytesOf, frameCountOf, frameLayout } from "./format.js";
import { DESCRIPTION_FILE, EXCLUSION_ENDING, listFiles, MANIFEST_FILE, recordingStem, sidecarFile } from "./paths.js";
import { recordedSamples, segmentFault } from "./segments.js";
import { updateCacheFile } from "./temporary.js";

/** A seizure event as it is stored. */
export const eventSchema = z.object({
  startSeconds: z.number(),
  endSeconds: z.number(),
  label: z.string(),
  confidence: z.number().min(0).max(1),
});

const count = z.number().int().min(0);

/** Segments as sidecars and manifests store them. */
export const segmentsSchema = z.array(z.object({ startSample: count, sampleCount: count.min(1) })).min(1);

const sourceSchema = z.object({
  key: z.string(),
  size: count,
  etag: z.string().optional(),
  /** SHA-256 of the whole source file, taken while it was read. */
  sha256: z.string().optional(),
});

/** What identifies the file a recording was made from. */
export type SourceIdentity = z.infer<typeof sourceSchema>;

const sidecarSchema = z.object({
  formatVersion: z.literal(CACHE_FORMAT_VERSION),
  key: z.string(),
  id: z.string(),
  split: z.string(),
  patient: z.string(),
  session: z.string(),
  montage: z.string(),
  chain: z.record(z.string(), z.unknown()),
  chainHash: z.string(),
  dspVersion: z.union([z.string(), z.number()]),
  source: sourceSchema,
  sampleType: z.enum(["int16", "float32"]),
  sampleRateHz: z.number().positive(),
  /** Samples per channel, gaps counted; the last frame is zero after those that are stored. */
  sampleCount: count.min(1),
  /** Where the stored samples lie, in a recording with gaps. */
  segments: segmentsSchema.optional(),
  /**
   * Which timestamps of the source were compared with its count of samples: "records", all of them, or "ends", the first and
   * the last; "windows": imported from archives of windows, which have no timestamps and are checked to overlap as their stride
   * says. Absent where none were: version 0.1 joined what lay on both sides of a gap in EDF+C and BDF+C.
   */
  timelineCheck: z.enum(["records", "ends", "windows"]).optional(),
  frameSamples: z.literal(FRAME_SAMPLES),
  channels: z.array(z.string()).min(1),
  /** Microvolts, before normalisation. */
  mean: z.array(z.number()),
  /** Microvolts, before normalisation. */
  std: z.array(z.number().min(0)),
  /** Channels without a signal: stored as zeros. */
  flat: z.array(z.boolean()),
  /** Channels that were interpolated. */
  filled: z.array(z.boolean()),
  labelled: z.boolean(),
  seizures: z.array(eventSchema),
  durationSeconds: z.number().positive(),
  /** How often each diagnostic code was met while reading the signal. */
  diagnostics: z.record(z.string(), count),
  /** How often each code was met while reading the annotations. */
  labelFindings: z.record(z.string(), count),
  frameCrc32: z.array(count),
  fileBytes: count,
});

/** Everything known of one cached recording. */
export type Sidecar = z.infer<typeof sidecarSchema>;

function checkSizes(sidecar: Sidecar, file: string): Sidecar {
  const layout = frameLayout(sidecar.channels.length, sidecar.sampleType);
  const fault = segmentFault(sidecar);
  if (fault)
    throw new CacheError(`${file}: ${fault}; remove the file and build again`, {
      found: fault,
      expected: "segments in order",
    });
  const stored = recordedSamples(sidecar);
  const frames = frameCountOf(stored);
  const sizes = { mean: sidecar.mean, std: sidecar.std, flat: sidecar.flat, filled: sidecar.filled };
  for (const [name, values] of Object.entries(sizes))
    if (values.length !== sidecar.channels.length)
      throw new CacheError(`${file}: ${name} has ${values.length} values for ${sidecar.channels.length} channels`, {
        found: values.length,
        expected: sidecar.channels.length,
      });
  const fileBytes = fileBytesOf(layout, stored);
  if (sidecar.frameCrc32.length !== frames || sidecar.fileBytes !== fileBytes)
    throw new CacheError(
      `${file}: ${sidecar.frameCrc32.length} frames and ${sidecar.fileBytes} bytes do not fit ${stored} samples`,
      {
        found: [sidecar.frameCrc32.length, sidecar.fileBytes],
        expected: [frames, fileBytes],
      },
    );
  return sidecar;
}

/** Check the text of a sidecar. `file` names it in messages. Throws a CacheError. */
export function parseSidecar(text: string, file: string): Sidecar {
  return checkSizes(parseCacheJson(sidecarSchema, text, file), file);
}

/** Sidecar of `id`, or undefined when there is none; a damaged one is a CacheError. */
export async function readSidecar(
  dir: string,
  id: string,
  { signal }: { readonly signal?: AbortSignal | undefined } = {},
): Promise<Sidecar | undefined> {
  const file = join(dir, sidecarFile(id));
  const text = await readFile(file, { encoding: "utf8", signal }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  return text === undefined ? undefined : parseSidecar(text, file);
}

/** Relative paths of every sidecar in a key folder, ascending. */
export async function listSidecars(folder: CacheFolder): Promise<string[]> {
  const files = await listFiles(folder.path, [".json"]);
  return files.filter(
    (file) => file !== DESCRIPTION_FILE && file !== MANIFEST_FILE && !file.endsWith(EXCLUSION_ENDING),
  );
}

/** Bytes of a recording's file, or undefined when it is missing. */
export async function bytesOnDisk(path: string): Promise<number | undefined> {
  return stat(path).then(
    (info) => info.size,
    () => undefined,
  );
}

const exclusionSchema = z.object({
  formatVersion: z.literal(CACHE_FORMAT_VERSION),
  id: z.string(),
  code: z.string(),
  reason: z.string(),
});

/** A recording that is not in the cache, with a code for scripts and a sentence for people. */
export interface Exclusion {
  readonly id: string;
  readonly code: string;
  readonly reason: string;
}

/** Path of the note on an excluded recording inside its key folder. */
export function exclusionFile(id: string): string {
  return `${recordingStem(id)}${EXCLUSION_ENDING}`;
}

/** Note that a recording was excluded, so that the manifest can tell "excluded" from "not built yet". */
export async function writeExclusion(dir: string, { id, code, reason }: Exclusion): Promise<void> {
  const note = { formatVersion: CACHE_FORMAT_VERSION, id, code, reason };
  await updateCacheFile(dir, join(dir, exclusionFile(id)), `${canonicalJson(note)}\n`);
}

/** The note on an excluded recording, or undefined. */
export async function readExclusion(dir: string, id: string): Promise<Exclusion | undefined> {
  const file = join(dir, exclusionFile(id));
  const text = await readFile(file, "utf8").catch(() => undefined);
  if (text === undefined) return undefined;
  const { code, reason } = parseCacheJson(exclusionSchema, text, file);
  return { id, code, reason };
}
