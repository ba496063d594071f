import { createFilterState } from "./biquads.js";
import type { Sections } from "./butterworth.js";
import { openKernels } from "./choose-kernels.js";
import type { FlowPlan } from "./flow.js";
import type { Kernels, LaneGroup } from "./kernels.js";
import { createLaneMoments, LANE_MOMENTS_BYTES, type LaneMoments } from "./lane-moments.js";
import type { MixRow } from "./mixing.js";
import { designPolyphase, LANES, type PolyphaseBank } from "./polyphase.js";
import { createCursor, type ResamplerCursor, rateRatio } from "./resampler.js";

/** Input samples handled at once: four channels of them, before and after resampling, fit the processor's first cache. */
export const SLICE_SAMPLES = 512;

/** Up to four channels that go through the kernels together, with all that they carry from block to block. */
export interface Group extends LaneGroup {
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
  /** Shape [input, 2]. */
  readonly extremes: Float32Array;
}

/** Everything that lies in the kernels' memory. */
export interface Workshop extends Scratch {
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
  const extremes = 8 * inputCount;
  const tables = LANES * (4 + 12 * termLimit + 8);
  const carried = LANES * 8 * ((bank?.taps ?? 0) + plan.sections.length / 3 + 1) + LANE_MOMENTS_BYTES;
  return shared + extremes + filters + groups * (tables + carried) + 16 * (16 + 8 * groups);
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
    extremes: kernels.float32(2 * inputCount),
  };
}

/** Design the resampler and lay out all memory of a stream. `name` picks the kernels. */
export function openWorkshop(plan: StreamPlan, name: Kernels["name"] | undefined): Workshop {
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
