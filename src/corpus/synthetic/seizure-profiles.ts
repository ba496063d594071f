import type { Keyframes } from "./envelope.js";

/**
 * One cycle of a discharge, sampled at 1024 phases, mean 0, largest excursion 1; spikes are negative.
 */
export type Wave = Float32Array;

/** Part of the head where a discharge occurs; `focus` is that of the patient, `mirror` is contralateral to it. */
export type Site = "focus" | "near" | "mirror" | "general" | "vertex";

/** A rhythm within a seizure; positions run from 0 (onset) to 1 (end). */
export interface Discharge {
  readonly wave: Wave;
  readonly frequencyHz: Keyframes;
  /** Where it occurs, its amplitude over time, and its delay. */
  readonly sites: readonly { readonly site: Site; readonly level: Keyframes; readonly lagSeconds?: number }[];
}

/** Seizure types of the synthetic corpus. */
export type SeizureType = "fnsz" | "cpsz" | "gnsz" | "absz" | "tcsz" | "mysz";

/** Morphology of seizures of one type. */
export interface SeizureProfile {
  readonly seconds: readonly [number, number];
  readonly microvolts: readonly [number, number];
  readonly discharges: readonly Discharge[];
  /** Muscle artefact over the whole scalp, 0..1. */
  readonly muscle?: Keyframes;
  /** Duration of postictal suppression. */
  readonly suppressionSeconds?: number;
}

const bump = (phase: number, centre: number, width: number) => Math.exp(-(((phase - centre) / width) ** 2));

function cycle(shape: (phase: number) => number): Wave {
  const wave = Float32Array.from({ length: 1024 }, (_, i) => shape(i / 1024));
  const mean = wave.reduce((sum, value) => sum + value, 0) / wave.length;
  const largest = wave.reduce((most, value) => Math.max(most, Math.abs(value - mean)), 0);
  return wave.map((value) => (value - mean) / largest);
}

const round = cycle((phase) => -Math.sin(2 * Math.PI * phase));
const sharp = cycle((phase) => {
  const angle = 2 * Math.PI * phase;
  return -(Math.sin(angle) + 0.45 * Math.sin(2 * angle + 0.5) + 0.2 * Math.sin(3 * angle + 0.9));
});
const spikeWave = cycle((phase) => -1.2 * bump(phase, 0.14, 0.05) + bump(phase, 0.58, 0.24));
const polyspikeWave = cycle(
  (phase) => -[0.08, 0.17, 0.26].reduce((sum, at) => sum + bump(phase, at, 0.028), 0) + bump(phase, 0.66, 0.2),
);

/** Waves of discharges by name. */
export const WAVES = { round, sharp, spikeWave, polyspikeWave } as const;

/** Seizure types of the synthetic corpus: frequency falls, amplitude grows, the field spreads. */
export const SEIZURE_PROFILES: Readonly<Record<SeizureType, SeizureProfile>> = {
  fnsz: {
    seconds: [35, 70],
    microvolts: [60, 110],
    discharges: [
      {
        wave: sharp,
        frequencyHz: [0, 9, 0.25, 6, 1, 2.6],
        sites: [
          { site: "focus", level: [0, 0.5, 0.08, 0.75, 0.4, 1, 1, 0.9] },
          { site: "near", level: [0.3, 0, 0.5, 0.6, 1, 0.6], lagSeconds: 0.012 },
        ],
      },
    ],
  },
  cpsz: {
    seconds: [45, 90],
    microvolts: [55, 100],
    discharges: [
      {
        wave: sharp,
        frequencyHz: [0, 7, 0.3, 5, 1, 3],
        sites: [
          { site: "focus", level: [0, 0.5, 0.06, 0.8, 0.5, 1, 1, 0.8] },
          { site: "near", level: [0.2, 0, 0.35, 0.55, 1, 0.6], lagSeconds: 0.01 },
          { site: "mirror", level: [0.5, 0, 0.7, 0.55, 1, 0.5], lagSeconds: 0.024 },
        ],
      },
    ],
  },
  gnsz: {
    seconds: [20, 55],
    microvolts: [60, 120],
    discharges: [
      {
        wave: sharp,
        frequencyHz: [0, 5.5, 0.5, 3.6, 1, 2],
        sites: [{ site: "general", level: [0, 0.55, 0.1, 0.85, 0.6, 1, 1, 0.7] }],
      },
    ],
  },
  absz: {
    seconds: [6, 16],
    microvolts: [110, 200],
    discharges: [
      {
        wave: spikeWave,
        frequencyHz: [0, 3.5, 1, 2.8],
        sites: [{ site: "general", level: [0, 0.8, 0.2, 1, 1, 0.85] }],
      },
    ],
  },
  tcsz: {
    seconds: [40, 70],
    microvolts: [80, 140],
    discharges: [
      {
        wave: round,
        frequencyHz: [0, 16, 0.4, 9],
        sites: [{ site: "general", level: [0, 0.45, 0.3, 0.8, 0.42, 0.8, 0.46, 0] }],
      },
      {
        wave: polyspikeWave,
        frequencyHz: [0.38, 4.6, 1, 1.3],
        sites: [{ site: "general", level: [0.38, 0, 0.44, 1, 1, 0.9] }],
      },
    ],
    muscle: [0, 0.2, 0.2, 1, 0.42, 1, 0.5, 0.5, 1, 0.25],
    suppressionSeconds: 20,
  },
  mysz: {
    seconds: [2, 5],
    microvolts: [110, 180],
    discharges: [
      {
        wave: polyspikeWave,
        frequencyHz: [0, 4, 1, 3],
        sites: [{ site: "vertex", level: [0, 1, 1, 0.8] }],
      },
    ],
    muscle: [0, 0.8, 1, 0.3],
  },
};
