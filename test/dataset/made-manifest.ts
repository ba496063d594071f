/** Manifests for tests, without files. */
import type { Event } from "../../src/base/events.js";
import type { Manifest, ManifestRecording } from "../../src/cache/manifest.js";

export interface MadeEntry {
  readonly patient?: string;
  readonly split?: string;
  readonly sampleCount: number;
  readonly seizures?: readonly (readonly [number, number])[];
  readonly labelled?: boolean;
}

const event = ([startSeconds, endSeconds]: readonly [number, number]): Event => ({
  startSeconds,
  endSeconds,
  label: "fnsz",
  confidence: 1,
});

function toRecording(entry: MadeEntry, number: number): ManifestRecording {
  const { patient = `p${number}`, split = "train", sampleCount, seizures = [], labelled = true } = entry;
  const id = `${split}/${patient}/s001/01_tcp_ar/t${String(number).padStart(5, "0")}`;
  return {
    id,
    split,
    patient,
    file: `${id}.i16`,
    fileBytes: 0,
    sampleCount,
    durationSeconds: sampleCount / 256,
    labelled,
    seizures: seizures.map(event),
    filled: [],
    flat: [],
  };
}

/** A manifest at 256 Hz with one recording per entry, in their order. */
export function makeManifest(entries: readonly MadeEntry[]): Manifest {
  const counts = {
    recordings: entries.length,
    labelled: 0,
    patients: 0,
    seizures: 1,
    seizureSeconds: 0,
    eegSeconds: 0,
  };
  return {
    formatVersion: 1,
    key: "0123456789abcdef",
    sampleType: "int16",
    sampleRateHz: 256,
    frameSamples: 2560,
    channels: ["FP1"],
    corpusFingerprint: "",
    counts,
    bySplit: {},
    leftOut: [],
    recordings: entries.map(toRecording),
  };
}
