// Hot loops: `!` marks indices that the loop bounds keep inside the arrays.
/** An input counts as clipped from this share of samples on: an artefact touches the end of the range briefly, saturation lasts. */
const CLIPPED_SHARE = 0.01;
/** From this share on it carries no signal. */
const SATURATED_SHARE = 0.5;

/** Least and greatest value that an input can have, in microvolts. */
export interface InputRange {
  readonly lowest: number;
  readonly highest: number;
}

/** Counts samples at the ends of the range, where the amplifier was saturated: they hold no brain signal. */
export class ClippedInputs {
  readonly #ranges: readonly InputRange[];
  readonly #counts: Uint32Array;
  #sampleCount = 0;

  constructor(ranges: readonly InputRange[]) {
    this.#ranges = ranges;
    this.#counts = new Uint32Array(ranges.length);
  }

  /** Count the next `count` samples of each input in microvolts, whose extremes are given, shape [input, 2]. */
  add(inputs: readonly Float32Array[], count: number, extremes: Float32Array): void {
    for (const [input, range] of this.#ranges.entries())
      if (extremes[2 * input]! <= range.lowest || extremes[2 * input + 1]! >= range.highest)
        this.#counts[input]! += countOutside(inputs[input]!, count, range); // hot: once a slice of samples
    this.#sampleCount += count;
  }

  /** Per input; false for all before the first sample. */
  get clipped(): boolean[] {
    return this.#atLeast(CLIPPED_SHARE);
  }

  /** Per input: at the ends of the range for so much of the time that no signal is left. */
  get saturated(): boolean[] {
    return this.#atLeast(SATURATED_SHARE);
  }

  #atLeast(share: number): boolean[] {
    return Array.from(this.#counts, (count) => count > 0 && count >= share * this.#sampleCount);
  }
}

/** How many of the first `count` values are at an end of the range or beyond it. */
function countOutside(values: Float32Array, count: number, { lowest, highest }: InputRange): number {
  let found = 0;
  for (let i = 0; i < count; i++) {
    const value = values[i]!;
    if (value <= lowest || value >= highest) found += 1;
  }
  return found;
}
