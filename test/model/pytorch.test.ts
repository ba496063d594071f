/**
 * Small detectors and a Mamba-2 block against the same networks in PyTorch, computed there in double precision:
 * test/reference/detector.py and detectors.py.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { createDetector, logitCount, type ModelConfig } from "../../src/model/detector.js";
import type { ForwardContext, NamedTensors } from "../../src/model/layers.js";
import { type Mamba2Shape, mamba2, mamba2Specs } from "../../src/model/mamba2.js";
import { type ParameterSpec, parameterCount } from "../../src/model/parameters.js";
import { loadSafetensors } from "../../src/model/safetensors.js";
import { type Program, sizeOf } from "../../src/tensor/program.js";
import { type Tensor, tf } from "../../src/tensor/tf.js";
import { float, relativeError, sharedExecutor } from "../tensor/compare.js";

interface Expected {
  readonly config: object;
  readonly batch: number;
  readonly length: number;
  readonly evaluation: number[];
  readonly training: number[];
  readonly fullParameters?: number[];
}

/** What both sides compute, whatever it is called. */
interface Network {
  readonly parameters: readonly ParameterSpec[];
  readonly buffers: readonly ParameterSpec[];
  readonly inputChannels: number;
  outputShape(batch: number, length: number): number[];
  forward(p: NamedTensors, x: Tensor, context: ForwardContext): Tensor;
}

/** A Mamba-2 block between the layout of windows and its own. */
function blockOf(shape: Mamba2Shape): Network {
  const parameters = mamba2Specs("", shape).map((spec) => ({ ...spec, name: spec.name.slice(1) })); // ".D" to "D"
  return {
    parameters,
    buffers: [],
    inputChannels: shape.modelSize,
    outputShape: (batch, length) => [batch, shape.modelSize, length],
    forward: (p, x) => {
      const named = Object.fromEntries(parameters.map(({ name }) => [`block.${name}`, p[name]!]));
      return tf.transpose(mamba2(tf.transpose(x, [1, 0, 2]), named, "block", shape), [1, 0, 2]);
    },
  };
}

function detectorOf(config: object): Network {
  const detector = createDetector({ name: "seizure_detector", ...config } as ModelConfig);
  return { ...detector, outputShape: (batch, length) => [batch, logitCount(detector, length)] };
}

/** Fixture, the network it is of, and its number of parameters as PyTorch counts them. */
const CASES: readonly [string, (config: object) => Network, number][] = [
  ["detector", detectorOf, 18055],
  ["eegnet", detectorOf, 177],
  ["seizure-transformer", detectorOf, 2689],
  ["mamba2", (config) => blockOf(config as Mamba2Shape), 1972],
];

const fixture = (name: string) => fileURLToPath(new URL(`../../../test/fixtures/model/${name}`, import.meta.url));
const expectedOf = (name: string) => JSON.parse(readFileSync(fixture(`${name}.json`), "utf8")) as Expected;

/** The generator of the scripts: numbers in [-1, 1). */
function noise(count: number, seed: number): Float32Array {
  let state = seed;
  return Float32Array.from({ length: count }, () => {
    state = (Math.imul(1664525, state) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  });
}

/** A bias, or one scale for a whole channel, that only a batch norm follows has no effect: its gradient is rounding noise. */
const isIdle = (name: string) =>
  /(\.conv|\.branches\.\d\.0|\.fusion\.0|members\.\d\.conv1)\.bias$|^bnorm_temporal\./.test(name);

function evaluationOf(network: Network, inputs: Program["inputs"], identity: unknown): Program {
  const context: ForwardContext = { training: false, dropout: () => undefined, updateBuffer() {} };
  const build: Program["build"] = (given) => ({ logits: network.forward(given, given.x!, context) });
  return { name: "evaluation", identity, inputs, build };
}

function trainingOf(network: Network, inputs: Program["inputs"], identity: unknown): Program {
  const names = [...network.parameters.map(({ name }) => name), "x"];
  return {
    name: "gradients",
    identity,
    inputs,
    build: (given) => {
      const buffers: Record<string, Tensor> = {};
      let logits: Tensor | undefined;
      const context: ForwardContext = {
        training: true,
        dropout: () => undefined,
        updateBuffer: (name, value) => {
          buffers[name] = tf.keep(value); // made within the gradient's scope, returned from the program
        },
      };
      const loss = (...values: Tensor[]) => {
        const bound = { ...given, ...Object.fromEntries(names.map((name, i) => [name, values[i]!])) };
        logits = tf.keep(network.forward(bound, bound.x!, context));
        return tf.sum(tf.mul(logits, given.pull!));
      };
      const found = tf.grads(loss)(names.map((name) => given[name]!));
      return { ...Object.fromEntries(names.map((name, i) => [`d ${name}`, found[i]!])), ...buffers, logits: logits! };
    },
  };
}

for (const [file, networkOf, parameters] of CASES) {
  const expected = expectedOf(file);
  const network = networkOf(expected.config);
  const specs = [...network.parameters, ...network.buffers];
  const weights = await loadSafetensors(fixture(`${file}.safetensors`));
  const gradients = await loadSafetensors(fixture(`${file}-gradients.safetensors`));
  const { batch, length } = expected;
  const inputs = {
    x: float(batch, network.inputChannels, length),
    ...Object.fromEntries(specs.map(({ name, shape }) => [name, float(...shape)])),
  };
  const feeds = {
    x: noise(sizeOf(inputs.x.shape), 1000),
    ...Object.fromEntries(specs.map(({ name }) => [name, weights.tensors[name]!.values])),
  };
  const pull = noise(expected.training.length, 2000);

  test(`${file}: a PyTorch state_dict names and shapes exactly the arrays here`, () => {
    assert.equal(parameterCount(network.parameters), parameters);
    assert.deepEqual(specs.map(({ name }) => name).sort(), Object.keys(weights.tensors).sort());
    for (const { name, shape } of specs) assert.deepEqual(shape, weights.tensors[name]!.shape, name);
  });

  for (const executor of ["cpu", "onnx-cpu", "wasm"]) {
    test(`${file}: ${executor} gives PyTorch's logits for PyTorch's weights`, async () => {
      const compiled = await (await sharedExecutor(executor)).compile(evaluationOf(network, inputs, expected.config));
      const { logits } = await compiled.run(feeds);
      const error = relativeError(logits as Float32Array, expected.evaluation);
      assert.ok(error < 1e-5, `logits differ by ${error.toExponential(2)} of the largest`);
      await compiled.dispose();
    });

    test(`${file}: ${executor} gives PyTorch's training logits, gradients and running statistics`, async () => {
      const outputs = { ...inputs, pull: float(...network.outputShape(batch, length)) };
      const program = trainingOf(network, outputs, expected.config);
      const compiled = await (await sharedExecutor(executor)).compile(program);
      const { logits, ...rest } = await compiled.run({ ...feeds, pull });
      assert.ok(relativeError(logits as Float32Array, expected.training) < 1e-5);
      let difference = 0;
      let squares = 0;
      for (const [name, { values }] of Object.entries(gradients.tensors)) {
        const found = (rest[`d ${name}`] ?? rest[name]) as Float32Array;
        for (const [i, value] of values.entries()) {
          difference += (found[i]! - value) ** 2;
          squares += value ** 2;
        }
        // A single tensor's gradient is a sum that cancels: float32 leaves it a digit less than the whole.
        if (!isIdle(name)) assert.ok(relativeError(found, values) < 5e-5, name);
      }
      const error = Math.sqrt(difference / squares);
      assert.ok(error < 1e-5, `the gradient differs by ${error.toExponential(2)} of its length`);
      await compiled.dispose();
    });
  }
}

test("SeizureTransformer as published has PyTorch's parameters, without the layer that only serves as a template", () => {
  const [used, stored] = expectedOf("seizure-transformer").fullParameters as [number, number];
  assert.equal(parameterCount(createDetector({ name: "seizure_transformer" }).parameters), used);
  assert.equal(used, 37_848_897);
  assert.equal(stored, 41_001_281);
});
