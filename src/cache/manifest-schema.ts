/** What manifest.json holds: the recordings and events of one cache, and their sums. */
import { z } from "zod";
import { CACHE_FORMAT_VERSION, FRAME_SAMPLES } from "./format.js";
import { eventSchema, segmentsSchema } from "./sidecar.js";

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

/** The content of manifest.json. */
export const manifestSchema = z.object({
  formatVersion: z.literal(CACHE_FORMAT_VERSION),
  key: z.string(),
  sampleType: z.enum(["int16", "float32"]),
  sampleRateHz: z.number().positive(),
  frameSamples: z.literal(FRAME_SAMPLES),
  channels: z.array(z.string()).min(1),
  corpusFingerprint: z.string(),
  /**
   * Present where the timestamps of every recording were compared with its samples. Version 0.1 did not compare them and joined
   * what lay on both sides of a gap in EDF+C and BDF+C; `readManifest` refuses its manifests.
   */
  timelinesChecked: z.literal(true).optional(),
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
