/** One executor's part of the conformance checks: `node conformance-child.js EXECUTOR [timed]` prints one JSON line per check. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { createDetector, type ModelConfig } from "../../src/model/detector.js";
import type { ForwardContext } from "../../src/model/layers.js";
import { type Mamba2Shape, mamba2, mamba2Specs } from "../../src/model/mamba2.js";
import { loadSafetensors } from "../../src/model/safetensors.js";
import { detectorValues } from "../../src/model/weights.js";
import { openExecutor } from "../../src/tensor/open.js";
import { batchNorm, conv1d, depthwiseConv1d, inverseRms, layerNorm, silu } from "../../src/tensor/ops.js";
import type { Feed, Program } from "../../src/tensor/program.js";
import { type Scalar, type Tensor, tf } from "../../src/tensor/tf.js";
import { float, normals, relativeError } from "./compare.js";

const name = process.argv[2]!;
const executor = await openExecutor(name, { threads: 2 });

function report(check: string, against: string, error: number, milliseconds: number): void {
  process.stdout.write(`${JSON.stringify({ executor: name, check, against, error, milliseconds })}\n`);
}

/** Compile, run and time; twice where the time is asked for, which is that of the second run. */
async function timed(program: Program, feeds: Record<string, Feed>) {
  const compiled = await executor.compile(program);
  if (process.argv[3] === "timed") await compiled.run(feeds);
  const started = performance.now();
  const outputs = await compiled.run(feeds);
  const milliseconds = performance.now() - started;
  await compiled.dispose();
  return { outputs, milliseconds };
}

type Inputs = Record<string, Tensor>;

/** sum(pull * f(inputs)) as a program, and another that gives its gradients too. */
function gradientPrograms(check: string, shapes: Record<string, number[]>, f: (inputs: Inputs) => Tensor): Program[] {
  const names = Object.keys(shapes);
  const inputs = Object.fromEntries(names.map((input) => [input, float(...shapes[input]!)]));
  const loss = (list: Tensor[]) => {
    const y = f(Object.fromEntries(names.map((input, i) => [input, list[i]!])));
    const wave = Float32Array.from({ length: y.size }, (_, i) => Math.sin(i + 1));
    return tf.sum(tf.mul(y, tf.tensor(wave, y.shape))) as Scalar;
  };
  const listOf = (given: Inputs) => names.map((input) => given[input]!);
  return [
    { name: check, identity: { check, shapes }, inputs, build: (given) => ({ value: loss(listOf(given)) }) },
    {
      name: `gradients of ${check}`,
      identity: { check, shapes, gradients: true },
      inputs,
      build(given) {
        const grads = tf.grads((...list) => loss(list as Tensor[]))(listOf(given));
        return Object.fromEntries(names.map((input, i) => [`d ${input}`, grads[i]!]));
      },
    },
  ];
}

/** Greatest error of the gradients along one direction per input, by fourth-order central differences of the same loss. */
async function againstDifferences(check: string, [losses, program]: Program[]): Promise<void> {
  if (!losses || !program) throw new RangeError("both programs are needed");
  const names = Object.keys(program.inputs);
  const feeds = Object.fromEntries(
    names.map((input, i) => {
      const size = program.inputs[input]!.shape.reduce((a, b) => a * b, 1);
      return [input, normals(size, 7 + i).map((value) => value * 0.5)];
    }),
  );
  const { outputs, milliseconds } = await timed(program, feeds);
  const compiled = await executor.compile(losses);
  let worst = 0;
  for (const input of names) {
    const gradient = outputs[`d ${input}`]! as Float32Array;
    const length = Math.sqrt(gradient.reduce((sum, value) => sum + value * value, 0)) || 1;
    const direction = gradient.map((value) => value / length);
    const at = async (by: number) => {
      const moved = feeds[input]!.map((value, i) => value + by * direction[i]!);
      return (await compiled.run({ ...feeds, [input]: moved })).value![0]!;
    };
    const h = 0.02;
    const difference = (8 * ((await at(h)) - (await at(-h))) - ((await at(2 * h)) - (await at(-2 * h)))) / (12 * h);
    worst = Math.max(worst, Math.abs(difference - length) / length);
  }
  await compiled.dispose();
  report(check, "differences", worst, milliseconds);
}

const BINARY: Record<string, (a: Tensor, b: Tensor) => Tensor> = {
  "add, sub, mul, div": (a, b) => tf.div(tf.mul(tf.add(a, b), tf.sub(a, b)), tf.add(tf.square(b), 2)),
  "exp, log, sqrt, rsqrt": (a, b) =>
    tf.add(tf.log(tf.add(tf.exp(a), 1)), tf.mul(tf.sqrt(tf.add(tf.square(b), 1)), tf.rsqrt(tf.add(tf.square(a), 1)))),
  "sigmoid, tanh, softplus, silu, erf": (a, b) =>
    tf.add(tf.mul(tf.sigmoid(a), tf.tanh(b)), tf.add(tf.softplus(a), tf.add(silu(b), tf.erf(a)))),
  matMul: (a, b) => tf.matMul(a, b, false, true),
  "transpose, reshape, slice, concat, pad": (a, b) =>
    tf.pad(tf.slice(tf.concat([tf.transpose(a), tf.reshape(b, [8, 6])], 1), [1, 2], [5, 7]), [
      [1, 0],
      [0, 2],
    ]),
  "sum, mean, max by axis": (a, b) => tf.add(tf.sum(tf.mul(a, b), 1), tf.add(tf.mean(a, 1), tf.mean(tf.square(b), 1))),
};
for (const [check, f] of Object.entries(BINARY)) {
  await againstDifferences(
    check,
    gradientPrograms(check, { a: [6, 8], b: [6, 8] }, ({ a, b }) => f(a!, b!)),
  );
}
const LAYERS: Record<string, [Record<string, number[]>, (inputs: Inputs) => Tensor]> = {
  conv1d: [{ x: [2, 12, 3], w: [5, 3, 4] }, ({ x, w }) => conv1d(x!, w!, { padding: "same" })],
  "conv1d of 6 channels": [{ x: [2, 12, 6], w: [3, 6, 16] }, ({ x, w }) => conv1d(x!, w!, { padding: "same" })],
  "strided conv1d": [{ x: [2, 12, 3], w: [2, 3, 4] }, ({ x, w }) => conv1d(x!, w!, { stride: 2 })],
  "dilated conv1d": [{ x: [2, 12, 3], w: [3, 3, 4] }, ({ x, w }) => conv1d(x!, w!, { dilation: 2, padding: "same" })],
  batchNorm: [{ x: [4, 6, 3], g: [3], o: [3] }, ({ x, g, o }) => batchNorm(x!, g!, o!).y],
  layerNorm: [{ x: [4, 8], g: [8], o: [8] }, ({ x, g, o }) => layerNorm(x!, g!, o!)],
  "layerNorm over the first axis": [{ x: [8, 4], g: [8], o: [8] }, ({ x, g, o }) => layerNorm(x!, g!, o!, { axis: 0 })],
  "depthwise conv1d": [{ x: [3, 2, 12], w: [3, 1, 4], b: [3] }, ({ x, w, b }) => depthwiseConv1d(x!, w!, 3, b!)],
  rmsNorm: [{ x: [4, 8], g: [8] }, ({ x, g }) => tf.mul(tf.mul(x!, inverseRms(x!)), g!)],
};
for (const [check, [shapes, f]] of Object.entries(LAYERS)) {
  await againstDifferences(check, gradientPrograms(check, shapes, f));
}

const shape = { modelSize: 16, stateSize: 4, convolution: 4, expand: 2, headSize: 8, chunk: 16 };
const specs = mamba2Specs("block", shape);
await againstDifferences(
  "Mamba-2 block",
  gradientPrograms(
    "block",
    { u: [16, 2, 40], ...Object.fromEntries(specs.map((each) => [each.name, [...each.shape]])) },
    (inputs) => mamba2(inputs.u!, inputs, "block", shape),
  ),
);

interface Stored {
  readonly config: ModelConfig;
  readonly batch: number;
  readonly length: number;
  readonly training: number[];
}
const folder = new URL("../../../test/fixtures/model/", import.meta.url);
const arrays = async (file: string) => await loadSafetensors(fileURLToPath(new URL(file, folder)));

/** One Mamba-2 block against PyTorch: test/reference/detectors.py, which gives and takes [B, D, L]. */
async function blockAgainstPytorch(): Promise<void> {
  const known = JSON.parse(readFileSync(new URL("mamba2.json", folder), "utf8")) as StoredBlock;
  const { batch, length, config } = known;
  const parts = mamba2Specs("", config).map((each) => ({ ...each, name: each.name.slice(1) })); // ".D" to "D"
  const window = float(batch, config.modelSize, length);
  const program: Program = {
    name: "block against PyTorch",
    identity: config,
    inputs: { x: window, pull: window, ...Object.fromEntries(parts.map((each) => [each.name, float(...each.shape)])) },
    build(inputs) {
      const run = (list: Tensor[]) => {
        const named = Object.fromEntries(parts.map((each, i) => [`block.${each.name}`, list[i]!]));
        return tf.transpose(mamba2(tf.transpose(inputs.x!, [1, 0, 2]), named, "block", config), [1, 0, 2]);
      };
      const list = parts.map((each) => inputs[each.name]!);
      const grads = tf.grads((...given) => tf.sum(tf.mul(run(given as Tensor[]), inputs.pull!)) as Scalar)(list);
      return { y: run(list), ...Object.fromEntries(parts.map((each, i) => [`d ${each.name}`, grads[i]!])) };
    },
  };
  const { tensors } = await arrays("mamba2.safetensors");
  const size = batch * config.modelSize * length;
  const given = Object.fromEntries(parts.map((each) => [each.name, tensors[each.name]!.values]));
  const { outputs, milliseconds } = await timed(program, { x: noise(size, 1000), pull: noise(size, 2000), ...given });
  report("Mamba-2 block, output", "PyTorch", relativeError(outputs.y!, known.training), milliseconds);
  const { tensors: expected } = await arrays("mamba2-gradients.safetensors");
  const errors = parts.map(({ name }) => relativeError(outputs[`d ${name}`]!, expected[name]!.values));
  report("Mamba-2 block, gradients", "PyTorch", Math.max(...errors), milliseconds);
}

interface StoredBlock {
  readonly config: Mamba2Shape;
  readonly batch: number;
  readonly length: number;
  readonly training: number[];
}

const stored = JSON.parse(readFileSync(new URL("detector.json", folder), "utf8")) as Stored;
const detector = createDetector({ ...stored.config, name: "seizure_detector" } as ModelConfig);

/** The generator of test/reference/detector.py. */
function noise(count: number, seed: number): Float32Array {
  let state = seed;
  return Float32Array.from({ length: count }, () => {
    state = (Math.imul(1664525, state) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  });
}

await blockAgainstPytorch();
const weights = detectorValues(detector, await arrays("detector.safetensors"), "detector.safetensors");
const gradients = (await arrays("detector-gradients.safetensors")).tensors;
const { batch, length } = stored;
const names = detector.parameters.map((each) => each.name);
const whole: Program = {
  name: "whole detector",
  identity: detector.config,
  inputs: {
    x: float(batch, detector.inputChannels, length),
    pull: float(batch, length),
    ...Object.fromEntries(
      [...detector.parameters, ...detector.buffers].map((each) => [each.name, float(...each.shape)]),
    ),
  },
  build(inputs) {
    const context: ForwardContext = { training: true, dropout: () => undefined, updateBuffer() {} };
    const logits = detector.forward(inputs, inputs.x!, context);
    const grads = tf.grads((...list) => {
      const named = { ...inputs, ...Object.fromEntries(names.map((each, i) => [each, list[i] as Tensor])) };
      return tf.sum(tf.mul(detector.forward(named, inputs.x!, context), inputs.pull!)) as Scalar;
    })(names.map((each) => inputs[each]!));
    return { logits, ...Object.fromEntries(names.map((each, i) => [`d ${each}`, grads[i]!])) };
  },
};
const x = noise(batch * detector.inputChannels * length, 1000);
const { outputs, milliseconds } = await timed(whole, { x, pull: noise(batch * length, 2000), ...weights });
report("whole small detector, logits", "PyTorch", relativeError(outputs.logits!, stored.training), milliseconds);
// The bias of a convolution before a batch norm has no gradient but rounding: all are measured by the greatest of all.
const all = names.flatMap((each) => Array.from(outputs[`d ${each}`]!));
const expected = names.flatMap((each) => Array.from(gradients[each]!.values as Float32Array));
report("whole small detector, gradients", "PyTorch", relativeError(all, expected), milliseconds);
await executor.dispose();
process.exit(0); // Dawn would keep the process alive
