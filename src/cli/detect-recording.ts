/** Seizures in one EDF file: preprocessing, network and post-processing, in a temporary folder. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { FormatError, NotFoundError } from "@ictal/base/errors";
import type { Event } from "../base/events.js";
import { buildCache } from "../cache/build.js";
import { describeRecordings } from "../cache/manifest.js";
import type { GapPolicy } from "../cache/segments.js";
import {
  chainFromConfig,
  deviceFromConfig,
  gapsFromConfig,
  postprocessFromConfig,
  predictionStrideFromConfig,
  stitchingFromConfig,
} from "../config/layer-options.js";
import type { Config } from "../config/schema.js";
import { readCatalogue } from "../corpus/catalogue.js";
import { fileSource } from "../recording/byte-source.js";
import { readEdfHeader } from "../recording/edf-header.js";
import { cutEvents, detectEvents } from "../scoring/postprocess.js";
import { folderStore } from "../store/folder-store.js";
import type { Store } from "../store/store.js";
import { openExecutor } from "../tensor/open.js";
import type { WeightsOrigin } from "../training/checkpoint-state.js";
import type { RecordingPrediction } from "../training/predict.js";
import { predictRecordings, type StoredCalibration } from "../training/predict-recordings.js";
import { highestOf } from "./detector-silence.js";
import { requireSameChannels } from "./same-channels.js";

export interface DetectOptions {
  /** An EDF or BDF file. */
  readonly input: string;
  /** A .safetensors file, a checkpoint folder, or a run's folder. */
  readonly checkpoint: string;
  /** The configuration the checkpoint was trained with. */
  readonly config: Config;
  /** What the weights take, where their file does not say so. */
  readonly origin?: WeightsOrigin | undefined;
  readonly allowOtherCache?: boolean | undefined;
  /** @default the configuration's `gaps` */
  readonly gaps?: GapPolicy | undefined;
  readonly calibration?: StoredCalibration | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** What was found in a recording. */
export interface Detections {
  readonly events: readonly Event[];
  readonly durationSeconds: number;
  readonly highestProbability: number;
  /** `YYYY-MM-DD HH:MM:SS`, where the file gives a real one. */
  readonly startDateTime?: string;
  /** Electrodes that the file lacks and that were filled in. */
  readonly filled: readonly string[];
  readonly executor: string;
}

/** A store with the file `path` only: annotations next to a recording must not affect its detections. */
function singleFileStore(path: string): Store {
  const folder = folderStore(dirname(path));
  const name = basename(path);
  return {
    url: folder.url,
    async *list() {
      const info = await folder.stat(name);
      if (!info) throw new NotFoundError(`no file at ${path}; expected an EDF or BDF recording`, path);
      yield info;
    },
    stat: (key) => folder.stat(key),
    read: (key, options = {}) => folder.read(key, options),
    ...(folder.digests && { digests: folder.digests }),
  };
}

async function predictOne(options: DetectOptions, cacheDir: string): Promise<Omit<Detections, "startDateTime">> {
  const { config, checkpoint, allowOtherCache, input, signal } = options;
  const store = singleFileStore(input);
  const catalogue = await readCatalogue(store, { layout: "flat", signal });
  const chain = chainFromConfig(config);
  await requireSameChannels(checkpoint, config);
  const { excluded } = await buildCache({
    store,
    catalogue,
    cacheDir,
    chain,
    sampleType: config.data.sample_type,
    gaps: options.gaps ?? gapsFromConfig(config),
    workers: 0,
    signal,
  });
  const [reason] = excluded;
  if (reason) throw new FormatError(`cannot be used (${reason.code}): ${reason.reason}`, { file: input });
  const manifest = await describeRecordings(cacheDir);
  const [recording] = manifest.recordings; // one file is listed and none excluded
  if (!recording) throw new NotFoundError(`no recording in ${input}; expected an EDF or BDF recording`, input);
  const { durationSeconds, filled } = recording;
  const executor = await openExecutor(deviceFromConfig(config));
  try {
    const predictions: RecordingPrediction[] = [];
    for await (const prediction of predictRecordings({
      checkpoint,
      origin: options.origin,
      cacheDir,
      manifest,
      executor,
      batchSize: config.training.batch_size,
      strideSeconds: predictionStrideFromConfig(config),
      stitching: stitchingFromConfig(config),
      allowOtherCache,
      calibration: options.calibration,
      signal,
    }))
      predictions.push(prediction);
    const [prediction] = predictions;
    if (!prediction)
      throw new NotFoundError(`no prediction of ${input}: the recording is shorter than a window`, input);
    const { probability, rateHz, segments } = prediction;
    const found = detectEvents(probability, rateHz, postprocessFromConfig(config), segments);
    const events = cutEvents(found, durationSeconds);
    return { events, durationSeconds, highestProbability: highestOf(probability), filled, executor: executor.name };
  } finally {
    await executor.dispose();
  }
}

async function startOf(path: string): Promise<string | undefined> {
  const source = await fileSource(path);
  try {
    return (await readEdfHeader(source)).startDateTime?.replace("T", " ");
  } finally {
    await source.close?.();
  }
}

/**
 * The seizures of one recording. Works in a temporary folder of its own. NotFoundError without the file, FormatError
 * when it cannot be used (the code is the one `cache build` gives), CacheError when the checkpoint was trained on
 * another chain than the configuration's.
 */
export async function detectRecording(options: DetectOptions): Promise<Detections> {
  const cacheDir = await mkdtemp(join(tmpdir(), "ictal-detect-"));
  try {
    const found = await predictOne(options, cacheDir);
    const startDateTime = await startOf(options.input);
    return { ...found, ...(startDateTime !== undefined && { startDateTime }) };
  } finally {
    await rm(cacheDir, { recursive: true, force: true });
  }
}
