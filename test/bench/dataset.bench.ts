import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { mkdir, open } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { createRandom } from "../../src/base/random.js";
import { bytesOf, FRAME_SAMPLES } from "../../src/cache/format.js";
import type { Manifest } from "../../src/cache/manifest.js";
import { openBatches } from "../../src/dataset/batches.js";
import { indexWindows, type WindowIndex } from "../../src/dataset/index-windows.js";
import { openKeyFolder, type WindowReader } from "../../src/dataset/window-reader.js";
import { openWindows } from "../../src/dataset/windows.js";
import { ELECTRODES_19 } from "../../src/signal/electrodes.js";
import { makeManifest } from "../dataset/made-manifest.js";

/*
 * Windows of 60 s (19 x 15,360) at random 10 s starts from a warm cache of 2 GB, and an index of two million windows.
 * The peer is numpy.memmap over the very same files and starts; each round runs ours and numpy's one after the other, so
 * that a busy machine slows both (ICTAL_PYTHON or python3, when it has numpy).
 */

const ROUNDS = 5;
const WINDOWS = 960;
const HOURS = 57;
const BATCH = 64;
const scratch = mkdtempSync(join(tmpdir(), "ictal-bench-"));
let sink = 0;

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;
}

function show(name: string, rates: readonly number[], unit: string, more = ""): void {
  const spread = `${Math.min(...rates).toFixed(0)} to ${Math.max(...rates).toFixed(0)}`;
  process.stdout.write(`${name.padEnd(46)} ${median(rates).toFixed(0).padStart(8)} ${unit}  (${spread})${more}\n`);
}

/** One hour per recording, the same noise in each. */
async function makeFiles(): Promise<Manifest> {
  const manifest = {
    ...makeManifest(
      Array.from({ length: HOURS }, () => ({ sampleCount: 3600 * 256, seizures: [[100, 150] as const] })),
    ),
    channels: [...ELECTRODES_19],
  };
  const random = createRandom(1, "dataset bench");
  const frames = Int16Array.from({ length: 36 * 19 * FRAME_SAMPLES }, (_, i) => 4000 * random.normal(i));
  for (const recording of manifest.recordings) {
    const path = join(scratch, recording.file);
    await mkdir(dirname(path), { recursive: true });
    const file = await open(path, "w");
    for (let tenth = 0; tenth < 10; tenth++) await file.write(bytesOf(frames));
    await file.close();
    recording.fileBytes = 10 * frames.byteLength;
  }
  return manifest;
}

const PEER = `
import sys, json, time, numpy
paths, picks = json.loads(sys.stdin.readline())
files = [numpy.memmap(path, dtype="<i2", mode="r").reshape(-1, 19, 2560) for path in paths]
raw = numpy.empty((6, 19, 2560), numpy.int16)
out = numpy.empty((19, 6, 2560), numpy.float32)
scale = numpy.float32(10 / 32767)
def copy(frames): raw[...] = frames
def decode(frames): return frames.transpose(1, 0, 2).reshape(19, 15360).astype(numpy.float32)
def scaled(frames): return frames.transpose(1, 0, 2).reshape(19, 15360) * scale
def into(frames): numpy.multiply(frames.transpose(1, 0, 2), scale, out=out)
work = {"copy": copy, "decode": decode, "scaled": scaled, "into": into}
for line in sys.stdin:
    do = work[line.strip()]
    begin = time.perf_counter()
    for file, frame in picks: do(files[file][frame:frame + 6])
    print(len(picks) / (time.perf_counter() - begin), flush=True)`;

/** numpy in a process of its own that runs a round when asked; undefined without numpy. */
class Peer {
  private readonly lines: AsyncIterator<string>;
  private constructor(private readonly child: ChildProcessWithoutNullStreams) {
    this.lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  }

  static async start(paths: readonly string[], picks: readonly (readonly number[])[]): Promise<Peer | undefined> {
    const child = spawn(process.env.ICTAL_PYTHON ?? "python3", ["-c", PEER]);
    child.stdin.on("error", () => undefined); // a Python without numpy ends before it reads; seen by the first round
    child.on("error", () => undefined);
    child.stdin.write(`${JSON.stringify([paths, picks])}\n`);
    const peer = new Peer(child);
    if (Number.isFinite(await peer.round("copy"))) return peer;
    process.stdout.write("numpy.memmap: no python3 with numpy (set ICTAL_PYTHON)\n");
    return undefined;
  }

  async round(work: string): Promise<number> {
    this.child.stdin.write(`${work}\n`);
    const { value, done } = await this.lines.next();
    return done ? Number.NaN : Number(value);
  }

  async close(): Promise<void> {
    this.child.stdin.end();
    await once(this.child, "exit");
  }
}

/** Rounds of ours and of each of numpy's ways, after one round of all that is not counted. */
async function compare(
  name: string,
  ours: () => Promise<void> | void,
  peer: Peer | undefined,
  ways: Readonly<Record<string, string>> = {},
): Promise<void> {
  const rates: number[] = [];
  const theirs = new Map(Object.keys(ways).map((way) => [way, [] as number[]]));
  for (let round = -1; round < ROUNDS; round++) {
    const start = performance.now();
    await ours();
    if (round >= 0) rates.push(WINDOWS / ((performance.now() - start) / 1000));
    for (const [way, list] of peer ? theirs : []) {
      const rate = await peer!.round(way);
      if (round >= 0) list.push(rate);
    }
  }
  show(name, rates, "windows/s");
  for (const [way, list] of theirs)
    if (list.length > 0)
      show(`  ${ways[way]}`, list, "windows/s", `, ours ${(median(rates) / median(list)).toFixed(2)} times`);
}

/** Batches one after the other as fast as they come, once memory and threads are warm. */
async function benchBatches(
  reader: WindowReader,
  index: WindowIndex,
  order: Uint32Array,
  workers: number,
): Promise<void> {
  const long = Uint32Array.from({ length: 4 * WINDOWS }, (_, i) => order[i % WINDOWS]!);
  const milliseconds: number[] = [];
  let last = 0;
  let cpu = process.cpuUsage();
  for await (const { samples, position } of openBatches(reader, index, { order: long, batchSize: BATCH, workers })) {
    sink += samples[5]!;
    if (position >= WINDOWS) milliseconds.push(performance.now() - last);
    else cpu = process.cpuUsage();
    last = performance.now();
  }
  const rate = milliseconds.map((each) => (1000 * BATCH) / each);
  const mean = milliseconds.reduce((sum, each) => sum + each, 0) / milliseconds.length;
  const { user, system } = process.cpuUsage(cpu);
  const own = ((user + system) / 1000 / milliseconds.length).toFixed(1);
  const text = `, ${median(milliseconds).toFixed(1)} ms a batch (mean ${mean.toFixed(1)}, ${own} of CPU)`;
  show(`openBatches, batches of ${BATCH}, ${workers} workers`, rate, "windows/s", text);
}

async function benchWindows(): Promise<void> {
  const manifest = await makeFiles();
  const index = indexWindows(manifest);
  const random = createRandom(2, "dataset bench");
  const perRecording = index.count / HOURS;
  const order = Uint32Array.from({ length: WINDOWS }, (_, i) => {
    const recording = random.integer(2 * i, HOURS);
    return recording * perRecording + random.integer(2 * i + 1, perRecording - 1);
  });
  const reader = openKeyFolder(scratch, manifest);
  const picks = Array.from(order, (window) => [index.recording[window]!, index.startSample[window]! / FRAME_SAMPLES]);
  const peer = await Peer.start(
    manifest.recordings.map(({ file }) => join(scratch, file)),
    picks,
  );
  const stored = new Int16Array(6 * 19 * FRAME_SAMPLES);
  const out = new Float32Array(19 * index.windowSamples);
  await compare(
    "readStoredSync, int16 as stored",
    () => {
      for (const [recording, frame] of picks) reader.readStoredSync(stored, recording!, frame!);
      sink += stored[77]!;
    },
    peer,
    { copy: "numpy.memmap, copied" },
  );
  await compare(
    "readIntoSync, float32 [19, 15360]",
    () => {
      for (const window of order)
        reader.readIntoSync(out, index.recording[window]!, index.startSample[window]!, index.windowSamples);
      sink += out[77]!;
    },
    peer,
    {
      decode: "numpy.memmap, astype(float32), not scaled",
      scaled: "numpy.memmap, scaled to float32",
      into: "numpy.memmap, scaled into one array",
    },
  );
  const read = async (shift: number) => {
    for (const window of order)
      await reader.readInto(out, index.recording[window]!, index.startSample[window]! + shift, index.windowSamples);
    sink += out[77]!;
  };
  await compare("readInto, float32 [19, 15360]", () => read(0), undefined);
  await compare("readInto, off the frames' grid", () => read(777), undefined);
  const windows = openWindows(reader, index);
  await compare(
    "windows.readSync(i), new arrays, labels, mask",
    () => {
      for (const window of order) sink += windows.readSync(window).samples[5]!;
    },
    undefined,
  );
  for (const workers of [0, 1, 2]) await benchBatches(reader, index, order, workers);
  await peer?.close();
  await reader.close();
}

function benchIndex(): void {
  const entries = Array.from({ length: 4000 }, (_, n) => ({
    sampleCount: 506 * FRAME_SAMPLES,
    patient: `p${n % 600}`,
    seizures: [[100, 150] as const, [3000, 3100] as const].slice(0, n % 3),
  }));
  const manifest = makeManifest(entries);
  const seconds: number[] = [];
  let text = "";
  for (let round = -1; round < ROUNDS; round++) {
    globalThis.gc?.();
    const before = process.memoryUsage();
    const start = performance.now();
    const index = indexWindows(manifest);
    if (round >= 0) seconds.push((performance.now() - start) / 1000);
    globalThis.gc?.();
    sink += index.seizureShare[index.count - 1]!; // holds the index until its memory is counted
    const after = process.memoryUsage();
    const bytes = after.heapUsed + after.arrayBuffers - before.heapUsed - before.arrayBuffers;
    if (round < 0) text = `${(index.count / 1e6).toFixed(2)} million windows, ${(bytes / 1e6).toFixed(1)} MB`;
  }
  process.stdout.write(
    `${"indexWindows, 4,000 recordings".padEnd(46)} ${median(seconds).toFixed(3).padStart(8)} s  ${text}\n`,
  );
}

try {
  benchIndex(); // first: what windows leave behind would be counted with it
  await benchWindows();
  if (!Number.isFinite(sink)) throw new Error("a sample that is not a number");
} finally {
  rmSync(scratch, { recursive: true });
}
