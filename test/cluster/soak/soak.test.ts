/** A minute or two of a bad night; ICTAL_SOAK_MINUTES=20 repeats it, ICTAL_SOAK_SEED picks another. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { mkdir, mkdtemp, readdir, readFile, rmdir, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { sha256 } from "@ictal/base/canonical";
import { temporaryFolder } from "../../cache/made-cache.js";
import { type MadeFile, makeObjects, writeObjects } from "../../cache/made-corpus.js";
import { hashTree, ICTAL } from "../made-plan.js";
import { type Strike, startChaos } from "./chaos.js";
import { MARK_VARIABLE, markedProcesses, sampleMemory } from "./processes.js";

const minutes = Number(process.env.ICTAL_SOAK_MINUTES ?? 0);
const firstSeed = Number(process.env.ICTAL_SOAK_SEED ?? 1);
/** Every kind once before any comes again, so that a night on a fast machine meets all of them. */
const ROUND: readonly Strike[] = ["child", "runner", "server", "disk"];
const STRIKES: readonly (readonly Strike[])[] = [ROUND, ROUND, ["child"]];
const SLOWEST_MILLISECONDS = 250;
const TRAINING_EPOCHS = 40;
/** A fast machine may be through a night before every kind of fault came. */
const MOST_NIGHTS = 4;

/** A disk of its own for the disturbed run; undefined where mounting is not allowed. */
async function ownDisk(context: TestContext): Promise<string | undefined> {
  const path = await mkdtemp(join(tmpdir(), "ictal-soak-"));
  const isMounted = spawnSync("mount", ["-t", "tmpfs", "-o", "size=64m", "tmpfs", path]).status === 0;
  context.after(async () => {
    if (isMounted) spawnSync("umount", [path]);
    await rmdir(path);
  });
  return isMounted ? path : undefined;
}

/** The bucket as a process that can be killed; its port stays. */
function bucket(context: TestContext, root: string, env: NodeJS.ProcessEnv) {
  const script = fileURLToPath(new URL("./server-child.js", import.meta.url));
  let child: ChildProcess | undefined;
  let port = 0;
  const start = async (slowest: number) => {
    const words = [script, root, String(port), String(slowest)];
    const started = spawn(process.execPath, words, { env, stdio: ["ignore", "pipe", "inherit"] });
    child = started;
    const ended = once(started, "exit").then(([code]) =>
      assert.fail(`the bucket ended with ${code} before it had a port`),
    );
    const [text] = (await Promise.race([once(started.stdout!, "data"), ended])) as [Buffer];
    ended.catch(() => {}); // it is killed later
    port = Number(text.toString());
    return port;
  };
  const kill = async () => {
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, "exit");
    child.kill("SIGKILL");
    await ended;
  };
  context.after(kill);
  return { start, kill };
}

interface Stage {
  readonly name: string;
  readonly plan: readonly string[];
}

/** What a night does, in `dir`. */
function stagesOf(dir: string, config: string, corpus: string): Stage[] {
  const words = ["--config", config, "--set", `data.cache_dir=${dir}/cache`];
  const run = ["--set", `experiment.output_dir=${dir}/run`];
  const predicted = ["--checkpoint", `${dir}/run`, "--out", `${dir}/out`, "--split", "train", "--events"];
  return [
    { name: "cache", plan: ["cache", ...words, "--array", "4", "--workers", "0"] },
    { name: "train", plan: ["train", ...words, ...run] },
    { name: "predict", plan: ["predict", ...words, ...predicted, "--array", "2"] },
    { name: "score", plan: ["score", "--ref", join(corpus, "edf/train"), "--hyp", `${dir}/out/edf/train`] },
  ];
}

/** Run the stages, each again until it ends well, as a person or a scheduler would. */
async function night(dir: string, stages: readonly Stage[], env: NodeJS.ProcessEnv): Promise<number> {
  let starts = 0;
  const ictal = async (words: readonly string[]) => {
    const child = spawn(ICTAL[0]!, [...ICTAL.slice(1), ...words], { env, stdio: ["ignore", "ignore", "pipe"] });
    let stderr = "";
    child.stderr.on("data", (chunk: Buffer) => {
      stderr = (stderr + chunk.toString()).slice(-2000);
    });
    const [code] = await once(child, "close");
    return { code, stderr };
  };
  const untilDone = async (words: readonly string[]) => {
    for (let tries = 1; ; tries++) {
      starts += 1;
      const { code, stderr } = await ictal(words);
      if (code === 0) return;
      assert.ok(code !== 2 && tries < 30, `${words.join(" ")} ended with ${code}: ${stderr}`);
      await sleep(500);
    }
  };
  for (const { name, plan } of stages) {
    await untilDone(["shard", "plan", ...plan, "--dir", join(dir, "plans", name)]);
    await untilDone([
      "shard",
      "run",
      "--plan",
      join(dir, "plans", name),
      "--jobs",
      "2",
      "--retries",
      "20",
      "--wait",
      "1",
    ]);
  }
  return starts;
}

/** What a night comes to, without the times and paths of its way; a log that met a full disk has gaps. */
async function resultOf(dir: string): Promise<object> {
  const json = async (path: string) => JSON.parse(await readFile(join(dir, path), "utf8"));
  const train = (await json("plans/train/shards/0.json")).results[0];
  const { wallSeconds: _, ...score } = (await json("plans/score/shards/0.json")).results[0];
  return {
    cache: await hashTree(join(dir, "cache")),
    weights: sha256(await readFile(train.lastCheckpoint)),
    best: sha256(await readFile(train.checkpoint)),
    train: [train.steps, train.bestMetric],
    predictions: await hashTree(join(dir, "out")),
    score: JSON.parse(JSON.stringify(score).replaceAll(dir, "")),
  };
}

/** Part by part, so that a failure is read. */
function assertSame(found: object, expected: object): void {
  for (const [name, value] of Object.entries(expected))
    assert.deepEqual(found[name as keyof typeof found], value, `${name} differs`);
}

async function temporaryFiles(dir: string): Promise<string[]> {
  const names = await readdir(dir, { recursive: true });
  return names.filter((name) => /\.tmp(-|\/.)/.test(name));
}

/** Memory does not grow in processes that live long enough to tell: their last quarter against their second. */
function assertFlat(samples: ReturnType<typeof sampleMemory>["samples"]): void {
  const median = (values: readonly number[]) => [...values].sort((a, b) => a - b)[values.length >> 1]!;
  for (const { command, megabytes } of samples.values()) {
    const quarter = megabytes.length >> 2;
    if (quarter < 10) continue;
    const [early, late] = [median(megabytes.slice(quarter, 2 * quarter)), median(megabytes.slice(-quarter))];
    assert.ok(late < 1.25 * early + 20, `${command}: ${early} MB, later ${late} MB`);
  }
}

test("a night of kills, a full disk and a slow bucket ends with the result of a quiet one and leaves nothing behind", {
  skip: process.platform === "linux" ? false : "processes are looked for in /proc",
}, async (context) => {
  const dir = await temporaryFolder(context);
  const corpus = join(dir, "corpus");
  const files = Array.from(
    { length: 10 },
    (_, index): MadeFile => ({
      patient: `aaaaaaa${String.fromCharCode(97 + index)}`,
      split: index >= 8 ? "dev" : "train",
      seconds: 40,
      events: [[5 + index, 15 + index, "seiz"]],
    }),
  );
  await writeObjects(corpus, makeObjects(files));
  const config = join(dir, "soak.yaml");
  await writeFile(
    config,
    `data: { data_dir: s3://soak, cache_dir: ${dir}/cache, window_size: 10, stride: 2, use_balanced_sampling: false }
model: { name: unet, unet: { channels: [4, 4], downsample_factor: 4 } }
training: { epochs: ${TRAINING_EPOCHS}, batch_size: 4, learning_rate: 1e-3, early_stopping: { metric: auroc, patience: 1000 } }
postprocessing: { hysteresis: { tau_on: 0.35, tau_off: 0.3 } }
experiment: { device: cpu }
`,
  );
  const mark = randomUUID();
  const { BGB_LIMIT_FILES: _, ...inherited } = process.env;
  const env: NodeJS.ProcessEnv = {
    ...inherited,
    [MARK_VARIABLE]: mark,
    AWS_ACCESS_KEY_ID: "ictal",
    AWS_SECRET_ACCESS_KEY: "soak",
    AWS_REGION: "us-east-1",
  };
  const server = bucket(context, corpus, env);
  env.AWS_ENDPOINT_URL_S3 = `http://127.0.0.1:${await server.start(0)}`;
  const memory = sampleMemory(mark);
  context.after(() => memory.stop());

  const quiet = join(dir, "quiet");
  await night(quiet, stagesOf(quiet, config, corpus), env);
  const expected = await resultOf(quiet);

  const disk = await ownDisk(context);
  if (!disk) context.diagnostic("the disk is not filled: mounting a tmpfs needs root");
  const end = Date.now() + minutes * 60_000;
  const unmet = new Set(disk ? ROUND : ROUND.filter((kind) => kind !== "disk"));
  const isOver = (nights: number) => (unmet.size === 0 || nights >= MOST_NIGHTS) && Date.now() >= end;
  for (let seed = firstSeed; !isOver(seed - firstSeed); seed++) {
    const bad = join(disk ?? dir, `bad-${seed}`);
    await mkdir(bad);
    await server.kill();
    await server.start(SLOWEST_MILLISECONDS);
    const chaos = startChaos({
      seed,
      mark,
      strikes: STRIKES,
      pauseMilliseconds: [500, 1500],
      disk,
      killServer: server.kill,
      restartServer: async () => void (await server.start(SLOWEST_MILLISECONDS)),
    });
    const starts = await night(bad, stagesOf(bad, config, corpus), env).finally(() => chaos.stop());
    context.diagnostic(`night ${seed}: ${JSON.stringify(chaos.done)}, ${starts} starts`);
    for (const kind of ROUND) if (chaos.done[kind] > 0) unmet.delete(kind);
    assertSame(await resultOf(bad), expected);
    assert.deepEqual(await temporaryFiles(bad), []);
    if (disk) spawnSync("rm", ["-rf", bad]);
  }
  assert.deepEqual([...unmet], [], "every kind of fault was met");
  await server.kill();
  for (const patience = Date.now() + 70_000; markedProcesses(mark).length > 0 && Date.now() < patience; )
    await sleep(500);
  assert.deepEqual(markedProcesses(mark), []);
  memory.stop();
  assertFlat(memory.samples);
});
