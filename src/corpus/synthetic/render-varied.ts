import { type Interval, mergeIntervals } from "../../base/events.js";
import { createRandom, type Random } from "../../base/random.js";
import { addArtefacts } from "./artefacts.js";
import { drawEyesClosed } from "./background.js";
import { createScalp, ELECTRODES, rowOf, type Scalp } from "./head.js";
import { placeLookAlikes, renderLookAlike } from "./look-alikes.js";
import { montageReference, montageSignals, type SynthesizedSignal } from "./montage-signals.js";
import { noiseState, sineInto, whiteInto } from "./noise.js";
import { rate } from "./raters.js";
import { lookAlikeGapSeconds, meanSnrDb, type Realism } from "./realism.js";
import { seizureGain } from "./snr.js";
import { addSleep, drawStages, type StageInterval } from "./stages.js";
import { addVariedBackground } from "./varied-background.js";
import { drawVariedPatient, type VariedPatient } from "./varied-patient.js";
import { placeVariedSeizures, renderVariedSeizure, type VariedSeizure } from "./varied-seizures.js";
import type { VariedRecording } from "./varied-table.js";

/** What one rater marks; `seizures` of the truth where `index` points. */
export type Mark = Interval & { readonly index: number };

/** A recording of a varied corpus: signals in file order, the true seizures, and the marks of two raters. */
export interface RenderedVaried {
  readonly signals: readonly SynthesizedSignal[];
  readonly seizures: readonly VariedSeizure[];
  readonly raters: readonly [readonly Mark[], readonly Mark[]];
}

/** Generate one recording: a pure function of seed, row and realism. */
export function renderVaried(recording: VariedRecording, realism: Realism, seed: number): RenderedVaried {
  const { sampleRateHz, durationSeconds } = recording;
  const { parts } = realism;
  const random = createRandom(seed, `varied corpus/${recording.id}`);
  const own = createRandom(seed, `varied corpus/patient/${recording.patient}`);
  const patient = drawVariedPatient(own, recording.focus, parts.includes("patients"));
  const scalp = createScalp(sampleRateHz, durationSeconds);
  const stages = parts.includes("sleep")
    ? drawStages(random.stream("stages"), durationSeconds)
    : [{ stage: "wake" as const, startSeconds: 0, endSeconds: durationSeconds }];
  const closed = drawEyesClosed(random.stream("eyes"), durationSeconds);
  addVariedBackground(scalp, patient, intersection(closed, awake(stages)), random.stream("background"));
  if (parts.includes("sleep")) addSleep(scalp, stages, patient.sleepGain, random.stream("sleep"));
  const { seizures: types } = recording;
  const seizures = placeVariedSeizures(types, durationSeconds, patient.focus, realism, random.stream("seizures"));
  addSeizures(scalp, seizures, realism, random);
  if (parts.includes("look-alikes")) addLookAlikes(scalp, patient, seizures, realism, random.stream("look-alikes"));
  const asleep = stages.filter(({ stage }) => stage !== "wake");
  addArtefacts(scalp, patient, mergeIntervals([...closed, ...asleep]), random.stream("artefacts"));
  addEquipment(scalp, patient, random.stream("equipment"));
  const reference = referenceOf(scalp, recording.montage, patient.activeReference);
  const signals = montageSignals(scalp, recording, patient.heartRateHz, random.stream("montage"), reference);
  return { signals, seizures, raters: marksOf(seizures, durationSeconds, realism, random) };
}

function awake(stages: readonly StageInterval[]): StageInterval[] {
  return stages.filter(({ stage }) => stage === "wake");
}

function intersection(a: readonly Interval[], b: readonly Interval[]): Interval[] {
  return a.flatMap((left) =>
    b.flatMap((right) => {
      const startSeconds = Math.max(left.startSeconds, right.startSeconds);
      const endSeconds = Math.min(left.endSeconds, right.endSeconds);
      return endSeconds > startSeconds ? [{ startSeconds, endSeconds }] : [];
    }),
  );
}

function marksOf(
  seizures: readonly VariedSeizure[],
  durationSeconds: number,
  realism: Realism,
  random: Random,
): readonly [readonly Mark[], readonly Mark[]] {
  if (!realism.parts.includes("raters")) {
    const exact = seizures.map(({ startSeconds, endSeconds }, index) => ({ startSeconds, endSeconds, index }));
    return [exact, exact];
  }
  return [
    rate(seizures, durationSeconds, realism, random.stream("rater 1")),
    rate(seizures, durationSeconds, realism, random.stream("rater 2")),
  ];
}

function addSeizures(scalp: Scalp, seizures: readonly VariedSeizure[], realism: Realism, random: Random): void {
  seizures.forEach((seizure, index) => {
    const alone = renderVariedSeizure(seizure, realism, scalp.sampleRateHz, random.stream(`seizure ${index}`));
    const start = Math.round((seizure.startSeconds - seizure.beforeSeconds) * scalp.sampleRateHz);
    addAtSnr(scalp, alone, start, seizure.snrDb, seizure.backgroundLeft);
  });
}

function addLookAlikes(
  scalp: Scalp,
  patient: VariedPatient,
  seizures: readonly VariedSeizure[],
  realism: Realism,
  random: Random,
): void {
  const { sampleRateHz } = scalp;
  const gap = lookAlikeGapSeconds(realism);
  const placed = placeLookAlikes(scalp.sampleCount / sampleRateHz, gap, seizures, random.stream("places"));
  placed.forEach((each, index) => {
    const own = random.stream(`look-alike ${index}`);
    const alone = renderLookAlike(each, patient, sampleRateHz, own);
    const snrDb = meanSnrDb(realism) + each.lookAlike.louderDb + 3 * own.normal(0);
    addAtSnr(scalp, alone, Math.round(each.startSeconds * sampleRateHz), snrDb, 1);
  });
}

/**
 * Add a pattern that begins at `start` (before the first sample, where negative) so that it has `snrDb` over the background
 * beneath it (`seizureGain`), of which `backgroundLeft` stays.
 */
function addAtSnr(scalp: Scalp, alone: Scalp, start: number, snrDb: number, backgroundLeft: number): void {
  const from = Math.max(0, start);
  const to = Math.min(scalp.sampleCount, start + alone.sampleCount);
  const patterns = ELECTRODES.map((name) => rowOf(alone, name).subarray(from - start, to - start));
  const rows = ELECTRODES.map((name) => rowOf(scalp, name).subarray(from, to));
  const found = seizureGain(patterns, rows, scalp.sampleRateHz, snrDb);
  if (!found) return;
  rows.forEach((row, electrode) => {
    const pattern = patterns[electrode]!;
    for (let i = 0; i < row.length; i++) row[i] = backgroundLeft * row[i]! + found.gain * pattern[i]!;
  });
}

/** Add the noise of skin and amplifier and the mains of the place where the patient was recorded. */
function addEquipment(scalp: Scalp, { mainsHz, mainsMicrovolts, hissMicrovolts }: VariedPatient, random: Random): void {
  const mains = new Float32Array(scalp.sampleCount);
  sineInto(mains, scalp.sampleRateHz, mainsHz, 6 * random.uniform(0));
  const noise = new Float32Array(scalp.sampleCount);
  ELECTRODES.forEach((electrode, index) => {
    const row = rowOf(scalp, electrode);
    whiteInto(noise, noiseState(random.stream(electrode)));
    const level = mainsMicrovolts * random.uniform(index + 1);
    for (let i = 0; i < row.length; i++) row[i]! += level * mains[i]! + hissMicrovolts * noise[i]!;
  });
}

/** The signal of the reference: partly the common one of the montage, partly an active electrode between Cz and Pz. */
function referenceOf(scalp: Scalp, montage: string, activeShare: number): Float32Array {
  const common = montageReference(scalp, montage);
  const front = rowOf(scalp, "CZ");
  const back = rowOf(scalp, "PZ");
  return common.map((value, i) => (1 - activeShare) * value + activeShare * (0.6 * front[i]! + 0.4 * back[i]!));
}
