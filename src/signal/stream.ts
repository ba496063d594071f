import { createStore, type Flow, offsetsOf, type Sink } from "./flow.js";
import type { Kernels } from "./kernels.js";
import { closeMoments, type Moments } from "./normalize.js";
import { LANES } from "./polyphase.js";
import { advanceCursor, outputsOwed, outputsReady, type ResamplerCursor } from "./resampler.js";
import { floatBlock, type InputWatch, type SampleBlock, takeSamples } from "./sample-block.js";
import { type Group, openWorkshop, SLICE_SAMPLES, type StreamPlan, type Workshop } from "./workshop.js";

/** Views kept of one array; slices of one length need a handful. */
const KEPT_VIEWS = 64;

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

/** Parts of an array, kept for the next slice: nearly all slices ask for the same, and V8 takes long to make a view. */
function createViews<T extends Float32Array | Float64Array>(array: T): (from: number, to: number) => T {
  const kept = new Map<number, T>();
  return (from, to) => {
    const key = from * (array.length + 1) + to;
    const known = kept.get(key);
    if (known) return known;
    if (kept.size >= KEPT_VIEWS) kept.clear(); // blocks of odd lengths
    const view = array.subarray(from, to) as T; // of the same kind
    kept.set(key, view);
    return view;
  };
}

/** The views that a stream asks for with each slice. */
interface Views {
  readonly before: (from: number, to: number) => Float64Array;
  readonly rounded: (from: number, to: number) => Float32Array;
  /** Per group. */
  readonly held: readonly ((from: number, to: number) => Float64Array)[];
}

interface Stream extends Workshop {
  readonly views: Views;
  readonly watch: InputWatch | undefined;
}

function openStream(plan: StreamPlan, name: Kernels["name"] | undefined): Stream {
  const shop = openWorkshop(plan, name);
  const views = {
    before: createViews(shop.before),
    rounded: createViews(shop.rounded),
    held: shop.groups.map(({ held }) => createViews(held)),
  };
  return { ...shop, views, watch: plan.watch };
}

/** Samples of a slice: whole units of the block, where one fits. */
function sliceOf({ unitSamples }: SampleBlock): number {
  return unitSamples > SLICE_SAMPLES ? SLICE_SAMPLES : SLICE_SAMPLES - (SLICE_SAMPLES % unitSamples);
}

/** Read one slice of a block to where the kernels expect it, and what a common reference takes off it. */
function loadSlice(shop: Stream, block: SampleBlock, start: number, end: number): void {
  const { kernels, inputs, common, commonRow, extremes, watch } = shop;
  block.loadInto(inputs, start, end, kernels);
  if (watch) {
    kernels.extremesInto(extremes, inputs, end - start);
    watch(inputs, end - start, extremes);
  }
  if (commonRow) kernels.mixRowInto(common, inputs, end - start, commonRow);
}

/** Filter `count` samples of the group in `after` and hand them on, rounded to float32. */
function finish(shop: Stream, group: Group, count: number, sink: Sink, at: number): void {
  const { kernels, after, rounded, rowLength, views } = shop;
  kernels.filterLanesInto(after, count, shop.sections, group.state);
  group.moments.push(after, count);
  kernels.roundLanesInto(rounded, rowLength, after, count);
  for (let lane = 0; lane < group.rows.length; lane++)
    sink(group.firstChannel + lane, views.rounded(lane * rowLength, lane * rowLength + count), at);
}

/** Take a slice that `loadSlice` loaded through the chain; returns how many samples per channel it gave. */
function runSlice(shop: Stream, count: number, sink: Sink, at: number): number {
  const { kernels, cursor, before, after, views } = shop;
  const { held, phase, outputs, consumed } = takeStep(cursor, count);
  const fresh = views.before(LANES * held, before.length);
  const rest = views.before(LANES * consumed, LANES * (held + count));
  for (const [g, group] of shop.groups.entries()) {
    before.set(views.held[g]!(0, LANES * held));
    kernels.mixLanesInto(fresh, shop.inputs, count, group, shop.commonRow && shop.common);
    if (cursor) kernels.polyphaseInto(after, outputs, before, phase, cursor.bank);
    if (cursor) group.held.set(rest);
    finish(shop, group, outputs, sink, at);
  }
  return outputs;
}

/** The outputs that zeros after the last sample complete; returns how many per channel. */
function drain(shop: Stream, sink: Sink, at: number): number {
  const { cursor, kernels, before, after } = shop;
  const owed = cursor ? outputsOwed(cursor) : 0;
  if (!cursor || owed === 0) return 0;
  for (const group of shop.groups) {
    before.fill(0);
    before.set(group.held.subarray(0, LANES * cursor.held));
    kernels.polyphaseInto(after, owed, before, cursor.phase, cursor.bank);
    finish(shop, group, owed, sink, at);
  }
  return owed;
}

/**
 * The causal chain by blocks. State per channel: the resampler's held samples and two values per filter section; beside
 * it, the first `offsetSamples` samples until they are complete. `name` picks the kernels. @default the fastest there are
 */
export function createStream(plan: StreamPlan, name?: Kernels["name"]): Flow {
  const shop = openStream(plan, name);
  const head = createStore();
  let hasBegun = false;
  let sampleCount = 0;
  let closed: Moments | undefined;

  const run = (block: SampleBlock, sink: Sink): void => {
    const slice = sliceOf(block);
    for (let start = 0; start < block.sampleCount; start += slice) {
      const end = Math.min(block.sampleCount, start + slice);
      loadSlice(shop, block, start, end);
      sampleCount += runSlice(shop, end - start, sink, sampleCount);
    }
  };

  const begin = (block: SampleBlock, sink: Sink): void => {
    const offsets = offsetsOf(plan, takeSamples(block, 0, Math.min(plan.offsetSamples, block.sampleCount)));
    for (const { offsets: own, firstChannel } of shop.groups)
      own.set(offsets.subarray(firstChannel, firstChannel + LANES));
    hasBegun = true;
    run(block, sink);
  };

  /** True when the samples that wait and `count` more are enough to begin. */
  const isEnough = (count: number) => count > 0 && head.sampleCount + count >= plan.offsetSamples;

  const moments = () => {
    const all = shop.groups.flatMap((group) => group.moments.result().slice(0, group.rows.length));
    return closeMoments(all, sampleCount);
  };

  return {
    feed(block, sink) {
      if (hasBegun) run(block, sink);
      else if (head.sampleCount === 0 && isEnough(block.sampleCount)) begin(block, sink);
      else {
        const enough = isEnough(block.sampleCount);
        head.add(takeSamples(block, 0, block.sampleCount));
        if (enough) begin(floatBlock(head.take()), sink);
      }
    },
    end(sink) {
      if (!hasBegun && head.sampleCount > 0) begin(floatBlock(head.take()), sink);
      sampleCount += drain(shop, sink, sampleCount);
      closed = moments();
      shop.kernels.release();
    },
    ready(count) {
      const fresh = hasBegun ? count : isEnough(count) ? head.sampleCount + count : 0;
      return shop.cursor ? outputsReady(shop.cursor, fresh) : fresh;
    },
    moments: () => closed ?? moments(),
  };
}
