import type { Interval } from "../../base/events.js";
import type { Random } from "../../base/random.js";
import { addMuscleSpan } from "./artefacts.js";
import { createDraws, type Draws } from "./draws.js";
import { type Keyframes, valueAt } from "./envelope.js";
import { createScalp, type Place, projectInto, SCALP, type Scalp } from "./head.js";
import type { Site, Wave } from "./seizure-profiles.js";
import { WAVES } from "./seizure-profiles.js";
import { siteMap } from "./seizures.js";

/**
 * Bifurcation by which a seizure begins (Saggio et al., eLife 9:e55632, 2020): saddle-node (abrupt, with a shift of the
 * baseline), saddle-node on an invariant circle (frequency grows from 0 with the square root of time), supercritical Hopf
 * (amplitude grows from 0 with the square root of time), subcritical Hopf (abrupt, no shift).
 */
export const ONSET_CLASSES = ["SN", "SNIC", "SupH", "SubH"] as const;
export type OnsetClass = (typeof ONSET_CLASSES)[number];

/**
 * Bifurcation by which it ends: saddle-homoclinic (frequency falls with the logarithm of the time left, baseline shifts),
 * saddle-node on an invariant circle (frequency falls to 0 with the square root), supercritical Hopf (amplitude falls to 0
 * with the square root), fold limit cycle (abrupt).
 */
export const OFFSET_CLASSES = ["SH", "SNIC", "SupH", "FLC"] as const;
export type OffsetClass = (typeof OFFSET_CLASSES)[number];

/** Types of seizures of a varied corpus. */
export type DynamotypeName = "fnsz" | "cpsz" | "gnsz" | "absz" | "tcsz" | "tnsz";

/** One seizure: a path from an onset to an offset bifurcation, and its place on the head. */
export interface DynamotypeSeizure {
  readonly type: DynamotypeName;
  readonly onset: OnsetClass;
  readonly offset: OffsetClass;
  readonly lengthSeconds: number;
  readonly focus: Place;
  /** The onset grows from a twelfth of the amplitude over this share of the seizure; 0 when it does not hide. */
  readonly hiddenShare: number;
  /** Frequency in the middle part, from its begin to its end. */
  readonly fromHz: number;
  readonly toHz: number;
  readonly wave: Wave;
}

interface DynamotypeProfile {
  readonly seconds: readonly [number, number];
  readonly fromHz: readonly [number, number];
  readonly toHz: readonly [number, number];
  readonly waves: readonly (keyof typeof WAVES)[];
  /** Where it occurs, and its share of the amplitude over the seizure (0 to 1). */
  readonly sites: readonly { readonly site: Site; readonly level: Keyframes }[];
  /** Muscle over the scalp, as a share of the amplitude. */
  readonly muscle?: Keyframes;
}

/** What seizures of a type have in common: length, how the frequency moves, how the field spreads. */
const PROFILES: Readonly<Record<DynamotypeName, DynamotypeProfile>> = {
  fnsz: {
    ...{ seconds: [20, 60], fromHz: [5, 10], toHz: [2, 4.5], waves: ["sharp", "round", "spikeWave"] },
    sites: [
      { site: "focus", level: [0, 1] },
      { site: "near", level: [0.25, 0, 0.6, 0.6] },
    ],
  },
  cpsz: {
    ...{ seconds: [30, 75], fromHz: [4, 8], toHz: [2, 4], waves: ["sharp", "round"] },
    sites: [
      { site: "focus", level: [0, 1] },
      { site: "near", level: [0.2, 0, 0.5, 0.55] },
      { site: "mirror", level: [0.45, 0, 0.75, 0.5] },
    ],
  },
  gnsz: {
    ...{ seconds: [20, 50], fromHz: [3.5, 7], toHz: [1.8, 3.5], waves: ["sharp", "spikeWave", "round"] },
    sites: [{ site: "general", level: [0, 1] }],
  },
  absz: {
    ...{ seconds: [8, 18], fromHz: [3.2, 4], toHz: [2.5, 3.2], waves: ["spikeWave"] },
    sites: [{ site: "general", level: [0, 1] }],
  },
  tcsz: {
    ...{ seconds: [35, 65], fromHz: [8, 14], toHz: [1.5, 3], waves: ["sharp", "polyspikeWave"] },
    sites: [{ site: "general", level: [0, 0.6, 0.4, 1] }],
    muscle: [0, 0.2, 0.25, 0.9, 0.5, 0.7, 1, 0.2],
  },
  tnsz: {
    ...{ seconds: [10, 25], fromHz: [16, 24], toHz: [8, 13], waves: ["round", "sharp"] },
    sites: [{ site: "general", level: [0, 1] }],
    muscle: [0, 0.1, 0.3, 0.5, 1, 0.3],
  },
};

/** All types that a varied corpus may have. */
export const DYNAMOTYPE_NAMES = Object.keys(PROFILES) as DynamotypeName[]; // the keys of the record above

/** Longest part of a seizure that an onset or offset bifurcation takes, seconds. */
const TRANSITION_SECONDS = 12;
/** Amplitude of a hidden onset at the first sample. */
const HIDDEN_AMPLITUDE = 1 / 12;

/** Draw a seizure of one type; `hiddenShare` is the chance that its onset hides, `longestSeconds` shortens it. */
export function drawDynamotype(
  type: DynamotypeName,
  options: { readonly focus: Place; readonly hiddenShare: number; readonly longestSeconds: number },
  draws: Draws,
): DynamotypeSeizure {
  const profile = PROFILES[type];
  return {
    type,
    onset: draws.pick(ONSET_CLASSES),
    offset: draws.pick(OFFSET_CLASSES),
    lengthSeconds: Math.min(options.longestSeconds, draws.between(...profile.seconds)),
    focus: options.focus,
    hiddenShare: draws.chance(options.hiddenShare) ? draws.between(0.3, 0.6) : 0,
    fromHz: draws.between(...profile.fromHz),
    toHz: draws.between(...profile.toHz),
    wave: WAVES[draws.pick(profile.waves)],
  };
}

/** Amplitude (0..1) `seconds` after the onset. */
export function amplitudeAt(seizure: DynamotypeSeizure, seconds: number): number {
  const { onset, offset, lengthSeconds, hiddenShare } = seizure;
  const left = lengthSeconds - seconds;
  const ramp = transitionOf(seizure);
  const begun = onset === "SupH" ? Math.sqrt(Math.min(1, seconds / ramp)) : Math.min(1, seconds / 0.25);
  const ending = offset === "SupH" ? Math.sqrt(Math.min(1, left / ramp)) : Math.min(1, left / 0.1);
  const shown = hiddenShare > 0 ? HIDDEN_AMPLITUDE ** Math.max(0, 1 - seconds / (hiddenShare * lengthSeconds)) : 1;
  return Math.max(0, begun * ending * shown);
}

/** Frequency in hertz `seconds` after the onset; not below a sixth of the middle part's, so that there is always a cycle. */
export function frequencyAt(seizure: DynamotypeSeizure, seconds: number): number {
  const { onset, offset, lengthSeconds, fromHz, toHz } = seizure;
  const left = lengthSeconds - seconds;
  const ramp = transitionOf(seizure);
  const middle = fromHz * (toHz / fromHz) ** (seconds / lengthSeconds);
  const begun = onset === "SNIC" ? Math.sqrt(Math.min(1, seconds / ramp)) : 1;
  let ending = 1;
  if (offset === "SNIC") ending = Math.sqrt(Math.min(1, left / ramp));
  if (offset === "SH" && left < ramp) ending = 1 / (1 + Math.log(ramp / Math.max(1e-3, left)));
  return middle * Math.max(1 / 6, begun * ending);
}

/** Shift of the baseline in units of the amplitude: at the onset of saddle-node and before the end of saddle-homoclinic seizures. */
function baselineAt({ onset, offset, lengthSeconds }: DynamotypeSeizure, seconds: number): number {
  const atOnset = onset === "SN" ? Math.min(1, seconds / 0.25) * Math.exp(-seconds / 3) : 0;
  const atEnd = offset === "SH" ? Math.exp((seconds - lengthSeconds) / 2) : 0;
  return 0.8 * atOnset - 0.6 * atEnd;
}

function transitionOf({ lengthSeconds }: DynamotypeSeizure): number {
  return Math.min(TRANSITION_SECONDS, 0.4 * lengthSeconds);
}

/** The seizure alone at all electrodes, amplitude 1: cycles vary by a few percent in duration and height. */
export function renderDynamotype(seizure: DynamotypeSeizure, sampleRateHz: number, random: Random): Scalp {
  const scalp = createScalp(sampleRateHz, seizure.lengthSeconds);
  const rhythm = drawCycles(seizure, sampleRateHz, scalp.sampleCount, createDraws(random.stream("cycles")));
  const profile = PROFILES[seizure.type];
  for (const { site, level } of profile.sites) {
    const part = rhythm.map((value, i) => value * valueAt(level, i / rhythm.length));
    projectInto(scalp, part, siteMap(site, seizure.focus), 1);
  }
  const { muscle } = profile;
  if (muscle) {
    const span: Interval = { startSeconds: 0, endSeconds: seizure.lengthSeconds };
    addMuscleSpan(scalp, SCALP, span, 0.12, random.stream("muscle"), (seconds) =>
      valueAt(muscle, seconds / seizure.lengthSeconds),
    );
  }
  return scalp;
}

function drawCycles(seizure: DynamotypeSeizure, sampleRateHz: number, count: number, draws: Draws): Float32Array {
  const { wave } = seizure;
  const out = new Float32Array(count);
  let phase = 0;
  let tempo = 1;
  let height = 1;
  for (let i = 0; i < count; i++) {
    const seconds = i / sampleRateHz;
    phase += (frequencyAt(seizure, seconds) * tempo) / sampleRateHz;
    if (phase >= 1) {
      phase -= 1;
      tempo = 1 + 0.03 * draws.normal();
      height = draws.between(0.75, 1.25);
    }
    const amplitude = amplitudeAt(seizure, seconds);
    out[i] = amplitude * (height * wave[Math.floor(phase * wave.length)]! + baselineAt(seizure, seconds));
  }
  return out;
}

/** Position (0..1) at which a bipolar channel joins a seizure; `undefined` when the seizure does not reach it. */
export function dynamotypeOnsetAt(seizure: DynamotypeSeizure, rows: readonly number[]): number | undefined {
  const onsets = PROFILES[seizure.type].sites
    .filter(({ site }) => rows.some((row) => siteMap(site, seizure.focus)[row]! > 0.4))
    .map(({ level }) => (level[1]! > 0 ? 0 : level[0]!));
  return onsets.length === 0 ? undefined : Math.min(...onsets);
}
