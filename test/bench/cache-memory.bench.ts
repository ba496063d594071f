import { spawnSync } from "node:child_process";
import { accessSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/*
 * Peak resident memory of whole build processes: what a long recording and a large corpus add to a small one. The cache
 * lies in /dev/shm where there is one, so that 7,361 recordings do not wait for a disk.
 */

const child = fileURLToPath(new URL("./cache-memory-child.js", import.meta.url));
const HOUR = 3600;

function shared(): string {
  try {
    accessSync("/dev/shm");
    return "/dev/shm";
  } catch {
    return tmpdir();
  }
}

/** Peak of a build in MB. */
async function peakOf(folder: string, count: number, seconds: number, workers: number): Promise<number> {
  const cacheDir = await mkdtemp(join(folder, "ictal-memory-"));
  const words = [child, cacheDir, count, seconds, workers].map(String);
  const { status, stdout, stderr } = spawnSync(process.execPath, words, { encoding: "utf8" });
  await rm(cacheDir, { recursive: true });
  if (status !== 0) throw new Error(stderr);
  return Number(stdout);
}

const small = await peakOf(tmpdir(), 1, 60, 1);
console.log(`1 recording of a minute, 1 worker            ${small} MB`);
for (const [count, hours] of [
  [1, 12],
  [2, 12],
] as const) {
  const peak = await peakOf(tmpdir(), count, hours * HOUR, 1);
  console.log(`${count} of 12 hours at a time, 1 worker             ${peak} MB, ${peak - small} more than a minute`);
}
const hundred = await peakOf(shared(), 100, 1, 2);
const corpus = await peakOf(shared(), 7361, 1, 2);
console.log(`100 recordings of a second, 2 workers        ${hundred} MB`);
console.log(`7,361 recordings of a second, 2 workers      ${corpus} MB, ${corpus - hundred} more than 100`);
