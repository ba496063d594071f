import type { Interval } from "../../base/events.js";
import { complementIntervals } from "../../base/events.js";
import type { Random } from "../../base/random.js";
import { createDraws, type Draws } from "./draws.js";
import { projectGated } from "./envelope.js";
import { ELECTRODES, namedMap, positionOf, projectInto, rowOf, SCALP, type Scalp, spotMap } from "./head.js";
import { driftInto, lowPass, noiseState, sineInto, whiteInto } from "./noise.js";
import type { PatientTraits } from "./patient.js";

const EYES = namedMap({
  FP1: 1,
  FP2: 0.95,
  F7: 0.4,
  F8: 0.4,
  F3: 0.34,
  F4: 0.34,
  FZ: 0.38,
  C3: 0.06,
  C4: 0.06,
  CZ: 0.08,
});
const MUSCLE_GROUPS = [
  ["T3", "F7", "T5", "A1"],
  ["T4", "F8", "T6", "A2"],
  ["FP1", "FP2", "F7", "F8"],
];

/**
 * Add artefacts to `scalp`, in seizures and outside of them: blinks while the eyes are open, muscle bursts and
 * chewing, single sharp waves at the focus, movement, electrode pops, drift, amplifier noise and 60 Hz from the mains.
 */
export function addArtefacts(
  scalp: Scalp,
  patient: PatientTraits,
  eyesClosed: readonly Interval[],
  random: Random,
): void {
  const durationSeconds = scalp.sampleCount / scalp.sampleRateHz;
  addBlinks(scalp, patient, complementIntervals(eyesClosed, durationSeconds), createDraws(random.stream("blinks")));
  addMuscle(scalp, patient, durationSeconds, random.stream("muscle"));
  addSharpWaves(scalp, patient, durationSeconds, createDraws(random.stream("sharp")));
  addMovement(scalp, durationSeconds, random.stream("movement"));
  addPops(scalp, durationSeconds, createDraws(random.stream("pops")));
  addElectrodeNoise(scalp, random.stream("electrodes"));
}

function addBlinks(scalp: Scalp, patient: PatientTraits, eyesOpen: readonly Interval[], draws: Draws): void {
  for (const { startSeconds, endSeconds } of eyesOpen) {
    for (const onset of draws.onsets(startSeconds, endSeconds, patient.blinkGapSeconds)) {
      const length = Math.round(scalp.sampleRateHz * draws.between(0.25, 0.4));
      const lid = Float32Array.from({ length }, (_, i) => Math.sin((Math.PI * i) / length) ** 2);
      projectInto(scalp, lid, EYES, draws.between(60, 170), Math.round(onset * scalp.sampleRateHz));
    }
  }
}

/**
 * Add high-frequency noise at the named electrodes, independent at each; `level(position)` in 0..1 shapes it over the
 * span.
 */
export function addMuscleSpan(
  scalp: Scalp,
  electrodes: readonly string[],
  span: Interval,
  microvolts: number,
  random: Random,
  level: (seconds: number) => number,
): void {
  const start = Math.round(span.startSeconds * scalp.sampleRateHz);
  const end = Math.min(scalp.sampleCount, Math.round(span.endSeconds * scalp.sampleRateHz));
  if (end <= start) return;
  const noise = new Float32Array(end - start);
  for (const electrode of electrodes) {
    whiteInto(noise, noiseState(random.stream(electrode)));
    const row = rowOf(scalp, electrode);
    let before = 0;
    for (let i = 0; i < noise.length; i++) {
      const value = noise[i]! * level(i / scalp.sampleRateHz);
      row[start + i]! += microvolts * 0.7 * (value - 0.6 * before); // the difference leaves mostly what is above 30 Hz
      before = value;
    }
  }
}

function addMuscle(scalp: Scalp, patient: PatientTraits, durationSeconds: number, random: Random): void {
  const draws = createDraws(random);
  draws.onsets(0, durationSeconds, patient.muscleGapSeconds).forEach((startSeconds, index) => {
    const chewing = draws.chance(0.25);
    const length = chewing ? draws.between(4, 12) : draws.between(0.5, 6);
    const chewHz = draws.between(1.2, 2);
    const ramp = (seconds: number) => Math.min(1, 6 * seconds, 6 * (length - seconds));
    const level = (seconds: number) =>
      Math.max(0, chewing ? ramp(seconds) * Math.sin(2 * Math.PI * chewHz * seconds) : ramp(seconds));
    const group = draws.chance(0.2) ? SCALP : draws.pick(MUSCLE_GROUPS);
    const span = { startSeconds, endSeconds: startSeconds + length };
    addMuscleSpan(scalp, group, span, draws.between(15, 70), random.stream(`burst ${index}`), level);
  });
}

function addSharpWaves(scalp: Scalp, patient: PatientTraits, durationSeconds: number, draws: Draws): void {
  if (patient.spikeGapSeconds === undefined) return;
  const map = spotMap(patient.focus, 0.35);
  const length = Math.round(0.45 * scalp.sampleRateHz);
  const wave = Float32Array.from({ length }, (_, i) => {
    const seconds = i / scalp.sampleRateHz;
    return -Math.exp(-(((seconds - 0.06) / 0.022) ** 2)) + 0.45 * Math.exp(-(((seconds - 0.22) / 0.08) ** 2));
  });
  for (const onset of draws.onsets(0, durationSeconds - 0.5, patient.spikeGapSeconds)) {
    projectInto(scalp, wave, map, draws.between(40, 110), Math.round(onset * scalp.sampleRateHz));
  }
}

function addMovement(scalp: Scalp, durationSeconds: number, random: Random): void {
  const draws = createDraws(random);
  const onsets = draws.onsets(0, durationSeconds, 70);
  if (onsets.length === 0) return;
  const sway = new Float32Array(scalp.sampleCount);
  driftInto(sway, scalp.sampleRateHz, 0.7, noiseState(random.stream("sway")));
  const spans = onsets.map((startSeconds) => ({ startSeconds, endSeconds: startSeconds + draws.between(1.5, 5) }));
  projectGated(scalp, sway, spans, 0.6, spotMap(positionOf(draws.pick(SCALP)), 0.7), draws.between(50, 160));
}

function addPops(scalp: Scalp, durationSeconds: number, draws: Draws): void {
  for (const onset of draws.onsets(0, durationSeconds, 60)) {
    const row = rowOf(scalp, draws.pick(SCALP));
    const start = Math.round(onset * scalp.sampleRateHz);
    const keep = Math.exp(-1 / (draws.between(0.1, 0.5) * scalp.sampleRateHz));
    let level = draws.between(120, 500) * (draws.chance(0.5) ? 1 : -1);
    for (let i = start; i < row.length && Math.abs(level) > 0.2; i++) {
      row[i]! += level;
      level *= keep;
    }
  }
}

function addElectrodeNoise(scalp: Scalp, random: Random): void {
  const draws = createDraws(random);
  const mains = new Float32Array(scalp.sampleCount);
  sineInto(mains, scalp.sampleRateHz, 60, draws.between(0, 6));
  const noise = new Float32Array(scalp.sampleCount);
  const { alpha, gain: driftGain } = lowPass(scalp.sampleRateHz, 0.06);
  const loose = draws.pick(SCALP);
  for (const electrode of ELECTRODES) {
    const row = rowOf(scalp, electrode);
    const state = noiseState(random.stream(electrode));
    const mainsMicrovolts = electrode === loose ? draws.between(8, 20) : draws.between(0.4, 3);
    const noiseMicrovolts = draws.between(0.7, 1.6);
    const driftMicrovolts = draws.between(6, 22);
    whiteInto(noise, state);
    let level = 0;
    for (let i = 0; i < row.length; i++) {
      const white = noise[i]!; // amplifier noise, and the input of the drift
      level += alpha * (white - level);
      row[i]! += noiseMicrovolts * white + mainsMicrovolts * mains[i]! + driftMicrovolts * driftGain * level;
    }
  }
}
