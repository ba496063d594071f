import { spawn } from "node:child_process";
import { mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { createRandom } from "../../src/base/random.js";
import { type ByteSource, bytesSource, fileSource } from "../../src/recording/byte-source.js";
import { readEdfBlocks } from "../../src/recording/edf-blocks.js";
import { decodeInto, signalLayoutOf } from "../../src/recording/edf-decode.js";
import { type EdfHeader, readEdfHeader } from "../../src/recording/edf-header.js";
import { encodeEdf, writeEdf } from "../../src/recording/edf-writer.js";

/*
 * File bytes per second when 19 of 30 channels are picked: the decoding loop alone in TypeScript, whole reads from memory,
 * whole reads from a file block by block, and into one array for the whole recording. What bounds them is measured in the
 * same run: a copy of the same bytes and a read of the file into memory that is used again. The peers, MNE and pyedflib
 * where ICTAL_PYTHON or python3 has them, read the same channels of the same file in turn with ours, round by round.
 */

const CHANNELS = 30;
const PICKED = Array.from({ length: 19 }, (_, i) => Math.floor((i * CHANNELS) / 19));
const RATE_HZ = 256;
const SECONDS = 3600;
const ROUNDS = 9;

const random = createRandom(1, "edf bench");
/** Values as EEG has them, a hundred microvolts about an offset of the channel's own. */
const activity = Float32Array.from({ length: RATE_HZ * SECONDS }, (_, i) => random.normal(i) * 650);
const eeg = (channel: number) => Int16Array.from(activity, (value) => Math.round(value) + 500 * (channel % 7));
/** Values all over the range: the worst case of looking them up. */
const noise = Int16Array.from({ length: RATE_HZ * SECONDS }, (_, i) => random.integer(i, 65536) - 32768);

const specOf = (samplesOf: (channel: number) => Int16Array) => ({
  kind: "EDF" as const,
  recordDurationSeconds: 1,
  signals: Array.from({ length: CHANNELS }, (_, i) => ({
    label: `C${i}`,
    physicalMin: -5000,
    physicalMax: 5000,
    samplesPerRecord: RATE_HZ,
    samples: samplesOf(i),
  })),
});
const spec = specOf(eeg);

const PEER = `
import importlib, json, sys, time
path, picked = sys.argv[1], json.loads(sys.argv[2])
def mne_read(mne):
    raw = mne.io.read_raw_edf(path, include=[f"C{i}" for i in picked], preload=False, verbose="error")
    return raw.get_data()
def pyedflib_read(pyedflib):
    with pyedflib.EdfReader(path) as reader:
        return [reader.readSignal(i) for i in picked]
reads = {}
for name, read in (("mne", mne_read), ("pyedflib", pyedflib_read)):
    try:
        module = importlib.import_module(name)
    except ImportError:
        continue
    read(module)
    reads[name] = lambda read=read, module=module: read(module)
print(json.dumps(list(reads)), flush=True)
for line in sys.stdin:
    wall, cpu = time.perf_counter(), time.process_time()
    kept = reads[line.strip()]()
    print(json.dumps([time.perf_counter() - wall, time.process_time() - cpu]), flush=True)
    del kept
`;

let sink = 0;

function decodeLoop(bytes: Uint8Array, header: EdfHeader): void {
  const data = bytes.subarray(header.headerBytes);
  const places = PICKED.map((index) => signalLayoutOf(header, index));
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

function report(name: string, byteCount: number, unsorted: readonly number[]): void {
  const seconds = [...unsorted].sort((a, b) => a - b);
  const rate = (s: number) => (byteCount / s / 1e9).toFixed(2);
  const median = seconds[seconds.length >> 1]!;
  console.log(`${name.padEnd(34)} ${rate(median)} GB/s (${rate(seconds.at(-1)!)} to ${rate(seconds[0]!)})`);
}

interface Took {
  readonly wall: number;
  readonly cpu: number;
}

async function timed(work: () => Promise<void> | void): Promise<Took> {
  globalThis.gc?.(); // what an earlier round left is not this one's to clear away
  await sleep(50); // for the collector's own threads
  const cpuBefore = process.cpuUsage();
  const start = performance.now();
  await work();
  const wall = (performance.now() - start) / 1000;
  const { user, system } = process.cpuUsage(cpuBefore);
  return { wall, cpu: (user + system) / 1e6 };
}

async function measure(name: string, byteCount: number, work: () => Promise<void> | void): Promise<void> {
  const seconds: number[] = [];
  for (let round = -2; round < ROUNDS; round++) {
    const { wall } = await timed(work);
    if (round >= 0) seconds.push(wall);
  }
  report(name, byteCount, seconds);
}

/** A Python process that reads the file once for each line it is given. */
async function startPeers(path: string) {
  const child = spawn(process.env.ICTAL_PYTHON ?? "python3", ["-c", PEER, path, JSON.stringify(PICKED)], {
    stdio: ["pipe", "pipe", "ignore"],
  });
  child.on("error", () => undefined); // no python3: the lines end at once
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const answer = async () => (await lines.next()).value as string | undefined;
  const names = JSON.parse((await answer()) ?? "[]") as string[];
  return {
    names,
    async read(name: string): Promise<Took> {
      child.stdin.write(`${name}\n`);
      const [wall, cpu] = JSON.parse((await answer()) ?? "[]") as [number, number];
      return { wall, cpu };
    },
    close: () => child.stdin.end(),
  };
}

const medianOf = (values: readonly number[]) => [...values].sort((a, b) => a - b)[values.length >> 1]!;

/** Ours and each peer in turn, so that a load beside us falls on both; ratios are medians over the rounds. */
async function race(
  path: string,
  byteCount: number,
  ways: Readonly<Record<string, () => Promise<void>>>,
): Promise<void> {
  const peers = await startPeers(path);
  if (peers.names.length === 0) console.log("MNE, pyedflib: no python3 with either (set ICTAL_PYTHON)");
  const ours: Record<string, Took[]> = Object.fromEntries(Object.keys(ways).map((name) => [name, []]));
  const theirs: Record<string, Took[]> = Object.fromEntries(peers.names.map((name) => [name, []]));
  for (let round = -2; round < ROUNDS; round++) {
    for (const [name, way] of Object.entries(ways)) {
      const took = await timed(way);
      if (round >= 0) ours[name]!.push(took);
    }
    for (const name of peers.names) if (round >= 0) theirs[name]!.push(await peers.read(name));
  }
  peers.close();
  for (const [name, times] of Object.entries({ ...ours, ...prefixed(theirs) })) {
    report(
      name,
      byteCount,
      times.map(({ wall }) => wall),
    );
  }
  for (const [peer, times] of Object.entries(theirs)) {
    for (const [name, own] of Object.entries(ours)) {
      const ratio = (kind: keyof Took) => medianOf(times.map((time, i) => time[kind] / own[i]![kind])).toFixed(1);
      console.log(`  ${name}: ${ratio("wall")} times as fast as ${peer}, ${ratio("cpu")} times by processor time`);
    }
  }
}

const prefixed = (times: Record<string, Took[]>) =>
  Object.fromEntries(Object.entries(times).map(([name, took]) => [`peer: ${name}`, took]));

/** Read the file from start to end into one buffer: what reading alone costs. */
async function readPlain(path: string, into: Uint8Array): Promise<void> {
  const file = await open(path);
  for (let at = 0; ; ) {
    const { bytesRead } = await file.read(into, 0, into.length, at);
    if (bytesRead === 0) break;
    at += bytesRead;
  }
  await file.close();
}

/**
 * All samples at once, shape [channel, sample], as MNE's get_data gives them. The first touch of fresh memory is most of it:
 * numpy asks the system for huge pages, Node cannot.
 */
async function readWhole(source: ByteSource, header: EdfHeader): Promise<void> {
  const sampleCount = header.recordsFound * RATE_HZ;
  const all = new Float32Array(PICKED.length * sampleCount);
  for await (const { startRecord, samples } of readEdfBlocks(source, header, { signals: PICKED, reuse: true })) {
    for (const [k, values] of samples.entries()) all.set(values, k * sampleCount + startRecord * RATE_HZ);
  }
  sink += all[17]!;
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
  await measure("bound: copy of the bytes", bytes.length, () => copy.set(bytes));
  const block = new Uint8Array(2 * 1024 * 1024);
  await measure("bound: read of the file", bytes.length, () => readPlain(path, block));
  await measure("decodeInto (TypeScript)", bytes.length, () => decodeLoop(bytes, header));
  await measure("readEdfBlocks from memory", bytes.length, () => readBlocks(memory));
  const file = await fileSource(path);
  const noisePath = join(folder, "noise.edf");
  await writeEdf(
    noisePath,
    specOf(() => noise),
  );
  const noiseFile = await fileSource(noisePath);
  await race(path, bytes.length, {
    "readEdfBlocks from a file": () => readBlocks(file),
    "the same, values all over the range": () => readBlocks(noiseFile),
    "the same into one fresh array": () => readWhole(file, header),
  });
  await file.close?.();
  await noiseFile.close?.();
  if (Number.isNaN(sink)) throw new Error("the sink must stay a number");
} finally {
  await rm(folder, { recursive: true });
}
