import { requireCounts, requireNumber } from "@ictal/base/options";
import { type Borrowed, lend } from "../base/borrowed.js";
import type { Augmentations } from "./augment.js";
import { BatchThreads } from "./batch-threads.js";
import { type BatchShape, createFiller, type FillOptions, type Slot, slotOf, type WindowOrigin } from "./fill-batch.js";
import { type WindowIndex, type WindowRow, windowRow } from "./index-windows.js";
import type { WindowReader } from "./window-reader.js";

export interface BatchOptions {
  /** Window numbers in the order of the batches, e.g. the balanced set permuted by `epochOrder`. @default all, in order */
  readonly order?: Uint32Array | undefined;
  readonly batchSize: number;
  /** Position in `order` to start at, for resuming. @default 0 */
  readonly startPosition?: number | undefined;
  readonly augment?: Augmentations | undefined;
  /** With `augment`: seed and epoch of the draws. @default 0 */
  readonly seed?: number | undefined;
  /** @default 0 */
  readonly epoch?: number | undefined;
  /** Worker threads that fill batches ahead, one batch each at a time; 0 fills one ahead on this thread. @default 0 */
  readonly workers?: number | undefined;
  /** Without workers: windows read at the same time. @default 4 */
  readonly concurrency?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Windows ready for a step. The arrays are filled again when the next batch is asked for. */
export interface Batch {
  /** `[window, channel, sample]`, standard deviations; zeros in padding. */
  readonly samples: Borrowed<Float32Array>;
  /** `[window, sample]`, 1 seizure, 0 not. */
  readonly labels: Borrowed<Float32Array>;
  /** `[window, sample]`, 1 where sample and label exist; 0 in padding, also for windows that fill up the last batch. */
  readonly mask: Borrowed<Float32Array>;
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
interface BatchSource {
  /** Batches that are filled at the same time. */
  readonly depth: number;
  /** Slots to fill: one more than `depth`, so that the next is filled while one is used or copied. */
  readonly slots: Slot[];
  fill(slot: Slot, rows: readonly WindowRow[]): Promise<WindowOrigin[]>;
  close(): Promise<void>;
}

function openSource(
  reader: WindowReader,
  shape: BatchShape,
  fillOptions: FillOptions,
  options: BatchOptions,
): BatchSource {
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
  return Array.from(order.subarray(from, to), (window, i) => windowRow(index, window, from + i));
}

/** Native executors take no shared memory, and transferring memory between threads triggers a garbage collection each time. */
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
  const copy = idle.some(({ buffer }) => buffer instanceof SharedArrayBuffer) ? slotOf(shape) : undefined;
  const pending: Promise<Filled>[] = [];
  let next = startPosition;
  const begin = () => {
    const slot = next < order.length ? idle.pop() : undefined;
    if (!slot) return;
    const position = next;
    next = Math.min(order.length, position + batchSize);
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
      const borrowed = { samples: lend(samples), labels: lend(labels), mask: lend(mask) };
      yield { ...borrowed, count: windows.length, position, windows };
      if (!copy) idle.push(slot);
    }
  } finally {
    await Promise.allSettled(pending); // a caller that stops early may close the reader at once
    await source.close();
  }
}
