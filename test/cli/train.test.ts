import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { describeCache } from "../../src/cache/describe.js";
import { writeManifest } from "../../src/cache/manifest.js";
import { DEFAULT_CHAIN } from "../../src/signal/chain.js";
import { makeCache, RATE, seizure } from "../cache/made-cache.js";
import { hashTree, makeProject } from "../cluster/made-plan.js";
import { runVerb } from "./verb-thread.js";

function run(...args: string[]) {
  return runVerb(args);
}

test("train, train --resume and predict do their work and print one JSON document each", async (context) => {
  const dir = await mkdtemp(join(tmpdir(), "ictal-verbs-"));
  context.after(() => rm(dir, { recursive: true, force: true }));
  const recordings = ["train/a", "train/b", "train/c", "dev/d"].map((patient) => ({
    id: `${patient}/s/m/t0`,
    sampleCount: 30 * RATE,
    seizures: [seizure(10, 18)],
  }));
  const cacheDir = join(dir, "cache");
  const { folder } = await makeCache(cacheDir, recordings, { description: describeCache(DEFAULT_CHAIN, "int16") });
  await writeManifest(cacheDir, { key: folder.key });
  await makeCache(cacheDir, recordings.slice(0, 1)); // of another key, beside it
  const config = join(dir, "config.yaml");
  await writeFile(
    config,
    `data: { cache_dir: ${dir}/cache, window_size: 10, stride: 5 }
model: { name: unet, unet: { channels: [4, 4], downsample_factor: 4 } }
training: { epochs: 2, batch_size: 4, learning_rate: 1e-3, early_stopping: { metric: auroc } }
experiment: { output_dir: ${dir}/run, device: cpu }
`,
  );
  const first = run("train", "--config", config, "--max-steps", "3", "--json");
  assert.equal(first.status, 0, first.stderr);
  const report = JSON.parse(first.stdout);
  assert.equal(report.steps, 3);
  assert.equal(report.executor, "onnx-cpu");
  assert.doesNotMatch(first.stderr, /held out/);
  assert.match(
    first.stderr,
    /^model {3}unet, [\d,]+ parameters\ndata {4}\d+ windows of 10 s from 3 recordings; 1 recording to/m,
  );
  assert.ok(existsSync(report.checkpoint));

  const again = run("train", "--config", config, "--json");
  assert.equal(again.status, 1);
  assert.match(again.stderr, /already holds a run at step 3/);
  const resumed = run("train", "--config", config, "--resume", "--json");
  assert.equal(resumed.status, 0, resumed.stderr);
  const whole = JSON.parse(resumed.stdout);
  assert.equal(whole.steps, whole.totalSteps);
  assert.equal(typeof whole.bestMetric, "number");

  const predicted = run(
    "predict",
    "--config",
    config,
    "--checkpoint",
    join(dir, "run"),
    "--out",
    join(dir, "out"),
    "--json",
  );
  assert.equal(predicted.status, 0, predicted.stderr);
  assert.equal(JSON.parse(predicted.stdout).recordings, 1);
  assert.ok(existsSync(join(dir, "out/dev/d/s/m/t0.f16")));
  const heldOut = run(
    "train",
    "--config",
    config,
    "--set",
    "data.split_policy=custom",
    "--max-steps",
    "1",
    "--replace",
  );
  assert.equal(heldOut.status, 0, heldOut.stderr);
  assert.match(heldOut.stderr, /there is no dev split to validate on; 20 % of the training patients are held out/);
  const wrong = run("train", "--config", config, "--max-steps", "none");
  assert.equal(wrong.status, 2);
  assert.match(wrong.stderr, /--max-steps.*none.*expected a whole number, at least 1/);
});

test("the first train builds the cache, the next finds it; what may not be left out is named", async (context) => {
  const { dir, config, cacheDir } = await makeProject(context);
  const first = run("train", "--config", config, "--max-steps", "1", "--json");
  assert.equal(first.status, 0, first.stderr);
  assert.match(first.stderr, /cache contains no cache for this configuration; building it from .*corpus\n/);
  assert.match(first.stderr, /4 built, 0 reused/);
  const made = await hashTree(cacheDir);
  const second = run("train", "--config", config, "--max-steps", "2", "--resume", "--json");
  assert.equal(second.status, 0, second.stderr);
  assert.doesNotMatch(second.stderr, /contains no cache/);
  assert.deepEqual(await hashTree(cacheDir), made);
  const limited = ["--set", "data.limit_files=2", "--set", `experiment.output_dir=${dir}/two`];
  const two = run("train", "--config", config, ...limited, "--max-steps", "1", "--json");
  assert.equal(two.status, 0, two.stderr);
  assert.match(two.stderr, /2 of the 4 recordings in the cache are used \(data\.limit_files or BGB_LIMIT_FILES\)/);
  const lines = JSON.parse(await readFile(join(dir, "two/checkpoints/step-00000001/state.json"), "utf8")).dataLines;
  assert.deepEqual(
    lines.map((line: string) => line.split("/")[1]),
    ["aaaaaaaa"],
  );
  const seen = run("dataset", "inspect", "--config", config, "--set", "data.limit_files=2", "--json");
  assert.equal(JSON.parse(seen.stdout).patients, 1);
  assert.deepEqual(await hashTree(cacheDir), made, "the cache stays as it is");
  await writeFile(join(dir, "corpus/edf/train/aaaaaaaa/s001_2010/01_tcp_ar/aaaaaaaa_s001_t000.edf"), "no EDF");
  const damaged = run("train", "--config", config, "--set", `data.cache_dir=${dir}/other`, "--json");
  assert.equal(damaged.status, 1);
  assert.match(damaged.stderr, /excluded train\/aaaaaaaa.*accept the excluded recordings: --accept/s);
  assert.match(damaged.stderr, /the cache is incomplete; see the messages above/);
  const again = ["--set", `data.cache_dir=${dir}/other`, "--set", `experiment.output_dir=${dir}/again`];
  const same = run("train", "--config", config, ...again, "--max-steps", "1", "--json");
  assert.equal(same.status, 1, "a second run ends as the first");
  assert.match(same.stderr, /contains an incomplete cache for this configuration; building it from .*corpus\n/);
  assert.match(same.stderr, /excluded train\/aaaaaaaa.*the cache is incomplete; see the messages above/s);
  const accepted = run("cache", "build", "--config", config, ...again, "--accept", "all");
  assert.equal(accepted.status, 0, accepted.stderr);
  const next = run("train", "--config", config, ...again, "--max-steps", "1", "--json");
  assert.equal(next.status, 0, next.stderr);
  assert.match(
    next.stderr,
    /1 recordings are excluded from the cache \(\S+\): train\/aaaaaaaa\S*; see ictal cache build for the reasons/,
  );
});

test("a train that asks for more recordings than its cache was built for says how to add them", async (context) => {
  const { config, cacheDir } = await makeProject(context);
  assert.equal(run("cache", "build", "--config", config, "--limit", "2").status, 0);
  const more = run("train", "--config", config, "--max-steps", "1", "--json");
  assert.equal(more.status, 0, more.stderr);
  assert.match(
    more.stderr,
    /has 2 recordings, because it was built with a limit of 2; all are requested .*cache build --config/,
  );
  assert.equal(run("cache", "build", "--config", config).status, 0);
  const whole = run("train", "--config", config, "--cache-dir", cacheDir, "--max-steps", "1", "--replace", "--json");
  assert.equal(whole.status, 0, whole.stderr);
  assert.doesNotMatch(whole.stderr, /recordings in the cache/);
});
