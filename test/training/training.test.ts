import assert from "node:assert/strict";
import { once } from "node:events";
import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { writeManifest } from "../../src/cache/manifest.js";
import { openExecutor } from "../../src/tensor/open.js";
import { tf } from "../../src/tensor/tf.js";
import { checkpointDir, listCheckpoints } from "../../src/training/checkpoint-folder.js";
import { startTraining } from "../../src/training/handle.js";
import { loadWeights } from "../../src/training/load-weights.js";
import { predictRecordings } from "../../src/training/predict-recordings.js";
import { readPrediction, readPredictions } from "../../src/training/prediction-store.js";
import { readRunLog } from "../../src/training/run-log.js";
import { makeCache } from "../cache/made-cache.js";
import {
  checkpointBytes,
  MADE_RECORDINGS,
  madeFolder,
  madeOptions,
  makeTrainingCache,
  TINY_UNET,
  trainHere,
} from "./made-run.js";

test("5 steps, a resume in another process and 5 more equal 10 steps, bit by bit, with dropout and augmentation", async (context) => {
  const dir = await madeFolder(context);
  const optimizer = { emaDecay: 0.9 };
  const whole = await trainHere(madeOptions(dir, "whole", { maxSteps: 10, optimizer }));
  assert.equal(whole.steps, 10);
  assert.equal(whole.stopped, "max-steps");
  const first = await startTraining(madeOptions(dir, "parts", { maxSteps: 5, optimizer })).done;
  assert.equal(first.steps, 5);
  const second = await startTraining(madeOptions(dir, "parts", { maxSteps: 10, optimizer, resume: true })).done;
  assert.equal(second.steps, 10);
  const [a, b] = await Promise.all([checkpointBytes(join(dir, "whole"), 10), checkpointBytes(join(dir, "parts"), 10)]);
  assert.deepEqual(b, a);
  const average = (run: string) => readFile(join(checkpointDir(join(dir, run), 10), "average.safetensors"));
  assert.deepEqual(await average("parts"), await average("whole"));
});

test("a run whose process is killed twice between steps resumes to the uninterrupted run's checkpoint", async (context) => {
  const dir = await madeFolder(context);
  const changes = { checkpointEverySteps: 3, keepLast: 3 };
  const whole = await trainHere(madeOptions(dir, "whole", changes));
  for (const killAt of [4, 11]) {
    const handle = startTraining(madeOptions(dir, "killed", { ...changes, resume: true }));
    const off = handle.onUpdate(({ step, processId }) => {
      if (step < killAt) return;
      off(); // messages that are on their way still arrive
      process.kill(processId!, "SIGKILL");
    });
    await assert.rejects(
      handle.done,
      /was killed by SIGKILL after step \d+\. If it was not killed on purpose.*lower training\.batch_size from 4 to 2.* Resume from .*step-0000/,
    );
    assert.equal(handle.state, "failed");
  }
  const report = await startTraining(madeOptions(dir, "killed", { ...changes, resume: true })).done;
  assert.equal(report.stopped, "finished");
  assert.equal(report.steps, whole.totalSteps);
  assert.deepEqual(
    await checkpointBytes(join(dir, "killed"), whole.steps),
    await checkpointBytes(join(dir, "whole"), whole.steps),
  );
  const steps = readRunLog(join(dir, "killed", "metrics.jsonl")).filter(({ kind }) => kind === "validation");
  assert.deepEqual(
    steps.map(({ step }) => step),
    [whole.totalSteps / 2, whole.totalSteps],
  );
});

test("a time budget ends a run with a checkpoint, and the next one resumes from it", async (context) => {
  const dir = await madeFolder(context);
  const first = await trainHere(madeOptions(dir, "run", { maxHours: 1e-9 }));
  assert.deepEqual([first.stopped, first.steps], ["max-hours", 0]);
  const second = await trainHere(madeOptions(dir, "run", { maxHours: 1, resume: true }));
  assert.deepEqual([second.stopped, second.steps], ["finished", second.totalSteps]);
});

test("equal seeds give equal checkpoints, other seeds others", async (context) => {
  const dir = await madeFolder(context);
  for (const [run, seed] of [
    ["one", 7],
    ["two", 7],
    ["three", 8],
  ] as const)
    await trainHere(madeOptions(dir, run, { maxSteps: 2, seed }));
  const [one, two, three] = await Promise.all(["one", "two", "three"].map((run) => checkpointBytes(join(dir, run), 2)));
  assert.deepEqual(one, two);
  assert.notDeepEqual(one!["model.safetensors"], three!["model.safetensors"]);
});

test("training learns the made rhythm, validates in the parent, keeps the best checkpoint and shows itself", async (context) => {
  const dir = await madeFolder(context);
  const seen: string[][] = [];
  const contrast: number[] = [];
  const handle = startTraining(
    madeOptions(dir, "run", { epochs: 8, augment: {}, metric: { name: "contrast", mode: "max" } }),
    {
      validate: async (predictions) => {
        seen.push(predictions.map(({ id, rateHz, probability }) => `${id} ${rateHz} ${probability.length}`));
        const { probability } = predictions[0]!;
        const mean = (from: number, to: number) => probability.slice(from, to).reduce((a, b) => a + b) / (to - from);
        contrast.push(mean(21, 34) - mean(0, 19));
        return { contrast: contrast.at(-1)! };
      },
    },
  );
  const states = new Set<string>();
  handle.onUpdate(({ state }) => states.add(state));
  const report = await handle.done;
  assert.deepEqual(seen[0], ["dev/g/s/m/t0 1 51", "dev/h/s/m/t0 1 7"]);
  assert.equal(seen.length, 8);
  assert.equal(report.bestMetric, Math.max(...contrast));
  assert.ok(report.bestMetric! > 0.2, contrast.join(" "));
  assert.equal(report.validations.length, 8);
  assert.deepEqual([...states].sort(), ["done", "training", "validating"]);
  const best = report.validations.filter(({ isBest }) => isBest).at(-1)!;
  assert.equal(report.checkpoint, join(checkpointDir(join(dir, "run"), best.step), "model.safetensors"));
  const weights = await loadWeights(join(dir, "run"));
  assert.equal(weights.path, report.checkpoint);
  assert.equal(weights.detector.name, "unet");
  const shown = (handle as unknown as Record<symbol, () => Record<string, string>>)[Symbol.for("Jupyter.display")]!();
  assert.match(shown["text/plain"]!, /state +done/);
  assert.match(shown["text/plain"]!, /gradient norm +\d.*\n.*speed.*\n.*memory +\d/);
  assert.equal(shown["text/html"]!.match(/<polyline/g)?.length, 5);
  for (const key of [
    "steps",
    "epoch",
    "bestMetric",
    "checkpoint",
    "executor",
    "secondsPerStep",
    "nonFiniteSteps",
    "parameters",
  ]) {
    assert.notEqual(report[key as keyof typeof report], undefined, key);
  }
});

test("stop() ends at a step with a checkpoint from which the run resumes", async (context) => {
  const dir = await madeFolder(context);
  const handle = startTraining(madeOptions(dir, "run", { epochs: 400 }));
  await new Promise<void>((resolve) => handle.onUpdate(({ step }) => step >= 2 && resolve()));
  const report = await handle.stop();
  assert.equal(report.stopped, "interrupted");
  assert.deepEqual((await listCheckpoints(join(dir, "run"))).at(-1), report.steps);
  const next = await trainHere(madeOptions(dir, "run", { epochs: 400, resume: true, maxSteps: report.steps + 1 }));
  assert.equal(next.steps, report.steps + 1);
});

test("a failure in the process and one in the validation reach the parent with their names", async (context) => {
  const dir = await madeFolder(context);
  const missing = madeOptions(dir, "run");
  const noCache = startTraining({ ...missing, data: { ...missing.data, cacheDir: join(dir, "none") } });
  await assert.rejects(noCache.done, { name: "NotFoundError", message: /no cache at .*none/ });
  assert.match(noCache.failure!, /no cache/);
  const handle = startTraining(madeOptions(dir, "run"), {
    validate: () => {
      throw new TypeError("no scorer");
    },
  });
  await assert.rejects(handle.done, { name: "TypeError", message: "no scorer" });
});

test("the training process ends when its parent does", async (context) => {
  const dir = await madeFolder(context);
  const { spawn } = await import("node:child_process");
  const script = `import { startTraining } from ${JSON.stringify(new URL("../../src/training/handle.js", import.meta.url).href)};
    const handle = startTraining(${JSON.stringify(madeOptions(dir, "run", { epochs: 5000 }))});
    handle.onUpdate(({ step }) => { if (step >= 1) { console.log(handle.processId); process.kill(process.pid, "SIGKILL"); } });`;
  const parent = spawn(process.execPath, ["--input-type=module", "-e", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [[chunk]] = await Promise.all([once(parent.stdout, "data"), once(parent, "exit")]);
  const child = Number(String(chunk).trim().split("\n")[0]);
  const isAlive = () => {
    try {
      return process.kill(child, 0);
    } catch {
      return false;
    }
  };
  for (let i = 0; i < 100 && isAlive(); i++) await new Promise((resolve) => setTimeout(resolve, 50));
  assert.equal(isAlive(), false);
  assert.ok((await listCheckpoints(join(dir, "run"))).length > 0);
});

test("a folder that holds a run is neither overwritten nor resumed with other options, model or data", async (context) => {
  const dir = await madeFolder(context);
  await trainHere(madeOptions(dir, "run", { maxSteps: 2 }));
  await assert.rejects(trainHere(madeOptions(dir, "run")), {
    name: "CacheError",
    message: /already holds a run at step 2/,
  });
  await assert.rejects(trainHere(madeOptions(dir, "run", { resume: true, learningRate: 1e-3 })), {
    name: "CacheError",
    message: /other options: learningRate: 0\.005 then, 0\.001 now/,
  });
  await makeTrainingCache(join(dir, "less"), MADE_RECORDINGS.slice(1));
  const less = madeOptions(dir, "run", { resume: true, maxSteps: 3 });
  const changed = { ...less, data: { ...less.data, cacheDir: join(dir, "less") } };
  await assert.rejects(trainHere(changed), {
    name: "CacheError",
    message: /train\/a\/s\/m\/t0 was removed.*--allow-changed-data/,
  });
  const warnings: string[] = [];
  const report = await trainHere({ ...changed, allowDataChange: true }, { onWarning: (text) => warnings.push(text) });
  assert.match(warnings[0]!, /changed data.*train\/a/);
  assert.equal(report.stopped, "max-steps");
  const anew = await trainHere(madeOptions(dir, "run", { existing: "replace", maxSteps: 1 }));
  assert.equal(anew.steps, 1);
  assert.deepEqual(await listCheckpoints(join(dir, "run")), [1]);
});

test("a checkpoint that was being written when the process died is skipped and removed", async (context) => {
  const dir = await madeFolder(context);
  await trainHere(madeOptions(dir, "run", { maxSteps: 2 }));
  const half = join(dir, "run", "checkpoints", "step-00000003.tmp-1-1");
  const { mkdir, access } = await import("node:fs/promises");
  await mkdir(half);
  await writeFile(join(half, "model.safetensors"), "half");
  const report = await trainHere(madeOptions(dir, "run", { maxSteps: 3, resume: true }));
  assert.equal(report.steps, 3);
  await assert.rejects(access(half));
});

test("training in this process leaves no tensor behind", async (context) => {
  const dir = await madeFolder(context);
  await trainHere(madeOptions(dir, "warm", { maxSteps: 1 }));
  const before = tf.memory().numTensors;
  await trainHere(madeOptions(dir, "run", { maxSteps: 3 }), { validate: () => ({}) });
  assert.equal(tf.memory().numTensors, before);
});

test("predictions cover whole recordings, never join them, do not depend on the batch and are stored with their origin", async (context) => {
  const dir = await madeFolder(context);
  await trainHere(madeOptions(dir, "run", { epochs: 1 }));
  const executor = await openExecutor("onnx-cpu", { threads: 1 });
  context.after(() => executor.dispose());
  const all = async (changes: object) => {
    const found = new Map<string, Float32Array>();
    const options = { checkpoint: join(dir, "run"), cacheDir: join(dir, "cache"), executor, ...changes };
    for await (const { id, probability, rateHz } of predictRecordings(options)) {
      const { sampleCount } = MADE_RECORDINGS.find((recording) => recording.id === id)!;
      assert.equal(probability.length, Math.ceil((sampleCount / 256) * rateHz));
      assert.ok(
        probability.every((value) => value >= 0 && value <= 1),
        id,
      );
      found.set(id, probability);
    }
    return found;
  };
  const dev = await all({ split: "dev" });
  assert.deepEqual([...dev.keys()], ["dev/g/s/m/t0", "dev/h/s/m/t0"]);
  const alone = await all({ ids: ["dev/g/s/m/t0"], batchSize: 1 });
  alone.get("dev/g/s/m/t0")!.forEach((value, i) => {
    assert.ok(Math.abs(value - dev.get("dev/g/s/m/t0")![i]!) < 1e-6);
  });
  for (const stitching of ["triangular", "max"]) assert.notDeepEqual(await all({ split: "dev", stitching }), dev);
  assert.equal((await all({ split: "dev", rateHz: 1 })).get("dev/g/s/m/t0")!.length, 51);

  const out = join(dir, "out");
  await all({ split: "dev", outDir: out, storeAs: "float32" });
  const stored = await readPrediction(out, "dev/g/s/m/t0");
  assert.deepEqual(stored.probability, dev.get("dev/g/s/m/t0"));
  assert.equal(stored.sidecar.checkpointHash, (await loadWeights(join(dir, "run"))).hash);
  await all({ split: "dev", outDir: join(dir, "half") });
  const ids: string[] = [];
  for await (const { id, probability } of readPredictions(join(dir, "half"))) {
    ids.push(id);
    probability.forEach((value, i) => {
      assert.ok(Math.abs(value - dev.get(id)![i]!) < 5e-4);
    });
  }
  assert.deepEqual(ids, [...dev.keys()]);
  await writeFile(join(out, "dev/g/s/m/t0.f32"), "short");
  await assert.rejects(readPrediction(out, "dev/g/s/m/t0"), { name: "CacheError", message: /predict again/ });
  await rm(join(out, "dev/g/s/m/t0.f32"));
  await assert.rejects(readPrediction(out, "dev/g/s/m/t0"), {
    name: "CacheError",
    message: /no values at .*predict again/,
  });
  await assert.rejects(readPrediction(out, "dev/none"), { name: "NotFoundError" });
  const sidecar = join(dir, "half/dev/g/s/m/t0.json");
  const written = await readFile(sidecar, "utf8");
  await writeFile(sidecar, written.replace(/"rateHz":\d+/, '"rateHz":3'));
  await assert.rejects(readPrediction(join(dir, "half"), "dev/g/s/m/t0"), {
    name: "FormatError",
    message: /t0\.json: its content is not that of its checksum: it was edited or damaged; remove it and predict again/,
  });
  await writeFile(sidecar, written.replace(/"checksum":"[0-9a-f]+",/, "")); // as version 0.1 wrote it
  assert.equal((await readPrediction(join(dir, "half"), "dev/g/s/m/t0")).id, "dev/g/s/m/t0");
  await assert.rejects(all({ split: "eval" }), { name: "ConfigError", message: /the cache has dev, train/ });
  const other = join(dir, "other");
  await makeCache(other, MADE_RECORDINGS, { channels: ["FP1", "C3"] });
  await writeManifest(other);
  await assert.rejects(all({ split: "dev", cacheDir: other }), {
    name: "CacheError",
    message: /the cache holds FP1 C3 at 256 Hz, the weights take FP1 F3 at 256 Hz/,
  });
});

test("predictions leave no time out and keep at most 16 values a second unless asked", async (context) => {
  const dir = await madeFolder(context);
  const model = { ...TINY_UNET, outputStrideSamples: 4 };
  await trainHere(madeOptions(dir, "run", { model, maxSteps: 1 }));
  const executor = await openExecutor("onnx-cpu", { threads: 1 });
  context.after(() => executor.dispose());
  const first = async (changes: object) => {
    const options = { checkpoint: join(dir, "run"), cacheDir: join(dir, "cache"), executor, split: "dev", ...changes };
    for await (const prediction of predictRecordings(options)) return prediction;
    return undefined;
  };
  const usual = (await first({}))!;
  const own = (await first({ rateHz: 64 }))!;
  assert.deepEqual([usual.rateHz, own.rateHz], [16, 64]);
  assert.equal(usual.probability.length, Math.ceil(own.probability.length / 4));
  const [a, b, c, d] = own.probability;
  assert.ok(Math.abs(usual.probability[0]! - (a! + b! + c! + d!) / 4) < 1e-6);
  for (const strideSeconds of [10, 3]) {
    const { probability } = (await first({ strideSeconds }))!;
    assert.ok(probability.every((value) => value >= 0 && value <= 1));
  }
  await assert.rejects(first({ strideSeconds: 11 }), {
    name: "ConfigError",
    message: /windows of 10 s every 11 s leave time without a probability; predict with data\.stride at most 10/,
  });
});

test("a run interrupted during a validation keeps its steps, and the next one makes up for the validation", async (context) => {
  const dir = await madeFolder(context);
  const metric = { name: "calls", mode: "max" } as const;
  const interrupt = new AbortController();
  const first = await trainHere(madeOptions(dir, "run", { metric }), {
    signal: interrupt.signal,
    validate: () => {
      interrupt.abort();
      interrupt.signal.throwIfAborted();
      return {};
    },
  });
  assert.equal(first.stopped, "interrupted");
  assert.equal(first.steps, first.totalSteps / 2);
  assert.equal(first.bestMetric, null);
  let calls = 0;
  const validated: number[] = [];
  const second = await trainHere(madeOptions(dir, "run", { metric, resume: true }), {
    validate: () => ({ calls: ++calls }),
    onValidation: ({ step }) => validated.push(step),
  });
  assert.deepEqual(validated, [first.steps, second.totalSteps]);
  assert.equal(second.bestMetric, 2);
});
