import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { isAlive } from "@ictal/base/process-alive";
import { makePlan, writePlan } from "../../../src/cluster/plan.js";
import { lockRun } from "../../../src/training/run-lock.js";
import { temporaryFolder } from "../../cache/made-cache.js";
import { ICTAL, ictal, makeProject } from "../made-plan.js";
import { startHook } from "./hook.js";

/** The command in a process of its own, so that a receiver in this one can answer. */
async function ictalBeside(words: readonly string[], environment: Record<string, string>) {
  const child = spawn(ICTAL[0]!, [...ICTAL.slice(1), ...words], { env: { ...process.env, ...environment } });
  let stderr = "";
  child.stderr.on("data", (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  const [code] = await once(child, "close");
  return { code, stderr };
}

test("train leaves a heartbeat in its folder and tells the webhook once, a plan's shards by their run alone", async (context) => {
  const { dir, config } = await makeProject(context);
  const { url, received } = await startHook(context);
  const environment = { ICTAL_WEBHOOK: url };
  assert.equal((await ictalBeside(["cache", "build", "--config", config], environment)).code, 0);
  const plan = join(dir, "plan");
  assert.equal(ictal(["shard", "plan", "train", "--config", config, "--dir", plan]).status, 0);
  const ran = await ictalBeside(["shard", "run", "--plan", plan], { ...environment, ICTAL_WATCH_DIR: join(dir, "w") });
  assert.equal(ran.code, 0, ran.stderr);
  const heartbeat = JSON.parse(await readFile(join(dir, "run/heartbeat.json"), "utf8"));
  assert.deepEqual([heartbeat.state, heartbeat.exitCode, heartbeat.verb], ["done", 0, "train"]);
  assert.equal(heartbeat.progress.step, heartbeat.progress.totalSteps);
  assert.match(await readFile(join(dir, "w/train-debug.prom"), "utf8"), /^ictal_up\{.*\} 0$/m);
  assert.equal(JSON.parse(await readFile(join(plan, "heartbeat.json"), "utf8")).state, "done");
  const told = received.map(({ body }) => [body.verb, body.name, body.state]);
  assert.deepEqual(told, [
    ["cache build", "debug", "done"],
    ["shard run", "plan", "done"],
  ]);
});

test("a verb that fails tells why; a webhook that is away changes no exit code, one that is no address is wrong use", async (context) => {
  const { dir, config } = await makeProject(context, 1);
  const { url, received } = await startHook(context);
  const nowhere = ["--set", `data.data_dir=${dir}/nowhere`];
  const failed = await ictalBeside(["train", "--config", config, ...nowhere], { ICTAL_WEBHOOK: url });
  assert.equal(failed.code, 1);
  assert.equal(received.length, 1);
  const { body } = received[0]!;
  assert.deepEqual([body.verb, body.state, body.exitCode], ["train", "failed", 1]);
  assert.ok(failed.stderr.includes(String(body.message)));
  const words = ["cache", "build", "--data-dir", join(dir, "corpus"), "--cache-dir", join(dir, "c")];
  const gone = await ictalBeside(words, { ICTAL_WEBHOOK: `${(await startHook(context, [410])).url}` });
  assert.equal(gone.code, 0, gone.stderr);
  assert.match(gone.stderr, /the webhook at 127\.0\.0\.1:\d+ was not notified: it answered 410/);
  const wrong = ictal(words, { ICTAL_WEBHOOK: "not-an-address" });
  assert.equal(wrong.status, 2);
  assert.match(wrong.stderr, /ICTAL_WEBHOOK is not a URL/);
});

test("a training that another one keeps out of its folder leaves that one's heartbeat as it is", async (context) => {
  const { dir, config } = await makeProject(context, 2);
  assert.equal(ictal(["cache", "build", "--config", config]).status, 0);
  const heartbeat = join(dir, "run/heartbeat.json");
  const release = await lockRun(join(dir, "run"));
  await writeFile(heartbeat, "of the training at work");
  const environment = { ICTAL_WATCH_DIR: join(dir, "w") };
  const { code, stderr } = await ictalBeside(["train", "--config", config], environment);
  assert.equal(code, 1, stderr);
  assert.match(stderr, /another training is running in .*run: process/);
  assert.equal(await readFile(heartbeat, "utf8"), "of the training at work");
  assert.deepEqual((await readdir(join(dir, "run"))).sort(), ["heartbeat.json", "run.lock"]);
  assert.deepEqual(await readdir(join(dir, "w")).catch(() => []), []);
  await release();
});

test("the command of a task that is killed ends by itself, and the next task waits for it", {
  timeout: 120_000,
}, async (context) => {
  const dir = await temporaryFolder(context);
  const pidFile = join(dir, "pid");
  const verb = join(dir, "verb.mjs");
  const watch = new URL("../../../../kernels/base/dist/parent-watch.js", import.meta.url).href;
  await writeFile(
    verb,
    `import { endWithParent } from ${JSON.stringify(watch)};
import { existsSync, writeFileSync } from "node:fs";
if (existsSync(${JSON.stringify(pidFile)})) process.exit(0);
endWithParent();
process.on("SIGTERM", () => setTimeout(() => process.exit(130), 300));
writeFileSync(${JSON.stringify(pidFile)}, String(process.pid));
setInterval(() => {}, 1000);
`,
  );
  await writePlan(dir, makePlan("cache", [{ items: 1, commands: [[verb]], inputs: 1 }]));
  const runner = join(dir, "runner.mjs");
  const url = (name: string) => JSON.stringify(new URL(`../../../src/cluster/${name}.js`, import.meta.url).href);
  await writeFile(
    runner,
    `import { runTask } from ${url("task")};
import { readPlan } from ${url("plan")};
const { receipt } = await runTask(${JSON.stringify(dir)}, await readPlan(${JSON.stringify(dir)}), 0, { ictal: [process.execPath] });
process.exitCode = receipt.exitCode;
`,
  );
  const first = spawn(process.execPath, [runner], { stdio: "inherit" });
  const read = () => readFile(pidFile, "utf8").catch(() => "");
  for (const end = Date.now() + 60_000; (await read()) === ""; await sleep(50))
    assert.ok(first.exitCode === null && Date.now() < end, "the command of the task starts");
  await sleep(200); // the progress file names the command by now
  const command = Number(await read());
  first.kill("SIGKILL");
  await once(first, "exit");
  assert.equal(isAlive(command), true);
  const second = spawn(process.execPath, [runner], { stdio: "inherit" });
  const [code] = await once(second, "exit");
  assert.equal(code, 0);
  assert.equal(isAlive(command), false);
});
