import type { Interval } from "../../base/events.js";
import type { Random } from "../../base/random.js";
import { addMuscleSpan } from "./artefacts.js";
import { createDraws, type Draws } from "./draws.js";
import { type Keyframes, valueAt } from "./envelope.js";
import { ELECTRODES, type HeadMap, mirrored, type Place, projectInto, SCALP, type Scalp, spotMap } from "./head.js";
import { type Discharge, SEIZURE_PROFILES, type SeizureType, type Site } from "./seizure-profiles.js";

/** A seizure to generate; times have the four decimals of the annotation files. */
export interface SyntheticSeizure extends Interval {
  readonly type: SeizureType;
  readonly microvolts: number;
  readonly focus: Place;
}

/** Seconds before the first seizure, and between two. */
const LEAD_SECONDS = 8;
/** Seizures fill at most this share of a recording; longer ones are shortened. */
const LARGEST_SHARE = 0.6;

/** Place seizures of the given types, in this order, at random times of a recording. */
export function placeSeizures(
  types: readonly SeizureType[],
  durationSeconds: number,
  focus: Place,
  random: Random,
): SyntheticSeizure[] {
  const draws = createDraws(random);
  const lengths = types.map((type) => draws.between(...SEIZURE_PROFILES[type].seconds));
  const wanted = lengths.reduce((sum, length) => sum + length, 0);
  const lead = Math.min(LEAD_SECONDS, durationSeconds / (10 * (types.length + 1)));
  const shrink = Math.min(1, (LARGEST_SHARE * durationSeconds) / wanted);
  const spare = durationSeconds - shrink * wanted - lead * (types.length + 1);
  const cuts = types.map(() => draws.between(0, spare)).sort((a, b) => a - b);
  let used = 0;
  return types.map((type, index) => {
    const length = lengths[index]! * shrink;
    const startSeconds = fourDecimals(cuts[index]! + used + lead * (index + 1));
    used += length;
    const microvolts = draws.between(...SEIZURE_PROFILES[type].microvolts);
    return { type, startSeconds, endSeconds: fourDecimals(startSeconds + length), microvolts, focus };
  });
}

function fourDecimals(seconds: number): number {
  return Math.round(seconds * 10_000) / 10_000;
}

/** Weights of a site over the head. */
export function siteMap(site: Site, focus: Place): HeadMap {
  switch (site) {
    case "focus":
      return spotMap(focus, 0.38);
    case "near":
      return spotMap(focus, 0.8);
    case "mirror":
      return spotMap(mirrored(focus), 0.5);
    case "vertex":
      return spotMap({ x: 0, y: 0.15 }, 0.6);
    case "general":
      return spotMap({ x: 0, y: 0.4 }, 0.75);
  }
}

/** Add one seizure to `scalp`: its rhythms at their sites, its muscle artefact, and postictal suppression. */
export function addSeizure(scalp: Scalp, seizure: SyntheticSeizure, random: Random): void {
  const profile = SEIZURE_PROFILES[seizure.type];
  const length = seizure.endSeconds - seizure.startSeconds;
  const start = Math.round(seizure.startSeconds * scalp.sampleRateHz);
  const count = Math.min(scalp.sampleCount - start, Math.round(length * scalp.sampleRateHz));
  if (profile.suppressionSeconds) suppress(scalp, start + count, profile.suppressionSeconds);
  profile.discharges.forEach((discharge, index) => {
    const rhythm = drawRhythm(discharge, scalp.sampleRateHz, count, createDraws(random.stream(`rhythm ${index}`)));
    for (const { site, level, lagSeconds = 0 } of discharge.sites) {
      const shaped = shape(rhythm, level, Math.round(lagSeconds * scalp.sampleRateHz), 0.25 * scalp.sampleRateHz);
      projectInto(scalp, shaped, siteMap(site, seizure.focus), seizure.microvolts, start);
    }
  });
  const { muscle } = profile;
  if (!muscle) return;
  addMuscleSpan(scalp, SCALP, seizure, 0.45 * seizure.microvolts, random.stream("muscle"), (seconds) =>
    valueAt(muscle, seconds / length),
  );
}

/** The discharge's wave at its changing frequency; cycles vary in duration and amplitude. */
function drawRhythm({ wave, frequencyHz }: Discharge, sampleRateHz: number, count: number, draws: Draws): Float32Array {
  const rhythm = new Float32Array(count);
  let phase = 0;
  let tempo = 1;
  let height = 1;
  for (let i = 0; i < count; i++) {
    phase += (valueAt(frequencyHz, i / count) * tempo) / sampleRateHz;
    if (phase >= 1) {
      phase -= 1;
      tempo = 1 + 0.05 * draws.normal();
      height = draws.between(0.8, 1.2);
    }
    rhythm[i] = height * wave[Math.floor(phase * wave.length)]!;
  }
  return rhythm;
}

function shape(rhythm: Float32Array, level: Keyframes, lag: number, ramp: number): Float32Array {
  const { length } = rhythm;
  return Float32Array.from({ length }, (_, i) => {
    const edge = Math.min(1, i / ramp, (length - i) / ramp);
    return i < lag ? 0 : rhythm[i - lag]! * edge * valueAt(level, i / length);
  });
}

function suppress(scalp: Scalp, start: number, seconds: number): void {
  const end = Math.min(scalp.sampleCount, start + Math.round(seconds * scalp.sampleRateHz));
  for (let row = 0; row < ELECTRODES.length; row++) {
    for (let i = start; i < end; i++) {
      scalp.samples[row * scalp.sampleCount + i]! *= 0.35 + (0.65 * (i - start)) / (end - start);
    }
  }
}

/**
 * Weight and onset (0..1) at which a bipolar channel joins a seizure; `undefined` when the seizure does not reach it.
 */
export function onsetAt(seizure: SyntheticSeizure, pair: string): number | undefined {
  const rows = pair.split("-").map((name) => ELECTRODES.indexOf(name));
  const { discharges } = SEIZURE_PROFILES[seizure.type];
  const onsets = discharges.flatMap(({ sites }) =>
    sites
      .filter(({ site }) => rows.some((row) => siteMap(site, seizure.focus)[row]! > 0.4))
      .map(({ level }) => (level[1]! > 0 ? 0 : level[0]!)),
  );
  return onsets.length === 0 ? undefined : Math.min(...onsets);
}
