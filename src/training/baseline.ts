/** A detector without a network: classical features of windows and logistic regression, to be beaten. */
import { ConfigError } from "@ictal/base/errors";
import { requireCounts } from "@ictal/base/options";
import { elementAt } from "../base/lookup.js";
import { type Segment, segmentsOf } from "../cache/segments.js";
import { WINDOW_FEATURES, windowFeatures } from "../dataset/window-features.js";
import { type WindowReader, zeroAfter } from "../dataset/window-reader.js";
import { createSegmentJoiner } from "./join-segments.js";
import { fitLogistic, type LogisticModel, type LogisticOptions, logisticProbability } from "./logistic-regression.js";
import type { RecordingPrediction } from "./predict.js";
import { windowStarts } from "./stitching.js";

export interface FeatureOptions {
  /** A whole number of seconds. @default 8 */
  readonly windowSeconds?: number | undefined;
  /** From start to start of windows, a whole number of seconds. @default 2 */
  readonly strideSeconds?: number | undefined;
}

export interface BaselineOptions extends LogisticOptions, FeatureOptions {
  readonly signal?: AbortSignal | undefined;
}

/** Share of a window that must be seizure for its label. */
const SEIZURE_SHARE = 0.5;

/** A window of a recording. */
interface WindowRow {
  readonly segment: Segment;
  /** In the recording's time. */
  readonly startSample: number;
  readonly features: Float64Array;
  readonly isSeizure: boolean;
  /** False for the one window of a segment that is shorter than a window, which nothing is fitted on. */
  readonly isWhole: boolean;
}

/** Features of the windows of a cache's recordings, each computed once. */
export interface FeatureTable {
  readonly reader: WindowReader;
  readonly windowSeconds: number;
  /** The windows of a recording in order. */
  rowsOf(id: string): Promise<readonly WindowRow[]>;
}

async function readRows(
  reader: WindowReader,
  recording: number,
  { windowSamples, strideSamples }: { readonly windowSamples: number; readonly strideSamples: number },
): Promise<WindowRow[]> {
  const { sampleRateHz, recordings } = reader.manifest;
  const window = new Float32Array(reader.channelCount * windowSamples);
  const labels = new Float32Array(windowSamples);
  const rows: WindowRow[] = [];
  for (const segment of segmentsOf(elementAt(recordings, recording)))
    for (const start of windowStarts(segment.sampleCount, windowSamples, strideSamples, sampleRateHz)) {
      const startSample = segment.startSample + start;
      const left = segment.sampleCount - start;
      await reader.readInto(window, recording, startSample, windowSamples);
      zeroAfter(window, windowSamples, left);
      reader.labelsInto(labels, recording, startSample);
      const isSeizure = labels.reduce((sum, label) => sum + label, 0) >= SEIZURE_SHARE * windowSamples;
      const features = windowFeatures(window, reader.channelCount, sampleRateHz);
      rows.push({ segment, startSample, features, isSeizure, isWhole: left >= windowSamples });
    }
  return rows;
}

/** A table of features over a cache. Throws a ConfigError unless windows and strides are whole seconds and whole samples. */
export function createFeatureTable(reader: WindowReader, options: FeatureOptions = {}): FeatureTable {
  const { windowSeconds = 8, strideSeconds = 2 } = options;
  requireCounts({ windowSeconds, strideSeconds });
  const { sampleRateHz } = reader.manifest;
  if (!Number.isInteger(sampleRateHz))
    throw new ConfigError(
      `a baseline gives a value a second; ${sampleRateHz} Hz have no whole number of samples in it`,
      {
        key: "data.sampling_rate",
        value: sampleRateHz,
      },
    );
  const grid = { windowSamples: windowSeconds * sampleRateHz, strideSamples: strideSeconds * sampleRateHz };
  const known = new Map<string, Promise<readonly WindowRow[]>>();
  return {
    reader,
    windowSeconds,
    rowsOf(id) {
      const rows = known.get(id) ?? readRows(reader, reader.positionOf(id), grid);
      known.set(id, rows);
      return rows;
    },
  };
}

/** A fitted baseline. */
export interface Baseline {
  readonly model: LogisticModel;
  /** Windows it was fitted on, and how many of them are seizure. */
  readonly windows: number;
  readonly seizureWindows: number;
  /** Names of the features in the order of the model's coefficients. */
  readonly features: readonly string[];
}

/**
 * Fit band power, line length, correlation and rhythmicity of windows with logistic regression on the recordings of these ids that have
 * labels. A window is seizure when half of it is. Throws a ConfigError where windows of one of the two kinds are missing.
 */
export async function fitBaseline(
  table: FeatureTable,
  ids: readonly string[],
  options: LogisticOptions & Pick<BaselineOptions, "signal"> = {},
): Promise<Baseline> {
  const { reader, windowSeconds } = table;
  const rows: WindowRow[] = [];
  for (const id of ids) {
    options.signal?.throwIfAborted();
    if (!elementAt(reader.manifest.recordings, reader.positionOf(id)).labelled) continue;
    rows.push(...(await table.rowsOf(id)).filter(({ isWhole }) => isWhole));
  }
  const labels = rows.map(({ isSeizure }) => Number(isSeizure));
  const seizureWindows = labels.filter((label) => label === 1).length;
  if (seizureWindows === 0 || seizureWindows === rows.length)
    throw new ConfigError(
      `${seizureWindows} of ${rows.length} windows of ${windowSeconds} s are seizure; a baseline needs windows with and without: take other recordings or shorter windows`,
      { key: "windowSeconds", value: windowSeconds },
    );
  const features = rows.map((row) => row.features);
  return {
    model: fitLogistic(features, labels, options),
    windows: rows.length,
    seizureWindows,
    features: WINDOW_FEATURES,
  };
}

/** Probabilities of seizure, one a second, of the recordings of these ids in their order; overlapping windows are averaged. */
export async function* predictBaseline(
  table: FeatureTable,
  { model }: Pick<Baseline, "model">,
  ids: readonly string[],
  { signal }: { readonly signal?: AbortSignal | undefined } = {},
): AsyncGenerator<RecordingPrediction, void, undefined> {
  const { sampleRateHz, recordings } = table.reader.manifest;
  for (const id of ids) {
    signal?.throwIfAborted();
    const joiner = createSegmentJoiner("mean", elementAt(recordings, table.reader.positionOf(id)), sampleRateHz);
    for (const { segment, startSample, features } of await table.rowsOf(id))
      joiner.add(
        segment,
        startSample,
        new Float32Array(table.windowSeconds).fill(logisticProbability(model, features)),
      );
    yield { id, rateHz: 1, ...joiner.finish(1) };
  }
}
