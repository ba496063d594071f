import type { Interval } from "../../base/events.js";
import { type HeadMap, projectInto, type Scalp } from "./head.js";

/** Position, value, position, value, …, positions ascending; interpolated linearly between two, constant outside. */
export type Keyframes = readonly number[];

/** Value of keyframes at `position`. */
export function valueAt(keyframes: Keyframes, position: number): number {
  const last = keyframes.length - 2;
  let k = 0;
  while (k <= last && keyframes[k]! <= position) k += 2;
  if (k === 0) return keyframes[1]!;
  if (k > last) return keyframes[last + 1]!;
  const left = keyframes[k - 2]!;
  const value = keyframes[k - 1]!;
  return value + ((keyframes[k + 1]! - value) * (position - left)) / (keyframes[k]! - left);
}

/**
 * Add a signal only within intervals: each part, with linear ramps inside its ends, is projected onto the head by a
 * map.
 */
export function projectGated(
  scalp: Scalp,
  source: Float32Array,
  intervals: readonly Interval[],
  rampSeconds: number,
  map: HeadMap,
  gain: number,
): void {
  const { sampleRateHz } = scalp;
  for (const { startSeconds, endSeconds } of intervals) {
    const start = Math.round(startSeconds * sampleRateHz);
    const part = source.slice(start, Math.round(endSeconds * sampleRateHz));
    const ramp = Math.max(1, Math.min(Math.round(rampSeconds * sampleRateHz), part.length >> 1));
    for (let i = 0; i < Math.min(ramp, part.length); i++) {
      part[i]! *= i / ramp;
      part[part.length - 1 - i]! *= i / ramp;
    }
    projectInto(scalp, part, map, gain, start);
  }
}
