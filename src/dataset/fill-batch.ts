// Hot loops: `!` marks indices that the loop bounds keep inside the arrays.
/** Filling the arrays of a batch with windows, on whichever thread. */
import { mapConcurrent } from "../base/concurrent.js";
import { recordingAt } from "../cache/manifest.js";
import { type Segment, segmentAt } from "../cache/segments.js";
import { type AugmentationDraw, type Augmentations, augmentInto, createAugmenter } from "./augment.js";
import type { WindowRow } from "./index-windows.js";
import { type WindowReader, zeroAfter } from "./window-reader.js";

/** Origin of one window of a batch. */
export interface WindowOrigin {
  /** Number in the index. */
  readonly window: number;
  /** Recording id. */
  readonly id: string;
  /** First sample read, a time shift included. */
  readonly startSample: number;
  /** Seizure samples over valid samples of what was read; NaN where no label is known. */
  readonly seizureShare: number;
}

/** The arrays of one batch, in one buffer that threads may share. */
export interface Slot<Memory extends ArrayBuffer | SharedArrayBuffer = ArrayBuffer | SharedArrayBuffer> {
  readonly buffer: Memory;
  /** `[window, channel, sample]` */
  readonly samples: Float32Array;
  /** `[window, sample]` */
  readonly labels: Float32Array;
  /** `[window, sample]` */
  readonly mask: Float32Array;
}

/** Sizes of a batch. */
export interface BatchShape {
  readonly batchSize: number;
  readonly channelCount: number;
  readonly windowSamples: number;
}

/** Bytes of the arrays of a batch. */
export function slotBytes({ batchSize, channelCount, windowSamples }: BatchShape): number {
  return 4 * batchSize * windowSamples * (channelCount + 2);
}

/** The arrays of a batch as views of `buffer`; threads fill shared memory alone, and the type says which it is. */
export function slotOf<Memory extends ArrayBuffer | SharedArrayBuffer>(shape: BatchShape, buffer: Memory): Slot<Memory>;
/** The same in new memory, which is not shared. */
export function slotOf(shape: BatchShape): Slot<ArrayBuffer>;
export function slotOf(
  shape: BatchShape,
  buffer: ArrayBuffer | SharedArrayBuffer = new ArrayBuffer(slotBytes(shape)),
): Slot {
  const { batchSize, channelCount, windowSamples } = shape;
  const rows = batchSize * windowSamples;
  return {
    buffer,
    samples: new Float32Array(buffer, 0, rows * channelCount),
    labels: new Float32Array(buffer, 4 * rows * channelCount, rows),
    mask: new Float32Array(buffer, 4 * rows * (channelCount + 1), rows),
  };
}

/** What does not change from batch to batch. */
export interface FillOptions {
  readonly windowSamples: number;
  readonly augment?: Augmentations | undefined;
  readonly seed: number;
  readonly epoch: number;
}

/** A window that is being read into a batch. */
interface Task {
  readonly row: WindowRow;
  readonly draw: AugmentationDraw | undefined;
  readonly startSample: number;
  /** Samples of the window's own segment; the rest is padding, also where another segment follows. */
  readonly validSamples: number;
  /** `[channel, sample]` */
  readonly samples: Float32Array;
  /** `[sample]` */
  readonly labels: Float32Array;
  /** `[sample]` */
  readonly mask: Float32Array;
}

/** Fills batches from a reader. */
export interface Filler {
  /** Fill the first rows of `slot` and clear the rest; the reads run `concurrency` at a time. */
  fill(
    slot: Slot,
    rows: readonly WindowRow[],
    concurrency: number,
    signal?: AbortSignal | undefined,
  ): Promise<WindowOrigin[]>;
  /** The same without waiting. */
  fillSync(slot: Slot, rows: readonly WindowRow[]): WindowOrigin[];
}

/** Start of a window after a shift, kept inside its segment so that a shift brings no padding of its own. */
function shiftedStart(startSample: number, shift: number, segment: Segment, windowSamples: number): number {
  if (shift === 0) return startSample;
  const last = Math.max(startSample, segment.startSample + segment.sampleCount - windowSamples);
  return Math.min(last, Math.max(segment.startSample, startSample + shift));
}

/** Share of seizure among the samples that `mask` marks. */
function shareOf(labels: Float32Array, mask: Float32Array): number {
  let seizure = 0;
  let valid = 0;
  for (let i = 0; i < labels.length; i++) {
    valid += mask[i]!;
    seizure += mask[i]! * labels[i]!;
  }
  return seizure / valid;
}

/** A filler for `reader`. Throws a RangeError on invalid augmentations. */
export function createFiller(reader: WindowReader, options: FillOptions): Filler {
  const { windowSamples, augment, seed, epoch } = options;
  const { manifest, channelCount } = reader;
  const draws = augment && createAugmenter(augment, seed, epoch, manifest.sampleRateHz);
  const block = channelCount * windowSamples;

  const taskOf = (slot: Slot, row: WindowRow, number: number): Task => {
    const draw = draws?.(row.position, channelCount);
    const segment = segmentAt(recordingAt(manifest, row.recording), row.startSample);
    const startSample = shiftedStart(row.startSample, draw?.shiftSamples ?? 0, segment, windowSamples);
    return {
      row,
      draw,
      startSample,
      validSamples: Math.min(windowSamples, segment.startSample + segment.sampleCount - startSample),
      samples: slot.samples.subarray(number * block, (number + 1) * block),
      labels: slot.labels.subarray(number * windowSamples, (number + 1) * windowSamples),
      mask: slot.mask.subarray(number * windowSamples, (number + 1) * windowSamples),
    };
  };

  /** Zeroes what is not the window's: the next segment, and what noise and frequency shift add to padding. */
  const clearPadding = ({ samples, labels, mask, validSamples }: Task) => {
    if (validSamples >= windowSamples) return;
    zeroAfter(samples, windowSamples, validSamples);
    labels.fill(0, validSamples);
    mask.fill(0, validSamples);
  };

  /** The steps after the samples of a task are read. */
  const finish = (task: Task): WindowOrigin => {
    const { row, draw, startSample, samples, labels, mask } = task;
    const { id, segments } = recordingAt(manifest, row.recording);
    if (draw) {
      if (segments) clearPadding(task); // a frequency shift spreads what follows the gap
      augmentInto(samples, channelCount, draw, manifest.sampleRateHz);
    }
    reader.labelsInto(labels, row.recording, startSample);
    reader.maskInto(mask, row.recording, startSample);
    clearPadding(task);
    const seizureShare = startSample === row.startSample ? row.seizureShare : shareOf(labels, mask);
    return { window: row.window, id, startSample, seizureShare };
  };

  const clearAfter = (slot: Slot, count: number) => {
    slot.samples.fill(0, count * block);
    slot.labels.fill(0, count * windowSamples);
    slot.mask.fill(0, count * windowSamples);
  };

  return {
    async fill(slot, rows, concurrency, signal) {
      clearAfter(slot, rows.length);
      const work = async (row: WindowRow, number: number) => {
        const task = taskOf(slot, row, number);
        await reader.readInto(task.samples, row.recording, task.startSample, windowSamples, { signal });
        return finish(task);
      };
      return mapConcurrent(rows, concurrency, work, signal);
    },
    fillSync(slot, rows) {
      clearAfter(slot, rows.length);
      return rows.map((row, number) => {
        const task = taskOf(slot, row, number);
        reader.readIntoSync(task.samples, row.recording, task.startSample, windowSamples);
        return finish(task);
      });
    },
  };
}
