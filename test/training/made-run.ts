/** A small cache whose seizures are a 4 Hz rhythm in noise, and options of runs that take a second on it. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { createRandom } from "../../src/base/random.js";
import { writeManifest } from "../../src/cache/manifest.js";
import type { ModelConfig } from "../../src/model/detector.js";
import { openExecutor } from "../../src/tensor/open.js";
import { checkpointDir } from "../../src/training/checkpoint-folder.js";
import { runTraining } from "../../src/training/loop.js";
import { fillTrainOptions, type TrainOptions } from "../../src/training/options.js";
import type { TrainCallbacks } from "../../src/training/run.js";
import { openTrainingData, type TrainingData } from "../../src/training/run-data.js";
import { type MadeRecording, makeCache, RATE, seizure } from "../cache/made-cache.js";

export const TINY_UNET: ModelConfig = {
  name: "unet",
  inputChannels: 2,
  channels: [4, 6, 8],
  stemStride: 8,
  dropout: 0.2,
};

const CHANNELS = ["FP1", "F3"];

/** Noise of 20 µV, and 60 µV at 4 Hz in seizures. */
function signalOf({ sampleCount, seizures = [] }: MadeRecording, position: number): Float32Array[] {
  const random = createRandom(position, "made run");
  return CHANNELS.map((_, channel) =>
    Float32Array.from({ length: sampleCount }, (_, i) => {
      const seconds = i / RATE;
      const isSeizure = seizures.some(
        ({ startSeconds, endSeconds }) => seconds >= startSeconds && seconds < endSeconds,
      );
      const rhythm = isSeizure ? 60 * Math.sin(2 * Math.PI * 4 * seconds) : 0;
      return 20 * random.normal(channel * 1e7 + i) + rhythm;
    }),
  );
}

/** Recordings of a minute: patients a to f train, g and h dev, of which the last is shorter than a window. */
export const MADE_RECORDINGS: readonly MadeRecording[] = [
  ..."abcdef".split("").map((patient, i) => ({
    id: `train/${patient}/s/m/t0`,
    sampleCount: 60 * RATE,
    seizures: i % 3 === 2 ? [] : [seizure(12 + 3 * i, 30 + 3 * i)],
  })),
  { id: "dev/g/s/m/t0", sampleCount: 50 * RATE + 77, seizures: [seizure(20, 35)] },
  { id: "dev/h/s/m/t0", sampleCount: 7 * RATE },
];

export async function temporaryFolder(context: TestContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), "ictal-training-"));
  context.after(() => rm(path, { recursive: true, force: true }));
  return path;
}

/** Write the cache at `dir`. */
export async function makeTrainingCache(
  dir: string,
  recordings: readonly MadeRecording[] = MADE_RECORDINGS,
): Promise<void> {
  await makeCache(dir, recordings, { channels: CHANNELS, signalOf });
  await writeManifest(dir);
}

/** A run on that cache: windows of 10 s, dropout and augmentation on. */
export function madeOptions(dir: string, run: string, changes: Partial<TrainOptions> = {}): TrainOptions {
  return {
    runDir: join(dir, run),
    data: {
      cacheDir: join(dir, "cache"),
      windowSeconds: 10,
      strideSeconds: 5,
      balance: { fullRatio: 0.3, noneRatio: 1 },
    },
    model: TINY_UNET,
    epochs: 2,
    batchSize: 4,
    seed: 7,
    learningRate: 5e-3,
    augment: { channelDropout: 0.1, timeShiftSeconds: 1, amplitudeScale: [0.8, 1.2], signFlip: 0.5, noise: 0.1 },
    device: "onnx-cpu",
    threads: 1,
    ...changes,
  };
}

/** A folder with that cache. */
export async function madeFolder(context: TestContext): Promise<string> {
  const dir = await temporaryFolder(context);
  await makeTrainingCache(join(dir, "cache"));
  return dir;
}

/** Train in this process, on data that `change` may wrap. */
export async function trainHere(
  options: TrainOptions,
  callbacks: TrainCallbacks = {},
  change: (data: TrainingData) => TrainingData = (data) => data,
) {
  const filled = fillTrainOptions(options);
  const executor = await openExecutor(filled.device, { threads: 1 });
  const data = await openTrainingData(filled.data, filled.seed);
  try {
    return await runTraining(options, change(data), executor, callbacks);
  } finally {
    await data.reader.close();
    await executor.dispose();
  }
}

/** Bytes of the checkpoint of a step, by file. */
export async function checkpointBytes(runDir: string, step: number): Promise<Record<string, Buffer>> {
  const names = ["model.safetensors", "optimizer.safetensors", "state.json"];
  const files = await Promise.all(names.map((name) => readFile(join(checkpointDir(runDir, step), name))));
  return Object.fromEntries(names.map((name, i) => [name, files[i]!]));
}
