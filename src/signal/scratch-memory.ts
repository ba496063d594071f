import { type Borrowed, lend } from "../base/borrowed.js";
import { createFilterState } from "./biquads.js";
import type { Sections } from "./butterworth.js";
import { openKernels } from "./choose-kernels.js";
import { createGroupMoments, GROUP_MOMENTS_BYTES, type GroupMoments } from "./group-moments.js";
import type { ChannelGroup, Kernels } from "./kernels.js";
import { designPolyphase, GROUP_CHANNELS, type PolyphaseBank } from "./polyphase.js";
import type { ProjectionRow } from "./rereferencing.js";
import { createCursor, type ResamplerCursor, rateRatio } from "./resampler.js";
import type { ProcessorSettings } from "./signal-processor.js";

/** Input samples handled at once: four channels of them, before and after resampling, fit the first-level cache of the processor. */
export const SLICE_SAMPLES = 512;

/** Up to four channels that the kernels process together, with their state from block to block. */
export interface StreamedGroup extends ChannelGroup {
  readonly firstChannel: number;
  /** Samples that wait in the resampler, shape [sample, GROUP_CHANNELS]. */
  readonly held: Float64Array;
  /** Shape [lane, delays and clock]. */
  readonly state: Float64Array;
  readonly moments: GroupMoments;
}

/** Work space shared by all groups. */
interface WorkArrays {
  /** One view per input electrode, shape [SLICE_SAMPLES] each. */
  readonly inputs: readonly Borrowed<Float32Array>[];
  /** Shape [sample, GROUP_CHANNELS]. */
  readonly before: Float64Array;
  /** The same array as `before` where the rate stays. */
  readonly after: Float64Array;
  /** Shape [GROUP_CHANNELS, rowLength]. */
  readonly rounded: Float32Array;
  readonly rowLength: number;
  /** Shape [sample]. */
  readonly common: Float64Array;
  /** Shape [input, 2]. */
  readonly extremes: Float32Array;
}

/** Everything that lies in the kernels' memory. */
export interface ScratchMemory extends WorkArrays {
  readonly kernels: Kernels;
  readonly groups: readonly StreamedGroup[];
  readonly commonRow: ChannelGroup | undefined;
  readonly sections: Sections;
  readonly cursor: ResamplerCursor | undefined;
}

/** Numbers of array elements that the settings need, before the memory is allocated. */
interface Sizes {
  readonly inputCount: number;
  readonly termLimit: number;
  readonly beforeSamples: number;
  readonly afterSamples: number;
}

export interface StreamingSettings extends ProcessorSettings {
  readonly sections: Sections;
}

function sizesOf({ projection, inputCount }: StreamingSettings, bank: PolyphaseBank | undefined): Sizes {
  const rows = projection.common ? [...projection.rows, projection.common] : projection.rows;
  const termLimit = Math.max(1, ...rows.map(({ inputs }) => inputs.length));
  const beforeSamples = SLICE_SAMPLES + (bank ? 2 * bank.taps : 0);
  const afterSamples = bank ? Math.ceil((beforeSamples * bank.up) / bank.down) + 1 : beforeSamples;
  return { inputCount, termLimit, beforeSamples, afterSamples };
}

/** Bytes of kernel memory, with room for every array's alignment. */
function memoryOf(settings: StreamingSettings, bank: PolyphaseBank | undefined, sizes: Sizes): number {
  const { inputCount, termLimit, beforeSamples, afterSamples } = sizes;
  const groups = Math.ceil(settings.projection.rows.length / GROUP_CHANNELS) + 1;
  const shared =
    4 * inputCount * SLICE_SAMPLES + GROUP_CHANNELS * (8 * beforeSamples + 12 * afterSamples) + 8 * SLICE_SAMPLES;
  const filters = 8 * (settings.sections.length + (bank?.coefficients.length ?? 0));
  const extremes = 8 * inputCount;
  const tables = GROUP_CHANNELS * (4 + 12 * termLimit + 8);
  const carried = GROUP_CHANNELS * 8 * ((bank?.taps ?? 0) + settings.sections.length / 3 + 1) + GROUP_MOMENTS_BYTES;
  return shared + extremes + filters + groups * (tables + carried) + 16 * (16 + 8 * groups);
}

function copyOf(kernels: Kernels, values: Float64Array): Float64Array {
  const copy = kernels.float64(values.length);
  copy.set(values);
  return copy;
}

function createChannelGroup(kernels: Kernels, rows: readonly ProjectionRow[], termLimit: number): ChannelGroup {
  const terms = kernels.int32(GROUP_CHANNELS);
  const positions = kernels.int32(GROUP_CHANNELS * termLimit);
  const weights = kernels.float64(GROUP_CHANNELS * termLimit);
  for (const [lane, row] of rows.entries()) {
    terms[lane] = row.inputs.length;
    positions.set(row.inputs, lane * termLimit);
    weights.set(row.weights, lane * termLimit);
  }
  return { rows, terms, positions, weights, termLimit, offsets: kernels.float64(GROUP_CHANNELS) };
}

function createStreamedGroup(
  kernels: Kernels,
  settings: StreamingSettings,
  firstChannel: number,
  termLimit: number,
  taps: number,
): StreamedGroup {
  const rows = settings.projection.rows.slice(firstChannel, firstChannel + GROUP_CHANNELS);
  return {
    ...createChannelGroup(kernels, rows, termLimit),
    firstChannel,
    held: kernels.float64(GROUP_CHANNELS * taps),
    state: kernels.float64(GROUP_CHANNELS * createFilterState(settings.sections).length),
    moments: createGroupMoments(kernels),
  };
}

function createWorkArrays(
  kernels: Kernels,
  { inputCount, beforeSamples, afterSamples }: Sizes,
  keepsRate: boolean,
): WorkArrays {
  const inputs = kernels.float32(inputCount * SLICE_SAMPLES);
  const before = kernels.float64(GROUP_CHANNELS * beforeSamples);
  return {
    inputs: Array.from({ length: inputCount }, (_, e) =>
      lend(inputs.subarray(e * SLICE_SAMPLES, (e + 1) * SLICE_SAMPLES)),
    ),
    before,
    after: keepsRate ? before : kernels.float64(GROUP_CHANNELS * afterSamples),
    rounded: kernels.float32(GROUP_CHANNELS * afterSamples),
    rowLength: afterSamples,
    common: kernels.float64(SLICE_SAMPLES),
    extremes: kernels.float32(2 * inputCount),
  };
}

/** Design the resampler and lay out all memory of a stream. `name` picks the kernels. */
export function openScratchMemory(settings: StreamingSettings, name: Kernels["name"] | undefined): ScratchMemory {
  const { up, down } = rateRatio(settings.sampleRateHz, settings.targetRateHz);
  const design = up === down ? undefined : designPolyphase(up, down);
  const sizes = sizesOf(settings, design);
  const kernels = openKernels(memoryOf(settings, design, sizes), name);
  const bank = design && { ...design, coefficients: copyOf(kernels, design.coefficients) };
  const { common, rows } = settings.projection;
  return {
    kernels,
    sections: copyOf(kernels, settings.sections),
    cursor: bank && createCursor(bank),
    commonRow: common && createChannelGroup(kernels, [common], sizes.termLimit),
    groups: Array.from({ length: Math.ceil(rows.length / GROUP_CHANNELS) }, (_, g) =>
      createStreamedGroup(kernels, settings, GROUP_CHANNELS * g, sizes.termLimit, bank?.taps ?? 0),
    ),
    ...createWorkArrays(kernels, sizes, bank === undefined),
  };
}
