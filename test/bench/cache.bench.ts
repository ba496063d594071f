import { spawnSync } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { crc32 } from "node:zlib";
import { buildCache } from "../../src/cache/build.js";
import { writeManifest } from "../../src/cache/manifest.js";
import { verifyCache } from "../../src/cache/verify.js";
import { readCatalogue } from "../../src/corpus/catalogue.js";
import { ELECTRODES_19 } from "../../src/signal/electrodes.js";
import { folderStore } from "../../src/store/folder-store.js";
import type { Store } from "../../src/store/store.js";
import { makeCache, seizure } from "../cache/made-cache.js";
import { madeEdf, madeLabels, madeStem } from "./made-recording.js";

/*
 * From EDF to a checked cache on one machine, everything in the page cache: one recording of 20 minutes beside the
 * reference system's pipeline (MNE, scipy, savez_compressed; ICTAL_PYTHON or python3, when it has them), a corpus as a
 * multiple of real time, and verification beside the checksum alone. Reading windows is timed in dataset.bench.
 */

const ROUNDS = 5;
const scratch = await mkdtemp(join(tmpdir(), "ictal-bench-"));

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

const MINUTES = 20;

/** Writes `count` recordings of 20 minutes; returns the store of the corpus and the path of the first. */
async function writeCorpus(dir: string, count: number): Promise<{ store: Store; first: string }> {
  for (let n = 0; n < count; n++) {
    const stem = join(dir, madeStem(n));
    await mkdir(dirname(stem), { recursive: true });
    await writeFile(`${stem}.edf`, madeEdf(60 * MINUTES, n + 1));
    await writeFile(`${stem}.csv_bi`, madeLabels(60 * MINUTES));
  }
  return { store: folderStore(dir), first: `${join(dir, madeStem(0))}.edf` };
}

function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1]!;
}

async function buildOnce(store: Store, workers: number): Promise<number> {
  const catalogue = await readCatalogue(store);
  const cacheDir = await mkdtemp(join(scratch, "build-"));
  const { builtSeconds, excluded } = await buildCache({ store, catalogue, cacheDir, workers });
  if (excluded[0]) throw new Error(excluded[0].reason);
  await rm(cacheDir, { recursive: true });
  return builtSeconds;
}

/** CPU and wall seconds of one recording in the calling thread, and CPU seconds and bytes of the reference pipeline. */
async function benchRecording(store: Store, path: string): Promise<void> {
  const [cpu, wall]: [number[], number[]] = [[], []];
  for (let round = -3; round < ROUNDS; round++) {
    const [c, w] = [cpuSeconds(), performance.now()];
    await buildOnce(store, 0);
    if (round < 0) continue;
    cpu.push(cpuSeconds() - c);
    wall.push((performance.now() - w) / 1000);
  }
  const seconds = `${median(cpu).toFixed(3)} s of CPU (least ${Math.min(...cpu).toFixed(3)}), ${median(wall).toFixed(3)} s`;
  process.stdout.write(`one recording, ${MINUTES} minutes, 22 signals           ${seconds}\n`);
  const script = fileURLToPath(new URL("../../../test/bench/reference_pipeline.py", import.meta.url));
  const python = process.env.ICTAL_PYTHON ?? "python3";
  const { status, stdout } = spawnSync(python, [script, path, "3"], {
    encoding: "utf8",
    env: { ...process.env, OMP_NUM_THREADS: "1" },
  });
  if (status !== 0) {
    process.stdout.write("reference pipeline: no python3 with mne and scipy (set ICTAL_PYTHON)\n");
    return;
  }
  const rounds = stdout
    .trim()
    .split("\n")
    .map((line) => line.split(" ").map(Number));
  const peer = median(rounds.map(([time]) => time!));
  const megabytes = (rounds[0]![1]! / 1e6).toFixed(0);
  const ratio = (peer / median(cpu)).toFixed(0);
  process.stdout.write(
    `MNE + scipy + savez_compressed               ${peer.toFixed(2)} s of CPU, ${megabytes} MB; ours is ${ratio} times as fast\n`,
  );
}

async function benchCorpus(): Promise<void> {
  const { store } = await writeCorpus(join(scratch, "corpus"), 24);
  for (const workers of new Set([1, availableParallelism()])) {
    const perSecond: number[] = []; // of processor time: what a busy machine does not blur
    await measure(`24 recordings, ${workers} worker${workers > 1 ? "s" : ""}`, "x real time", async () => {
      const start = cpuSeconds();
      const seconds = await buildOnce(store, workers);
      perSecond.push(seconds / (cpuSeconds() - start));
      return seconds;
    });
    show("  by processor time, threads and all", perSecond.slice(1), "x real time a core");
  }
}

async function benchVerify(): Promise<void> {
  const dir = join(scratch, "windows");
  const made = Array.from({ length: 8 }, (_, n) => ({
    id: `train/a/s/m/a_t00${n}`,
    sampleCount: 3600 * 256,
    seizures: [seizure(10, 60)],
  }));
  await makeCache(dir, made, { channels: ELECTRODES_19 });
  await writeManifest(dir);
  const frame = new Uint8Array(97_280).fill(7);
  await measure("crc32 alone", "MB/s", () => {
    for (let n = 0; n < 3000; n++) sink += crc32(frame);
    return (3000 * frame.length) / 1e6;
  });
  await measure("verifyCache, 280 MB in the page cache", "MB/s", async () => (await verifyCache(dir)).bytes / 1e6);
}

let sink = 0;
try {
  const { store, first } = await writeCorpus(join(scratch, "one"), 1);
  await benchRecording(store, first);
  await benchCorpus();
  await benchVerify();
  if (!Number.isFinite(sink)) throw new Error("a checksum that is not a number");
} finally {
  await rm(scratch, { recursive: true });
}
