import type { Interval } from "../../base/events.js";
import type { Random } from "../../base/random.js";
import { POSTERIOR, SOURCES } from "./background.js";
import { createDraws } from "./draws.js";
import { projectGated } from "./envelope.js";
import { ELECTRODES, projectInto, rowOf, type Scalp, spotMap } from "./head.js";
import { colouredInto, noiseState, rhythmInto, smoothInto } from "./noise.js";
import type { VariedPatient } from "./varied-patient.js";

/** Cutoff of the pole that makes a patient's background steeper. */
const SMOOTHING_HZ = 6;

/**
 * Add a patient's resting activity to `scalp`: sources with the patient's slope, amplitude and spread, alpha in `eyesClosed`,
 * beta, slow activity at a lesion; then the gain under a skull defect.
 */
export function addVariedBackground(
  scalp: Scalp,
  patient: VariedPatient,
  eyesClosed: readonly Interval[],
  random: Random,
): void {
  const { sampleRateHz } = scalp;
  const draws = createDraws(random.stream("gains"));
  const source = new Float32Array(scalp.sampleCount);
  SOURCES.forEach((place, index) => {
    colouredInto(source, sampleRateHz, patient.slope, noiseState(random.stream(`source ${index}`)));
    smoothInto(source, sampleRateHz, SMOOTHING_HZ, patient.smoothness);
    const gain = patient.backgroundMicrovolts * draws.between(0.7, 1.3) * Math.sqrt(0.36 / patient.spread);
    projectInto(scalp, source, spotMap(place, patient.spread), gain);
  });
  for (const side of ["left", "right"] as const) {
    const state = noiseState(random.stream(`alpha ${side}`));
    rhythmInto(source, sampleRateHz, { centreHz: patient.alphaHz, bandwidthHz: 0.9 }, state);
    projectGated(scalp, source, eyesClosed, 0.8, POSTERIOR[side], patient.alphaMicrovolts * draws.between(0.7, 1.3));
  }
  rhythmInto(
    source,
    sampleRateHz,
    { centreHz: draws.between(15, 24), bandwidthHz: 7 },
    noiseState(random.stream("beta")),
  );
  projectInto(scalp, source, spotMap({ x: 0, y: 0.6 }, 0.6), patient.betaMicrovolts);
  if (patient.focalSlowMicrovolts > 0) {
    const band = { centreHz: draws.between(1, 3.5), bandwidthHz: 2 };
    rhythmInto(source, sampleRateHz, band, noiseState(random.stream("slow")));
    projectInto(scalp, source, spotMap(patient.lesion, 0.4), patient.focalSlowMicrovolts);
  }
  if (patient.breach > 1) amplify(scalp, patient);
}

function amplify(scalp: Scalp, { lesion, breach }: VariedPatient): void {
  const map = spotMap(lesion, 0.3);
  ELECTRODES.forEach((electrode, index) => {
    const gain = 1 + (breach - 1) * map[index]!;
    if (gain < 1.02) return;
    const row = rowOf(scalp, electrode);
    for (let i = 0; i < row.length; i++) row[i]! *= gain;
  });
}
