/** Intervals of counts that need no large sample: Clopper and Pearson (1934) for shares, Garwood (1936) for rates. */
import { betaQuantile, gammaQuantile } from "./distributions.js";

export interface Bounds {
  readonly lower: number;
  readonly upper: number;
}

/** Clopper-Pearson interval of the share that `hits` of `total` independent trials come from; NaN of no trials. */
export function binomialInterval(hits: number, total: number, level = 0.95): Bounds {
  if (total === 0) return { lower: Number.NaN, upper: Number.NaN };
  const tail = (1 - level) / 2;
  return {
    lower: hits === 0 ? 0 : betaQuantile(tail, hits, total - hits + 1),
    upper: hits === total ? 1 : betaQuantile(1 - tail, hits + 1, total - hits),
  };
}

/** Exact two-sided interval of the mean that a Poisson count comes from; fractions of events are interpolated. */
export function poissonInterval(count: number, level = 0.95): Bounds {
  const tail = (1 - level) / 2;
  return { lower: count === 0 ? 0 : gammaQuantile(tail, count), upper: gammaQuantile(1 - tail, count + 1) };
}

/** Exact one-sided upper bound of a Poisson mean: 3.0 at 95 % when nothing was counted, the rule of three. */
export function poissonUpperBound(count: number, level = 0.95): number {
  return gammaQuantile(level, count + 1);
}
