import type { Random } from "../../base/random.js";
import { createDraws, type Draws } from "./draws.js";
import { type Place, positionOf } from "./head.js";
import { drawPatient, type PatientTraits } from "./patient.js";

/** A patient who differs from others as real ones do. */
export interface VariedPatient extends PatientTraits {
  /** Power of the background falls like f to the minus this. */
  readonly slope: number;
  /** Weight, 0..1, of one more pole at 6 Hz: slow, drowsy or encephalopathic records fall more steeply. */
  readonly smoothness: number;
  /** Width of a source on the scalp: how alike neighbouring electrodes are. */
  readonly spread: number;
  /** Share of the recording's reference that is one active electrode near the vertex, 0..1; the rest is the common average. */
  readonly activeReference: number;
  readonly betaMicrovolts: number;
  /** Continuous slow activity near a lesion, microvolts; 0 without one. */
  readonly focalSlowMicrovolts: number;
  readonly lesion: Place;
  /** Gain under a skull defect; 1 without one. */
  readonly breach: number;
  /** Factor of what sleep adds; it grows with the background. */
  readonly sleepGain: number;
  /** Frequency of the mains where the patient was recorded. */
  readonly mainsHz: 50 | 60;
  readonly mainsMicrovolts: number;
  /** Amplifier and skin noise that is white, microvolts. */
  readonly hissMicrovolts: number;
}

/** Median of the background over patients. */
const USUAL_MICROVOLTS = 32;

const PLACES = ["F3", "F4", "T3", "T4", "T5", "T6", "C3", "C4", "P3", "P4", "F7", "F8"];

const logNormal = (draws: Draws, median: number, deviation: number) => median * Math.exp(deviation * draws.normal());
const clamp = (value: number, low: number, high: number) => Math.min(high, Math.max(low, value));

/**
 * Traits of one patient from the patient's own stream: as spread out as real patients are, or, without `isVaried`, as alike
 * as those of the plain synthetic corpus.
 */
export function drawVariedPatient(random: Random, focusElectrode: string, isVaried: boolean): VariedPatient {
  const plain = drawPatient(random, focusElectrode);
  const draws = createDraws(random.stream("varied"));
  const lesion = positionOf(draws.pick(PLACES));
  if (!isVaried) {
    return {
      ...plain,
      ...{ slope: 1.4, smoothness: 0, spread: 0.36, activeReference: 0, betaMicrovolts: draws.between(1.5, 5) },
      ...{
        focalSlowMicrovolts: 0,
        lesion,
        breach: 1,
        sleepGain: 1,
        mainsHz: 60,
        mainsMicrovolts: 1.5,
        hissMicrovolts: 1,
      },
    };
  }
  const steepness = draws.between(0, 1);
  const backgroundMicrovolts = clamp(logNormal(draws, USUAL_MICROVOLTS, 0.5), 10, 100);
  return {
    ...plain,
    backgroundMicrovolts,
    alphaHz: draws.chance(0.2) ? draws.between(6, 8) : draws.between(8.2, 11.8),
    alphaMicrovolts: logNormal(draws, 13, 0.6),
    blinkGapSeconds: draws.between(2, 12),
    muscleGapSeconds: logNormal(draws, 30, 0.6),
    slope: 0.7 + 1.7 * steepness,
    smoothness: 0.95 * steepness ** 2,
    spread: draws.between(0.4, 0.8),
    activeReference: draws.between(0.5, 1.5),
    betaMicrovolts: logNormal(draws, 2.5, 0.7),
    focalSlowMicrovolts: draws.chance(0.3) ? draws.between(8, 30) : 0,
    lesion,
    breach: draws.chance(0.12) ? draws.between(1.4, 2.4) : 1,
    sleepGain: backgroundMicrovolts / USUAL_MICROVOLTS,
    mainsHz: draws.chance(0.5) ? 50 : 60,
    mainsMicrovolts: logNormal(draws, 1.5, 0.8),
    hissMicrovolts: logNormal(draws, 0.7, 0.5),
  };
}
