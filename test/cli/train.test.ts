import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { writeManifest } from "../../src/cache/manifest.js";
import { makeCache, RATE, seizure } from "../cache/made-cache.js";

/** Run verbs of the files under test in a process of their own. */
function run(...args: string[]) {
  const script = `import { Command } from "commander";
    import { addTrainCommand } from ${JSON.stringify(new URL("../../src/cli/train.js", import.meta.url).href)};
    import { addPredictCommand } from ${JSON.stringify(new URL("../../src/cli/predict.js", import.meta.url).href)};
    const program = new Command("ictal");
    addTrainCommand(program);
    addPredictCommand(program);
    await program.parseAsync(process.argv.slice(1), { from: "user" });`;
  const project = new URL("../../../", import.meta.url);
  return spawnSync(process.execPath, ["--input-type=module", "-e", script, ...args], {
    cwd: project,
    encoding: "utf8",
  });
}

test("train, train --resume and predict do their work and print one JSON document each", async (context) => {
  const dir = await mkdtemp(join(tmpdir(), "ictal-verbs-"));
  context.after(() => rm(dir, { recursive: true, force: true }));
  const channels = Array.from({ length: 19 }, (_, i) => `E${i}`);
  const recordings = ["train/a", "train/b", "train/c", "dev/d"].map((patient) => ({
    id: `${patient}/s/m/t0`,
    sampleCount: 30 * RATE,
    seizures: [seizure(10, 18)],
  }));
  await makeCache(join(dir, "cache"), recordings, { channels });
  await writeManifest(join(dir, "cache"));
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
  const wrong = run("train", "--config", config, "--max-steps", "none");
  assert.equal(wrong.status, 2);
  assert.match(wrong.stderr, /invalid --max-steps: none; expected a whole number from 1/);
});
