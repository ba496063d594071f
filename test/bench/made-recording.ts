/** Recordings for benchmarks: 22 signals at 250 Hz in TUSZ's layout, sines and seeded noise. */
import { encodeEdf } from "../../src/recording/edf-writer.js";
import { EAR_ELECTRODES, ELECTRODES_19 } from "../../src/signal/electrodes.js";
import type { Store } from "../../src/store/store.js";

const RATE_HZ = 250;
const LABELS = [...ELECTRODES_19, ...EAR_ELECTRODES].map((name) => `EEG ${name}-REF`).concat("EEG EKG1-REF");

/** Bytes of an EDF file of `seconds` records of one second. */
export function madeEdf(seconds: number, seed = 1): Uint8Array {
  let state = seed;
  const noise = () => {
    state = (Math.imul(1664525, state) + 1013904223) >>> 0;
    return 60 * (state / 2 ** 32 - 0.5);
  };
  const sample = (signal: number) => (_: unknown, i: number) =>
    60 * Math.sin((2 * Math.PI * (2 + signal / 3) * i) / RATE_HZ) + noise();
  const signals = LABELS.map((label, signal) => ({
    label,
    physicalMin: -3200,
    physicalMax: 3200,
    samplesPerRecord: RATE_HZ,
    samples: Float32Array.from({ length: seconds * RATE_HZ }, sample(signal)),
  }));
  return encodeEdf({ kind: "EDF", recordDurationSeconds: 1, signals });
}

/** Annotations with one seizure in the first second. */
export function madeLabels(seconds: number): string {
  return `# version = csv_v1.0.0\n# duration = ${seconds.toFixed(4)} secs\n#\nchannel,start_time,stop_time,label,confidence\nTERM,0.0000,1.0000,seiz,1.0000\n`;
}

/** Key without ending of the `n`-th recording. */
export function madeStem(n: number): string {
  const patient = `a${n
    .toString(26)
    .padStart(7, "0")
    .replace(/\d/g, (digit) => "qrstuvwxyz"[Number(digit)]!)}`;
  return `edf/train/${patient}/s001_2010/01_tcp_ar/${patient}_s001_t000`;
}

/**
 * A store of `count` recordings of `seconds` that takes the memory of one minute: each file is the same header and the
 * same minute of records over and over.
 */
export function endlessStore(count: number, seconds: number): Store {
  const minute = madeEdf(60);
  const headerBytes = 256 * (LABELS.length + 1);
  const header = minute.slice(0, headerBytes);
  header.set(new TextEncoder().encode(String(seconds).padEnd(8)), 236);
  const body = minute.subarray(headerBytes);
  const size = headerBytes + seconds * (body.length / 60);
  const labels = new TextEncoder().encode(madeLabels(seconds));
  const sizeOf = (key: string) => (key.endsWith(".edf") ? size : labels.length);
  const keys = Array.from({ length: count }, (_, n) => [`${madeStem(n)}.csv_bi`, `${madeStem(n)}.edf`])
    .flat()
    .sort();
  return {
    url: "made:",
    async *list() {
      for (const key of keys) yield { key, size: sizeOf(key), etag: "made" };
    },
    stat: async (key) => ({ key, size: sizeOf(key), etag: "made" }),
    async read(key, { range } = {}) {
      if (!key.endsWith(".edf")) return labels.slice(range?.start ?? 0, range?.end);
      const { start, end } = range ?? { start: 0, end: size };
      const out = new Uint8Array(end - start);
      for (let at = start; at < end; ) {
        const part =
          at < headerBytes
            ? header.subarray(at, end)
            : body.subarray((at - headerBytes) % body.length).subarray(0, end - at);
        out.set(part, at - start);
        at += part.length;
      }
      return out;
    },
  };
}
