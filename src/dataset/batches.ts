import { mapConcurrent } from "../base/concurrent.js";
import { type AugmentationDraw, type Augmentations, augmentInto, createAugmenter } from "./augment.js";
import type { WindowIndex } from "./index-windows.js";
import type { WindowReader } from "./window-reader.js";

export interface BatchOptions {
  /** Window numbers in the order they are given out, e.g. the balanced set permuted by `epochOrder`. @default all, in order */
  readonly order?: Uint32Array;
  readonly batchSize: number;
  /** Position in `order` to start at, for resuming. @default 0 */
  readonly startPosition?: number;
  readonly augment?: Augmentations;
  /** With `augment`: seed and epoch of the draws. @default 0 */
  readonly seed?: number;
  /** @default 0 */
  readonly epoch?: number;
  /** Windows read at the same time. @default 4 */
  readonly concurrency?: number;
  readonly signal?: AbortSignal;
}

/**
 * Windows ready for a step. The arrays belong to the reader of batches: they hold until the next batch is asked for,
 * then they are filled again.
 */
export interface Batch {
  /** `[window, channel, sample]`, standard deviations; zeros in padding. */
  readonly samples: Float32Array;
  /** `[window, sample]`, 1 seizure, 0 not. */
  readonly labels: Float32Array;
  /** `[window, sample]`, 1 where sample and label exist; 0 in padding, also for windows that fill up the last batch. */
  readonly mask: Float32Array;
  /** Windows that are real; the rest up to `batchSize` is padding. */
  readonly count: number;
  /** Position in `order` of the first window. */
  readonly position: number;
  /** Where each real window comes from. */
  readonly windows: readonly WindowOrigin[];
}

/** Origin of one window of a batch. */
export interface WindowOrigin {
  /** Number in the index. */
  readonly window: number;
  /** Recording id. */
  readonly id: string;
  /** First sample read, a time shift included. */
  readonly startSample: number;
}

interface Slot {
  readonly samples: Float32Array;
  readonly labels: Float32Array;
  readonly mask: Float32Array;
}

interface Plan {
  readonly reader: WindowReader;
  readonly index: WindowIndex;
  readonly options: BatchOptions;
  readonly order: Uint32Array;
  readonly draw: (position: number) => AugmentationDraw | undefined;
}

function createSlot({ reader, index, options }: Plan): Slot {
  const { batchSize } = options;
  return {
    samples: new Float32Array(batchSize * reader.channelCount * index.windowSamples),
    labels: new Float32Array(batchSize * index.windowSamples),
    mask: new Float32Array(batchSize * index.windowSamples),
  };
}

/** Start of a window after a shift, kept inside the recording so that a shift brings no padding of its own. */
function shiftedStart({ index }: Plan, window: number, shift: number): number {
  const start = index.startSample[window]!;
  if (shift === 0) return start;
  const { sampleCount } = index.manifest.recordings[index.recording[window]!]!;
  const last = Math.max(start, sampleCount - index.windowSamples);
  return Math.min(last, Math.max(0, start + shift));
}

/** Noise reaches the padding too; take it off again. */
function clearPadding({ reader, index }: Plan, samples: Float32Array, recording: number, startSample: number): void {
  const length = index.windowSamples;
  const valid = index.manifest.recordings[recording]!.sampleCount - startSample;
  if (valid >= length) return;
  for (let channel = 0; channel < reader.channelCount; channel++)
    samples.fill(0, channel * length + valid, (channel + 1) * length);
}

async function fillWindow(plan: Plan, slot: Slot, row: number, position: number): Promise<WindowOrigin> {
  const { reader, index } = plan;
  const window = plan.order[position]!;
  const recording = index.recording[window]!;
  const draw = plan.draw(position);
  const startSample = shiftedStart(plan, window, draw?.shiftSamples ?? 0);
  const length = index.windowSamples;
  const block = reader.channelCount * length;
  const samples = slot.samples.subarray(row * block, (row + 1) * block); // [channel, sample]
  await reader.readInto(samples, recording, startSample, length);
  if (draw) augmentInto(samples, reader.channelCount, draw);
  if (draw) clearPadding(plan, samples, recording, startSample);
  reader.labelsInto(slot.labels.subarray(row * length, (row + 1) * length), recording, startSample);
  reader.maskInto(slot.mask.subarray(row * length, (row + 1) * length), recording, startSample);
  return { window, id: index.manifest.recordings[recording]!.id, startSample };
}

async function fillBatch(plan: Plan, slot: Slot, position: number): Promise<Batch> {
  const { options, order, index, reader } = plan;
  const count = Math.min(options.batchSize, order.length - position);
  slot.samples.fill(0, count * reader.channelCount * index.windowSamples);
  slot.labels.fill(0, count * index.windowSamples);
  slot.mask.fill(0, count * index.windowSamples);
  const rows = Array.from({ length: count }, (_, row) => row);
  const { concurrency = 4, signal } = options;
  const windows = await mapConcurrent(rows, concurrency, (row) => fillWindow(plan, slot, row, position + row), signal);
  return { ...slot, count, position, windows };
}

function checkOrder(order: Uint32Array, index: WindowIndex): void {
  const odd = order.find((window) => window >= index.count);
  if (odd !== undefined) throw new RangeError(`invalid window in order: ${odd} of ${index.count}`);
}

/**
 * Batches of an index in a given order, the next one being read while the current one is used. The last batch is filled
 * up with zeros and masked. Throws a RangeError on a bad batch size or window number.
 */
export async function* openBatches(
  reader: WindowReader,
  index: WindowIndex,
  options: BatchOptions,
): AsyncGenerator<Batch, void, undefined> {
  const { batchSize, augment, seed = 0, epoch = 0, startPosition = 0 } = options;
  if (!Number.isInteger(batchSize) || batchSize < 1) throw new RangeError(`invalid batchSize: ${batchSize}`);
  const order = options.order ?? Uint32Array.from({ length: index.count }, (_, window) => window);
  checkOrder(order, index);
  const augmenter = augment && createAugmenter(augment, seed, epoch, index.manifest.sampleRateHz);
  const plan: Plan = {
    reader,
    index,
    options,
    order,
    draw: (position) => augmenter?.(position, reader.channelCount),
  };
  const slots = [createSlot(plan), createSlot(plan)];
  let turn = 0;
  const begin = (position: number): Promise<Batch> | undefined => {
    if (position >= order.length) return undefined;
    const filling = fillBatch(plan, slots[turn++ % 2]!, position);
    filling.catch(() => undefined); // thrown when it is awaited; until then it is not "unhandled"
    return filling;
  };
  let pending = begin(startPosition);
  try {
    for (let position = startPosition; pending; position += batchSize) {
      const batch = await pending;
      pending = begin(position + batchSize);
      yield batch;
    }
  } finally {
    await pending?.catch(() => undefined); // a caller that stops early may close the reader at once
  }
}
