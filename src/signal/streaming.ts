import { type Borrowed, lend } from "../base/borrowed.js";
import type { Kernels } from "./kernels.js";
import { type Moments, toMoments } from "./normalize.js";
import { GROUP_CHANNELS } from "./polyphase.js";
import { advanceCursor, outputsOwed, outputsReady, type ResamplerCursor } from "./resampler.js";
import { floatBlock, type InputTap, type SampleBlock, takeSamples } from "./sample-block.js";
import {
  openScratchMemory,
  type ScratchMemory,
  SLICE_SAMPLES,
  type StreamedGroup,
  type StreamingSettings,
} from "./scratch-memory.js";
import { BlockQueue, type OnSamples, offsetsOf, type SignalProcessor } from "./signal-processor.js";

/** Cached views of one array; slices of one length need a handful. */
const CACHED_VIEWS = 64;

/** What one slice of the input does to the resampler, the same for all groups. */
interface Step {
  readonly held: number;
  readonly phase: number;
  readonly outputs: number;
  /** Samples that no later output needs. */
  readonly consumed: number;
}

function takeStep(cursor: ResamplerCursor | undefined, count: number): Step {
  if (!cursor) return { held: 0, phase: 0, outputs: count, consumed: count };
  const { held, phase } = cursor;
  const outputs = outputsReady(cursor, count);
  return { held, phase, outputs, consumed: advanceCursor(cursor, count, outputs) };
}

type View<T> = (from: number, to: number) => Borrowed<T>;

/** Views of parts of an array, cached: nearly all slices ask for the same ones, and V8 takes long to make a view. */
function createViews<T extends Float32Array | Float64Array>(array: T): View<T> {
  const cached = new Map<number, Borrowed<T>>();
  return (from, to) => {
    const key = from * (array.length + 1) + to;
    const known = cached.get(key);
    if (known) return known;
    if (cached.size >= CACHED_VIEWS) cached.clear(); // blocks of odd lengths
    const view = lend(array.subarray(from, to) as T); // of the same kind
    cached.set(key, view);
    return view;
  };
}

/** A group of channels with the cached views of the samples that wait in its resampler. */
interface ViewedGroup extends StreamedGroup {
  readonly heldView: View<Float64Array>;
}

interface StreamingState extends ScratchMemory {
  readonly groups: readonly ViewedGroup[];
  readonly beforeView: View<Float64Array>;
  readonly roundedView: View<Float32Array>;
  readonly tap: InputTap | undefined;
}

function openStreaming(settings: StreamingSettings, name: Kernels["name"] | undefined): StreamingState {
  const scratch = openScratchMemory(settings, name);
  return {
    ...scratch,
    groups: scratch.groups.map((group) => ({ ...group, heldView: createViews(group.held) })),
    beforeView: createViews(scratch.before),
    roundedView: createViews(scratch.rounded),
    tap: settings.tap,
  };
}

/** Samples of a slice: whole units of the block, where one fits. */
function sliceOf({ unitSamples }: SampleBlock): number {
  return unitSamples > SLICE_SAMPLES ? SLICE_SAMPLES : SLICE_SAMPLES - (SLICE_SAMPLES % unitSamples);
}

/** Read one slice of a block to where the kernels expect it, and what a common reference subtracts from it. */
function loadSlice(scratch: StreamingState, block: SampleBlock, start: number, end: number): void {
  const { kernels, inputs, common, commonRow, extremes, tap } = scratch;
  block.loadInto(inputs, start, end, kernels);
  if (tap) {
    kernels.extremesInto(extremes, inputs, end - start);
    tap(inputs, end - start, lend(extremes));
  }
  if (commonRow) kernels.projectRowInto(common, inputs, end - start, commonRow);
}

/** Filter `count` samples of the group in `after` and pass them on, rounded to float32. */
function finish(scratch: StreamingState, group: StreamedGroup, count: number, onSamples: OnSamples, at: number): void {
  const { kernels, after, rounded, rowLength, roundedView } = scratch;
  kernels.filterGroupInto(after, count, scratch.sections, group.state);
  group.moments.push(after, count);
  kernels.roundGroupInto(rounded, rowLength, after, count);
  for (let lane = 0; lane < group.rows.length; lane++)
    onSamples(group.firstChannel + lane, roundedView(lane * rowLength, lane * rowLength + count), at);
}

/** Take a slice that `loadSlice` loaded through the chain; returns how many samples per channel it gave. */
function runSlice(scratch: StreamingState, count: number, onSamples: OnSamples, at: number): number {
  const { kernels, cursor, before, after, beforeView } = scratch;
  const { held, phase, outputs, consumed } = takeStep(cursor, count);
  const incoming = beforeView(GROUP_CHANNELS * held, before.length);
  const rest = beforeView(GROUP_CHANNELS * consumed, GROUP_CHANNELS * (held + count));
  for (const group of scratch.groups) {
    before.set(group.heldView(0, GROUP_CHANNELS * held));
    kernels.projectGroupInto(incoming, scratch.inputs, count, group, scratch.commonRow && scratch.common);
    if (cursor) kernels.polyphaseInto(after, outputs, before, phase, cursor.bank);
    if (cursor) group.held.set(rest);
    finish(scratch, group, outputs, onSamples, at);
  }
  return outputs;
}

/** The outputs that zeros after the last sample complete; returns how many per channel. */
function flushResampler(scratch: StreamingState, onSamples: OnSamples, at: number): number {
  const { cursor, kernels, before, after } = scratch;
  const owed = cursor ? outputsOwed(cursor) : 0;
  if (!cursor || owed === 0) return 0;
  for (const group of scratch.groups) {
    before.fill(0);
    before.set(group.held.subarray(0, GROUP_CHANNELS * cursor.held));
    kernels.polyphaseInto(after, owed, before, cursor.phase, cursor.bank);
    finish(scratch, group, owed, onSamples, at);
  }
  return owed;
}

/**
 * The causal chain by blocks. State per channel: the resampler's held samples and two values per filter section; beside
 * it, the first `offsetSamples` samples until they are complete.
 */
class StreamingProcessor implements SignalProcessor {
  readonly #settings: StreamingSettings;
  readonly #scratch: StreamingState;
  /** Samples at the start, until they are enough for the offset. */
  readonly #head: BlockQueue;
  #hasBegun = false;
  #sampleCount = 0;
  /** Moments after `flush`, when the memory that they are taken from is gone. */
  #closed: Moments | undefined;

  constructor(settings: StreamingSettings, name: Kernels["name"] | undefined) {
    this.#settings = settings;
    this.#scratch = openStreaming(settings, name);
    this.#head = new BlockQueue(settings.inputCount);
  }

  process(block: SampleBlock, onSamples: OnSamples): void {
    if (this.#hasBegun) this.#run(block, onSamples);
    else if (this.#head.sampleCount === 0 && this.#isEnough(block.sampleCount)) this.#begin(block, onSamples);
    else {
      const enough = this.#isEnough(block.sampleCount);
      this.#head.add(takeSamples(block, 0, block.sampleCount));
      if (enough) this.#begin(floatBlock(this.#head.take()), onSamples);
    }
  }

  flush(onSamples: OnSamples): void {
    if (!this.#hasBegun && this.#head.sampleCount > 0) this.#begin(floatBlock(this.#head.take()), onSamples);
    this.#sampleCount += flushResampler(this.#scratch, onSamples, this.#sampleCount);
    this.#closed = this.moments();
    this.#scratch.kernels.release();
  }

  ready(count: number): number {
    const fresh = this.#hasBegun ? count : this.#isEnough(count) ? this.#head.sampleCount + count : 0;
    return this.#scratch.cursor ? outputsReady(this.#scratch.cursor, fresh) : fresh;
  }

  moments(): Moments {
    if (this.#closed) return this.#closed;
    const channels = this.#scratch.groups.flatMap(({ moments, rows }) => moments.result().slice(0, rows.length));
    return toMoments(channels, this.#sampleCount);
  }

  /** True when the samples that wait and `count` more are enough to begin. */
  #isEnough(count: number): boolean {
    return count > 0 && this.#head.sampleCount + count >= this.#settings.offsetSamples;
  }

  #begin(block: SampleBlock, onSamples: OnSamples): void {
    const start = takeSamples(block, 0, Math.min(this.#settings.offsetSamples, block.sampleCount));
    const offsets = offsetsOf(this.#settings, start);
    for (const { offsets: own, firstChannel } of this.#scratch.groups)
      own.set(offsets.subarray(firstChannel, firstChannel + GROUP_CHANNELS));
    this.#hasBegun = true;
    this.#run(block, onSamples);
  }

  #run(block: SampleBlock, onSamples: OnSamples): void {
    const slice = sliceOf(block);
    for (let start = 0; start < block.sampleCount; start += slice) {
      const end = Math.min(block.sampleCount, start + slice);
      loadSlice(this.#scratch, block, start, end);
      this.#sampleCount += runSlice(this.#scratch, end - start, onSamples, this.#sampleCount);
    }
  }
}

/** Open the causal chain by blocks; `flush` gives its memory back. `name` picks the kernels. @default the fastest available */
export function openStreamingProcessor(settings: StreamingSettings, name?: Kernels["name"]): SignalProcessor {
  return new StreamingProcessor(settings, name);
}
