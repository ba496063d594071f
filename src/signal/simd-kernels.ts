import { openKernels } from "./choose-kernels.js";
import type { Kernels } from "./kernels.js";
import { GROUP_CHANNELS, type PolyphaseBank } from "./polyphase.js";
import { createCursor, resampledCount } from "./resampler.js";
import type { GroupFilter } from "./zero-phase.js";

/** Samples that go through the kernels at once: with four channels they fit the processor's first-level cache. */
const BLOCK_SAMPLES = 512;
/** Sections of the highest order and a notch, with room to spare. */
const MAX_SECTIONS = 16;

/** The kernels over complete signals of four channels, shape [sample, GROUP_CHANNELS], which lie outside their memory. */
export interface SimdKernels {
  /** Filter in place; `state` holds one `createFilterState` per channel and is updated. */
  readonly filter: GroupFilter;
  /**
   * `resamplePolyphase` of four channels: `x` holds `leadIn(bank)` zeros, the samples, and `bank.taps` zeros; gives
   * ceil(length * up / down) samples.
   */
  resample(x: Float64Array, length: number, bank: PolyphaseBank): Float64Array;
  /** Give the kernels' memory back. */
  release(): void;
}

/** Zeros before the first sample that `resample` needs. */
export function leadIn(bank: PolyphaseBank): number {
  return createCursor(bank).held;
}

function createFilter(kernels: Kernels): GroupFilter {
  const block = kernels.float64(GROUP_CHANNELS * BLOCK_SAMPLES);
  const sections = kernels.float64(6 * MAX_SECTIONS);
  const state = kernels.float64(GROUP_CHANNELS * (2 * MAX_SECTIONS + 1));
  return (x, filterSections, filterState) => {
    sections.set(filterSections);
    state.set(filterState);
    const usedSections = sections.subarray(0, filterSections.length);
    const usedState = state.subarray(0, filterState.length);
    for (let from = 0; from < x.length; from += block.length) {
      const samples = x.subarray(from, from + block.length);
      block.set(samples);
      kernels.filterGroupInto(block, samples.length / GROUP_CHANNELS, usedSections, usedState);
      samples.set(samples.length < block.length ? block.subarray(0, samples.length) : block);
    }
    filterState.set(usedState);
  };
}

/** Samples that `count` outputs of a bank reach over, at most. */
const spanOf = ({ up, down, taps }: PolyphaseBank, count: number) => Math.ceil((count * down) / up) + taps + 1;

function createResampler(kernels: Kernels, design: PolyphaseBank): SimdKernels["resample"] {
  const coefficients = kernels.float64(design.coefficients.length);
  coefficients.set(design.coefficients);
  const before = kernels.float64(GROUP_CHANNELS * spanOf(design, BLOCK_SAMPLES));
  const after = kernels.float64(GROUP_CHANNELS * BLOCK_SAMPLES);
  return (x, length, bank) => {
    const { up, down, taps, halfTaps } = bank;
    const count = resampledCount(length, bank);
    const out = new Float64Array(GROUP_CHANNELS * count);
    for (let done = 0; done < count; done += BLOCK_SAMPLES) {
      const outputs = Math.min(BLOCK_SAMPLES, count - done);
      const position = (halfTaps % up) + done * down;
      const [base, phase] = [Math.floor(position / up), position % up];
      const reach = base + Math.floor((phase + (outputs - 1) * down) / up) + taps;
      before.set(x.subarray(GROUP_CHANNELS * base, GROUP_CHANNELS * reach));
      kernels.polyphaseInto(after, outputs, before, phase, { ...bank, coefficients });
      out.set(after.subarray(0, GROUP_CHANNELS * outputs), GROUP_CHANNELS * done);
    }
    return out;
  };
}

const withoutBank = () => {
  throw new RangeError("these kernels were opened without a filter bank");
};

/** Open kernels that filter and, with a `bank`, resample. `name` picks the implementation. @default the fastest available */
export function openSimdKernels(bank: PolyphaseBank | undefined, name?: Kernels["name"]): SimdKernels {
  const filtering = GROUP_CHANNELS * BLOCK_SAMPLES + 6 * MAX_SECTIONS + GROUP_CHANNELS * (2 * MAX_SECTIONS + 1);
  const resampling = bank
    ? bank.coefficients.length + GROUP_CHANNELS * (spanOf(bank, BLOCK_SAMPLES) + BLOCK_SAMPLES)
    : 0;
  const kernels = openKernels(8 * (filtering + resampling) + 128, name); // with room for alignment
  return {
    filter: createFilter(kernels),
    resample: bank ? createResampler(kernels, bank) : withoutBank,
    release: () => kernels.release(),
  };
}
