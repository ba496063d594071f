/** A small detector against the same network in PyTorch, computed there in double precision: test/reference/detector.py. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { createDetector, type ModelConfig } from "../../src/model/detector.js";
import { parameterCount } from "../../src/model/parameters.js";
import { loadSafetensors } from "../../src/model/safetensors.js";
import type { Program } from "../../src/tensor/program.js";
import { type Tensor, tf } from "../../src/tensor/tf.js";
import { relativeError, sharedExecutor } from "../tensor/compare.js";

interface Expected {
  readonly config: object;
  readonly batch: number;
  readonly length: number;
  readonly evaluation: number[];
  readonly training: number[];
}

const fixture = (name: string) => fileURLToPath(new URL(`../../../test/fixtures/model/${name}`, import.meta.url));
const expected = JSON.parse(readFileSync(fixture("detector.json"), "utf8")) as Expected; // written by the script named above
const detector = createDetector({ name: "seizure_detector", ...expected.config } as ModelConfig);
const specs = [...detector.parameters, ...detector.buffers];
const weights = await loadSafetensors(fixture("detector.safetensors"));
const gradients = await loadSafetensors(fixture("detector-gradients.safetensors"));

/** The generator of the script: numbers in [-1, 1). */
function noise(count: number, seed: number): Float32Array {
  let state = seed;
  return Float32Array.from({ length: count }, () => {
    state = (Math.imul(1664525, state) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  });
}

const { batch, length } = expected;
const x = noise(batch * 19 * length, 1000);
const pull = noise(batch * length, 2000);
const float = (shape: readonly number[]) => ({ shape: [...shape], dtype: "float32" as const });
const named = Object.fromEntries(specs.map(({ name, shape }) => [name, float(shape)]));
const feeds = { x, pull, ...Object.fromEntries(specs.map(({ name }) => [name, weights.tensors[name]!.values])) };

function forward(inputs: Record<string, Tensor>, training: boolean, buffers: Record<string, Tensor> = {}): Tensor {
  return detector.forward(inputs, inputs.x!, {
    training,
    dropout: () => undefined,
    updateBuffer: (name, value) => {
      buffers[name] = tf.keep(value); // made within the gradient's scope, returned from the program
    },
  });
}

const evaluation: Program = {
  name: "evaluation",
  identity: expected.config,
  inputs: { x: float([batch, 19, length]), ...named },
  build: (inputs) => ({ logits: forward(inputs, false) }),
};

const training: Program = {
  name: "gradients",
  identity: expected.config,
  inputs: { x: float([batch, 19, length]), pull: float([batch, length]), ...named },
  build: (inputs) => {
    const names = detector.parameters.map(({ name }) => name);
    const buffers: Record<string, Tensor> = {};
    let logits: Tensor | undefined;
    const loss = (...values: Tensor[]) => {
      const bound = { ...inputs, ...Object.fromEntries(names.map((name, i) => [name, values[i]!])) };
      logits = tf.keep(forward(bound, true, buffers));
      return tf.sum(tf.mul(logits, inputs.pull!));
    };
    const found = tf.grads(loss)(names.map((name) => inputs[name]!));
    return { ...Object.fromEntries(names.map((name, i) => [name, found[i]!])), ...buffers, logits: logits! };
  },
};

test("a PyTorch state_dict names and shapes exactly the arrays of the detector", () => {
  assert.equal(parameterCount(detector.parameters), 18055);
  assert.deepEqual(specs.map(({ name }) => name).sort(), Object.keys(weights.tensors).sort());
  for (const { name, shape } of specs) assert.deepEqual(shape, weights.tensors[name]!.shape, name);
});

/** Convolution biases before a batch norm have no effect; their gradient is rounding noise around zero. */
const isIdle = (name: string) => /(\.conv|\.branches\.\d\.0|\.fusion\.0)\.bias$/.test(name);

for (const executor of ["cpu", "onnx-cpu", "wasm"]) {
  test(`${executor} gives PyTorch's logits for PyTorch's weights`, async () => {
    const compiled = await (await sharedExecutor(executor)).compile(evaluation);
    const { pull: _, ...inputs } = feeds;
    const { logits } = await compiled.run(inputs);
    const error = relativeError(logits as Float32Array, expected.evaluation);
    assert.ok(error < 1e-5, `logits differ by ${error.toExponential(2)} of the largest`);
    await compiled.dispose();
  });

  test(`${executor} gives PyTorch's training logits, gradients and running statistics`, async () => {
    const compiled = await (await sharedExecutor(executor)).compile(training);
    const { logits, ...rest } = await compiled.run(feeds);
    assert.ok(relativeError(logits as Float32Array, expected.training) < 1e-5);
    let difference = 0;
    let squares = 0;
    for (const [name, { values }] of Object.entries(gradients.tensors)) {
      const found = rest[name] as Float32Array;
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
