import { createFilterState } from "./biquads.js";
import type { Sections } from "./butterworth.js";
import { createStore, type Flow, type FlowPlan, joinBlocks, offsetsOf } from "./flow.js";
import { type Kernels, type LaneGroup, openKernels } from "./kernels.js";
import { createLaneMoments, LANE_MOMENTS_BYTES, type LaneMoments } from "./lane-moments.js";
import type { MixRow } from "./mixing.js";
import { closeMoments, type Moments } from "./normalize.js";
import { designPolyphase, LANES, type PolyphaseBank } from "./polyphase.js";
import {
  advanceCursor,
  createCursor,
  outputsOwed,
  outputsReady,
  type ResamplerCursor,
  rateRatio,
} from "./resampler.js";

/** Input samples handled at once: four channels of them, before and after resampling, fit the processor's first cache. */
const SLICE_SAMPLES = 512;

/** Up to four channels that go through the kernels together, with all that they carry from block to block. */
interface Group extends LaneGroup {
  readonly firstChannel: number;
  /** Samples that wait in the resampler, shape [sample, LANES]. */
  readonly held: Float64Array;
  /** Shape [lane, delays and clock]. */
  readonly state: Float64Array;
  readonly moments: LaneMoments;
}

/** Work space shared by all groups. */
interface Scratch {
  /** One view per input electrode, shape [SLICE_SAMPLES] each. */
  readonly inputs: readonly Float32Array[];
  /** Shape [sample, LANES]. */
  readonly before: Float64Array;
  /** The same array as `before` where the rate stays. */
  readonly after: Float64Array;
  /** Shape [LANES, rowLength]. */
  readonly rounded: Float32Array;
  readonly rowLength: number;
  /** Shape [sample]. */
  readonly common: Float64Array;
}

/** Everything that lies in the kernels' memory. */
interface Workshop extends Scratch {
  readonly kernels: Kernels;
  readonly groups: readonly Group[];
  readonly commonRow: LaneGroup | undefined;
  readonly sections: Sections;
  readonly cursor: ResamplerCursor | undefined;
}

/** Numbers of array elements that a plan needs, before there is memory for them. */
interface Sizes {
  readonly inputCount: number;
  readonly termLimit: number;
  readonly beforeSamples: number;
  readonly afterSamples: number;
}

export interface StreamPlan extends FlowPlan {
  readonly sections: Sections;
  readonly inputCount: number;
}

function sizesOf({ mix, inputCount }: StreamPlan, bank: PolyphaseBank | undefined): Sizes {
  const rows = mix.common ? [...mix.rows, mix.common] : mix.rows;
  const termLimit = Math.max(1, ...rows.map(({ inputs }) => inputs.length));
  const beforeSamples = SLICE_SAMPLES + (bank ? 2 * bank.taps : 0);
  const afterSamples = bank ? Math.ceil((beforeSamples * bank.up) / bank.down) + 1 : beforeSamples;
  return { inputCount, termLimit, beforeSamples, afterSamples };
}

/** Bytes of kernel memory, with room for every array's alignment. */
function memoryOf(plan: StreamPlan, bank: PolyphaseBank | undefined, sizes: Sizes): number {
  const { inputCount, termLimit, beforeSamples, afterSamples } = sizes;
  const groups = Math.ceil(plan.mix.rows.length / LANES) + 1;
  const shared = 4 * inputCount * SLICE_SAMPLES + LANES * (8 * beforeSamples + 12 * afterSamples) + 8 * SLICE_SAMPLES;
  const filters = 8 * (plan.sections.length + (bank?.coefficients.length ?? 0));
  const tables = LANES * (4 + 12 * termLimit + 8);
  const carried = LANES * 8 * ((bank?.taps ?? 0) + plan.sections.length / 3 + 1) + LANE_MOMENTS_BYTES;
  return shared + filters + groups * (tables + carried) + 16 * (16 + 8 * groups);
}

function copyOf(kernels: Kernels, values: Float64Array): Float64Array {
  const copy = kernels.float64(values.length);
  copy.set(values);
  return copy;
}

function createLaneGroup(kernels: Kernels, rows: readonly MixRow[], termLimit: number): LaneGroup {
  const terms = kernels.int32(LANES);
  const places = kernels.int32(LANES * termLimit);
  const weights = kernels.float64(LANES * termLimit);
  for (const [lane, row] of rows.entries()) {
    terms[lane] = row.inputs.length;
    places.set(row.inputs, lane * termLimit);
    weights.set(row.weights, lane * termLimit);
  }
  return { rows, terms, places, weights, termLimit, offsets: kernels.float64(LANES) };
}

function createGroup(kernels: Kernels, plan: StreamPlan, firstChannel: number, termLimit: number, taps: number): Group {
  const rows = plan.mix.rows.slice(firstChannel, firstChannel + LANES);
  return {
    ...createLaneGroup(kernels, rows, termLimit),
    firstChannel,
    held: kernels.float64(LANES * taps),
    state: kernels.float64(LANES * createFilterState(plan.sections).length),
    moments: createLaneMoments(kernels),
  };
}

function createScratch(
  kernels: Kernels,
  { inputCount, beforeSamples, afterSamples }: Sizes,
  keepsRate: boolean,
): Scratch {
  const inputs = kernels.float32(inputCount * SLICE_SAMPLES);
  const before = kernels.float64(LANES * beforeSamples);
  return {
    inputs: Array.from({ length: inputCount }, (_, e) => inputs.subarray(e * SLICE_SAMPLES, (e + 1) * SLICE_SAMPLES)),
    before,
    after: keepsRate ? before : kernels.float64(LANES * afterSamples),
    rounded: kernels.float32(LANES * afterSamples),
    rowLength: afterSamples,
    common: kernels.float64(SLICE_SAMPLES),
  };
}

function openWorkshop(plan: StreamPlan, name: Kernels["name"] | undefined): Workshop {
  const { up, down } = rateRatio(plan.sampleRateHz, plan.targetRateHz);
  const design = up === down ? undefined : designPolyphase(up, down);
  const sizes = sizesOf(plan, design);
  const kernels = openKernels(memoryOf(plan, design, sizes), name);
  const bank = design && { ...design, coefficients: copyOf(kernels, design.coefficients) };
  const { common, rows } = plan.mix;
  return {
    kernels,
    sections: copyOf(kernels, plan.sections),
    cursor: bank && createCursor(bank),
    commonRow: common && createLaneGroup(kernels, [common], sizes.termLimit),
    groups: Array.from({ length: Math.ceil(rows.length / LANES) }, (_, g) =>
      createGroup(kernels, plan, LANES * g, sizes.termLimit, bank?.taps ?? 0),
    ),
    ...createScratch(kernels, sizes, bank === undefined),
  };
}

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

/** Copy one slice of a block to where the kernels read it, and what a common reference takes off it. */
function loadSlice(shop: Workshop, block: readonly Float32Array[], start: number, end: number): void {
  for (const [e, input] of shop.inputs.entries()) input.set(block[e]!.subarray(start, end));
  if (shop.commonRow) shop.kernels.mixRowInto(shop.common, shop.inputs, end - start, shop.commonRow);
}

/** Filter `count` samples of the group in `after` and round them to float32 in `out` from `at`. */
function finish(shop: Workshop, group: Group, count: number, out: readonly Float32Array[], at: number): void {
  const { kernels, after, rounded, rowLength } = shop;
  kernels.filterLanesInto(after, count, shop.sections, group.state);
  group.moments.push(after, count);
  kernels.roundLanesInto(rounded, rowLength, after, count);
  for (let lane = 0; lane < group.rows.length; lane++) {
    const from = lane * rowLength;
    out[group.firstChannel + lane]!.set(rounded.subarray(from, from + count), at);
  }
}

/** Take a slice that `loadSlice` loaded through the chain; returns how many samples per channel went to `out` from `at`. */
function runSlice(shop: Workshop, count: number, out: readonly Float32Array[], at: number): number {
  const { kernels, cursor, before, after } = shop;
  const { held, phase, outputs, consumed } = takeStep(cursor, count);
  const fresh = before.subarray(LANES * held);
  for (const group of shop.groups) {
    before.set(group.held.subarray(0, LANES * held));
    kernels.mixLanesInto(fresh, shop.inputs, count, group, shop.commonRow && shop.common);
    if (cursor) kernels.polyphaseInto(after, outputs, before, phase, cursor.bank);
    if (cursor) group.held.set(before.subarray(LANES * consumed, LANES * (held + count)));
    finish(shop, group, outputs, out, at);
  }
  return outputs;
}

/** The outputs that zeros after the last sample complete. */
function drain(shop: Workshop, channelCount: number): Float32Array[] {
  const { cursor, kernels, before, after } = shop;
  const owed = cursor ? outputsOwed(cursor) : 0;
  const out = Array.from({ length: channelCount }, () => new Float32Array(owed));
  if (!cursor || owed === 0) return out;
  for (const group of shop.groups) {
    before.fill(0);
    before.set(group.held.subarray(0, LANES * cursor.held));
    kernels.polyphaseInto(after, owed, before, cursor.phase, cursor.bank);
    finish(shop, group, owed, out, 0);
  }
  return out;
}

/**
 * The causal chain by blocks. State per channel: the resampler's held samples and two values per filter section; beside
 * it, the first `offsetSamples` samples until they are complete. `name` picks the kernels. @default the fastest there are
 */
export function createStream(plan: StreamPlan, name?: Kernels["name"]): Flow {
  const shop = openWorkshop(plan, name);
  const channelCount = plan.mix.rows.length;
  const head = createStore();
  let hasBegun = false;
  let sampleCount = 0;
  let closed: Moments | undefined;

  const run = (block: readonly Float32Array[]): Float32Array[] => {
    const count = block[0]!.length;
    const outputs = shop.cursor ? outputsReady(shop.cursor, count) : count;
    const out = Array.from({ length: channelCount }, () => new Float32Array(outputs));
    let at = 0;
    for (let start = 0; start < count; start += SLICE_SAMPLES) {
      const end = Math.min(count, start + SLICE_SAMPLES);
      loadSlice(shop, block, start, end);
      at += runSlice(shop, end - start, out, at);
    }
    sampleCount += at;
    return out;
  };

  const begin = (): Float32Array[] => {
    const block = head.take();
    const offsets = offsetsOf(plan, block);
    for (const group of shop.groups)
      group.offsets.set(offsets.subarray(group.firstChannel, group.firstChannel + LANES));
    hasBegun = true;
    return run(block);
  };

  const moments = () => {
    const all = shop.groups.flatMap((group) => group.moments.result().slice(0, group.rows.length));
    return closeMoments(all, sampleCount);
  };

  return {
    push(block) {
      if (hasBegun) return run(block);
      head.add(block);
      return head.sampleCount > 0 && head.sampleCount >= plan.offsetSamples
        ? begin()
        : Array.from({ length: channelCount }, () => new Float32Array(0));
    },
    flush() {
      const early = !hasBegun && head.sampleCount > 0 ? begin() : undefined;
      const late = drain(shop, channelCount);
      sampleCount += late[0]!.length;
      closed = moments();
      shop.kernels.release();
      return early ? joinBlocks(early, late) : late;
    },
    moments: () => closed ?? moments(),
  };
}
