import { spawnSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createRandom } from "../../src/base/random.js";
import { bytesSource, fileSource } from "../../src/recording/byte-source.js";
import { readEdfBlocks } from "../../src/recording/edf-blocks.js";
import { decodeInto, placeOf } from "../../src/recording/edf-decode.js";
import { type EdfHeader, readEdfHeader } from "../../src/recording/edf-header.js";
import { encodeEdf, writeEdf } from "../../src/recording/edf-writer.js";

/*
 * File bytes per second when 19 of 30 channels are picked: the decoding loop alone, whole reads from memory, whole reads
 * from a file. The peers in the same run are a plain copy of the same bytes (memcpy) and, where ICTAL_PYTHON or python3
 * has them, MNE and pyedflib reading the same channels of the same file.
 */

const CHANNELS = 30;
const PICKED = Array.from({ length: 19 }, (_, i) => Math.floor((i * CHANNELS) / 19));
const RATE_HZ = 256;
const SECONDS = 3600;
const ROUNDS = 9;

const random = createRandom(1, "edf bench");
const noise = Int16Array.from({ length: RATE_HZ * SECONDS }, (_, i) => random.integer(i, 65536) - 32768);
const spec = {
  kind: "EDF" as const,
  recordDurationSeconds: 1,
  signals: Array.from({ length: CHANNELS }, (_, i) => ({
    label: `C${i}`,
    physicalMin: -5000,
    physicalMax: 5000,
    samplesPerRecord: RATE_HZ,
    samples: noise,
  })),
};

const PEER = `
import importlib, json, sys, time
path, picked, rounds = sys.argv[1], json.loads(sys.argv[2]), int(sys.argv[3])
def mne_read(mne):
    raw = mne.io.read_raw_edf(path, include=[f"C{i}" for i in picked], preload=False, verbose="error")
    return raw.get_data()
def pyedflib_read(pyedflib):
    with pyedflib.EdfReader(path) as reader:
        return [reader.readSignal(i) for i in picked]
for name, read in (("mne", mne_read), ("pyedflib", pyedflib_read)):
    try:
        module = importlib.import_module(name)
    except ImportError:
        continue
    read(module)
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        read(module)
        times.append(time.perf_counter() - start)
    print(name, *times)
`;

let sink = 0;

function decodeLoop(bytes: Uint8Array, header: EdfHeader): void {
  const data = bytes.subarray(header.headerBytes);
  const places = PICKED.map((index) => placeOf(header, index));
  const records = 256;
  const out = new Float32Array(records * RATE_HZ);
  for (let start = 0; start < header.recordsFound; start += records) {
    const count = Math.min(records, header.recordsFound - start);
    const block = data.subarray(start * header.recordBytes, (start + count) * header.recordBytes);
    for (const place of places) {
      decodeInto(out, block, count, place);
      sink += out[17]!;
    }
  }
}

function report(name: string, byteCount: number, unsorted: readonly number[]): number {
  const seconds = [...unsorted].sort((a, b) => a - b);
  const rate = (s: number) => (byteCount / s / 1e9).toFixed(2);
  const median = seconds[seconds.length >> 1]!;
  console.log(`${name.padEnd(34)} ${rate(median)} GB/s (${rate(seconds.at(-1)!)} to ${rate(seconds[0]!)})`);
  return median;
}

async function measure(name: string, byteCount: number, work: () => Promise<void> | void): Promise<number> {
  const seconds: number[] = [];
  for (let round = -2; round < ROUNDS; round++) {
    const start = performance.now();
    await work();
    if (round >= 0) seconds.push((performance.now() - start) / 1000);
  }
  return report(name, byteCount, seconds);
}

const folder = await mkdtemp(join(tmpdir(), "ictal-bench-"));
try {
  const bytes = encodeEdf(spec);
  const path = join(folder, "bench.edf");
  await writeEdf(path, spec);
  const memory = bytesSource("bench.edf", bytes);
  const header = await readEdfHeader(memory);
  const readBlocks = async (source: typeof memory) => {
    for await (const block of readEdfBlocks(source, header, { signals: PICKED, reuse: true }))
      sink += block.samples[0]![3]!;
  };
  console.log(
    `EDF, ${PICKED.length} of ${CHANNELS} channels, ${SECONDS} s at ${RATE_HZ} Hz, ${(bytes.length / 1e6).toFixed(0)} MB of file`,
  );
  const copy = new Uint8Array(bytes.length);
  await measure("peer: copy of the bytes", bytes.length, () => copy.set(bytes));
  await measure("decodeInto", bytes.length, () => decodeLoop(bytes, header));
  await measure("readEdfBlocks from memory", bytes.length, () => readBlocks(memory));
  const file = await fileSource(path);
  const ours = await measure("readEdfBlocks from a file", bytes.length, () => readBlocks(file));
  const python = spawnSync(process.env.ICTAL_PYTHON ?? "python3", ["-c", PEER, path, JSON.stringify(PICKED), "5"], {
    encoding: "utf8",
  });
  const peers = python.status === 0 ? python.stdout.trim().split("\n").filter(Boolean) : [];
  if (peers.length === 0) console.log("MNE, pyedflib: no python3 with either (set ICTAL_PYTHON)");
  for (const line of peers) {
    const [name, ...times] = line.split(" ");
    const theirs = report(`peer: ${name}`, bytes.length, times.map(Number));
    console.log(`  ours from a file is ${(theirs / ours).toFixed(1)} times as fast`);
  }
  await file.close?.();
  if (Number.isNaN(sink)) throw new Error("the sink must stay a number");
} finally {
  await rm(folder, { recursive: true });
}
