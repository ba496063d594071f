import { readFileSync } from "node:fs";

/** The samples that test/reference/signal.py calls `wave`. */
export function wave(count: number, seed: number): Float64Array {
  let state = seed;
  return Float64Array.from({ length: count }, (_, n) => {
    state = (Math.imul(1664525, state) + 1013904223) >>> 0;
    return 40 * (state / 2 ** 32 - 0.5) + ((0.02 * n) % 30) + (n % 17) * 1.5 + 100;
  });
}

/** Values that scipy and MNE gave, from test/fixtures/signal. */
export function readFixture<T>(name: string): T {
  const file = new URL(`../../../test/fixtures/signal/${name}.json`, import.meta.url);
  return JSON.parse(readFileSync(file, "utf8")) as T;
}

/** Largest difference of two equally long arrays over the largest magnitude in `expected`. */
export function relativeError(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (actual.length !== expected.length) return Number.POSITIVE_INFINITY;
  let scale = 0;
  let error = 0;
  for (let i = 0; i < expected.length; i++) {
    scale = Math.max(scale, Math.abs(expected[i]!));
    const difference = Math.abs(actual[i]! - expected[i]!);
    if (!(difference <= error)) error = difference; // keeps NaN
  }
  return error / (scale || 1);
}
