import assert from "node:assert/strict";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { arrayParts, formatIndices } from "../../src/cluster/indices.js";
import { makePlan, readPlan, writePlan } from "../../src/cluster/plan.js";
import { runPool } from "../../src/cluster/pool.js";
import { resultTable } from "../../src/cluster/result-table.js";
import { shardIndexFrom } from "../../src/cluster/shard-index.js";
import { readShardReceipt } from "../../src/cluster/state.js";
import { parseSweep } from "../../src/cluster/sweep.js";
import { runTask } from "../../src/cluster/task.js";
import { temporaryFolder } from "../cache/made-cache.js";
import { hashTree, ictal, makeProject } from "./made-plan.js";

/** Runs its words as JavaScript. */
const NODE = [process.execPath, "-e"];

test("the shard's number is read from Slurm, Kubernetes and AWS Batch, and an offset is added", () => {
  assert.equal(shardIndexFrom({ SLURM_ARRAY_TASK_ID: "3" }, 5), 3);
  assert.equal(shardIndexFrom({ JOB_COMPLETION_INDEX: "0" }, 5), 0);
  assert.equal(shardIndexFrom({ AWS_BATCH_JOB_ARRAY_INDEX: "4" }, 5), 4);
  assert.equal(shardIndexFrom({ SLURM_ARRAY_TASK_ID: "3", ICTAL_SHARD_OFFSET: "1000" }, 2000), 1003);
  assert.equal(shardIndexFrom({}, 1), 0);
  assert.throws(
    () => shardIndexFrom({}, 5),
    /missing --shard: the plan has 5 shards; give --shard i\/5, or use a scheduler/,
  );
  assert.throws(() => shardIndexFrom({ SLURM_ARRAY_TASK_ID: "5" }, 5), /asks for shard 5; the plan has shards 0 to 4/);
  assert.throws(() => shardIndexFrom({ JOB_COMPLETION_INDEX: "x" }, 5), /invalid JOB_COMPLETION_INDEX: x/);
  assert.throws(() => shardIndexFrom({ JOB_COMPLETION_INDEX: "1", SLURM_ARRAY_TASK_ID: "2" }, 5), /disagree/);
});

test("numbers are written as ranges, and arrays stay below the largest size", () => {
  assert.equal(formatIndices([7, 0, 1, 2, 3, 9, 8]), "0-3,7-9");
  const parts = arrayParts([0, 1, 999, 1000, 2500], 1000);
  assert.deepEqual(
    parts.map(({ offset, indices }) => [offset, formatIndices(indices)]),
    [
      [0, "0-1,999"],
      [1000, "0"],
      [2000, "500"],
    ],
  );
});

test("a task that is done is skipped by its hash, a failed one keeps its last lines and is run again", async (context) => {
  const dir = await temporaryFolder(context);
  const flag = join(dir, "flag");
  const code = `require("fs").existsSync(${JSON.stringify(flag)}) ? console.log("{}") : (console.error("no flag"), process.exit(1))`;
  const plan = makePlan("cache", [{ items: 1, commands: [[code]], inputs: 1 }]);
  const first = await runTask(dir, plan, 0, { ictal: NODE });
  assert.deepEqual([first.receipt.state, first.receipt.exitCode, first.receipt.lastLines], ["failed", 1, ["no flag"]]);
  await writeFile(flag, "");
  assert.deepEqual((await runTask(dir, plan, 0, { ictal: NODE })).receipt.attempts, 2);
  await rm(flag);
  assert.equal((await runTask(dir, plan, 0, { ictal: NODE })).skipped, true);
  const other = makePlan("cache", [{ items: 1, commands: [[code]], inputs: 2 }]);
  assert.equal((await runTask(dir, other, 0, { ictal: NODE })).receipt.state, "failed");
});

test("a killed command fails the shard and says by what; the pool runs it again and then finalises", async (context) => {
  const dir = await temporaryFolder(context);
  const once = join(dir, "once");
  const kill = `const fs = require("fs"); if (fs.existsSync(${JSON.stringify(once)})) console.log("[1]"); else { fs.writeFileSync(${JSON.stringify(once)}, ""); process.kill(process.pid, "SIGKILL"); }`;
  const plan = makePlan("cache", [{ items: 1, commands: [[kill]], inputs: 1 }], [["console.log('7')"]]);
  await writePlan(dir, plan);
  const seen: string[] = [];
  const onEnd = ({ state, lastLines }: { state: string; lastLines: string[] }) => seen.push(state, ...lastLines);
  const report = await runPool(dir, plan, { ictal: NODE, onEnd });
  assert.deepEqual(seen, ["failed", "ended by SIGKILL (out of memory?)", "done"]);
  assert.deepEqual(report.finalised?.results, [7]);
});

test("a task that is told to stop passes it on and reports an interrupt", async (context) => {
  const dir = await temporaryFolder(context);
  const code = `process.on("SIGTERM", () => { console.log('{"steps":3}'); process.exit(130); }); setInterval(() => {}, 100); console.error("up")`;
  const plan = makePlan("train", [{ items: 1, commands: [[code]], inputs: 1 }]);
  const stopped = async () => {
    const stop = new AbortController();
    const tee = { write: () => stop.abort() };
    return (await runTask(dir, plan, 0, { ictal: NODE, signal: stop.signal, tee })).receipt;
  };
  const first = await stopped();
  assert.deepEqual([first.state, first.exitCode, first.results], ["interrupted", 130, [{ steps: 3 }]]);
  const second = await stopped();
  assert.deepEqual([second.state, second.exitCode], ["failed", 1]);
  assert.match(second.lastLines.at(-1)!, /interrupted at step 3, the same as before: the time limit is too short/);
});

test("a task whose receipt cannot be written throws, and its heartbeat ends with it", async (context) => {
  const dir = await temporaryFolder(context);
  const plan = makePlan("cache", [{ items: 1, commands: [["console.log(1)"]], inputs: 1 }]);
  await mkdir(join(dir, "shards/0.json/in-the-way"), { recursive: true });
  await assert.rejects(runTask(dir, plan, 0, { ictal: NODE }));
  assert.deepEqual(await readdir(join(dir, "shards")), ["0.json"]);
});

test("a sweep is every combination of its lists; other keys are refused", () => {
  const text = "config: a.yaml\nsweep:\n  training.epochs: [1, 2]\n  model.name: [unet]\n";
  assert.deepEqual(parseSweep(text, "s.yaml").runs, [
    { "training.epochs": 1, "model.name": "unet" },
    { "training.epochs": 2, "model.name": "unet" },
  ]);
  assert.throws(
    () => parseSweep("config: a.yaml\nsweep: { a: [1] }\nsweeps: 1", "s.yaml"),
    /s\.yaml:3: unknown key sweeps; did you mean sweep/,
  );
  assert.throws(
    () => parseSweep("config: a.yaml\nsweep: { a: [] }", "s.yaml"),
    /s\.yaml:2: invalid sweep\.a: \[\]; expected at least one.*list for each/,
  );
});

test("a cache built in shards equals one local build, byte for byte, and a second run skips every shard", async (context) => {
  const { dir, config, cacheDir } = await makeProject(context);
  const plan = join(dir, "plan");
  const local = join(dir, "local");
  assert.equal(ictal(["cache", "build", "--config", config, "--cache-dir", local]).status, 0);
  const planned = ictal(["shard", "plan", "cache", "--config", config, "--array", "3", "--dir", plan, "--json"]);
  assert.equal(planned.status, 0, planned.stderr);
  assert.deepEqual([planned.json().shards, planned.json().items], [3, 4]);
  const early = ictal(["shard", "finalise", "--plan", plan]);
  assert.equal(early.status, 1);
  assert.match(early.stderr, /3 of 3 shards are not done: 0-2; run them, then run finalise again/);
  const one = ictal(["shard", "task", "--plan", plan, "--json"], { JOB_COMPLETION_INDEX: "1" });
  assert.deepEqual([one.status, one.json().shard, one.json().results[0].built], [0, 1, 1]);
  const all = ictal(["shard", "run", "--plan", plan, "--jobs", "2", "--json"]);
  assert.equal(all.status, 0, all.stderr);
  assert.deepEqual([all.json().done, all.json().skipped], [3, 1]);
  assert.deepEqual(await hashTree(cacheDir), await hashTree(local));
  assert.equal(ictal(["shard", "run", "--plan", plan, "--json"]).json().skipped, 3);
  assert.match(ictal(["shard", "status", "--plan", plan]).stdout, /^cache: 3 done of 3 shards\n/);
  assert.equal((await readShardReceipt(plan, 0))?.attempts, 1);
  assert.equal(ictal(["shard", "task", "--plan", plan, "--shard", "1/4"]).status, 2);
});

test("a corpus checked in shards gives the report of one check", async (context) => {
  const { dir } = await makeProject(context);
  const plan = join(dir, "plan");
  const place = join(dir, "corpus");
  const whole = ictal(["corpus", "check", place, "--json"]);
  ictal(["shard", "plan", "check", "--data-dir", place, "--array", "2", "--dir", plan]);
  const run = ictal(["shard", "run", "--plan", plan, "--json"]);
  assert.equal(run.status, whole.status, run.stderr);
  assert.deepEqual(run.json().finalised.results[0], whole.json());
});

test("predictions in shards equal one run's; a sweep and scores of several trees give a table", async (context) => {
  const { dir, config } = await makeProject(context, 5);
  assert.equal(ictal(["cache", "build", "--config", config]).status, 0);
  const sweep = join(dir, "sweep.yaml");
  await writeFile(sweep, `config: ${config}\nsweep: { training.max_steps: [1, 2] }\n`);
  const at = (name: string) => join(dir, name);
  const swept = ictal(["shard", "plan", "sweep", "--config", sweep, "--dir", at("s")]);
  assert.equal(swept.status, 0, swept.stderr);
  const ran = ictal(["shard", "run", "--plan", at("s"), "--json"]);
  assert.equal(ran.status, 0, ran.stderr);
  const [header, ...rows] = (await readFile(at("s/table.csv"), "utf8")).trim().split("\n");
  assert.match(header!, /^run,training.max_steps,bestMetric,/);
  const steps = header!.split(",").indexOf("steps");
  const cells = rows.map((row) => row.split(","));
  assert.deepEqual(
    cells.map((row) => [row[0], row[1], row[steps]]),
    [
      ["0", "1", "1"],
      ["1", "2", "2"],
    ],
  );
  const table = await resultTable(at("s"));
  assert.deepEqual(
    table.map((row) => [row.run, row["training.max_steps"], row.state, row.steps]),
    [
      [0, 1, "done", 1],
      [1, 2, "done", 2],
    ],
  );
  const words = ["--config", config, "--checkpoint", at("s/runs/run-1"), "--split", "train", "--events"];
  assert.equal(ictal(["predict", ...words, "--out", at("one")]).status, 0);
  const planned = ictal(["shard", "plan", "predict", ...words, "--out", at("two"), "--array", "3", "--dir", at("p")]);
  assert.equal(planned.status, 0, planned.stderr);
  assert.equal(ictal(["shard", "run", "--plan", at("p")]).status, 0);
  assert.deepEqual(await hashTree(at("two")), await hashTree(at("one")));
  const trees = ["--hyp", at("one"), "--hyp", at("two")];
  assert.equal(ictal(["shard", "plan", "score", "--ref", at("corpus"), ...trees, "--dir", at("c")]).status, 0);
  const scored = ictal(["shard", "run", "--plan", at("c"), "--json"]);
  assert.equal(scored.status, 0, scored.stderr);
  assert.match(await readFile(at("c/table.csv"), "utf8"), /^hyp,.*,recordings,.*,szcore\.event\.f1,/);
});

test("a plan carries a limit of the environment to its tasks", async (context) => {
  const { dir, config } = await makeProject(context, 1);
  const words = ["shard", "plan", "train", "--config", config, "--dir", dir];
  assert.equal(ictal(words, { BGB_LIMIT_FILES: "7" }).status, 0);
  const [shard] = (await readPlan(dir)).shards;
  assert.ok(shard!.commands[0]!.includes("data.limit_files=7"));
});

test("a sweep with a key that the configuration does not know is wrong use", async (context) => {
  const { dir, config } = await makeProject(context, 1);
  const sweep = join(dir, "sweep.yaml");
  await writeFile(sweep, `config: ${config}\nsweep: { training.epoch: [1, 2] }\n`);
  const { status, stderr } = ictal(["shard", "plan", "sweep", "--config", sweep, "--dir", join(dir, "p")]);
  assert.equal(status, 2);
  assert.match(stderr, /unknown key training\.epoch; did you mean training\.epochs\?/);
});
