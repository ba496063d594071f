import assert from "node:assert/strict";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { isIctalError } from "@ictal/base/errors";
import type { Executor } from "../../src/tensor/program.js";
import { checkpointDir, listCheckpoints } from "../../src/training/checkpoint-folder.js";
import { startTraining } from "../../src/training/handle.js";
import { runTraining } from "../../src/training/loop.js";
import { fillTrainOptions } from "../../src/training/options.js";
import { openTrainingData, type TrainingData } from "../../src/training/run-data.js";
import { ignoreWriteErrors, readRunLog } from "../../src/training/run-log.js";
import { changedReader } from "./changed-reader.js";
import { checkpointBytes, MADE_RECORDINGS, madeFolder, madeOptions, makeTrainingCache, trainHere } from "./made-run.js";

/** Data in which one recording holds a value that is not finite, or all samples are multiplied. */
function spoiled(data: TrainingData, id: string, spoil: (samples: Float32Array) => void): TrainingData {
  const { reader } = data;
  const bad = reader.positionOf(id);
  const readInto: typeof reader.readInto = async (out, recording, startSample, sampleCount) => {
    await reader.readInto(out, recording, startSample, sampleCount);
    if (recording === bad) spoil(out);
  };
  return { ...data, reader: changedReader(reader, { readInto }) };
}

const ID = "train/b/s/m/t0";
const noAugment = { augment: {} };

test("a step that is not finite is named with its windows, in words and in the log, and changes no weight", async (context) => {
  const dir = await madeFolder(context);
  for (const accumulate of [1, 2]) {
    const options = madeOptions(dir, `run${accumulate}`, { ...noAugment, accumulate, batchSize: 2 });
    const report = await trainHere(options, {}, (data) =>
      spoiled(data, ID, (samples) => {
        samples[3] = Number.NaN;
      }),
    );
    assert.ok(report.nonFiniteSteps > 0 && report.nonFiniteSteps < report.steps);
    assert.match(
      report.warnings[0]!,
      /^step \d+ was skipped and changed no weight: samples of train\/b\/s\/m\/t0 from \d+ s/,
    );
    const entries = readRunLog(join(options.runDir, "metrics.jsonl")).filter(({ kind }) => kind === "non-finite");
    assert.equal(entries.length, report.nonFiniteSteps);
    for (const { what, windows } of entries) {
      assert.equal(what, "samples");
      assert.ok((windows as { id: string }[]).every(({ id }) => id === ID));
    }
    const told = report.warnings.filter((text) => text.includes("was skipped"));
    assert.equal(told.length, Math.min(3, report.nonFiniteSteps));
  }
});

test("overflows of loss, gradient and samples are distinguished, and a hundred such steps end the run", async (context) => {
  const dir = await madeFolder(context);
  const options = madeOptions(dir, "run", { ...noAugment, epochs: 100, loss: { kind: "bce", posWeight: 1e39 } });
  await assert.rejects(
    trainHere(options),
    /diverged: 100 steps in a row.*the loss was (NaN|Infinity); its windows: .*Lower the learning rate.*metrics\.jsonl/s,
  );
  const entry = readRunLog(join(options.runDir, "metrics.jsonl")).find(({ kind }) => kind === "non-finite")!;
  assert.equal(entry.what, "loss");
  assert.equal((entry.windows as unknown[]).length, 4);
});

test("a damaged latest checkpoint is quarantined with a warning, and the run continues from the one before to the same bits", async (context) => {
  const dir = await madeFolder(context);
  const options = { checkpointEverySteps: 2, keepLast: 4 };
  const whole = await trainHere(madeOptions(dir, "whole", { ...options, maxSteps: 6 }));
  const damage: Record<string, (path: string) => Promise<void>> = {
    "cut short": async (path) => {
      const file = join(path, "optimizer.safetensors");
      await writeFile(file, (await readFile(file)).subarray(0, 500));
    },
    "one bit": async (path) => {
      const file = join(path, "model.safetensors");
      const bytes = await readFile(file);
      bytes[bytes.length - 10]! ^= 1;
      await writeFile(file, bytes);
    },
    missing: (path) => rm(join(path, "model.safetensors")),
    state: (path) => writeFile(join(path, "state.json"), "{"),
  };
  for (const [name, spoil] of Object.entries(damage)) {
    await trainHere(madeOptions(dir, name, { ...options, maxSteps: 4 }));
    await spoil(checkpointDir(join(dir, name), 4));
    const report = await trainHere(madeOptions(dir, name, { ...options, maxSteps: 6, resume: true }));
    assert.match(
      report.warnings[0]!,
      /checkpoint of step 4 is damaged \(.*\) and was moved to .*step-00000004\.damaged; continuing from step 2/,
    );
    assert.deepEqual(await checkpointBytes(join(dir, name), 6), await checkpointBytes(join(dir, "whole"), whole.steps));
    assert.deepEqual(await checkpointBytes(join(dir, name), 4), await checkpointBytes(join(dir, "whole"), 4));
    assert.ok((await readdir(join(dir, name, "checkpoints"))).includes("step-00000004.damaged"));
  }
  await trainHere(madeOptions(dir, "none", { maxSteps: 1 }));
  for (const step of await listCheckpoints(join(dir, "none"))) {
    await writeFile(join(checkpointDir(join(dir, "none"), step), "state.json"), "");
  }
  await assert.rejects(trainHere(madeOptions(dir, "none", { resume: true })), {
    name: "CacheError",
    message: /no checkpoint of .*none is whole \(step 1: .*state\.json.*--replace/,
  });
});

test("an unknown metric is refused before a process starts, with the names there are", async (context) => {
  const dir = await madeFolder(context);
  const validate = Object.assign(() => ({ auroc: 1 }), { metricNames: ["auroc", "sensitivity_at_5fa"] });
  const start = (name: string) =>
    startTraining(madeOptions(dir, "run", { metric: { name, mode: "max" } }), { validate });
  assert.throws(() => start("aurok"), {
    name: "ConfigError",
    message: /unknown metric aurok.*auroc, sensi.*did you mean auroc/,
  });
  assert.throws(() => start("sensitivity_at_10fa"), { message: /add 10 to evaluation\.fa_rates/ });
  assert.throws(() => startTraining(madeOptions(dir, "run", { metric: { name: "auroc", mode: "max" } })), {
    message: /nothing is validated/,
  });
});

test("a metric without a value neither picks a checkpoint nor stops the run, and is named once", async (context) => {
  const dir = await madeFolder(context);
  const metric = { name: "auroc", mode: "max" } as const;
  const validated: string[][] = [];
  const report = await trainHere(madeOptions(dir, "run", { metric, patience: 1, epochs: 4 }), {
    validate: (predictions) => {
      validated.push(predictions.map(({ id }) => id));
      return { auroc: Number.NaN };
    },
  });
  assert.deepEqual(validated, Array(4).fill(["dev/g/s/m/t0", "dev/h/s/m/t0"]));
  assert.equal(report.stopped, "finished");
  assert.equal(report.bestMetric, null);
  const told = report.warnings.filter((text) => text.includes("no value of auroc"));
  assert.equal(told.length, 1);
  assert.match(told[0]!, /no seizure, or no labels/);
});

test("a sensitivity at a rate that dev cannot resolve gives way to the fallback, with one warning and over a resume", async (context) => {
  const dir = await madeFolder(context);
  const metric = { name: "sensitivity_at_1fa", mode: "max", fallback: "f1" } as const;
  let calls = 0;
  const validate = Object.assign(() => ({ sensitivity_at_1fa: Number.NaN, f1: ++calls / 10 }), {
    metricNames: ["sensitivity_at_1fa", "f1"],
  });
  const report = await trainHere(madeOptions(dir, "run", { metric, epochs: 2 }), { validate });
  assert.deepEqual([report.metricName, report.bestMetric], ["f1", 0.2]);
  const told = report.warnings.filter((text) => text.includes("cannot resolve 1 false alarms in 24 h, so f1 decides"));
  assert.equal(told.length, 1);
  const names = readRunLog(join(dir, "run", "metrics.jsonl")).flatMap((entry) =>
    entry.kind === "validation" ? [entry.metricName] : [],
  );
  assert.deepEqual(names, ["f1", "f1"]);
  const again = await trainHere(madeOptions(dir, "run", { metric, epochs: 2, resume: true }), { validate });
  assert.deepEqual([again.metricName, again.bestMetric], ["f1", 0.2]);
  assert.ok(!again.warnings.some((text) => text.includes("was chosen by")));
  const unknown = { ...metric, fallback: "f2" };
  await assert.rejects(trainHere(madeOptions(dir, "run", { metric: unknown, existing: "replace" }), { validate }), {
    details: {
      key: "training.early_stopping.fallback_metric",
      value: "f2",
      allowed: "loss, sensitivity_at_1fa, f1",
      nearest: "f1",
    },
  });
});

test("windows that the network cannot divide are refused with lengths that fit, as a ConfigError across processes too", async (context) => {
  const dir = await madeFolder(context);
  const options = madeOptions(dir, "run");
  const { done } = startTraining({ ...options, data: { ...options.data, windowSeconds: 9.95 } });
  await assert.rejects(done, (error: Error) => {
    assert.ok(isIctalError(error, "ConfigError"));
    assert.equal(error.details.key, "data.window_size");
    assert.match(
      error.message,
      /windows of 9\.95 s are 2547\.2\d* samples at 256 Hz; unet takes multiples of \d+ samples, e\.g\. 9 or 10 s/,
    );
    return true;
  });
});

test("training data without labels are refused with a reason, and labelled data without seizure give a warning", async (context) => {
  const dir = await madeFolder(context);
  const quietly = (labelled: boolean) =>
    MADE_RECORDINGS.map((made) => (made.id.startsWith("train") ? { ...made, labelled, seizures: [] } : made));
  await makeTrainingCache(join(dir, "unlabelled"), quietly(false));
  await makeTrainingCache(join(dir, "quiet"), quietly(true));
  const on = (cache: string, balance: false | undefined) => {
    const options = madeOptions(dir, cache + String(balance), { maxSteps: 1 });
    return trainHere({ ...options, data: { ...options.data, cacheDir: join(dir, cache), balance } });
  };
  await assert.rejects(on("unlabelled", false), {
    name: "CacheError",
    message: /no labelled window to train on: 0 of the 6 recordings of split train have annotations/,
  });
  await assert.rejects(on("unlabelled", undefined), { name: "CacheError" });
  assert.match((await on("quiet", false)).warnings[0]!, /none of the \d+ training windows holds seizure/);
});

test("an executor whose memory runs out is explained by what to lower", async (context) => {
  const dir = await madeFolder(context);
  const options = madeOptions(dir, "run");
  const { openExecutor } = await import("../../src/tensor/open.js");
  const real = await openExecutor("onnx-cpu", { threads: 1 });
  context.after(() => real.dispose());
  const data = await openTrainingData(fillTrainOptions(options).data, 1);
  context.after(() => data.reader.close());
  const full: Executor = {
    ...real,
    name: "onnx-cuda",
    async compile(program) {
      const compiled = await real.compile(program);
      const run = () => Promise.reject(new Error("BFCArena: Failed to allocate memory for requested buffer of size 9"));
      return {
        ...compiled,
        run,
        dispose: () => compiled.dispose(),
        getState: () => compiled.getState(),
        setState: (values) => compiled.setState(values),
      };
    },
  };
  await assert.rejects(runTraining(options, data, full), {
    name: "UnsupportedError",
    message:
      /onnx-cuda has not enough memory for batches of 4 windows: lower training\.batch_size from 4 to 2 with training\.gradient_accumulation_steps: 2.*BFCArena/,
  });
  const one = await runTraining({ ...options, batchSize: 1 }, data, full).catch((error: Error) => error.message);
  assert.match(String(one), /is 1 already: take shorter windows/);
});

test("a log that cannot be written is reported once and does not end the run", () => {
  const told: string[] = [];
  const attempt = ignoreWriteErrors((text) => told.push(text));
  for (let i = 0; i < 3; i++)
    attempt(() => {
      throw new Error("ENOSPC: no space left on device");
    });
  assert.equal(told.length, 1);
  assert.match(told[0]!, /ENOSPC.*training continues/);
});

test("a log with a line cut short in its middle keeps the lines after it", async (context) => {
  const dir = await madeFolder(context);
  await mkdir(join(dir, "log"));
  await writeFile(join(dir, "log", "metrics.jsonl"), '{"step":1}\n{"step":\n{"step":3}\n{"st');
  assert.deepEqual(readRunLog(join(dir, "log", "metrics.jsonl")), [{ step: 1 }, { step: 3 }]);
});

test("a time budget is counted in hours", async (context) => {
  const dir = await madeFolder(context);
  const now = performance.now.bind(performance);
  let passed = 0;
  context.mock.method(performance, "now", () => now() + passed);
  const after = (hours: number, maxSteps: number) => {
    passed = 0;
    const options = madeOptions(dir, `${hours}`, { ...noAugment, maxHours: 2, maxSteps });
    return trainHere(options, {
      onMetrics: () => {
        passed = hours * 3_600_000;
      },
    });
  };
  assert.equal((await after(2, 3)).stopped, "max-hours");
  assert.equal((await after(1.9, 2)).stopped, "max-steps");
});
