import { createRandom } from "../../base/random.js";
import { addArtefacts } from "./artefacts.js";
import { addBackground, drawEyesClosed } from "./background.js";
import { createScalp } from "./head.js";
import { montageSignals, type SynthesizedSignal } from "./montage-signals.js";
import { drawPatient } from "./patient.js";
import type { SyntheticRecording } from "./recording-table.js";
import { addSeizure, placeSeizures, type SyntheticSeizure } from "./seizures.js";

/** A recording with its signals in file order and its seizures in time order. */
export interface RenderedRecording {
  readonly signals: readonly SynthesizedSignal[];
  readonly seizures: readonly SyntheticSeizure[];
}

/** Generate one recording: a pure function of the seed and the table's row, whatever was drawn before. */
export function renderRecording(recording: SyntheticRecording, seed: number): RenderedRecording {
  const { sampleRateHz, durationSeconds } = recording;
  const random = createRandom(seed, `synthetic corpus/${recording.id}`);
  const patient = drawPatient(createRandom(seed, `synthetic corpus/patient/${recording.patient}`), recording.focus);
  const scalp = createScalp(sampleRateHz, durationSeconds);
  const eyesClosed = drawEyesClosed(random.stream("eyes"), durationSeconds);
  const seizures = placeSeizures(recording.seizures, durationSeconds, patient.focus, random.stream("seizures"));
  addBackground(scalp, patient, eyesClosed, random.stream("background"));
  seizures.forEach((seizure, index) => {
    addSeizure(scalp, seizure, random.stream(`seizure ${index}`));
  });
  addArtefacts(scalp, patient, eyesClosed, random.stream("artefacts"));
  return { signals: montageSignals(scalp, recording, patient.heartRateHz, random.stream("montage")), seizures };
}
