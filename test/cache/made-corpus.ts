/** Small corpora in the layout of TUSZ v2 for build tests, encoded by the project's own EDF writer from seeded noise. */
import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { createRandom } from "../../src/base/random.js";
import { encodeEdf } from "../../src/recording/edf-writer.js";
import { ELECTRODES_19 } from "../../src/signal/electrodes.js";

export interface MadeFile {
  readonly split?: string;
  readonly patient: string;
  readonly token?: string;
  readonly seconds: number;
  readonly sampleRateHz?: number;
  /** @default the 19 of the 10-20 system */
  readonly electrodes?: readonly string[];
  /** Electrodes that hold one value from start to end. */
  readonly constant?: readonly string[];
  /** Electrodes whose amplifier saturates at its least and greatest value. */
  readonly clipped?: readonly string[];
  /** @default as `encodeEdf`, microvolts */
  readonly unit?: "mV";
  /** Start, end, label; undefined: no annotation file. */
  readonly events?: readonly (readonly [number, number, string])[];
}

export type Objects = Record<string, Uint8Array | string>;

function edfOf(file: MadeFile, seed: number): Uint8Array {
  const { seconds, sampleRateHz = 250, electrodes = ELECTRODES_19, constant = [], clipped = [] } = file;
  const random = createRandom(seed, file.patient);
  const signals = electrodes.map((name, channel) => {
    const sample = (_: unknown, i: number) => {
      if (constant.includes(name)) return 321;
      if (clipped.includes(name)) return Math.max(-3200, Math.min(3200, 4000 * Math.sin(i / 20)));
      const slow = 60 * Math.sin((2 * Math.PI * (2 + channel / 3) * i) / sampleRateHz);
      return slow + 30 * (random.uniform(channel * 1e7 + i) - 0.5);
    };
    const perMicrovolt = file.unit === "mV" ? 1e-3 : 1;
    return {
      label: `EEG ${name}-REF`,
      ...(file.unit && { unit: file.unit }),
      physicalMin: -3200 * perMicrovolt,
      physicalMax: 3200 * perMicrovolt,
      samplesPerRecord: sampleRateHz,
      samples: Float32Array.from({ length: seconds * sampleRateHz }, (_, i) => sample(_, i) * perMicrovolt),
    };
  });
  return encodeEdf({ kind: "EDF", recordDurationSeconds: 1, signals });
}

export function csvBi(seconds: number, events: readonly (readonly [number, number, string])[]): string {
  const rows = events.length > 0 ? events : [[0, seconds, "bckg"] as const];
  const lines = rows.map(([start, end, label]) => `TERM,${start.toFixed(4)},${end.toFixed(4)},${label},1.0000`);
  return `# version = csv_v1.0.0\n# duration = ${seconds.toFixed(4)} secs\n#\nchannel,start_time,stop_time,label,confidence\n${lines.join("\n")}\n`;
}

/** Key of a file without ending. */
export function stemOf({ split = "train", patient, token = "t000" }: MadeFile): string {
  return `edf/${split}/${patient}/s001_2010/01_tcp_ar/${patient}_s001_${token}`;
}

/** Id of a file's recording. */
export function idOf({ split = "train", patient, token = "t000" }: MadeFile): string {
  return `${split}/${patient}/s001_2010/01_tcp_ar/${token}`;
}

/** The objects of a corpus by key. */
export function makeObjects(files: readonly MadeFile[]): Objects {
  const objects: Objects = {};
  for (const [seed, file] of files.entries()) {
    objects[`${stemOf(file)}.edf`] = edfOf(file, seed);
    if (file.events) objects[`${stemOf(file)}.csv_bi`] = csvBi(file.seconds, file.events);
  }
  return objects;
}

/** Write objects as files under `dir`. */
export async function writeObjects(dir: string, objects: Objects): Promise<void> {
  for (const [key, data] of Object.entries(objects)) {
    await mkdir(dirname(join(dir, key)), { recursive: true });
    await writeFile(join(dir, key), data);
  }
}

/** SHA-256 of every file under `dir`, by relative path. */
export async function hashTree(dir: string): Promise<Record<string, string>> {
  const hashes: Record<string, string> = {};
  const entries = await readdir(dir, { recursive: true, withFileTypes: true });
  for (const entry of entries.filter((each) => each.isFile())) {
    const path = join(entry.parentPath ?? entry.path, entry.name);
    hashes[path.slice(dir.length + 1)] = createHash("sha256")
      .update(await readFile(path))
      .digest("hex");
  }
  return Object.fromEntries(Object.entries(hashes).sort(([a], [b]) => (a < b ? -1 : 1)));
}
