import assert from "node:assert/strict";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { describeCache } from "../../src/cache/describe.js";
import { writeManifest } from "../../src/cache/manifest.js";
import { DEFAULT_CHAIN } from "../../src/signal/chain.js";
import { makeCache, RATE, seizure } from "../cache/made-cache.js";
import { runVerb } from "./verb-thread.js";

test("the splits of a run are known to predict and sealed; dev may lie in the corpus's folder eval", async (context) => {
  const dir = await mkdtemp(join(tmpdir(), "ictal-run-splits-"));
  context.after(() => rm(dir, { recursive: true, force: true }));
  const recordings = ["train/a", "train/b", "dev/d", "eval/e"].map((patient) => ({
    id: `${patient}/s/m/t0`,
    sampleCount: 30 * RATE,
    seizures: [seizure(10, 18)],
  }));
  const cacheDir = join(dir, "cache");
  const { folder } = await makeCache(cacheDir, recordings, { description: describeCache(DEFAULT_CHAIN, "int16") });
  await writeManifest(cacheDir, { key: folder.key });
  const config = join(dir, "config.yaml");
  await writeFile(
    config,
    `data: { cache_dir: ${cacheDir}, window_size: 10, stride: 5 }
model: { name: unet, unet: { channels: [4, 4], downsample_factor: 4 } }
training: { epochs: 1, batch_size: 4, early_stopping: { metric: sensitivity_at_10fa } }
experiment: { output_dir: ${dir}/run, device: cpu }
`,
  );
  const leak = join(dir, "leak");
  await mkdir(leak);
  await writeFile(join(leak, "train.txt"), "a\nd\n");
  await writeFile(join(leak, "dev.txt"), "e\n");
  const trained = runVerb(["train", "--config", config, "--splits", leak, "--json"]);
  assert.equal(trained.status, 0, trained.stderr); // thresholds are searched on e, which is dev now
  const { checkpoint } = JSON.parse(trained.stdout);
  const predict = (from: string, ...more: string[]) =>
    runVerb(["predict", "--config", config, "--checkpoint", from, "--out", join(dir, "out"), ...more, "--json"]);
  const run = join(dir, "run");
  const known = /1 of the 1 patients of dev have the names of patients that the checkpoint was trained on \(d\)/;
  for (const from of [run, join(checkpoint, ".."), checkpoint]) {
    const { stderr, stdout } = predict(from);
    assert.match(stderr, known);
    assert.ok(stderr.includes(`use --splits ${run}`), stderr);
    assert.equal(JSON.parse(stdout).recordings, 1);
  }
  const own = predict(run, "--splits", run);
  assert.doesNotMatch(own.stderr, /trained on/);
  assert.equal(own.status, 0, own.stderr);

  const file = join(run, "splits.json");
  const text = await readFile(file, "utf8");
  const record = JSON.parse(text);
  record.splits.dev.patients = ["d", "e"];
  record.splits.train.patients = ["a"];
  await writeFile(file, JSON.stringify(record));
  for (const given of [run, file]) {
    const edited = predict(run, "--splits", given);
    assert.equal(edited.status, 1, edited.stderr);
    assert.match(
      edited.stderr,
      /is not what the run was trained with, it was edited: d was trained on and is not in its train/,
    );
  }
  assert.match(predict(run).stderr, known); // by the checkpoint itself
  await writeFile(file, text.slice(0, 40));
  const damaged = predict(run);
  assert.match(damaged.stderr, /the splits of the checkpoint's run cannot be used/);
  assert.match(damaged.stderr, known);
  await rm(file);
  assert.match(predict(checkpoint).stderr, known);
});
