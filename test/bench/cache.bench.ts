import { spawnSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { createRandom } from "../../src/base/random.js";
import { buildCache } from "../../src/cache/build.js";
import { readManifest, writeManifest } from "../../src/cache/manifest.js";
import { verifyCache } from "../../src/cache/verify.js";
import { readCatalogue } from "../../src/corpus/catalogue.js";
import { synthesizeCorpus } from "../../src/corpus/synthetic/synthesize.js";
import { openBatches } from "../../src/dataset/batches.js";
import { indexWindows } from "../../src/dataset/index-windows.js";
import { openWindowReader } from "../../src/dataset/window-reader.js";
import { ELECTRODES_19 } from "../../src/signal/electrodes.js";
import { folderStore } from "../../src/store/folder-store.js";
import { makeCache, seizure } from "../cache/made-cache.js";
import { makeManifest } from "../dataset/made-manifest.js";

/*
 * The data path from EDF to windows on one machine, everything in the page cache: build speed as a multiple of real
 * time, windows of 60 s (19 x 15,360 float32) at random 10 s starts, verification, and an index of two million windows.
 * The peer for windows is numpy.memmap over the very same file (ICTAL_PYTHON or python3, when it has numpy).
 */

const ROUNDS = 5;
const WINDOWS = 300;
const scratch = await mkdtemp(join(tmpdir(), "ictal-bench-"));
let sink = 0;

function show(name: string, rates: readonly number[], unit: string): void {
  const sorted = [...rates].sort((a, b) => a - b);
  const middle = sorted[Math.floor(sorted.length / 2)]!;
  const spread = `${sorted[0]!.toFixed(0)} to ${sorted.at(-1)!.toFixed(0)}`;
  process.stdout.write(`${name.padEnd(44)} ${middle.toFixed(0).padStart(8)} ${unit}  (${spread})\n`);
}

/** `amount` per second of each round, after one round that is not counted. */
async function measure(name: string, unit: string, work: () => Promise<number> | number): Promise<void> {
  const rates: number[] = [];
  for (let round = -1; round < ROUNDS; round++) {
    const start = performance.now();
    const amount = await work();
    if (round >= 0) rates.push(amount / ((performance.now() - start) / 1000));
  }
  show(name, rates, unit);
}

async function benchBuild(): Promise<void> {
  const corpus = join(scratch, "corpus");
  const { hours } = await synthesizeCorpus(corpus, { recordings: 6, maxDurationSeconds: 600 });
  const store = folderStore(corpus);
  const catalogue = await readCatalogue(store);
  process.stdout.write(`synthetic corpus: ${catalogue.recordings.length} recordings, ${hours.toFixed(2)} hours\n`);
  for (const workers of new Set([1, availableParallelism()]))
    await measure(`build, ${workers} worker${workers > 1 ? "s" : ""}`, "x real time", async () => {
      const cacheDir = await mkdtemp(join(scratch, "build-"));
      const { builtSeconds } = await buildCache({ store, catalogue, cacheDir, workers });
      await rm(cacheDir, { recursive: true });
      return builtSeconds;
    });
}

const PEER = `
import sys, json, time, numpy
path, starts = sys.argv[1], json.loads(sys.argv[2])
frames = numpy.memmap(path, dtype="<i2", mode="r").reshape(-1, 19, 2560)
rates = []
for turn in range(${ROUNDS + 1}):
    begin = time.perf_counter()
    for start in starts:
        window = frames[start:start + 6].transpose(1, 0, 2).reshape(19, 15360) * numpy.float32(10 / 32767)
    rates.append(len(starts) / (time.perf_counter() - begin))
print(json.dumps(rates[1:]))`;

function benchPeer(path: string, starts: readonly number[]): void {
  const python = process.env.ICTAL_PYTHON ?? "python3";
  const { status, stdout } = spawnSync(python, ["-c", PEER, path, JSON.stringify(starts)], { encoding: "utf8" });
  if (status === 0) show("numpy.memmap, same windows, float32", JSON.parse(stdout) as number[], "windows/s");
  else process.stdout.write("numpy.memmap: no python3 with numpy (set ICTAL_PYTHON)\n");
}

async function benchWindows(): Promise<void> {
  const hour = 3600 * 256;
  const dir = join(scratch, "windows");
  const made = { id: "train/a/s/m/a_t000", sampleCount: hour, seizures: [seizure(10, 60)] };
  const { folder } = await makeCache(dir, [made], { channels: ELECTRODES_19 });
  await writeManifest(dir);
  const manifest = await readManifest(dir);
  const index = indexWindows(manifest);
  const random = createRandom(1, "cache bench");
  const order = Uint32Array.from({ length: WINDOWS }, (_, i) => random.integer(i, index.count - 6));
  const reader = await openWindowReader(dir, manifest);
  const out = new Float32Array(19 * index.windowSamples);
  const readAll = async (shift: number) => {
    for (const window of order) {
      await reader.readInto(out, 0, index.startSample[window]! + shift, index.windowSamples);
      sink += out[1234]!;
    }
    return WINDOWS;
  };
  await measure("readInto, aligned, float32 [19, 15360]", "windows/s", () => readAll(0));
  await measure("readInto, not aligned", "windows/s", () => readAll(777));
  await measure("openBatches of 16, with labels and mask", "windows/s", async () => {
    for await (const { samples } of openBatches(reader, index, { order, batchSize: 16 })) sink += samples[5]!;
    return WINDOWS;
  });
  benchPeer(join(folder.path, manifest.recordings[0]!.file), [...order]);
  await measure("verifyCache", "MB/s", async () => (await verifyCache(dir)).bytes / 1e6);
  await reader.close();
}

async function benchIndex(): Promise<void> {
  const entries = Array.from({ length: 4000 }, (_, n) => ({
    sampleCount: 506 * 2560,
    patient: `p${n % 600}`,
    seizures: [[100, 150] as const, [3000, 3100] as const].slice(0, n % 3),
  }));
  const manifest = makeManifest(entries);
  let windows = 0;
  await measure("indexWindows, 4,000 recordings", "windows/s", () => {
    windows = indexWindows(manifest).count;
    return windows;
  });
  process.stdout.write(`${"".padEnd(44)} ${windows} windows, ${((windows * 13) / 1e6).toFixed(1)} MB of columns\n`);
}

try {
  await benchBuild();
  await benchWindows();
  await benchIndex();
  if (!Number.isFinite(sink)) throw new Error("a sample that is not a number");
} finally {
  await rm(scratch, { recursive: true });
}
