import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { createRandom } from "../../src/base/random.js";
import { createDetector, type Detector } from "../../src/model/detector.js";
import { initialValues } from "../../src/model/parameters.js";
import { openExecutor } from "../../src/tensor/open.js";
import { tf } from "../../src/tensor/tf.js";
import { startTraining } from "../../src/training/handle.js";
import { type Accumulation, createTrainProgram, initialState } from "../../src/training/train-program.js";
import { checkpointBytes, madeFolder, madeOptions, TINY_UNET, trainHere } from "./made-run.js";

const SAMPLES = 16;
const CHANNELS = 2;
const ROWS = 6;

/** One layer without batch norm, whose statistics would depend on how windows are put together. */
function plainDetector(): Detector {
  const unet = createDetector(TINY_UNET);
  const weight = {
    ...unet.parameters.find(({ kind }) => kind === "weight")!,
    name: "weight",
    shape: [CHANNELS, SAMPLES],
  };
  const bias = { ...unet.parameters.find(({ kind }) => kind === "bias")!, name: "bias", shape: [SAMPLES] };
  return {
    ...unet,
    name: "plain",
    parameters: [weight, bias],
    buffers: [],
    dropouts: [],
    lengthMultiple: 1,
    outputStrideSamples: 1,
    forward: (p, x) => tf.add(tf.sum(tf.mul(x, p.weight!), 1), p.bias!),
  };
}

const random = createRandom(3, "accumulate");
const x = Float32Array.from({ length: ROWS * CHANNELS * SAMPLES }, (_, i) => random.normal(i));
const labels = Float32Array.from({ length: ROWS * SAMPLES }, (_, i) => (random.uniform(i) < 0.4 ? 1 : 0));
const mask = Float32Array.from({ length: ROWS * SAMPLES }, (_, i) =>
  i < 20 || random.uniform(1000 + i) < 0.5 ? 0 : 1,
);

async function stepsOf(device: string, rows: number, accumulate: boolean) {
  const detector = plainDetector();
  const optimizer = { weightDecay: 0.1, gradientClip: 0.01, emaDecay: 0.9 };
  const loss = { kind: "focal" as const };
  const train = createTrainProgram(detector, { batchSize: rows, sampleCount: SAMPLES, optimizer, loss, accumulate });
  const executor = await openExecutor(device, { threads: 1 });
  const compiled = await executor.compile(train.program);
  compiled.setState(train.packState(initialState(detector, initialValues(detector.parameters, 1))));
  const run = (from: number, accumulation?: Accumulation, changed: Float32Array = x) =>
    compiled.run({
      x: changed.slice(from * CHANNELS * SAMPLES, (from + rows) * CHANNELS * SAMPLES),
      labels: labels.slice(from * SAMPLES, (from + rows) * SAMPLES),
      mask: mask.slice(from * SAMPLES, (from + rows) * SAMPLES),
      ...train.feeds({ seed: 1, step: 0, updates: 0, learningRate: 1e-2, accumulation }),
    });
  const known = (from: number) => mask.slice(from * SAMPLES, (from + rows) * SAMPLES).reduce((a, b) => a + b, 0);
  return { train, executor, compiled, run, known };
}

for (const device of ["cpu", "onnx-cpu"]) {
  test(`${device}: three batches of two windows give the update of one batch of six, whatever labels are known`, async () => {
    const large = await stepsOf(device, ROWS, false);
    const { gradientNorm } = await large.run(0);
    const small = await stepsOf(device, 2, true);
    const start = small.train.unpackState(await small.compiled.getState());
    const bad = x.slice();
    bad[1] = Number.NaN;
    const faulty = await small.run(0, { previousWeight: 0, batchWeight: 1, isUpdate: false }, bad);
    assert.deepEqual([faulty.finite![0], faulty.applied![0]], [0, 0]);
    let known = 0;
    for (const from of [0, 2, 4]) {
      const before = known;
      known += small.known(from);
      const previousWeight = known === 0 ? 0 : before / known;
      const batchWeight = known === 0 ? 0 : (known - before) / known;
      const results = await small.run(from, { previousWeight, batchWeight, isUpdate: from === 4 });
      assert.equal(results.finite![0], 1);
      assert.equal(results.applied![0], from === 4 ? 1 : 0);
      if (from < 4) assert.deepEqual(small.train.unpackState(await small.compiled.getState()), start);
      else assert.ok(Math.abs(results.gradientNorm![0]! / gradientNorm![0]! - 1) < 1e-5);
    }
    const [a, b] = await Promise.all(
      [large, small].map(async ({ train, compiled }) => train.unpackState(await compiled.getState())),
    );
    for (const kind of ["parameters", "first", "average"] as const) {
      for (const [name, values] of Object.entries(a![kind]!)) {
        const scale = Math.max(...values.map(Math.abs));
        values.forEach((value, i) => {
          assert.ok(Math.abs(value - b![kind]![name]![i]!) < 1e-5 * scale, `${kind} ${name}[${i}]`);
        });
      }
    }
    await Promise.all([large.executor.dispose(), small.executor.dispose()]);
  });
}

test("a run of steps of three batches, killed and stopped on the way, ends on the uninterrupted run's bits", async (context) => {
  const dir = await madeFolder(context);
  const changes = { batchSize: 2, accumulate: 3, checkpointEverySteps: 2, keepLast: 3 };
  const whole = await trainHere(madeOptions(dir, "whole", changes));
  assert.equal(whole.stopped, "finished");
  const plain = await trainHere(madeOptions(dir, "plain", { batchSize: 6 }));
  assert.equal(whole.totalSteps, plain.totalSteps);
  const handle = startTraining(madeOptions(dir, "parts", changes));
  const off = handle.onUpdate(({ step, processId }) => {
    if (step < 3) return;
    off();
    process.kill(processId!, "SIGKILL");
  });
  await assert.rejects(handle.done, /was killed by SIGKILL/);
  const next = startTraining(madeOptions(dir, "parts", { ...changes, resume: true }));
  next.onUpdate(({ step }) => step >= 5 && void next.stop());
  const stopped = await next.done;
  assert.ok(stopped.steps < whole.steps);
  await assert.rejects(startTraining(madeOptions(dir, "parts", { ...changes, accumulate: 2, resume: true })).done, {
    message: /accumulate: 3 then, 2 now/,
  });
  await startTraining(madeOptions(dir, "parts", { ...changes, resume: true })).done;
  assert.deepEqual(
    await checkpointBytes(join(dir, "parts"), whole.steps),
    await checkpointBytes(join(dir, "whole"), whole.steps),
  );
});
