import type { Random } from "../../base/random.js";

/** Sequential random values: a counter-based generator with its counter. */
export interface Draws {
  /** Uniform in `[low, high)`. */
  between(low: number, high: number): number;
  /** Standard normal. */
  normal(): number;
  /** True with the given probability. */
  chance(probability: number): boolean;
  /** One member of a list that is not empty. */
  pick<T>(items: readonly T[]): T;
  /** Onsets in `[start, end)` of a Poisson process with this mean gap, seconds. */
  onsets(start: number, end: number, meanGapSeconds: number): number[];
}

/** Draws from `random`, counting from 0. */
export function createDraws(random: Random): Draws {
  let counter = 0;
  const uniform = () => random.uniform(counter++);
  return {
    between: (low, high) => low + (high - low) * uniform(),
    normal: () => random.normal(counter++),
    chance: (probability) => uniform() < probability,
    pick: (items) => items[random.integer(counter++, items.length)]!,
    onsets(start, end, meanGapSeconds) {
      const times: number[] = [];
      for (let time = start; ; ) {
        time -= meanGapSeconds * Math.log(1 - uniform());
        if (!(time < end)) return times;
        times.push(time);
      }
    },
  };
}
