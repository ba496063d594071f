import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { isAlive } from "@ictal/base/process-alive";
import { temporaryFolder } from "../cache/made-cache.js";
import { chooseFast, countUsingShared, isPure, namesOf, testFiles } from "./choose.js";
import { keepDurations, limitOf, readDurations } from "./durations.js";
import { ImportGraph } from "./import-graph.js";
import { FAST_SECONDS } from "./main.js";
import { idleCoresMeter, nextJob, runJobs } from "./schedule.js";

const project = fileURLToPath(new URL("../../..", import.meta.url)).replace(/\/$/, "");

const TWO = { cores: 2, lanes: 4 };

test("nextJob takes the first that the cores have room for, and a job larger than the machine alone", () => {
  const [busy, half, waits, large] = [1, 0.5, 0.05, 3].map((load) => ({ seconds: 1, load }));
  assert.equal(nextJob([busy!, waits!], [], TWO), 0);
  assert.equal(nextJob([busy!, waits!], [busy!], TWO), 0);
  assert.equal(nextJob([busy!, half!, waits!], [busy!, half!], TWO), 1);
  assert.equal(nextJob([busy!, half!], [busy!, busy!], TWO), undefined);
  assert.equal(nextJob([busy!, waits!], [busy!, busy!], TWO), 1);
  assert.equal(nextJob([large!, busy!], [busy!], TWO), 1);
  assert.equal(nextJob([large!], [busy!], TWO), undefined);
  assert.equal(nextJob([large!], [], TWO), 0);
  assert.equal(nextJob([waits!], [waits!, waits!, waits!, waits!], TWO), undefined);
  assert.equal(nextJob([], [], TWO), undefined);
});

test("runJobs starts the longest first, runs every job once, and starts none after a stop", async () => {
  const jobs = [2, 9, 5, 1].map((seconds) => ({ seconds, load: 1 }));
  const started: number[] = [];
  let [running, most] = [0, 0];
  const run = async ({ seconds }: { seconds: number }) => {
    started.push(seconds);
    running += 1;
    most = Math.max(most, running);
    await new Promise((done) => setTimeout(done, seconds));
    running -= 1;
  };
  await runJobs(jobs, TWO, run);
  assert.deepEqual([started, most, running], [[9, 5, 2, 1], 2, 0]);
  started.length = 0;
  await runJobs(jobs, { cores: 1, lanes: 1 }, run, { isStopped: () => started.length === 2 });
  assert.deepEqual(started, [9, 5]);
  const failing = async () => {
    throw new Error("of a file");
  };
  await assert.rejects(runJobs(jobs, TWO, failing), /of a file/);
});

test("runJobs starts one more job when the cores were idle for a poll, up to the lanes", async () => {
  const jobs = [9, 8, 7, 6].map((seconds) => ({ seconds, load: 1 }));
  const most = async (idleCores: () => number) => {
    let [running, seen] = [0, 0];
    const run = async () => {
      running += 1;
      seen = Math.max(seen, running);
      await new Promise((done) => setTimeout(done, 150));
      running -= 1;
    };
    await runJobs(jobs, { cores: 1, lanes: 3 }, run, { idleCores, pollMilliseconds: 5 });
    return seen;
  };
  assert.equal(await most(() => 0.1), 1);
  assert.equal(await most(() => 1.5), 3);
  const readings = [
    { idle: 0, total: 0 },
    { idle: 500, total: 1000 },
    { idle: 500, total: 2000 },
  ];
  const meter = idleCoresMeter(() => readings.shift() ?? { idle: 0, total: 0 }, 2);
  assert.deepEqual([meter(), meter()], [1, 0]);
});

test("a file that hangs is killed at its limit with all that it has started, and named beside what failed", async (context) => {
  const dir = await temporaryFolder(context);
  const pids = join(dir, "pids");
  const [hangs, fails] = [join(dir, "hangs.mjs"), join(dir, "fails.mjs")];
  await writeFile(
    hangs,
    `import { spawnSync } from "node:child_process";
import { test } from "node:test";
process.env.ICTAL_TEST_PROCESS = String(process.pid); // as measure.js does
test("waits", async () => {
  spawnSync("sh", ["-c", "sleep 60 & echo $! $PPID > ${pids}"], { stdio: "ignore" });
  setInterval(() => {}, 1000);
  await new Promise(() => {});
});
`,
  );
  await writeFile(fails, 'import { test } from "node:test";\ntest("is wrong", () => { throw new Error("said"); });\n');
  const script = join(dir, "run.mjs");
  await writeFile(
    script,
    `import { Reporter } from ${JSON.stringify(new URL("./report.js", import.meta.url).href)};
const reporter = new Reporter();
for (const file of ${JSON.stringify([fails, hangs])}) await reporter.runFile(file, new AbortController().signal, 0.7);
await reporter.close();
process.exitCode = reporter.isGood ? 0 : 1;
`,
  );
  const { NODE_TEST_CONTEXT: _, ...env } = process.env; // it forbids runs within tests
  const { status, stdout } = spawnSync(process.execPath, [script], { encoding: "utf8", env });
  assert.equal(status, 1);
  assert.match(stdout, /stopped after \d+ s, its limit: \S*hangs\.mjs/);
  const closing = stdout.slice(stdout.indexOf("failing tests:"));
  for (const named of ["is wrong", "fails.mjs", "hangs.mjs"]) assert.ok(closing.includes(named), stdout);
  const left = (await readFile(pids, "utf8")).trim().split(" ").map(Number);
  assert.deepEqual([left.length, left.filter(isAlive)], [2, []]);
});

test("a file's limit is five minutes, or five times what it takes", () => {
  const durations = { long: { wall: 120, cpu: 60 }, short: { wall: 1, cpu: 1 } };
  assert.deepEqual(
    ["long", "short", "new"].map((name) => limitOf(durations, name)),
    [600, 300, 300],
  );
});

test("the table of durations is read as it was kept", async (context) => {
  const path = join(await temporaryFolder(context), "durations.json");
  const durations = { "b/c.test.ts": { wall: 2.5, cpu: 1 }, "a.test.ts": { wall: 0.1, cpu: 0.1 } };
  keepDurations(path, durations);
  assert.deepEqual(readDurations(path), durations);
});

test("ImportGraph follows imports, dynamic imports and files that are started, each by its shortest way", async (context) => {
  const dir = await temporaryFolder(context);
  await mkdir(join(dir, "in"));
  const files = {
    "a.js": 'import { b } from "./in/b.js";\nexport * from "./c.js";\nimport fs from "node:fs";\n',
    "in/b.js": 'const c = await import("../c.js");\nimport "zod";\n',
    "c.js": 'new Worker(new URL("./d.js", import.meta.url));\nimport "./gone.js";\n',
    "d.js": "// nothing\n",
  };
  for (const [name, text] of Object.entries(files)) await writeFile(join(dir, name), text);
  const graph = new ImportGraph();
  assert.deepEqual(graph.of(join(dir, "a.js")).packages, ["node:fs"]);
  const reached = graph.reach(join(dir, "a.js"));
  assert.deepEqual(
    [...reached].map(([path, steps]) => [path.slice(dir.length + 1), steps]),
    [
      ["a.js", 0],
      ["in/b.js", 1],
      ["c.js", 1],
      ["d.js", 2],
    ],
  );
  assert.equal(graph.reach(join(dir, "a.js"), (path) => path.includes("/in/")).size, 2);
});

test("the fast set holds what stays in its process, the shortest and every new file, within its budget", () => {
  const durations = { short: { wall: 1, cpu: 1 }, waits: { wall: 8, cpu: 1 }, long: { wall: 6, cpu: 6 } };
  const names = ["long", "new", "outside", "short", "waits"];
  const choose = (budget: number) => chooseFast(names, durations, (name) => name !== "outside", budget);
  assert.deepEqual(choose(100), ["long", "new", "short", "waits"]);
  assert.deepEqual(choose(7), ["new", "short", "waits"]);
  assert.deepEqual(choose(0), ["new"]);
});

test("the fast set of this project has files of every layer and none that starts a process", () => {
  const graph = new ImportGraph();
  const names = testFiles(project);
  const kept = readDurations(join(project, "test/durations.json"));
  const fast = chooseFast(names, kept, (name) => isPure(graph, project, name), FAST_SECONDS);
  const layers = new Set(fast.map((name) => name.split("/")[0]));
  const expected =
    "base store recording corpus signal cache dataset tensor model training scoring plots cluster jupyter";
  for (const layer of expected.split(" ")) assert.ok(layers.has(layer), `no file of ${layer}`);
  assert.ok(!isPure(graph, project, "cli/main.test.ts"));
  assert.ok(!isPure(graph, project, "cluster/slurm.test.ts"));
  assert.ok(!isPure(graph, project, "cli/review.test.ts"), "it runs verbs");
  assert.ok(!isPure(graph, project, "plots/review/page.test.ts"), "it starts a browser through a module of src");
  assert.ok(isPure(graph, project, "scoring/szcore.test.ts"));
});

test("test files are named as they are typed, by folder too, and a wrong name is refused", () => {
  const known = testFiles(project);
  assert.ok(known.includes("runner/runner.test.ts"));
  const file = join("test", "scoring", "szcore.test.ts");
  const here = process.cwd();
  process.chdir(project);
  try {
    for (const typed of [file, "dist/test/scoring/szcore.test.js", "scoring/szcore.test.ts"])
      assert.deepEqual(namesOf([typed], project, known), ["scoring/szcore.test.ts"]);
    assert.ok(namesOf(["kernels/typescript/test/kernel"], project, known).length > 5);
    assert.ok(namesOf(["test/scoring/"], project, known).length > 5);
    assert.throws(() => namesOf(["test/none.test.ts"], project, known), /no test file test\/none\.test\.ts; expected/);
  } finally {
    process.chdir(here);
  }
});

test("files that look for the shared data are counted, through their helpers too", () => {
  const count = countUsingShared(new ImportGraph(), project, ["cli/cache.test.ts", "base/delta-code.test.ts"]);
  assert.equal(count, 1);
});
