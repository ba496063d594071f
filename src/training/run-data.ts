import { hashOf } from "@ictal/base/canonical";
import { CacheError, ConfigError } from "@ictal/base/errors";
import { limitManifest, type Manifest, readManifest } from "../cache/manifest.js";
import { balanceWindows } from "../dataset/balance.js";
import { indexWindows, type WindowIndex, windowsOfClass } from "../dataset/index-windows.js";
import { epochOrder } from "../dataset/order.js";
import { assignSplits, splitByPatient } from "../dataset/split.js";
import type { SplitRecord } from "../dataset/split-record.js";
import { openWindowReader, type WindowReader } from "../dataset/window-reader.js";
import type { FilledTrainOptions, TrainDataOptions } from "./options.js";

/** The data of a training run. */
export interface TrainingData {
  readonly reader: WindowReader;
  /** Windows of the training recordings. */
  readonly index: WindowIndex;
  /** Window numbers to train on, ascending. */
  readonly selection: Uint32Array;
  /** Recordings to validate on, as positions in the manifest. */
  readonly dev: readonly number[];
  /** Who is in which split, where the options assign patients to splits. */
  readonly splits?: SplitRecord | undefined;
}

type DataOptions = FilledTrainOptions["data"];

interface Splits {
  readonly train: { readonly split: string; readonly patients?: readonly string[] };
  readonly dev: readonly number[];
}

/** The recordings to train and to validate on: by split, or by patient where the manifest has no dev split. */
function splitsOf(manifest: Manifest, options: DataOptions): Splits {
  const { trainSplit, devSplit, devShare, splitSeed } = options;
  const positions = (test: (recording: Manifest["recordings"][number]) => boolean) =>
    manifest.recordings.flatMap((recording, position) => (test(recording) ? [position] : []));
  if (positions(({ split }) => split === trainSplit).length === 0) {
    const found = [...new Set(manifest.recordings.map(({ split }) => split))].sort().join(", ");
    throw new ConfigError(`no recording of split ${trainSplit} in the manifest; it has ${found}`, {
      key: "trainSplit",
      value: trainSplit,
      allowed: found,
    });
  }
  const dev = positions(({ split }) => split === devSplit);
  if (dev.length > 0 || devShare === 0) return { train: { split: trainSplit }, dev };
  const cut = splitByPatient(manifest, devShare, splitSeed);
  const devPatients = new Set(cut.dev);
  return {
    train: { split: trainSplit, patients: cut.train },
    dev: positions(({ split, patient }) => split === trainSplit && devPatients.has(patient)),
  };
}

function allLabelled(index: WindowIndex): Uint32Array {
  return Uint32Array.from(
    (["none", "partial", "full"] as const).flatMap((name) => [...windowsOfClass(index, name)]),
  ).sort();
}

function noLabels({ recordings }: Manifest, index: WindowIndex, { trainSplit }: DataOptions): CacheError {
  const own = recordings.filter(({ split }) => split === trainSplit);
  const labelled = own.filter((recording) => recording.labelled).length;
  return new CacheError(
    `no labelled window to train on: ${labelled} of the ${own.length} recordings of split ${trainSplit} have annotations, ${index.count} windows in all. ` +
      "Check that the annotation files are in the folders of the recordings (ictal annotations check), then build cache and manifest again",
    { found: 0, expected: "at least one labelled window" },
  );
}

interface OpenDataOptions {
  /** Called with the manifest before windows are laid out; may throw. */
  readonly accept?: ((manifest: Manifest) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Open the windows of a run: manifest, split, index, balanced selection. Close the reader when done. */
export async function openTrainingData(
  options: DataOptions & TrainDataOptions,
  seed: number,
  { accept, signal }: OpenDataOptions = {},
): Promise<TrainingData> {
  signal?.throwIfAborted();
  const whole = await readManifest(options.cacheDir, { key: options.key, signal });
  const limited = limitManifest(whole, options.limit);
  accept?.(limited);
  if (options.split === undefined)
    return selectTrainingData(await openWindowReader(options.cacheDir, limited, { signal }), options, seed);
  const { manifest, record } = await assignSplits(limited, options.split, { known: whole, signal });
  const own = { ...options, trainSplit: "train", devSplit: "dev", devShare: 0 }; // dev is cut already
  const data = selectTrainingData(await openWindowReader(options.cacheDir, manifest, { signal }), own, seed);
  return { ...data, splits: record };
}

/** The same on a reader that is open already. */
export function selectTrainingData(reader: WindowReader, options: DataOptions, seed: number): TrainingData {
  const { windowSeconds, strideSeconds } = options;
  const splits = splitsOf(reader.manifest, options);
  const index = indexWindows(reader.manifest, { windowSeconds, strideSeconds, ...splits.train });
  const selection =
    options.balance === false ? allLabelled(index) : balanceWindows(index, { ...options.balance, seed });
  if (selection.length === 0) throw noLabels(reader.manifest, index, options);
  return { reader, index, selection, dev: splits.dev };
}

/** Share of the selected windows that hold seizure. */
export function seizureShareOf({ index, selection }: Pick<TrainingData, "index" | "selection">): number {
  return selection.reduce((count, window) => count + (index.seizureShare[window]! > 0 ? 1 : 0), 0) / selection.length;
}

/** One line per training recording: its id and its selected windows' starts, hashed. Equal lines mean equal batches. */
export function dataLines({ index, selection }: TrainingData): string[] {
  const starts = new Map<number, number[]>();
  for (const window of selection) {
    const recording = index.recording[window]!;
    const own = starts.get(recording) ?? [];
    own.push(index.startSample[window]!);
    starts.set(recording, own);
  }
  return [...starts].map(([recording, own]) => {
    const { id, sampleCount } = index.manifest.recordings[recording]!;
    return `${id} ${own.length} windows of ${sampleCount} samples ${hashOf(own, 8)}`;
  });
}

/** The differences between two lists of lines, for a message. */
export function lineDifferences(found: readonly string[], expected: readonly string[]): string[] {
  const before = new Map(found.map((line) => [line.slice(0, line.indexOf(" ")), line]));
  const now = new Map(expected.map((line) => [line.slice(0, line.indexOf(" ")), line]));
  const differences: string[] = [];
  for (const [id, line] of before) {
    const other = now.get(id);
    if (other === undefined) differences.push(`${id} was removed`);
    else if (other !== line) differences.push(`${id} has other windows`);
  }
  for (const id of now.keys()) if (!before.has(id)) differences.push(`${id} is new`);
  return differences;
}

/** Steps per epoch; the last batch is filled up from the epoch's start, so that every batch is full. */
export function stepsPerEpoch(windowCount: number, batchSize: number): number {
  return Math.ceil(windowCount / batchSize);
}

/** Windows of an epoch in order, a whole number of batches: a pure function of (selection, seed, epoch). */
export function epochWindows(selection: Uint32Array, batchSize: number, seed: number, epoch: number): Uint32Array {
  const order = epochOrder(selection.length, seed, epoch);
  const length = stepsPerEpoch(selection.length, batchSize) * batchSize;
  return Uint32Array.from({ length }, (_, i) => selection[order[i % order.length]!]!);
}

/**
 * Labels per logit from labels and mask per sample: the share of seizure among the known samples of each stride, and a
 * mask that is 0 where fewer than half of them are known.
 */
export function downsampleLabelsInto(
  shares: Float32Array,
  known: Float32Array,
  labels: Float32Array,
  mask: Float32Array,
  strideSamples: number,
): void {
  for (let logit = 0; logit < shares.length; logit++) {
    let seizure = 0;
    let count = 0;
    for (let i = logit * strideSamples; i < (logit + 1) * strideSamples; i++) {
      count += mask[i]!;
      seizure += mask[i]! * labels[i]!;
    }
    const isKnown = count > 0 && 2 * count >= strideSamples;
    shares[logit] = isKnown ? seizure / count : 0;
    known[logit] = isKnown ? 1 : 0;
  }
}
