import { type EdfSignalData, encodeEdf } from "../../recording/edf-writer.js";
import { annotationTexts } from "./annotations.js";
import type { SynthesizedSignal } from "./montage-signals.js";
import type { SyntheticRecording } from "./recording-table.js";
import { renderRecording } from "./render.js";
import { onsetAt } from "./seizures.js";

/** A file of the corpus; `path` is relative to the corpus folder. */
export interface SynthesizedFile {
  readonly path: string;
  readonly bytes: Uint8Array;
}

/** The paths that a recording's files will have. */
export function pathsOf(recording: SyntheticRecording<string>): string[] {
  const { split, patient, session, montage, token, traits } = recording;
  const stem = `edf/${split}/${patient}/${session}/${montage}/${recordingName({ patient, session, token })}`;
  const endings = traits.includes("no-annotations") ? [".edf"] : [".edf", ".csv", ".csv_bi"];
  return endings.map((ending) => stem + ending);
}

/** Name of a recording's files without ending. */
export function recordingName(recording: Pick<SyntheticRecording, "patient" | "session" | "token">): string {
  const { patient, session, token } = recording;
  return `${patient}_${session.slice(0, 4)}_${token}`;
}

/** Generate a recording and encode its files, in the order of `pathsOf`; also the number of its seizures. */
export function synthesizeRecording(
  recording: SyntheticRecording,
  seed: number,
): { files: SynthesizedFile[]; seizures: number } {
  const { signals, seizures } = renderRecording(recording, seed);
  const { csv, csvBi } = annotationTexts(recordingName(recording), recording, seizures, onsetAt);
  const contents = [encodeRecording(recording, signals), ...[csv, csvBi].map((text) => new TextEncoder().encode(text))];
  const files = pathsOf(recording).flatMap((path, i) => {
    const bytes = contents[i];
    return bytes ? [{ path, bytes }] : [];
  });
  return { files, seizures: seizures.length };
}

/** The EDF file of a recording with the header of TUSZ. */
export function encodeRecording(
  recording: SyntheticRecording<string>,
  signals: readonly SynthesizedSignal[],
): Uint8Array {
  const { patient, session, traits } = recording;
  const year = session.slice(5, 9);
  return encodeEdf({
    kind: "EDF",
    reserved: "EDF", // neither blank nor EDF+, as in TUH files
    patient: `${patient} X 01-JAN-1960 ${patient} Age:${Number(year) - 1960}`,
    recording: `Startdate 01-JAN-${year} ${patient}_${session.slice(0, 4)} X synthetic`,
    startDate: traits.includes("colon-date") ? "01:01:85" : `01.01.${year.slice(2)}`,
    recordDurationSeconds: "1.000000", // fills its field, as in TUSZ
    signals: signals.map(signalData),
    accept: ["start-date-separator"], // as in TUH files
    clip: true, // as an amplifier does
  });
}

function signalData({ label, sampleRateHz, samples }: SynthesizedSignal): EdfSignalData {
  return {
    ...{ label, samples, samplesPerRecord: sampleRateHz, unit: "uV" },
    transducer: "synthetic",
    prefilter: "HP:0.000 Hz LP:0.0 Hz N:0.0",
    ...{ physicalMin: -5000, physicalMax: 5000, digitalMin: -32767, digitalMax: 32767 },
  };
}
