import assert from "node:assert/strict";
import { test } from "node:test";
import { createRandom } from "../../src/base/random.js";
import { createDetector, type Detector, logitCount, type ModelConfig } from "../../src/model/detector.js";
import { initialValues, parameterCount } from "../../src/model/parameters.js";
import { openExecutor } from "../../src/tensor/open.js";
import type { Compiled } from "../../src/tensor/program.js";
import { tf } from "../../src/tensor/tf.js";
import { fillOptimizerOptions, type OptimizerOptions, scalesOf } from "../../src/training/optimizer.js";
import { createPredictProgram } from "../../src/training/predict-program.js";
import { createTrainProgram, initialState, type TrainProgram } from "../../src/training/train-program.js";

const UNET: ModelConfig = {
  name: "unet",
  inputChannels: 2,
  channels: [3, 4],
  kernelSize: 3,
  stemStride: 4,
  downsampleFactor: 2,
  dropout: 0.25,
};
const MAMBA: ModelConfig = {
  name: "seizure_detector",
  inputChannels: 2,
  baseChannels: 4,
  stages: 2,
  residualBlocks: 1,
  mambaLayers: 1,
  stateSize: 3,
  headSize: 4,
  chunk: 4,
};
const SAMPLES = 32;
const BATCH = 3;

function batchFor(detector: Detector): { x: Float32Array; labels: Float32Array; mask: Float32Array } {
  const random = createRandom(1, "batch");
  const logits = logitCount(detector, SAMPLES);
  return {
    x: Float32Array.from({ length: BATCH * 2 * SAMPLES }, (_, i) => random.normal(i)),
    labels: Float32Array.from({ length: BATCH * logits }, (_, i) => (Math.floor(i / logits) === 1 ? 1 : 0)),
    mask: new Float32Array(BATCH * logits).fill(1),
  };
}

async function compiledStep(config: ModelConfig, device: string, optimizer: OptimizerOptions = {}) {
  const detector = createDetector(config);
  const train = createTrainProgram(detector, {
    batchSize: BATCH,
    sampleCount: SAMPLES,
    loss: { kind: "focal" },
    optimizer,
  });
  const executor = await openExecutor(device, { threads: 1 });
  const compiled = await executor.compile(train.program);
  compiled.setState(
    train.packState(initialState(detector, initialValues([...detector.parameters, ...detector.buffers], 1))),
  );
  return { detector, train, executor, compiled, batch: batchFor(detector) };
}

function step(compiled: Compiled, train: TrainProgram, batch: object, at: number, learningRate = 1e-2) {
  return compiled.run({ ...batch, ...train.feeds({ seed: 1, step: at, updates: at, learningRate }) });
}

for (const config of [UNET, MAMBA]) {
  test(`${config.name}: logits have the promised shape and fresh weights give finite probabilities`, async () => {
    const detector = createDetector(config);
    const executor = await openExecutor("cpu");
    const { program, packState } = createPredictProgram(detector, BATCH, SAMPLES);
    const compiled = await executor.compile(program);
    compiled.setState(packState(initialValues([...detector.parameters, ...detector.buffers], 1)));
    const { probability } = await compiled.run({ x: batchFor(detector).x });
    assert.equal(probability!.length, BATCH * logitCount(detector, SAMPLES));
    assert.ok(probability!.every((value) => value > 0 && value < 1));
    await executor.dispose();
  });

  test(`${config.name}: steps lower the loss, leave no tensor behind and change every parameter`, async () => {
    const { detector, train, executor, compiled, batch } = await compiledStep(config, "cpu");
    const before = train.unpackState(await compiled.getState());
    await step(compiled, train, batch, 0);
    const tensors = tf.memory().numTensors;
    const losses: number[] = [];
    for (let at = 1; at < 12; at++) losses.push((await step(compiled, train, batch, at)).loss![0]!);
    assert.equal(tf.memory().numTensors, tensors);
    assert.ok(losses.at(-1)! < 0.8 * losses[0]!, losses.join(" "));
    const after = train.unpackState(await compiled.getState());
    for (const { name } of detector.parameters)
      assert.notDeepEqual(after.parameters[name], before.parameters[name], name);
    for (const { name } of detector.buffers) assert.notDeepEqual(after.buffers[name], before.buffers[name], name);
    await executor.dispose();
  });

  test(`${config.name}: onnx-cpu takes the steps that the cpu backend takes`, async () => {
    const [one, other] = await Promise.all([compiledStep(config, "cpu"), compiledStep(config, "onnx-cpu")]);
    for (let at = 0; at < 3; at++) {
      const [a, b] = await Promise.all([
        step(one.compiled, one.train, one.batch, at),
        step(other.compiled, other.train, other.batch, at),
      ]);
      assert.ok(Math.abs(a.loss![0]! - b.loss![0]!) < 1e-4 * a.loss![0]!, `${a.loss![0]} vs ${b.loss![0]}`);
    }
    await Promise.all([one.executor.dispose(), other.executor.dispose()]);
  });
}

test("the update is AdamW with decay on weights only, by hand", async () => {
  const { detector, train, executor, compiled, batch } = await compiledStep(UNET, "cpu", {
    weightDecay: 0.1,
    gradientClip: 0,
  });
  const rate = 1e-2;
  const before = train.unpackState(await compiled.getState());
  await step(compiled, train, batch, 0, rate);
  const after = train.unpackState(await compiled.getState());
  for (const { name, kind } of detector.parameters) {
    after.first[name]!.forEach((first, i) => {
      const direction = first / 0.1 / (Math.sqrt(after.second[name]![i]! / 0.001) + 1e-8);
      const decay = kind === "weight" ? 0.1 * before.parameters[name]![i]! : 0;
      const expected = before.parameters[name]![i]! - rate * (direction + decay);
      assert.ok(Math.abs(after.parameters[name]![i]! - expected) < 1e-5, `${name}[${i}]`);
    });
  }
  await executor.dispose();
});

test("adam and sgd add the decay of weights to the gradient, as PyTorch's do; sgd has momentum when asked", async () => {
  const rate = 1e-2;
  const plain = await compiledStep(UNET, "cpu", { weightDecay: 0, gradientClip: 0 });
  const before = plain.train.unpackState(await plain.compiled.getState());
  await step(plain.compiled, plain.train, plain.batch, 0, rate);
  const gradients = plain.train.unpackState(await plain.compiled.getState()).first; // a tenth of them
  for (const name of ["adam", "sgd"] as const) {
    const optimizer: OptimizerOptions = {
      name,
      weightDecay: 0.1,
      gradientClip: 0,
      ...(name === "sgd" && { beta1: 0.5 }),
    };
    const { detector, train, executor, compiled, batch } = await compiledStep(UNET, "cpu", optimizer);
    await step(compiled, train, batch, 0, rate);
    const after = train.unpackState(await compiled.getState());
    for (const { name: parameter, kind } of detector.parameters) {
      gradients[parameter]!.forEach((tenth, i) => {
        const value = before.parameters[parameter]![i]!;
        const gradient = 10 * tenth + (kind === "weight" ? 0.1 * value : 0);
        const direction = name === "sgd" ? gradient : gradient / (Math.abs(gradient) + 1e-8);
        const expected = value - rate * direction;
        const tolerance = Math.abs(gradient) < 1e-5 ? rate : 1e-5; // adam's first direction is a sign
        assert.ok(Math.abs(after.parameters[parameter]![i]! - expected) <= tolerance, `${name} ${parameter}[${i}]`);
      });
    }
    const momentum = after.first;
    await step(compiled, train, batch, 1, 0);
    const again = train.unpackState(await compiled.getState()).first;
    if (name === "sgd") assert.ok(detector.parameters.some(({ name: p }) => again[p]![0] !== momentum[p]![0]));
    await executor.dispose();
  }
  await plain.executor.dispose();
});

test("the gradient is that of finite differences, through dropout, batch norm and skips", async () => {
  for (const config of [UNET, MAMBA]) {
    const optimizer = { gradientClip: 0, weightDecay: 0 };
    const { detector, train, executor, compiled, batch } = await compiledStep(config, "onnx-cpu", optimizer);
    const start = train.packState(
      initialState(detector, initialValues([...detector.parameters, ...detector.buffers], 1)),
    );
    const lossAt = async (state: Record<string, Float32Array>) => {
      compiled.setState(state);
      return (await step(compiled, train, batch, 0, 0)).loss![0]!;
    };
    await lossAt(start);
    const { first } = train.unpackState(await compiled.getState());
    const unpacked = train.unpackState(start);
    for (const { name } of detector.parameters) {
      const gradient = first[name]!.map((value) => value / 0.1);
      const i = gradient.reduce((best, value, j) => (Math.abs(value) > Math.abs(gradient[best]!) ? j : best), 0);
      if (Math.abs(gradient[i]!) < 2e-3) continue; // below what a float32 loss can resolve
      const shift = 1e-4; // small, since rectifiers have kinks
      const moved = (by: number) => {
        const values = unpacked.parameters[name]!.slice();
        values[i]! += by;
        return lossAt(train.packState({ ...unpacked, parameters: { ...unpacked.parameters, [name]: values } }));
      };
      const numeric = ((await moved(shift)) - (await moved(-shift))) / (2 * shift);
      assert.ok(
        Math.abs(numeric - gradient[i]!) < 0.1 * Math.abs(gradient[i]!) + 1e-3,
        `${config.name} ${name}: ${gradient[i]} vs ${numeric}`,
      );
    }
    await executor.dispose();
  }
});

test("a step that is not finite is reported and changes nothing, bit by bit", async () => {
  for (const device of ["cpu", "onnx-cpu"]) {
    const { train, executor, compiled, batch } = await compiledStep(UNET, device, { emaDecay: 0.9 });
    await step(compiled, train, batch, 0);
    const before = await compiled.getState();
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, 3e38]) {
      const x = batch.x.slice();
      x[5] = bad;
      const { applied } = await step(compiled, train, { ...batch, x }, 1);
      assert.equal(applied![0], 0, `${device} ${bad}`);
      assert.deepEqual(await compiled.getState(), before);
    }
    const { applied } = await step(compiled, train, batch, 1);
    assert.equal(applied![0], 1);
    await executor.dispose();
  }
});

test("clipping bounds the gradient by its global norm, which is reported as it was before", async () => {
  const free = await compiledStep(UNET, "cpu", { gradientClip: 0 });
  const bound = await compiledStep(UNET, "cpu", { gradientClip: 1e-3 });
  const [a, b] = [
    await step(free.compiled, free.train, free.batch, 0),
    await step(bound.compiled, bound.train, bound.batch, 0),
  ];
  assert.equal(a.gradientNorm![0], b.gradientNorm![0]);
  const norm = (values: Record<string, Float32Array>) =>
    Math.sqrt(Object.values(values).reduce((sum, array) => sum + array.reduce((s, v) => s + (v / 0.1) ** 2, 0), 0));
  const first = bound.train.unpackState(await bound.compiled.getState()).first;
  assert.ok(Math.abs(norm(first) / 1e-3 - 1) < 2e-2);
});

test("the factor of clipping is PyTorch's, limit / (norm + 1e-6), at most 1; 0 clips nothing", () => {
  tf.tidy(() => {
    const factor = (limit: number, ...values: number[]) => {
      const gradients = [tf.tensor1d(values.slice(0, 1)), tf.tensor1d(values.slice(1))];
      const found = { loss: tf.scalar(1), logits: tf.tensor1d([0]), gradients, buffers: new Map() };
      return scalesOf(found, limit).clip?.dataSync()[0];
    };
    assert.ok(Math.abs(factor(5e-3, 3e-3, 4e-3)! - 5e-3 / (5e-3 + 1e-6)) < 1e-6);
    assert.ok(Math.abs(factor(1, 30, 40)! - 0.02) < 1e-7);
    assert.equal(factor(1, 0.3, 0.4), 1);
    assert.equal(factor(0, 3, 4), undefined);
  });
});

test("the optimizer's defaults are the reference's", () => {
  const adamw = {
    name: "adamw",
    weightDecay: 0.05,
    decayAll: false,
    beta1: 0.9,
    beta2: 0.999,
    epsilon: 1e-8,
    gradientClip: 1,
    emaDecay: 0,
  };
  assert.deepEqual(fillOptimizerOptions(), adamw);
  assert.deepEqual(fillOptimizerOptions({ name: "sgd" }), { ...adamw, name: "sgd", beta1: 0 });
  const detector = createDetector(UNET);
  const { optimizer } = createTrainProgram(detector, { batchSize: 1, sampleCount: SAMPLES }).program.identity as {
    optimizer: object;
  };
  assert.deepEqual(optimizer, adamw);
});

test("dropout masks keep the promised share, are scaled, and follow seed and step", () => {
  const detector = createDetector({ ...UNET, channels: [3, 400] });
  const train = createTrainProgram(detector, { batchSize: 20, sampleCount: SAMPLES });
  const mask = (seed: number, at: number) =>
    train.feeds({ seed, step: at, updates: 0, learningRate: 0 })["dropout/dropout.1"] as Float32Array;
  const values = mask(1, 0);
  assert.equal(values.length, 8000);
  const kept = values.filter((value) => value !== 0);
  assert.ok(kept.every((value) => value === Math.fround(1 / 0.75)));
  assert.ok(Math.abs(kept.length / 8000 - 0.75) < 0.02);
  assert.deepEqual(mask(1, 0), values);
  assert.notDeepEqual(mask(1, 1), values);
  assert.notDeepEqual(mask(2, 0), values);
});

test("averaged weights lag behind the weights and are only kept on request", async () => {
  const { detector, train, executor, compiled, batch } = await compiledStep(UNET, "onnx-cpu", { emaDecay: 0.9 });
  for (let at = 0; at < 3; at++) await step(compiled, train, batch, at);
  const { parameters, average } = train.unpackState(await compiled.getState());
  assert.notDeepEqual(average, parameters);
  assert.equal(
    Object.values(average!).reduce((sum, array) => sum + array.length, 0),
    parameterCount(detector.parameters),
  );
  await executor.dispose();
  const plain = await compiledStep(UNET, "onnx-cpu");
  assert.equal(plain.train.unpackState(await plain.compiled.getState()).average, undefined);
  await plain.executor.dispose();
});
