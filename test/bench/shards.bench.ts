import { spawnSync } from "node:child_process";
import { link, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { loadavg, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { madeEdf, madeLabels, madeStem } from "./made-recording.js";

/*
 * What sharding costs: one local build with two workers beside four shards, two at a time, each with one worker, by the
 * command line as people and schedulers run it. Both from the page cache; CPU time of all processes beside the wall's.
 */

const main = fileURLToPath(new URL("../../src/cli/main.js", import.meta.url));
const RECORDINGS = Number(process.env.ICTAL_SHARD_RECORDINGS ?? 72);
const MINUTES = 20;
const SHARDS = 4;
const ROUNDS = 3;
const TICKS_PER_SECOND = 100;
const scratch = await mkdtemp(join(tmpdir(), "ictal-bench-shards-"));

/** CPU time of this process's ended children and theirs, in seconds. */
async function childrenSeconds(): Promise<number> {
  const fields = (await readFile("/proc/self/stat", "utf8")).split(") ")[1]!.split(" ");
  return (Number(fields[13]) + Number(fields[14])) / TICKS_PER_SECOND;
}

async function timed(...words: string[]): Promise<{ wall: number; cpu: number }> {
  const before = await childrenSeconds();
  const started = performance.now();
  const { status, stderr } = spawnSync(process.execPath, [main, ...words], { encoding: "utf8" });
  if (status !== 0) throw new Error(`${words.join(" ")} ended with ${status}: ${stderr}`);
  return { wall: (performance.now() - started) / 1000, cpu: (await childrenSeconds()) - before };
}

/** Different names, one file on the disk: what is measured is the work, not the disk. */
async function writeCorpus(dir: string): Promise<void> {
  const [edf, labels] = [join(scratch, "one.edf"), join(scratch, "one.csv_bi")];
  await writeFile(edf, madeEdf(60 * MINUTES));
  await writeFile(labels, madeLabels(60 * MINUTES));
  for (let n = 0; n < RECORDINGS; n++) {
    const stem = join(dir, madeStem(n));
    await mkdir(dirname(stem), { recursive: true });
    await link(edf, `${stem}.edf`);
    await link(labels, `${stem}.csv_bi`);
  }
}

const show = (name: string, { wall, cpu }: { wall: number; cpu: number }) =>
  process.stdout.write(`${name.padEnd(34)} ${wall.toFixed(1).padStart(7)} s   ${cpu.toFixed(1).padStart(7)} s CPU\n`);
const median = (values: readonly number[]) => [...values].sort((a, b) => a - b)[values.length >> 1]!;

try {
  const corpus = join(scratch, "corpus");
  await writeCorpus(corpus);
  process.stdout.write(
    `${RECORDINGS} recordings of ${MINUTES} min, ${SHARDS} shards; load ${loadavg()[0]!.toFixed(1)}\n`,
  );
  const ratios: { wall: number; cpu: number; overhead: number }[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const [one, many, plan] = ["one", "many", "plan"].map((name) => join(scratch, name)) as [string, string, string];
    const local = await timed("cache", "build", "--data-dir", corpus, "--cache-dir", one, "--workers", "2");
    show("one local build, 2 workers", local);
    const words = [
      "--data-dir",
      corpus,
      "--cache-dir",
      many,
      "--workers",
      "1",
      "--array",
      String(SHARDS),
      "--dir",
      plan,
    ];
    const planned = await timed("shard", "plan", "cache", ...words);
    const run = await timed("shard", "run", "--plan", plan, "--jobs", "2");
    show(`${SHARDS} shards, 2 at a time, finalised`, run);
    const again = await timed("shard", "task", "--plan", plan, "--shard", `0/${SHARDS}`);
    show("plan", planned);
    show("a shard that is done", again);
    const overhead = (run.cpu - local.cpu) / SHARDS;
    ratios.push({ wall: run.wall / local.wall, cpu: run.cpu / local.cpu, overhead });
    for (const dir of [one, many, plan]) await rm(dir, { recursive: true });
  }
  const of = (name: "wall" | "cpu" | "overhead") => median(ratios.map((each) => each[name])).toFixed(2);
  process.stdout.write(`shards : one build, medians of ${ROUNDS}   wall ${of("wall")}, CPU ${of("cpu")}\n`);
  process.stdout.write(`CPU time beyond one build, a shard: ${of("overhead")} s; load ${loadavg()[0]!.toFixed(1)}\n`);
} finally {
  await rm(scratch, { recursive: true, force: true });
}
