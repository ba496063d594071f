import { hashOf } from "@ictal/base/canonical";
import { CacheError, ConfigError } from "@ictal/base/errors";
import { requireCounts, requireNumbers } from "@ictal/base/options";
import { type CalibrationMap, calibrated } from "../base/calibration-map.js";
import { type Manifest, readManifest, recordingAt } from "../cache/manifest.js";
import { openWindowReader, type WindowReader } from "../dataset/window-reader.js";
import type { Executor } from "../tensor/program.js";
import type { WeightsOrigin } from "./checkpoint-state.js";
import { type LoadedDetector, loadDetector } from "./load-detector.js";
import { usualRateHz } from "./output-rate.js";
import { predictWindows, type RecordingPrediction } from "./predict.js";
import { removePredictions, requireOneCheckpoint } from "./prediction-folder.js";
import { type PredictionOrigin, writePrediction } from "./prediction-store.js";
import type { Stitching } from "./stitching.js";

export interface PredictRecordingsOptions {
  /** A .safetensors file, a checkpoint folder, a run's folder, whose best checkpoint is taken, or an imported model's. */
  readonly checkpoint: string;
  /** What the weights take, for files that do not say so themselves. */
  readonly origin?: WeightsOrigin | undefined;
  readonly cacheDir: string;
  /** Manifest of that cache. @default read from it */
  readonly manifest?: Manifest | undefined;
  /** Only recordings of this split. @default every split but "eval", which must be named to be opened */
  readonly split?: string | undefined;
  /** Only these recordings, by id. */
  readonly ids?: readonly string[] | undefined;
  readonly executor: Executor;
  /** Windows per forward pass. @default 16 */
  readonly batchSize?: number | undefined;
  /** From start to start of the windows laid over a recording, at most a window. @default half a window */
  readonly strideSeconds?: number | undefined;
  /** @default "mean" */
  readonly stitching?: Stitching | undefined;
  /** Values per second, the network's own rate or a whole part of it. @default the highest of these up to 16 */
  readonly rateHz?: number | undefined;
  /** Store every prediction there as it comes. */
  readonly outDir?: string | undefined;
  /** @default "float16" */
  readonly storeAs?: "float16" | "float32" | undefined;
  /** Predict on a cache made by another chain than the one trained on. @default false */
  readonly allowOtherCache?: boolean | undefined;
  /** Corrects every probability. @default none */
  readonly calibration?: StoredCalibration | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A correction and the weights that it was fitted to. */
export interface StoredCalibration extends CalibrationMap {
  readonly checkpointHash: string;
}

function requireSameWeights({ checkpointHash }: StoredCalibration, hash: string): void {
  if (checkpointHash === hash) return;
  throw new CacheError(
    `the calibration corrects the weights ${checkpointHash.slice(0, 12)}, these are ${hash.slice(0, 12)}; fit it to predictions of these weights with ictal calibrate`,
    { found: checkpointHash, expected: hash },
  );
}

async function* corrected(
  predictions: AsyncIterable<RecordingPrediction>,
  calibration: StoredCalibration | undefined,
): AsyncGenerator<RecordingPrediction, void, undefined> {
  for await (const prediction of predictions) {
    const { probability } = prediction;
    yield calibration
      ? { ...prediction, probability: probability.map((value) => calibrated(value, calibration)) }
      : prediction;
  }
}

function chosenRecordings({ recordings }: Manifest, { split, ids }: PredictRecordingsOptions): number[] {
  const wanted = ids && new Set(ids);
  const chosen = recordings.flatMap((recording, position) => {
    const inSplit =
      split === undefined ? wanted !== undefined || recording.split !== "eval" : recording.split === split;
    return inSplit && (!wanted || wanted.has(recording.id)) ? [position] : [];
  });
  if (chosen.length > 0) return chosen;
  const splits = [...new Set(recordings.map((recording) => recording.split))].sort().join(", ");
  throw new ConfigError(`no recording to predict: split ${split ?? "(all but eval)"}; the cache has ${splits}`, {
    key: "split",
    value: split,
    allowed: splits,
  });
}

/** Throws a CacheError when the weights were trained on signals of another kind. */
export function checkOrigin(
  origin: Omit<WeightsOrigin, "model">,
  manifest: Pick<Manifest, "key" | "channels" | "sampleRateHz">,
  allowOtherCache: boolean,
  takesAllChannels = true,
): void {
  const found = `${manifest.channels.join(" ")} at ${manifest.sampleRateHz} Hz`;
  const expected = `${origin.channels.join(" ")} at ${origin.sampleRateHz} Hz`;
  if (takesAllChannels ? found !== expected : manifest.sampleRateHz !== origin.sampleRateHz)
    throw new CacheError(`the cache holds ${found}, the weights take ${expected}`, { found, expected });
  if (origin.cacheKey === manifest.key || allowOtherCache) return;
  throw new CacheError(
    `the cache ${manifest.key} was made by another chain than ${origin.cacheKey}, which the weights were trained on; use that cache, or allow it with allowOtherCache`,
    { found: manifest.key, expected: origin.cacheKey },
  );
}

/** Values per second, and samples from window to window. */
function stepsOf(
  options: PredictRecordingsOptions,
  { origin: { windowSamples, sampleRateHz }, outputStrideSamples: logitSamples }: LoadedDetector,
): { readonly rateHz: number; readonly strideSamples: number } {
  const strideSeconds = options.strideSeconds ?? windowSamples / sampleRateHz / 2;
  const windowSeconds = windowSamples / sampleRateHz;
  if (strideSeconds > windowSeconds) {
    throw new ConfigError(
      `windows of ${windowSeconds} s every ${strideSeconds} s leave time without a probability; predict with data.stride at most ${windowSeconds}`,
      { key: "data.stride", value: strideSeconds, allowed: `0 to ${windowSeconds}` },
    );
  }
  const rateHz = options.rateHz ?? usualRateHz(sampleRateHz / logitSamples);
  const strideSamples = Math.round((strideSeconds * sampleRateHz) / logitSamples) * logitSamples;
  if (strideSamples < logitSamples)
    throw new RangeError(
      `invalid strideSeconds: ${strideSeconds}; the network gives one value per ${logitSamples / sampleRateHz} s`,
    );
  return { rateHz, strideSamples };
}

interface StoringOptions extends PredictionOrigin {
  /** Where to; nowhere when undefined. */
  readonly outDir: string | undefined;
  readonly ids: readonly string[];
  readonly signal?: AbortSignal | undefined;
}

/** Passes predictions on once they are stored. Those of an earlier run are removed before the first, when options and weights are known to fit. */
async function* storing(
  predictions: AsyncIterable<RecordingPrediction>,
  { outDir, ids, signal, ...origin }: StoringOptions,
): AsyncGenerator<RecordingPrediction, void, undefined> {
  let isFirst = true;
  for await (const prediction of predictions) {
    if (outDir && isFirst) await removePredictions(outDir, { ids, signal });
    isFirst = false;
    if (outDir) await writePrediction(outDir, prediction, origin, { signal });
    yield prediction;
  }
}

/**
 * Probabilities of seizure over whole recordings from stored weights, one recording after another in the order of the
 * manifest. Windows overlap and are stitched; the last one ends where the recording ends; a recording shorter than a
 * window is padded with zeros whose answers are dropped. Throws a CacheError when weights and cache do not belong
 * together or `outDir` holds other recordings' predictions by another checkpoint or calibration, a ConfigError when windows would leave gaps
 * between them. Predictions of the same recordings in `outDir` are removed before the first is stored.
 */
export async function* predictRecordings(
  options: PredictRecordingsOptions,
): AsyncGenerator<RecordingPrediction, void, undefined> {
  const { cacheDir, executor, batchSize = 16, stitching, outDir, storeAs = "float16", signal } = options;
  requireCounts({ batchSize });
  requireNumbers({ strideSeconds: options.strideSeconds, rateHz: options.rateHz }, { above: 0 });
  const detector = await loadDetector(options.checkpoint, { origin: options.origin, signal });
  const { hash } = detector;
  const manifest = options.manifest ?? (await readManifest(cacheDir, { signal }));
  if (options.calibration) requireSameWeights(options.calibration, hash);
  checkOrigin(detector.origin, manifest, options.allowOtherCache ?? false, detector.takesAllChannels);
  const recordings = chosenRecordings(manifest, options);
  const steps = stepsOf(options, detector);
  const network = await detector.open({ executor, batchSize, cached: manifest.channels, signal });
  const ids = recordings.map((position) => recordingAt(manifest, position).id);
  let reader: WindowReader | undefined;
  try {
    const calibrationHash = options.calibration && hashOf(options.calibration);
    if (outDir) await requireOneCheckpoint(outDir, { ids, checkpointHash: hash, calibrationHash, signal });
    reader = await openWindowReader(cacheDir, manifest, { signal });
    const predicted = predictWindows(network, reader, { recordings, ...steps, stitching, signal });
    const made = {
      checkpointHash: hash,
      cacheKey: manifest.key,
      type: storeAs,
      ...(calibrationHash && { calibrationHash }),
    };
    yield* storing(corrected(predicted, options.calibration), { outDir, ids, ...made, signal });
  } finally {
    await network.dispose();
    await reader?.close();
  }
}
