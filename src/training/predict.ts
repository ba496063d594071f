import { CacheError } from "@ictal/base/errors";
import { requireCounts } from "@ictal/base/options";
import { elementAt } from "../base/lookup.js";
import type { ValueRange } from "../base/value-ranges.js";
import { type Segment, segmentsOf } from "../cache/segments.js";
import { type WindowReader, zeroAfter } from "../dataset/window-reader.js";
import { type Detector, logitCount } from "../model/detector.js";
import type { ParameterValues } from "../model/parameters.js";
import type { Compiled, Executor } from "../tensor/program.js";
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

/** Compile the forward pass of a detector. Windows of different recordings and segments share batches, never values. */
export async function createPredictor(
  executor: Executor,
  detector: Detector,
  options: PredictorOptions,
): Promise<Predictor> {
  const { batchSize, windowSamples, signal } = options;
  signal?.throwIfAborted();
  requireCounts({ batchSize, windowSamples });
  const { program, packState } = createPredictProgram(detector, batchSize, windowSamples);
  const compiled = await executor.compile(program);
  return {
    setWeights: (values) => compiled.setState(packState(values)),
    predict: (reader, predictOptions) => predictAll(compiled, detector, options, reader, predictOptions),
    dispose: () => compiled.dispose(),
  };
}

async function* predictAll(
  compiled: Compiled,
  detector: Detector,
  { batchSize, windowSamples }: PredictorOptions,
  reader: WindowReader,
  options: PredictOptions,
): AsyncGenerator<RecordingPrediction, void, undefined> {
  const { stitching = STITCHING_DEFAULTS.stitching, strideSamples, rateHz, signal } = options;
  const logitSamples = detector.outputStrideSamples;
  const logits = logitCount(detector, windowSamples);
  const { sampleRateHz, recordings } = reader.manifest;
  const group = groupOf(sampleRateHz, logitSamples, rateHz);
  if (!(strideSamples > 0) || strideSamples % logitSamples !== 0 || strideSamples > windowSamples) {
    throw new RangeError(
      `invalid strideSamples: ${strideSamples}; expected a multiple of ${logitSamples} up to the window's ${windowSamples}`,
    );
  }
  const windowSize = detector.inputChannels * windowSamples;
  const x = new Float32Array(batchSize * windowSize);
  const joiners = new Map<number, SegmentJoiner>();
  for (const batch of inBatches(tasksOf(reader, options, windowSamples, logitSamples), batchSize)) {
    signal?.throwIfAborted();
    await Promise.all(
      batch.map(async ({ recording, segment, startSample }, i) => {
        const window = x.subarray(i * windowSize, (i + 1) * windowSize);
        await reader.readInto(window, recording, startSample, windowSamples, { signal });
        zeroAfter(window, windowSamples, segment.startSample + segment.sampleCount - startSample);
      }),
    );
    x.fill(0, batch.length * windowSize);
    const { probability } = (await compiled.run({ x })) as { probability: Float32Array };
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
