import { openKernels } from "./choose-kernels.js";
import type { Kernels } from "./kernels.js";
import { LANES, type PolyphaseBank } from "./polyphase.js";
import { createCursor, resampledCount } from "./resampler.js";
import type { LaneFilter } from "./zero-phase.js";

/** Samples that go through the kernels at once: with four channels they fit the processor's first cache. */
const PIECE_SAMPLES = 512;
/** Sections of the highest order and a notch, with room to spare. */
const SECTION_LIMIT = 16;

/** The kernels over whole signals of four channels, shape [sample, LANES], which lie outside their memory. */
export interface LaneWorks {
  /** Filter in place; `state` holds one `createFilterState` per lane and is carried on. */
  readonly filter: LaneFilter;
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

function createFilter(kernels: Kernels): LaneFilter {
  const piece = kernels.float64(LANES * PIECE_SAMPLES);
  const sections = kernels.float64(6 * SECTION_LIMIT);
  const state = kernels.float64(LANES * (2 * SECTION_LIMIT + 1));
  return (x, wanted, carried) => {
    sections.set(wanted);
    state.set(carried);
    const used = sections.subarray(0, wanted.length);
    const own = state.subarray(0, carried.length);
    for (let from = 0; from < x.length; from += piece.length) {
      const part = x.subarray(from, from + piece.length);
      piece.set(part);
      kernels.filterLanesInto(piece, part.length / LANES, used, own);
      part.set(part.length < piece.length ? piece.subarray(0, part.length) : piece);
    }
    carried.set(own);
  };
}

/** Samples that `count` outputs of a bank reach over, at most. */
const spanOf = ({ up, down, taps }: PolyphaseBank, count: number) => Math.ceil((count * down) / up) + taps + 1;

function createResampler(kernels: Kernels, design: PolyphaseBank): LaneWorks["resample"] {
  const coefficients = kernels.float64(design.coefficients.length);
  coefficients.set(design.coefficients);
  const before = kernels.float64(LANES * spanOf(design, PIECE_SAMPLES));
  const after = kernels.float64(LANES * PIECE_SAMPLES);
  return (x, length, bank) => {
    const { up, down, taps, halfTaps } = bank;
    const count = resampledCount(length, bank);
    const out = new Float64Array(LANES * count);
    for (let done = 0; done < count; done += PIECE_SAMPLES) {
      const outputs = Math.min(PIECE_SAMPLES, count - done);
      const position = (halfTaps % up) + done * down;
      const [base, phase] = [Math.floor(position / up), position % up];
      const reach = base + Math.floor((phase + (outputs - 1) * down) / up) + taps;
      before.set(x.subarray(LANES * base, LANES * reach));
      kernels.polyphaseInto(after, outputs, before, phase, { ...bank, coefficients });
      out.set(after.subarray(0, LANES * outputs), LANES * done);
    }
    return out;
  };
}

const unused = () => {
  throw new RangeError("these works were opened without a bank");
};

/** Open works that filter and, with a `bank`, resample. `name` picks the kernels. @default the fastest there are */
export function openLaneWorks(bank: PolyphaseBank | undefined, name?: Kernels["name"]): LaneWorks {
  const filtering = LANES * PIECE_SAMPLES + 6 * SECTION_LIMIT + LANES * (2 * SECTION_LIMIT + 1);
  const resampling = bank ? bank.coefficients.length + LANES * (spanOf(bank, PIECE_SAMPLES) + PIECE_SAMPLES) : 0;
  const kernels = openKernels(8 * (filtering + resampling) + 128, name); // with room for alignment
  return {
    filter: createFilter(kernels),
    resample: bank ? createResampler(kernels, bank) : unused,
    release: () => kernels.release(),
  };
}
