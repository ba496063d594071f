import { requireCounts, requireNumber } from "@ictal/base/options";
import type { Augmentations } from "./augment.js";
import { BatchThreads } from "./batch-threads.js";
import {
  type BatchShape,
  createFiller,
  type FillOptions,
  type Slot,
  slotOf,
  type WindowOrigin,
  type WindowRow,
} from "./fill-batch.js";
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
  /** Worker threads that fill batches ahead, one batch each at a time; 0 fills one ahead on this thread. @default 0 */
  readonly workers?: number;
  /** Without workers: windows read at the same time. @default 4 */
  readonly concurrency?: number;
  readonly signal?: AbortSignal;
}

/**
 * Windows ready for a step. The memory belongs to the reader of batches: it holds until the next batch is asked for, then
 * it is filled again.
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

interface Filled {
  readonly slot: Slot;
  readonly windows: WindowOrigin[];
  readonly position: number;
}

/** Fills slots with rows, on this thread or on others. */
interface Source {
  /** Batches that are filled at the same time. */
  readonly depth: number;
  /** Slots to fill: one more than `depth`, so that the next is filled while one is given out or copied. */
  readonly slots: Slot[];
  fill(slot: Slot, rows: readonly WindowRow[]): Promise<WindowOrigin[]>;
  close(): Promise<void>;
}

function openSource(reader: WindowReader, shape: BatchShape, fillOptions: FillOptions, options: BatchOptions): Source {
  const { workers = 0, concurrency = 4, signal } = options;
  requireCounts({ workers }, 0);
  requireCounts({ concurrency });
  const filler = createFiller(reader, fillOptions); // refuses bad augmentations on this thread too
  if (workers > 0) return new BatchThreads(workers, { reader, shape, fillOptions });
  return {
    depth: 1,
    slots: [slotOf(shape), slotOf(shape)],
    fill: (slot, rows) => filler.fill(slot, rows, concurrency, signal),
    close: async () => undefined,
  };
}

function checkOrder(order: Uint32Array, index: WindowIndex): void {
  const odd = order.find((window) => window >= index.count);
  if (odd !== undefined) throw new RangeError(`invalid window in order: ${odd} of ${index.count}`);
}

function rowsOf(index: WindowIndex, order: Uint32Array, from: number, to: number): WindowRow[] {
  return Array.from(order.subarray(from, to), (window, i) => ({
    position: from + i,
    window,
    recording: index.recording[window]!,
    startSample: index.startSample[window]!,
    seizureShare: index.seizureShare[window]!,
  }));
}

/** Native executors take no shared memory, and handing memory over between threads sets off a collection each time. */
function copySlot(to: Slot | undefined, from: Slot): void {
  to?.samples.set(from.samples);
  to?.labels.set(from.labels);
  to?.mask.set(from.mask);
}

/**
 * Batches of an index in a given order, later ones being filled while the current one is used. What is in a batch depends
 * on order, seed, epoch and position alone, not on `workers`. The last batch is filled up with zeros and masked. Throws a
 * RangeError on a bad batch size, position, number of workers, augmentation or window number.
 */
export async function* openBatches(
  reader: WindowReader,
  index: WindowIndex,
  options: BatchOptions,
): AsyncGenerator<Batch, void, undefined> {
  const { batchSize, augment, seed = 0, epoch = 0, startPosition = 0, signal } = options;
  requireCounts({ batchSize });
  requireCounts({ startPosition, epoch }, 0);
  requireNumber("seed", seed, { isWhole: true });
  const order = options.order ?? Uint32Array.from({ length: index.count }, (_, window) => window);
  checkOrder(order, index);
  signal?.throwIfAborted();
  const { windowSamples } = index;
  const shape = { batchSize, channelCount: reader.channelCount, windowSamples };
  const source = openSource(reader, shape, { windowSamples, augment, seed, epoch }, options);
  const idle = [...source.slots];
  const isShared = idle[0]!.buffer instanceof SharedArrayBuffer;
  const copy = isShared ? slotOf(shape) : undefined;
  const pending: Promise<Filled>[] = [];
  let next = startPosition;
  const begin = () => {
    if (next >= order.length) return;
    const position = next;
    next = Math.min(order.length, position + batchSize);
    const slot = idle.pop()!;
    const filling = source
      .fill(slot, rowsOf(index, order, position, next))
      .then((windows) => ({ slot, windows, position }));
    filling.catch(() => undefined); // thrown when it is awaited; until then it is not "unhandled"
    pending.push(filling);
  };
  try {
    while (pending.length < source.depth && next < order.length) begin();
    for (let first = pending.shift(); first; first = pending.shift()) {
      const { slot, windows, position } = await first;
      signal?.throwIfAborted();
      begin(); // before the copy, which takes half as long as filling
      copySlot(copy, slot);
      if (copy) idle.push(slot);
      const { samples, labels, mask } = copy ?? slot;
      yield { samples, labels, mask, count: windows.length, position, windows };
      if (!copy) idle.push(slot);
    }
  } finally {
    await Promise.allSettled(pending); // a caller that stops early may close the reader at once
    await source.close();
  }
}
