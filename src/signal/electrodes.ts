import { OLDER_NAMES } from "../base/ten-twenty.js";

/**
 * The 19 scalp electrodes of the international 10-20 system, in the order of every channel axis in Ictal: left side
 * front to back, midline, right side. Names are upper case, temporal ones in the T3/T4/T5/T6 naming.
 */
export const ELECTRODES_19 = [
  "FP1",
  "F3",
  "C3",
  "P3",
  "O1",
  "F7",
  "T3",
  "T5",
  "FZ",
  "CZ",
  "PZ",
  "FP2",
  "F4",
  "C4",
  "P4",
  "O2",
  "F8",
  "T4",
  "T6",
] as const;

/** The ear electrodes, which some montages use and which have no position on the sphere of the splines. */
export const EAR_ELECTRODES = ["A1", "A2"] as const;

export type ScalpElectrode = (typeof ELECTRODES_19)[number];
export type EarElectrode = (typeof EAR_ELECTRODES)[number];
export type Electrode = ScalpElectrode | EarElectrode;

/**
 * Spherical coordinates in degrees, [theta, phi]: theta the signed inclination from the vertex (negative on the left),
 * phi the azimuth. Source: the EasyCap M1 table, as MNE carries it (`easycap-M1`).
 */
const ANGLES: Readonly<Record<ScalpElectrode, readonly [number, number]>> = {
  FP1: [-92, -72],
  F3: [-60, -51],
  C3: [-46, 0],
  P3: [-60, 51],
  O1: [-92, 72],
  F7: [-92, -36],
  T3: [-92, 0],
  T5: [-92, 36],
  FZ: [46, 90],
  CZ: [0, 0],
  PZ: [46, -90],
  FP2: [92, 72],
  F4: [60, 51],
  C4: [46, 0],
  P4: [60, -51],
  O2: [92, -72],
  F8: [92, 36],
  T4: [92, 0],
  T6: [92, -36],
};

/** A point on the unit sphere: x to the right ear, y to the nose, z to the vertex. */
export type Position = readonly [x: number, y: number, z: number];

/** True for one of the 19 scalp electrodes under its canonical name. */
export function isScalpElectrode(name: string): name is ScalpElectrode {
  return (ELECTRODES_19 as readonly string[]).includes(name);
}

/**
 * The canonical name of an electrode: upper case, T7/T8/P7/P8 as T3/T4/T5/T6; undefined for anything that is not
 * exactly one of the 19 scalp or two ear electrodes ("C3P" is not C3).
 */
export function canonicalElectrode(name: string): Electrode | undefined {
  const upper = name.trim().toUpperCase();
  const canonical = OLDER_NAMES[upper] ?? upper;
  return [...ELECTRODES_19, ...EAR_ELECTRODES].find((electrode) => electrode === canonical);
}

/** Where a scalp electrode sits on the unit sphere (EasyCap M1 angles). */
export function electrodePosition(name: ScalpElectrode): Position {
  const [thetaDegrees, phiDegrees] = ANGLES[name];
  const [theta, phi] = [(thetaDegrees * Math.PI) / 180, (phiDegrees * Math.PI) / 180];
  return [Math.sin(theta) * Math.cos(phi), Math.sin(theta) * Math.sin(phi), Math.cos(theta)];
}

/** Cosine of the angle between two scalp electrodes seen from the centre of the head. */
export function electrodeCosine(a: ScalpElectrode, b: ScalpElectrode): number {
  const [ax, ay, az] = electrodePosition(a);
  const [bx, by, bz] = electrodePosition(b);
  return Math.max(-1, Math.min(1, ax * bx + ay * by + az * bz));
}

/** Widest angle at which two electrodes count as neighbours: the 10-20 grid's sides and no diagonal across a cell. */
const NEIGHBOUR_DEGREES = 50;

/** The scalp electrodes within 50 degrees of arc of `name`, nearest first. */
export function electrodeNeighbours(name: ScalpElectrode): ScalpElectrode[] {
  const least = Math.cos((NEIGHBOUR_DEGREES * Math.PI) / 180);
  return ELECTRODES_19.filter((other) => other !== name && electrodeCosine(name, other) >= least).sort(
    (a, b) => electrodeCosine(name, b) - electrodeCosine(name, a),
  );
}
