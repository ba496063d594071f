import assert from "node:assert/strict";
import { test } from "node:test";
import { createRandom } from "../../src/base/random.js";
import {
  checkpointedMamba2,
  type Direction,
  type Mamba2Shape,
  mamba2,
  mamba2Specs,
  stateSpace,
} from "../../src/model/mamba2.js";
import { initialValues, parameterCount } from "../../src/model/parameters.js";
import { type Tensor, tf } from "../../src/tensor/tf.js";

function draw(name: string, shape: number[], map = (value: number) => value): Tensor {
  const random = createRandom(2, name);
  return tf.tensor(
    Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => map(random.normal(i))),
    shape,
  );
}

const [BATCH, LENGTH, HEADS, WIDTH, STATES] = [2, 12, 3, 2, 4] as const;

/** The recurrence itself, one position after another, in double precision. */
function recurrence(x: Tensor, decay: Tensor, into: Tensor, outOf: Tensor, direction: Direction): Float64Array {
  const [xs, ds, bs, cs] = [x, decay, into, outOf].map((tensor) => tensor.dataSync()) as [
    Float32Array,
    Float32Array,
    Float32Array,
    Float32Array,
  ];
  const y = new Float64Array(BATCH * LENGTH * HEADS * WIDTH);
  for (let h = 0; h < HEADS; h++)
    for (let w = 0; w < WIDTH; w++)
      for (let b = 0; b < BATCH; b++) {
        const state = new Float64Array(STATES);
        for (let step = 0; step < LENGTH; step++) {
          const t = direction === "forwards" ? step : LENGTH - 1 - step;
          const at = ((h * WIDTH + w) * BATCH + b) * LENGTH + t;
          for (let n = 0; n < STATES; n++) {
            const row = (n * BATCH + b) * LENGTH + t;
            state[n] = Math.exp(ds[(h * BATCH + b) * LENGTH + t]!) * state[n]! + bs[row]! * xs[at]!;
            y[at]! += cs[row]! * state[n]!;
          }
        }
      }
  return y;
}

test("the chunked state space equals the recurrence for every chunk size, in both directions", () => {
  const inputs = {
    x: draw("x", [HEADS, WIDTH, BATCH, LENGTH]),
    decay: draw("a", [HEADS, BATCH, LENGTH], (value) => -Math.abs(value)),
    into: draw("b", [STATES, BATCH, LENGTH]),
    outOf: draw("c", [STATES, BATCH, LENGTH]),
  };
  for (const direction of ["forwards", "backwards"] as const) {
    const expected = recurrence(inputs.x, inputs.decay, inputs.into, inputs.outOf, direction);
    for (const chunk of [1, 2, 3, 4, 6, 12]) {
      const found = stateSpace(inputs, chunk, direction).dataSync();
      expected.forEach((value, i) => {
        assert.ok(
          Math.abs(found[i]! - value) < 2e-5 * Math.max(1, Math.abs(value)),
          `${direction}, chunk ${chunk} at ${i}: ${found[i]} vs ${value}`,
        );
      });
    }
  }
});

test("very strong decay gives neither NaN nor infinity, in the gradient either", () => {
  const x = draw("x", [1, 2, 1, 8]);
  const decay = tf.fill([1, 1, 8], -200);
  const states = draw("b", [2, 1, 8]);
  const gradients = tf.grads((x, decay) =>
    tf.sum(stateSpace({ x: x!, decay: decay!, into: states, outOf: states }, 4)),
  )([x, decay]);
  for (const gradient of gradients) assert.ok(gradient.dataSync().every(Number.isFinite));
});

const SHAPE: Mamba2Shape = { modelSize: 6, stateSize: 3, convolution: 4, expand: 2, headSize: 4, chunk: 4 };

function parameters(): Record<string, Tensor> {
  const specs = mamba2Specs("m", SHAPE);
  const values = initialValues(specs, 1);
  return Object.fromEntries(specs.map(({ name, shape }) => [name, tf.tensor(values[name]!, [...shape])]));
}

test("a block at the reference's size has 1,603,792 parameters", () => {
  const shape = { modelSize: 512, stateSize: 16, convolution: 4, expand: 2, headSize: 64, chunk: 64 };
  assert.equal(parameterCount(mamba2Specs("m", shape)), 1_603_792);
});

test("a block is causal, takes any length, and does not depend on its chunk", () => {
  const p = parameters();
  const u = draw("u", [6, 1, 11]);
  const y = mamba2(u, p, "m", SHAPE);
  assert.deepEqual(y.shape, [6, 1, 11]);
  const whole = tf.slice(y, [0, 0, 0], [6, 1, 7]).dataSync();
  const head = mamba2(tf.slice(u, [0, 0, 0], [6, 1, 7]), p, "m", { ...SHAPE, chunk: 7 }).dataSync();
  head.forEach((value, i) => {
    assert.ok(Math.abs(value - whole[i]!) < 1e-5);
  });
});

test("a block backwards is the block forwards on the sequence turned round, at any length", () => {
  const p = parameters();
  for (const length of [6, 8, 11]) {
    const u = draw("u", [6, 2, length]);
    const backwards = mamba2(u, p, "m", SHAPE, "backwards").dataSync();
    const turned = tf.reverse(mamba2(tf.reverse(u, [2]), p, "m", SHAPE), [2]).dataSync();
    backwards.forEach((value, i) => {
      assert.ok(Math.abs(value - turned[i]!) < 1e-5, `length ${length} at ${i}`);
    });
  }
});

test("every parameter of a block has the gradient that finite differences give", () => {
  const p = parameters();
  const u = draw("u", [6, 1, 6]);
  const weights = draw("w", [6, 1, 6]);
  const names = Object.keys(p);
  const loss = (tensors: Tensor[]) =>
    tf.sum(tf.mul(mamba2(u, Object.fromEntries(names.map((name, i) => [name, tensors[i]!])), "m", SHAPE), weights));
  const tensors = names.map((name) => p[name]!);
  const gradients = tf.grads((...given) => loss(given))(tensors);
  names.forEach((name, at) => {
    const values = tensors[at]!.dataSync();
    const gradient = gradients[at]!.dataSync() as Float32Array;
    const i = gradient.reduce((best, value, j) => (Math.abs(value) > Math.abs(gradient[best]!) ? j : best), 0);
    const step = 5e-3;
    const moved = (by: number) => {
      const other = tf.tensor(
        values.map((value, j) => (j === i ? value + by : value)),
        tensors[at]!.shape,
      );
      return loss(tensors.map((tensor, j) => (j === at ? other : tensor))).dataSync()[0]!;
    };
    const numeric = (moved(step) - moved(-step)) / (2 * step);
    assert.ok(
      Math.abs(numeric - gradient[i]!) < 0.02 * Math.abs(numeric) + 2e-3,
      `${name}: ${gradient[i]} vs ${numeric}`,
    );
  });
});

test("a recomputed block has the same output and gradients", () => {
  const p = parameters();
  const u = draw("u", [6, 1, 6]);
  const names = Object.keys(p);
  const gradientsOf = (block: typeof mamba2) =>
    tf.valueAndGrads((u, ...tensors) => {
      const given = Object.fromEntries(names.map((name, i) => [name, tensors[i]!]));
      return tf.sum(tf.square(block(u!, given, "m", SHAPE)));
    })([u, ...names.map((name) => p[name]!)]);
  const plain = gradientsOf(mamba2);
  const recomputed = gradientsOf(checkpointedMamba2);
  assert.deepEqual(recomputed.value.dataSync(), plain.value.dataSync());
  recomputed.grads.forEach((gradient, i) => {
    assert.deepEqual(gradient.dataSync(), plain.grads[i]!.dataSync());
  });
});
