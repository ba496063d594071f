/** Recordings of every kind of file, made of the same samples: what a cache holds of them must be the same too. */
import { gzipSync } from "node:zlib";
import { createRandom } from "../../src/base/random.js";
import type { EdfKind } from "../../src/recording/edf-spec.js";
import { encodeEdf } from "../../src/recording/edf-writer.js";
import { ELECTRODES_19 } from "../../src/signal/electrodes.js";
import { csvBi, idOf, type Objects, stemOf } from "./made-corpus.js";

/** Seconds of each recording, one record each. */
export const SECONDS = 12;
/** First record after the gap, and how long the gap is. */
export const GAP_RECORD = 5;
export const GAP_SECONDS = 3.5;
const RATE_HZ = 64;

export interface KindOptions {
  readonly kind: EdfKind;
  readonly startOf?: (record: number) => number;
  /** The reserved field, where the file says of itself what is not so. */
  readonly reserved?: string;
  /** Records of the same signal to write. @default all */
  readonly records?: readonly [number, number];
  readonly flat?: boolean;
}

/** One file of noise and slow waves, 18 of the 19 electrodes: one is to be filled in. */
export function encodeKind({ kind, startOf, reserved, records = [0, SECONDS], flat = false }: KindOptions): Uint8Array {
  const random = createRandom(17, "kinds");
  const [from, to] = records;
  const sampleOf = (channel: number) => (_: unknown, i: number) => {
    const at = from * RATE_HZ + i;
    return flat
      ? 7 * channel
      : Math.round(400 * Math.sin(at / (3 + channel)) + 90 * random.uniform(channel * 1e6 + at));
  };
  const [digitalMin, digitalMax] = [-32768, 32767]; // in BDF too, so that the values are the same
  const signals = ELECTRODES_19.filter((name) => name !== "PZ").map((name, channel) => ({
    label: `EEG ${name}-REF`,
    ...{ physicalMin: -3276.8, physicalMax: 3276.7, digitalMin, digitalMax },
    samplesPerRecord: RATE_HZ,
    samples: Int32Array.from({ length: (to - from) * RATE_HZ }, sampleOf(channel)),
  }));
  return encodeEdf({
    kind,
    recordDurationSeconds: 1,
    signals,
    accept: ["record-overlap", "discontinuity"],
    ...(startOf && { recordStartSeconds: startOf }),
    ...(reserved !== undefined && { reserved }),
  });
}

const jump = (record: number) => (record < GAP_RECORD ? record : record + GAP_SECONDS);
/** Within the millisecond that files round their timestamps to. */
const jitter = (record: number) => record + (record % 2) * 0.0008;

/** The file with the timestamp of one record blanked. */
function withoutStamp(bytes: Uint8Array, record: number): Uint8Array {
  const text = Buffer.from(bytes);
  const at = text.indexOf(`+${record}\x14\x14`);
  text.fill(0, at, at + `+${record}\x14\x14`.length);
  return text;
}

/** Files by name, and the code for which a build leaves them out; undefined: built. */
export const KINDS: Readonly<Record<string, { readonly bytes: Uint8Array; readonly excluded?: string }>> = {
  edf: { bytes: encodeKind({ kind: "EDF" }) },
  "edf-c": { bytes: encodeKind({ kind: "EDF+C" }) },
  "edf-c-jitter": { bytes: encodeKind({ kind: "EDF+C", startOf: jitter }) },
  "edf-c-fraction": { bytes: encodeKind({ kind: "EDF+C", startOf: (record) => record + 0.25 }) },
  "edf-c-jump": { bytes: encodeKind({ kind: "EDF+D", reserved: "EDF+C", startOf: jump }), excluded: "discontinuous" },
  "edf-plain-jump": { bytes: encodeKind({ kind: "EDF+D", reserved: "", startOf: jump }), excluded: "discontinuous" },
  "edf-d": { bytes: encodeKind({ kind: "EDF+D" }) },
  "edf-d-gap": { bytes: encodeKind({ kind: "EDF+D", startOf: jump }), excluded: "discontinuous" },
  "edf-d-back": {
    bytes: encodeKind({ kind: "EDF+D", startOf: (record) => (record < GAP_RECORD ? record : record - 2) }),
    excluded: "record-overlap",
  },
  "edf-d-unstamped": { bytes: withoutStamp(encodeKind({ kind: "EDF+D" }), 3), excluded: "timestamps-missing" },
  "edf-short": { bytes: encodeKind({ kind: "EDF+C" }).subarray(0, -5000) },
  bdf: { bytes: encodeKind({ kind: "BDF" }) },
  "bdf-c": { bytes: encodeKind({ kind: "BDF+C" }) },
  "bdf-c-jump": { bytes: encodeKind({ kind: "BDF+D", reserved: "BDF+C", startOf: jump }), excluded: "discontinuous" },
  "bdf-d": { bytes: encodeKind({ kind: "BDF+D" }) },
  flat: { bytes: encodeKind({ kind: "EDF", flat: true }), excluded: "no-signal" },
  "flat-bdf": { bytes: encodeKind({ kind: "BDF+D", flat: true }), excluded: "no-signal" },
  gzip: { bytes: gzipSync(encodeKind({ kind: "EDF" })), excluded: "not-edf" },
};

/** A patient per name, as the layout wants them. */
export function patientOf(name: string): string {
  return `aaaaaaa${String.fromCharCode(97 + Object.keys(KINDS).indexOf(name))}`;
}

/** Id of the recording of a kind. */
export const kindId = (name: string): string => idOf({ patient: patientOf(name), seconds: SECONDS });

/** A corpus of all of them, and one file that is packed. */
export function kindObjects(names: readonly string[] = Object.keys(KINDS)): Objects {
  const objects: Objects = {};
  for (const name of names) {
    const stem = stemOf({ patient: patientOf(name), seconds: SECONDS });
    objects[`${stem}.edf`] = KINDS[name]!.bytes;
    objects[`${stem}.csv_bi`] = csvBi(SECONDS, [[2, 4, "seiz"]]);
  }
  objects[`${stemOf({ patient: "packedxx", seconds: 0 })}.edf.gz`] = gzipSync(KINDS.edf!.bytes);
  return objects;
}
