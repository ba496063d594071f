import { ownValue } from "@ictal/base/records";

/** A position on the head seen from above: x to the right ear, y to the nose, the ears near radius 1.2. */
export interface Place {
  readonly x: number;
  readonly y: number;
}

/**
 * Positions of the electrodes, 10-20 system, azimuthal projection; C3P is the extra centroparietal electrode that is not
 * C3.
 */
const PLACES: Readonly<Record<string, Place>> = {
  FP1: { x: -0.31, y: 0.95 },
  FP2: { x: 0.31, y: 0.95 },
  F7: { x: -0.81, y: 0.59 },
  F3: { x: -0.42, y: 0.52 },
  FZ: { x: 0, y: 0.5 },
  F4: { x: 0.42, y: 0.52 },
  F8: { x: 0.81, y: 0.59 },
  T3: { x: -1, y: 0 },
  C3: { x: -0.5, y: 0 },
  CZ: { x: 0, y: 0 },
  C4: { x: 0.5, y: 0 },
  T4: { x: 1, y: 0 },
  T5: { x: -0.81, y: -0.59 },
  P3: { x: -0.42, y: -0.52 },
  PZ: { x: 0, y: -0.5 },
  P4: { x: 0.42, y: -0.52 },
  T6: { x: 0.81, y: -0.59 },
  O1: { x: -0.31, y: -0.95 },
  O2: { x: 0.31, y: -0.95 },
  A1: { x: -1.22, y: -0.12 },
  A2: { x: 1.22, y: -0.12 },
  C3P: { x: -0.48, y: -0.24 },
};

/** Position of an electrode. RangeError when there is no such electrode. */
export function positionOf(electrode: string): Place {
  const place = ownValue(PLACES, electrode);
  if (!place) throw new RangeError(`invalid electrode: ${electrode}`);
  return place;
}

/** The 19 scalp electrodes. */
export const SCALP = Object.keys(PLACES).filter((name) => !["A1", "A2", "C3P"].includes(name));
/** Everything that is simulated, in the row order of `Scalp.samples`. */
export const ELECTRODES = Object.keys(PLACES);

/** Potentials at the electrodes against a neutral reference, microvolts, channel-major `[ELECTRODES, sampleCount]`. */
export interface Scalp {
  readonly sampleRateHz: number;
  readonly sampleCount: number;
  readonly samples: Float32Array;
}

/** A scalp without activity. */
export function createScalp(sampleRateHz: number, durationSeconds: number): Scalp {
  const sampleCount = Math.round(sampleRateHz * durationSeconds);
  return { sampleRateHz, sampleCount, samples: new Float32Array(ELECTRODES.length * sampleCount) };
}

/** The row of one electrode: a view. */
export function rowOf(scalp: Scalp, electrode: string): Float32Array {
  const row = ELECTRODES.indexOf(electrode);
  if (row < 0) throw new RangeError(`invalid electrode: ${electrode}`);
  return scalp.samples.subarray(row * scalp.sampleCount, (row + 1) * scalp.sampleCount);
}

/** Weight per electrode, in the order of ELECTRODES. */
export type HeadMap = Float32Array;

/** A map that falls with the square of the distance from `centre`: volume conduction of a source under it. */
export function spotMap(centre: Place, width: number): HeadMap {
  return Float32Array.from(ELECTRODES, (name) => {
    const { x, y } = positionOf(name);
    return Math.exp(-((x - centre.x) ** 2 + (y - centre.y) ** 2) / (2 * width * width));
  });
}

/** A map given by name; electrodes that are not named weigh 0. */
export function namedMap(weights: Readonly<Record<string, number>>): HeadMap {
  return Float32Array.from(ELECTRODES, (name) => weights[name] ?? 0);
}

/** The same position on the other side of the head. */
export function mirrored({ x, y }: Place): Place {
  return { x: -x, y };
}

/** Samples processed at a time, so that a block of the source stays in the processor's cache for all rows. */
const BLOCK_SAMPLES = 4096;

/** Add `gain · map[electrode] · source[i]` to every row from sample `start` on; weights under 0.04 are ignored. */
export function projectInto(scalp: Scalp, source: Float32Array, map: HeadMap, gain: number, start = 0): void {
  const { samples, sampleCount } = scalp;
  const count = Math.min(source.length, sampleCount - start);
  for (let from = 0; from < count; from += BLOCK_SAMPLES) {
    const to = Math.min(from + BLOCK_SAMPLES, count);
    for (let row = 0; row < map.length; row++) {
      if (Math.abs(map[row]!) < 0.04) continue;
      addScaled(samples, row * sampleCount + start, source, from, to, map[row]! * gain);
    }
  }
}

function addScaled(out: Float32Array, base: number, source: Float32Array, from: number, to: number, weight: number) {
  for (let i = from; i < to; i++) out[base + i]! += weight * source[i]!;
}
