import type { Interval } from "../../base/events.js";

/** Points `[position, value]` in ascending position; between them the value runs straight, outside it stays. */
export type Keyframes = readonly (readonly [number, number])[];

/** Keyframes from position, value, position, value, …; flat, so that a profile reads as a table. */
export function frames(...numbers: readonly number[]): Keyframes {
  return Array.from({ length: numbers.length / 2 }, (_, i) => [numbers[2 * i]!, numbers[2 * i + 1]!] as const);
}

/** Value of keyframes at `position`. */
export function valueAt(keyframes: Keyframes, position: number): number {
  let [left, value] = keyframes[0]!;
  for (const [right, next] of keyframes) {
    if (position < right) return value + ((next - value) * Math.max(0, position - left)) / (right - left || 1);
    left = right;
    value = next;
  }
  return value;
}

/** Silence `signal` outside the intervals, in place, with straight ramps inside their ends. */
export function gateInto(
  signal: Float32Array,
  sampleRateHz: number,
  intervals: readonly Interval[],
  rampSeconds: number,
): void {
  let cursor = 0;
  for (const { startSeconds, endSeconds } of intervals) {
    const start = Math.max(cursor, Math.round(startSeconds * sampleRateHz));
    const end = Math.min(signal.length, Math.round(endSeconds * sampleRateHz));
    const ramp = Math.max(1, Math.min(Math.round(rampSeconds * sampleRateHz), (end - start) >> 1));
    if (start >= end) continue;
    signal.fill(0, cursor, start);
    for (let i = 0; i < ramp; i++) {
      signal[start + i]! *= i / ramp;
      signal[end - 1 - i]! *= i / ramp;
    }
    cursor = end;
  }
  signal.fill(0, cursor);
}
