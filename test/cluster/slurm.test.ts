import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { makePlan, writePlan } from "../../src/cluster/plan.js";
import { arrayScript } from "../../src/cluster/slurm/script.js";
import { readShardProgress, readShardReceipt } from "../../src/cluster/state.js";
import { temporaryFolder } from "../cache/made-cache.js";
import { hashTree, ictal, makeProject } from "./made-plan.js";
import { type MadeSlurm, noSlurm, startSlurm } from "./made-slurm.js";
import { startHook } from "./watch/hook.js";

const skip = noSlurm();
let slurm: MadeSlurm;
let home: string;

before(async () => {
  if (skip) {
    process.stderr.write(`Slurm tests are skipped: ${skip}\n`);
    return;
  }
  home = await mkdtemp(join(tmpdir(), "ictal-slurm-"));
  slurm = await startSlurm(home);
});

after(async () => {
  if (skip) return;
  await slurm?.close();
  await rm(home, { recursive: true, force: true });
});

const finished = (plan: string) => existsSync(join(plan, "result.json"));

/** A plan whose one task is JavaScript, and the script that runs it. */
async function codePlan(dir: string, code: string, options: { time?: string; warnSeconds?: number } = {}) {
  const plan = makePlan("cache", [{ items: 1, commands: [[code]], inputs: 1 }]);
  await writePlan(dir, plan);
  await mkdir(join(dir, "logs"), { recursive: true });
  const runner = join(dir, "run.mjs");
  const task = new URL("../../src/cluster/task.js", import.meta.url).href;
  const read = new URL("../../src/cluster/plan.js", import.meta.url).href;
  await writeFile(
    runner,
    `import { runTask } from ${JSON.stringify(task)};
import { readPlan } from ${JSON.stringify(read)};
const stop = new AbortController();
process.on("SIGTERM", () => stop.abort());
const dir = ${JSON.stringify(dir)};
const end = await runTask(dir, await readPlan(dir), 0, { ictal: [process.execPath, "-e"], signal: stop.signal, tee: process.stderr });
process.exitCode = end.receipt.exitCode;
`,
  );
  const script = join(dir, "task.sh");
  const given = { warnSeconds: 30, extra: [], retries: 0, ...options };
  const text = arrayScript({ dir, kind: "cache", shards: 1, ictal: [process.execPath, runner], options: given });
  await writeFile(script, text);
  return script;
}

test("sbatch reads the log's path as it was meant: blanks, quotes, # and % in the folder's name", {
  skip,
}, async (context) => {
  const root = await mkdtemp(join(tmpdir(), "ictal-slurm-"));
  context.after(() => rm(root, { recursive: true }));
  const dir = join(root, "Ann's plan #1, 50%j $(touch no) `x`");
  await mkdir(dir);
  const script = await codePlan(dir, "console.error('told'); console.log('1')");
  const job = slurm.run("sbatch", "--parsable", "--array=0", script, "0").trim();
  const log = join(dir, "logs", `${job}_0.log`);
  await slurm.until(() => existsSync(log) && readFileSync(log, "utf8").includes("told"), "the log is there", 30);
  assert.deepEqual(await readdir(join(dir, "logs")), [`${job}_0.log`]);
});

test("an array over Slurm with a shard killed and a node drained gives the local build, byte for byte", {
  skip,
}, async (context) => {
  const { dir, config, cacheDir } = await makeProject(context, 10, 30);
  const plan = join(dir, "plan");
  const local = join(dir, "local");
  assert.equal(ictal(["cache", "build", "--config", config, "--cache-dir", local]).status, 0);
  const words = ["slurm", "cache", "--config", config, "--array", "10", "--workers", "0", "--dir", plan];
  const wrong = ictal([...words, "--partition", "nosuch"], slurm.environment);
  assert.deepEqual([wrong.status, wrong.stderr], [2, "ictal: invalid --partition nosuch: this cluster has made\n"]);
  const sent = ictal([...words, "--json"], slurm.environment);
  assert.equal(sent.status, 0, sent.stderr);
  assert.equal(sent.json().commands[0].includes("--array=0-7 "), true);
  assert.equal(sent.json().commands[1].includes("--array=0-1 "), true);
  const busy = ictal(words, slurm.environment);
  assert.equal(busy.status, 2);
  assert.match(busy.stderr, /jobs .* are in the queue; wait for them, or cancel them: scancel/);
  let killed: number | undefined;
  await slurm.until(
    async () => {
      for (const shard of Array.from({ length: 10 }, (_, index) => index)) {
        const progress = await readShardProgress(plan, shard);
        if (!progress) continue;
        try {
          process.kill(progress.pid, "SIGKILL");
        } catch {
          continue; // it ended in the meantime
        }
        killed = shard;
        return true;
      }
      return false;
    },
    "a shard runs",
    30,
  );
  slurm.run("scontrol", "update", "nodename=n2", "state=drain", "reason=test");
  await slurm.until(() => finished(plan), "the plan is finalised", 90);
  slurm.run("scontrol", "update", "nodename=n2", "state=resume");
  assert.deepEqual(await hashTree(cacheDir), await hashTree(local));
  assert.equal((await readShardReceipt(plan, killed!))?.attempts, 2);
  const status = ictal(["slurm", "status", plan, "--json"], slurm.environment);
  assert.equal(status.status, 0, status.stderr);
  assert.equal(status.json().counts.done, 10);
});

test("training over three jobs, two of them ended by the signal of the time limit, equals one run, bit for bit", {
  skip,
}, async (context) => {
  const { dir, config } = await makeProject(context, 4, 30, 160); // long enough to be stopped twice
  assert.equal(ictal(["cache", "build", "--config", config]).status, 0);
  const whole = ictal(["train", "--config", config, "--set", `experiment.output_dir=${dir}/whole`, "--json"]);
  assert.equal(whole.status, 0, whole.stderr);
  const plan = join(dir, "plan");
  const words = ["--config", config, "--dir", plan, "--time", "10", "--warn", "5"];
  const sent = ictal(["slurm", "train", ...words, "--json"], slurm.environment);
  assert.equal(sent.status, 0, sent.stderr);
  let links = 0;
  let last = "";
  let seen = "";
  let logged = 0;
  await slurm.until(
    async () => {
      const job = slurm.run("squeue", "-h", "-t", "RUNNING", "-n", "ictal-train", "-o", "%A").trim();
      const progress = await readShardProgress(plan, 0);
      const lines = (await readFile(join(dir, "run/metrics.jsonl"), "utf8").catch(() => "")).split("\n").length;
      if (job !== seen) logged = lines;
      seen = job;
      // a job that is stopped before it has taken a step of its own ends the chain
      if (job !== "" && job !== last && links < 2 && progress?.job === job && lines > logged + 3) {
        last = job;
        links += 1;
        slurm.run("scancel", "--signal=USR1", "--batch", job);
      }
      return finished(plan);
    },
    "the training is finished",
    180,
  );
  const chain = (await readFile(join(plan, "chain.txt"), "utf8")).trim().split("\n");
  assert.equal(chain.length, 2);
  const { results } = JSON.parse(await readFile(join(plan, "shards/0.json"), "utf8"));
  assert.equal(results[0].steps, whole.json().steps);
  const weights = async (path: string) => (await readFile(path)).toString("base64");
  assert.equal(await weights(results[0].lastCheckpoint), await weights(whole.json().lastCheckpoint));
});

test("a job that is put back into the queue runs its shard again", { skip }, async (context) => {
  const dir = await temporaryFolder(context);
  const flag = join(dir, "flag");
  const started = join(dir, "started");
  const code = `const fs = require("fs");
    if (fs.existsSync(${JSON.stringify(flag)})) console.log("1");
    else setInterval(() => fs.writeFileSync(${JSON.stringify(started)}, ""), 100);`;
  const script = await codePlan(dir, code);
  const id = slurm.run("sbatch", "--parsable", "--array=0", script).trim();
  await slurm.until(async () => existsSync(started), "the task runs");
  await writeFile(flag, "");
  slurm.run("scontrol", "requeue", `${id}_0`);
  await slurm.until(async () => (await readShardReceipt(dir, 0))?.state === "done", "the task is done", 60);
  assert.equal((await readShardReceipt(dir, 0))!.attempts, 2);
});

test("a plain scancel lets a task save its state, and the plan submitted again carries on", {
  skip,
}, async (context) => {
  const { dir, config } = await makeProject(context, 4, 30, 160);
  assert.equal(ictal(["cache", "build", "--config", config]).status, 0);
  const plan = join(dir, "plan");
  const words = ["slurm", "train", "--config", config, "--dir", plan, "--time", "10", "--warn", "5"];
  assert.equal(ictal(words, slurm.environment).status, 0);
  const log = join(dir, "run/metrics.jsonl");
  await slurm.until(async () => (await readFile(log, "utf8").catch(() => "")) !== "", "the training takes steps");
  slurm.run("scancel", (await readShardProgress(plan, 0))!.job!);
  await slurm.until(async () => (await readShardReceipt(plan, 0))?.state === "interrupted", "the state is saved", 30);
  const { steps } = (await readShardReceipt(plan, 0))!.results[0] as { steps: number };
  await slurm.until(() => slurm.run("squeue", "-h").trim() === "", "the queue is empty", 30);
  assert.equal(existsSync(join(plan, "chain.txt")), false, "what people cancel is not submitted again");
  const status = ictal(["slurm", "status", plan], slurm.environment);
  assert.match(status.stdout, /interrupted 0 \(job \d+\) after 1 attempts/);
  assert.equal(ictal(words, slurm.environment).status, 0);
  await slurm.until(() => finished(plan), "the training is finished", 120);
  const { results, attempts } = (await readShardReceipt(plan, 0))!;
  assert.equal(attempts, 2);
  assert.ok(steps > 0 && steps < (results[0] as { steps: number }).steps);
});

test("a node that is lost with its task loses no shard: it runs again on another", { skip }, async (context) => {
  const dir = await temporaryFolder(context);
  const flag = join(dir, "flag");
  const code = `if (require("fs").existsSync(${JSON.stringify(flag)})) console.log("1"); else setInterval(() => {}, 100)`;
  const id = slurm.run("sbatch", "--parsable", "--array=0", await codePlan(dir, code)).trim();
  await slurm.until(async () => (await readShardProgress(dir, 0)) !== undefined, "the task runs");
  const node = slurm.run("squeue", "-h", "-j", id, "-o", "%N").trim();
  await writeFile(flag, "");
  const { pid, command } = (await readShardProgress(dir, 0))!;
  await slurm.loseNode(node, command ?? pid);
  await slurm.until(async () => (await readShardReceipt(dir, 0))?.state === "done", "the task is done", 90);
  assert.equal((await readShardReceipt(dir, 0))!.attempts, 2);
  await slurm.bringBack(node);
});

test("when no retry is left, a job tells the webhook which shards are not done; a plan that ends well tells it, too", {
  skip,
}, async (context) => {
  const { dir, config } = await makeProject(context, 3);
  const { url, received } = await startHook(context);
  const environment = { ...slurm.environment, ICTAL_WEBHOOK: url };
  const edf = join(dir, "corpus/edf/train/aaaaaaab/s001_2010/01_tcp_ar/aaaaaaab_s001_t000.edf");
  const whole = await readFile(edf);
  await writeFile(edf, whole.subarray(0, 100));
  const plan = join(dir, "plan");
  const words = [
    "slurm",
    "cache",
    "--config",
    config,
    "--array",
    "3",
    "--workers",
    "0",
    "--dir",
    plan,
    "--retries",
    "0",
  ];
  assert.equal(ictal(words, environment).status, 0);
  await slurm.until(() => received.length > 0, "the webhook is told", 90);
  const { body } = received[0]!;
  assert.deepEqual([body.verb, body.name, body.state], ["slurm cache", "plan", "failed"]);
  assert.match(String(body.message), /^1 of 3 shards are not done: \d; see: ictal slurm status /);
  await slurm.until(() => slurm.run("squeue", "-h").trim() === "", "the queue is empty", 30);
  await writeFile(edf, whole);
  assert.equal(ictal(words, environment).status, 0);
  await slurm.until(() => received.length > 1, "the webhook is told", 90);
  assert.deepEqual([received[1]!.body.verb, received[1]!.body.state], ["shard finalise", "done"]);
});

test("scancel of the whole job by a signal lets a task save its state", { skip }, async (context) => {
  const dir = await temporaryFolder(context);
  const script = await codePlan(
    dir,
    `process.on("SIGTERM", () => { console.log("{}"); process.exit(130); }); setInterval(() => {}, 100); console.error("up")`,
  );
  const id = slurm.run("sbatch", "--parsable", "--array=0", script).trim();
  await slurm.until(async () => (await readShardProgress(dir, 0)) !== undefined, "the task runs");
  slurm.run("scancel", "--full", "--signal=TERM", `${id}_0`);
  await slurm.until(async () => (await readShardReceipt(dir, 0))?.state === "interrupted", "the state is saved", 30);
});

test("a task over its time limit is told ahead of it and saves its state", { skip }, async (context) => {
  const dir = await temporaryFolder(context);
  const code = `process.on("SIGTERM", () => { console.log("{}"); process.exit(130); }); setInterval(() => {}, 100)`;
  const script = await codePlan(dir, code, { time: "1", warnSeconds: 55 });
  slurm.run("sbatch", "--parsable", "--array=0", script);
  await slurm.until(async () => (await readShardReceipt(dir, 0))?.state === "interrupted", "the state is saved", 90);
});

test("slurm crossval trains and predicts each fold in a task of its own, then scores all of them out of fold", {
  skip,
}, async (context) => {
  const { dir, config } = await makeProject(context, 4, 20, 1);
  const built = ictal(["cache", "build", "--config", config]);
  assert.equal(built.status, 0, built.stderr);
  const plan = join(dir, "cv");
  const submitted = ictal(
    ["slurm", "crossval", "--config", config, "--folds", "2", "--dir", plan, "--json"],
    slurm.environment,
  );
  assert.equal(submitted.status, 0, submitted.stderr);
  assert.deepEqual([submitted.json().shards, submitted.json().submitted], [2, 2]);
  await slurm.until(() => finished(plan), "the folds are scored", 60);
  const [scores] = JSON.parse(await readFile(join(plan, "result.json"), "utf8")).results;
  assert.deepEqual([scores.folds, scores.patients, scores.perFold.length], [2, 4, 2]);
  assert.ok(scores.outOfFold.auroc >= 0 && existsSync(scores.report));
  const again = ictal(["crossval", "--config", config, "--folds", "2", "--out", plan, "--report-only", "--json"]);
  assert.deepEqual(again.json().outOfFold, scores.outOfFold); // the folder is that of a local cross-validation
});
