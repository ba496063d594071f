import type { Random } from "../../base/random.js";
import { createDraws } from "./draws.js";
import { type Place, positionOf } from "./head.js";

/** Traits of a patient that are constant over sessions. */
export interface PatientTraits {
  /** Deviation of the background under a source, microvolts. */
  readonly backgroundMicrovolts: number;
  readonly alphaHz: number;
  readonly alphaMicrovolts: number;
  readonly blinkGapSeconds: number;
  readonly muscleGapSeconds: number;
  /** Mean gap between single sharp waves at the focus; undefined in patients without them. */
  readonly spikeGapSeconds: number | undefined;
  readonly heartRateHz: number;
  /** Where focal seizures and sharp waves start. */
  readonly focus: Place;
}

/** Traits of one patient, from the patient's own stream; the focus lies beside the electrode given. */
export function drawPatient(random: Random, focusElectrode: string): PatientTraits {
  const draws = createDraws(random);
  const electrode = positionOf(focusElectrode);
  return {
    backgroundMicrovolts: draws.between(11, 21),
    alphaHz: draws.between(8.6, 11.2),
    alphaMicrovolts: draws.between(8, 24),
    blinkGapSeconds: draws.between(2.5, 7),
    muscleGapSeconds: draws.between(14, 40),
    spikeGapSeconds: draws.chance(0.5) ? draws.between(6, 25) : undefined,
    heartRateHz: draws.between(0.95, 1.5),
    focus: { x: electrode.x + draws.between(-0.12, 0.12), y: electrode.y + draws.between(-0.12, 0.12) },
  };
}
