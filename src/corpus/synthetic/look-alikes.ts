import type { Interval } from "../../base/events.js";
import type { Random } from "../../base/random.js";
import { addMuscleSpan } from "./artefacts.js";
import { createDraws, type Draws } from "./draws.js";
import { createScalp, type HeadMap, positionOf, projectInto, rowOf, SCALP, type Scalp, spotMap } from "./head.js";
import { sineInto } from "./noise.js";
import { WAVES } from "./seizure-profiles.js";
import type { VariedPatient } from "./varied-patient.js";

/** A pattern that resembles a seizure: rhythmic or periodic, without a seizure's evolution, or an artefact. */
export interface LookAlike {
  /** Terms of the ACNS (2021) for patterns of the EEG. */
  readonly name: string;
  readonly seconds: readonly [number, number];
  /** Decibels above (or below) what seizures of the corpus have. */
  readonly louderDb: number;
  /** Fill a scalp of the look-alike's length, any amplitude. */
  readonly render: (scalp: Scalp, patient: VariedPatient, random: Random) => void;
}

const GENERAL = spotMap({ x: 0, y: 0.4 }, 0.75);

/** A train of cycles of nearly constant frequency and height, with soft ends. */
function train(scalp: Scalp, wave: Float32Array, frequencyHz: number, map: HeadMap, draws: Draws, duty = 1): void {
  const samples = new Float32Array(scalp.sampleCount);
  const ramp = Math.max(1, Math.min(scalp.sampleRateHz, scalp.sampleCount >> 2));
  let phase = 0;
  let tempo = 1;
  let height = 1;
  for (let i = 0; i < samples.length; i++) {
    phase += (frequencyHz * tempo) / scalp.sampleRateHz;
    if (phase >= 1) {
      phase -= 1;
      tempo = 1 + 0.05 * draws.normal();
      height = draws.between(0.8, 1.2);
    }
    const edge = Math.min(1, i / ramp, (samples.length - i) / ramp);
    const at = phase / duty; // the wave takes this part of the period, the rest is silent
    if (at < 1) samples[i] = edge * height * wave[Math.floor(at * wave.length)]!;
  }
  projectInto(scalp, samples, map, 1);
}

const temporal = (draws: Draws) => spotMap(positionOf(draws.pick(["T3", "T4"])), 0.35);

/** Irregular pops of one electrode: a jump that decays. */
function popTrain(scalp: Scalp, draws: Draws): void {
  const row = rowOf(scalp, draws.pick(SCALP));
  for (const onset of draws.onsets(0, scalp.sampleCount / scalp.sampleRateHz, 0.8)) {
    const keep = Math.exp(-1 / (draws.between(0.08, 0.3) * scalp.sampleRateHz));
    let level = draws.between(0.5, 1.5) * (draws.chance(0.5) ? 1 : -1);
    for (let i = Math.round(onset * scalp.sampleRateHz); i < row.length && Math.abs(level) > 1e-3; i++) {
      row[i]! += level;
      level *= keep;
    }
  }
}

/** Bursts of temporal muscle at the rate of chewing, with the slow potential of tongue and jaw. */
function chewing(scalp: Scalp, draws: Draws, random: Random): void {
  const chewHz = draws.between(1, 2.2);
  const span = { startSeconds: 0, endSeconds: scalp.sampleCount / scalp.sampleRateHz };
  const level = (seconds: number) => Math.max(0, Math.sin(2 * Math.PI * chewHz * seconds));
  addMuscleSpan(scalp, ["T3", "F7", "T5", "T4", "F8", "T6", "FP1", "FP2"], span, 1, random, level);
  train(scalp, WAVES.round, chewHz, spotMap({ x: 0, y: 0.9 }, 0.7), draws);
}

function mains(scalp: Scalp, patient: VariedPatient, draws: Draws): void {
  const samples = new Float32Array(scalp.sampleCount);
  sineInto(samples, scalp.sampleRateHz, patient.mainsHz, draws.between(0, 6));
  projectInto(scalp, samples, spotMap(positionOf(draws.pick(SCALP)), draws.between(0.2, 1)), 1);
}

/** All look-alikes of a varied corpus. */
export const LOOK_ALIKES: readonly LookAlike[] = [
  {
    ...{ name: "generalised rhythmic delta", seconds: [6, 25], louderDb: 1 },
    render: (scalp, _, random) => {
      const draws = createDraws(random);
      train(scalp, WAVES.round, draws.between(1, 2.5), GENERAL, draws);
    },
  },
  {
    ...{ name: "lateralised rhythmic delta", seconds: [6, 25], louderDb: 1 },
    render: (scalp, { lesion }, random) => {
      const draws = createDraws(random);
      train(scalp, WAVES.round, draws.between(1, 2.5), spotMap(lesion, 0.45), draws);
    },
  },
  {
    ...{ name: "lateralised periodic discharges", seconds: [10, 40], louderDb: 1 },
    render: (scalp, { lesion }, random) => {
      const draws = createDraws(random);
      train(scalp, WAVES.spikeWave, draws.between(0.6, 1.6), spotMap(lesion, 0.45), draws, 0.4);
    },
  },
  {
    ...{ name: "generalised periodic discharges", seconds: [10, 40], louderDb: 1 },
    render: (scalp, _, random) => {
      const draws = createDraws(random);
      train(scalp, WAVES.sharp, draws.between(0.7, 1.8), GENERAL, draws, 0.45);
    },
  },
  {
    ...{ name: "wicket rhythm", seconds: [1, 5], louderDb: 2 },
    render: (scalp, _, random) => {
      const draws = createDraws(random);
      train(scalp, WAVES.sharp, draws.between(6, 11), temporal(draws), draws);
    },
  },
  {
    ...{ name: "rhythmic mid-temporal theta", seconds: [4, 14], louderDb: 1 },
    render: (scalp, _, random) => {
      const draws = createDraws(random);
      train(scalp, WAVES.sharp, draws.between(5, 7), temporal(draws), draws);
    },
  },
  {
    ...{ name: "hypnagogic hypersynchrony", seconds: [3, 9], louderDb: 2 },
    render: (scalp, _, random) => {
      const draws = createDraws(random);
      train(scalp, WAVES.round, draws.between(3, 4.5), GENERAL, draws);
    },
  },
  {
    ...{ name: "chewing", seconds: [5, 20], louderDb: 7 },
    render: (scalp, _, random) => chewing(scalp, createDraws(random), random.stream("muscle")),
  },
  {
    ...{ name: "electrode pops", seconds: [4, 15], louderDb: 9 },
    render: (scalp, _, random) => popTrain(scalp, createDraws(random)),
  },
  {
    ...{ name: "patting", seconds: [6, 25], louderDb: 6 },
    render: (scalp, _, random) => {
      const draws = createDraws(random);
      const map = spotMap(positionOf(draws.pick(["O1", "O2", "T5", "T6", "PZ"])), 0.4);
      train(scalp, WAVES.round, draws.between(1.5, 4), map, draws);
    },
  },
  {
    ...{ name: "mains", seconds: [5, 40], louderDb: 0 },
    render: (scalp, patient, random) => mains(scalp, patient, createDraws(random)),
  },
];

/** An artefact is three times as frequent as a pattern of the EEG. */
const ARTEFACTS = new Set(["chewing", "electrode pops", "patting", "mains"]);
const FREQUENT = LOOK_ALIKES.flatMap((each) => (ARTEFACTS.has(each.name) ? [each, each, each] : [each]));

/** A look-alike in a recording. */
export interface PlacedLookAlike extends Interval {
  readonly lookAlike: LookAlike;
}

/** Look-alikes at random times with this mean gap, none within three seconds of an interval in `taken`. */
export function placeLookAlikes(
  durationSeconds: number,
  meanGapSeconds: number,
  taken: readonly Interval[],
  random: Random,
): PlacedLookAlike[] {
  const draws = createDraws(random);
  return draws.onsets(0, durationSeconds - 2, meanGapSeconds).flatMap((startSeconds): PlacedLookAlike[] => {
    const lookAlike = draws.pick(FREQUENT);
    const endSeconds = Math.min(durationSeconds, startSeconds + draws.between(...lookAlike.seconds));
    const isTaken = taken.some((each) => each.startSeconds < endSeconds + 3 && each.endSeconds > startSeconds - 3);
    return isTaken ? [] : [{ lookAlike, startSeconds, endSeconds }];
  });
}

/** The look-alike alone at all electrodes. */
export function renderLookAlike(
  { lookAlike, startSeconds, endSeconds }: PlacedLookAlike,
  patient: VariedPatient,
  sampleRateHz: number,
  random: Random,
): Scalp {
  const scalp = createScalp(sampleRateHz, endSeconds - startSeconds);
  lookAlike.render(scalp, patient, random);
  return scalp;
}
