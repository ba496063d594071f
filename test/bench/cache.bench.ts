import { mkdtemp, rm } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { buildCache } from "../../src/cache/build.js";
import { writeManifest } from "../../src/cache/manifest.js";
import { verifyCache } from "../../src/cache/verify.js";
import { readCatalogue } from "../../src/corpus/catalogue.js";
import { synthesizeCorpus } from "../../src/corpus/synthetic/synthesize.js";
import { ELECTRODES_19 } from "../../src/signal/electrodes.js";
import { folderStore } from "../../src/store/folder-store.js";
import { makeCache, seizure } from "../cache/made-cache.js";

/*
 * From EDF to a checked cache on one machine, everything in the page cache: build speed as a multiple of real time, and
 * verification. Reading windows from it is timed in dataset.bench.
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

async function benchVerify(): Promise<void> {
  const dir = join(scratch, "windows");
  const made = { id: "train/a/s/m/a_t000", sampleCount: 3600 * 256, seizures: [seizure(10, 60)] };
  await makeCache(dir, [made], { channels: ELECTRODES_19 });
  await writeManifest(dir);
  await measure("verifyCache", "MB/s", async () => (await verifyCache(dir)).bytes / 1e6);
}

try {
  await benchBuild();
  await benchVerify();
} finally {
  await rm(scratch, { recursive: true });
}
