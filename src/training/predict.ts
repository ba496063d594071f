import { CacheError } from "@ictal/base/errors";
import { requireCounts } from "@ictal/base/options";
import { elementAt } from "../base/lookup.js";
import type { ValueRange } from "../base/value-ranges.js";
import { type Segment, segmentsOf } from "../cache/segments.js";
import { type WindowReader, zeroAfter } from "../dataset/window-reader.js";
import type { Detector } from "../model/detector.js";
import type { ParameterValues } from "../model/parameters.js";
import type { Executor } from "../tensor/program.js";
import { createSegmentJoiner, type SegmentJoiner } from "./join-segments.js";
import { createPredictProgram } from "./predict-program.js";
import { STITCHING_DEFAULTS } from "./run-options.js";
import { type Stitching, windowStarts } from "./stitching.js";

/** Probability of seizure over a whole recording. */
export interface RecordingPrediction {
  readonly id: string;
  readonly rateHz: number;
  /** Value i stands for the time from i / rateHz to (i + 1) / rateHz; covers the recording to its end, gaps counted. */
  readonly probability: Float32Array;
  /** Values that were predicted, in a recording with gaps; the others are 0 and stand for time that was not recorded. */
  readonly segments?: readonly ValueRange[];
}

export interface PredictorOptions {
  readonly batchSize: number;
  readonly windowSamples: number;
  readonly signal?: AbortSignal | undefined;
}

/** A network that gives probabilities for windows, whatever it is made of. */
export interface WindowNetwork {
  readonly inputChannels: number;
  /** The cache's channel for each input, where they are not the cache's channels in their order. */
  readonly channelRows?: readonly number[] | undefined;
  readonly windowSamples: number;
  /** Samples per value of its output. */
  readonly outputStrideSamples: number;
  /** Windows per run. */
  readonly batchSize: number;
  /** x [batchSize, inputChannels, windowSamples]: probabilities [batchSize, windowSamples / outputStrideSamples]. */
  run(x: Float32Array): Promise<Float32Array>;
}

/** A compiled forward pass whose weights can be changed. */
export interface Predictor {
  setWeights(values: Readonly<ParameterValues>): void;
  predict(reader: WindowReader, options: PredictOptions): AsyncGenerator<RecordingPrediction, void, undefined>;
  dispose(): Promise<void>;
}

export interface PredictOptions {
  /** Recordings, as positions in the reader's manifest. */
  readonly recordings: readonly number[];
  /** From start to start of the windows laid over a recording, a whole number of logits, at most a window. */
  readonly strideSamples: number;
  /** @default "mean" */
  readonly stitching?: Stitching | undefined;
  /** Values per second; the network's own rate must be a whole multiple. @default the network's own rate */
  readonly rateHz?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** One window to predict. */
interface Task {
  readonly recording: number;
  readonly segment: Segment;
  /** In the recording's time. */
  readonly startSample: number;
  /** The window after which a recording is complete. */
  readonly isLast: boolean;
}

function* tasksOf(
  reader: WindowReader,
  options: PredictOptions,
  windowSamples: number,
  logitSamples: number,
): Generator<Task> {
  requireCounts({ strideSamples: options.strideSamples });
  for (const recording of options.recordings) {
    const segments = segmentsOf(elementAt(reader.manifest.recordings, recording));
    for (const segment of segments) {
      const starts = windowStarts(segment.sampleCount, windowSamples, options.strideSamples, logitSamples);
      const isLastSegment = segment === segments.at(-1);
      for (const [i, start] of starts.entries()) {
        const isLast = isLastSegment && i === starts.length - 1;
        yield { recording, segment, startSample: segment.startSample + start, isLast };
      }
    }
  }
}

function* inBatches<T>(items: Iterable<T>, size: number): Generator<T[]> {
  let batch: T[] = [];
  for (const item of items) {
    batch.push(item);
    if (batch.length === size) {
      yield batch;
      batch = [];
    }
  }
  if (batch.length > 0) yield batch;
}

function groupOf(sampleRateHz: number, logitSamples: number, rateHz: number | undefined): number {
  const group = sampleRateHz / logitSamples / (rateHz ?? sampleRateHz / logitSamples);
  if (Number.isInteger(group) && group >= 1) return group;
  throw new RangeError(
    `invalid rateHz: ${rateHz}; the network gives ${sampleRateHz / logitSamples} values a second, expected that or a whole part of it`,
  );
}

/** The forward pass of a detector as a network over windows, and how its weights are set. */
async function compileDetector(executor: Executor, detector: Detector, options: PredictorOptions) {
  const { batchSize, windowSamples, signal } = options;
  signal?.throwIfAborted();
  requireCounts({ batchSize, windowSamples });
  const { program, packState } = createPredictProgram(detector, batchSize, windowSamples);
  const compiled = await executor.compile(program);
  const network: WindowNetwork = {
    inputChannels: detector.inputChannels,
    outputStrideSamples: detector.outputStrideSamples,
    ...{ windowSamples, batchSize },
    run: async (x) => ((await compiled.run({ x })) as { probability: Float32Array }).probability,
  };
  const setWeights = (values: Readonly<ParameterValues>) => compiled.setState(packState(values));
  return { network, setWeights, dispose: () => compiled.dispose() };
}

/** Compile the forward pass of a detector. Windows of different recordings and segments share batches, never values. */
export async function createPredictor(
  executor: Executor,
  detector: Detector,
  options: PredictorOptions,
): Promise<Predictor> {
  const { network, setWeights, dispose } = await compileDetector(executor, detector, options);
  return { setWeights, predict: (reader, predictOptions) => predictWindows(network, reader, predictOptions), dispose };
}

/** A detector with its weights as a network over windows. */
export async function openWeights(
  executor: Executor,
  detector: Detector,
  values: Readonly<ParameterValues>,
  options: PredictorOptions,
): Promise<WindowNetwork & { dispose(): Promise<void> }> {
  const { network, setWeights, dispose } = await compileDetector(executor, detector, options);
  setWeights(values);
  return { ...network, dispose };
}

type ReadWindow = (out: Float32Array, recording: number, startSample: number, signal?: AbortSignal) => Promise<void>;

/** Reads a window of the network's channels into `out`, shape [inputChannels, windowSamples]. */
function windowSource(reader: WindowReader, { channelRows, windowSamples }: WindowNetwork): ReadWindow {
  if (!channelRows)
    return (out, recording, startSample, signal) =>
      reader.readInto(out, recording, startSample, windowSamples, { signal });
  return async (out, recording, startSample, signal) => {
    const all = new Float32Array(reader.channelCount * windowSamples);
    await reader.readInto(all, recording, startSample, windowSamples, { signal });
    for (const [input, row] of channelRows.entries())
      out.set(all.subarray(row * windowSamples, (row + 1) * windowSamples), input * windowSamples);
  };
}

/** Probabilities of whole recordings from a network over windows; recordings come in their order. */
export async function* predictWindows(
  network: WindowNetwork,
  reader: WindowReader,
  options: PredictOptions,
): AsyncGenerator<RecordingPrediction, void, undefined> {
  const { stitching = STITCHING_DEFAULTS.stitching, strideSamples, rateHz, signal } = options;
  const { windowSamples, batchSize, outputStrideSamples: logitSamples } = network;
  const logits = windowSamples / logitSamples;
  const { sampleRateHz, recordings } = reader.manifest;
  const group = groupOf(sampleRateHz, logitSamples, rateHz);
  if (!(strideSamples > 0) || strideSamples % logitSamples !== 0 || strideSamples > windowSamples) {
    throw new RangeError(
      `invalid strideSamples: ${strideSamples}; expected a multiple of ${logitSamples} up to the window's ${windowSamples}`,
    );
  }
  const windowSize = network.inputChannels * windowSamples;
  const readWindow = windowSource(reader, network);
  const x = new Float32Array(batchSize * windowSize);
  const joiners = new Map<number, SegmentJoiner>();
  for (const batch of inBatches(tasksOf(reader, options, windowSamples, logitSamples), batchSize)) {
    signal?.throwIfAborted();
    await Promise.all(
      batch.map(async ({ recording, segment, startSample }, i) => {
        const window = x.subarray(i * windowSize, (i + 1) * windowSize);
        await readWindow(window, recording, startSample, signal);
        zeroAfter(window, windowSamples, segment.startSample + segment.sampleCount - startSample);
      }),
    );
    x.fill(0, batch.length * windowSize);
    const probability = await network.run(x);
    for (const [i, { recording, segment, startSample, isLast }] of batch.entries()) {
      const entry = elementAt(recordings, recording);
      const joiner = joiners.get(recording) ?? createSegmentJoiner(stitching, entry, logitSamples);
      joiners.set(recording, joiner);
      joiner.add(segment, startSample, probability.subarray(i * logits, (i + 1) * logits));
      if (!isLast) continue;
      joiners.delete(recording);
      const prediction = { id: entry.id, rateHz: sampleRateHz / logitSamples / group, ...joiner.finish(group) };
      checkAnswers(prediction);
      yield prediction;
    }
  }
}

/** Index of the first value that is no probability, -1 without one. */
export function improbableAt(probability: Float32Array): number {
  return probability.findIndex((value) => !(value >= 0 && value <= 1));
}

/** Throws a CacheError for an answer that is no probability, above which no threshold would ever find an event. */
function checkAnswers({ id, rateHz, probability }: RecordingPrediction): void {
  const at = improbableAt(probability);
  if (at < 0) return;
  throw new CacheError(
    `the network answers ${probability[at]} at ${at / rateHz} s of ${id}, which is no probability: its weights have grown too large; take an earlier checkpoint, or train with a lower training.learning_rate`,
    { found: probability[at], expected: "0 to 1" },
  );
}
