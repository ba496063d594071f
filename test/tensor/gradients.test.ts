import assert from "node:assert/strict";
import test from "node:test";
import {
  batchNorm,
  binaryCrossEntropy,
  checkpoint,
  conv1d,
  depthwiseConv1d,
  inverseRms,
  layerNorm,
  silu,
} from "../../src/tensor/ops.js";
import type { Program } from "../../src/tensor/program.js";
import { type Scalar, type Tensor, type Tensor1D, tf } from "../../src/tensor/tf.js";
import { float, normals, randomFeeds, relativeError, runOnce, sharedExecutor, TRACED } from "./compare.js";

/** A scalar-valued function of float tensors whose gradients are in question. */
interface Loss {
  readonly shapes: Record<string, number[]>;
  readonly loss: (inputs: Record<string, Tensor>) => Tensor;
  /** The same function by plain operations, where `loss` has gradients written out by hand. */
  readonly plain?: (inputs: Record<string, Tensor>) => Tensor;
}

/** A weighted sum, so that no part of the gradient is lost by symmetry. */
function weighted(y: Tensor): Tensor {
  return tf.sum(tf.mul(y, tf.tensor(normals(y.size, 99), y.shape)));
}

function plainBatchNorm(x: Tensor, scale: Tensor, offset: Tensor, axis: number): Tensor {
  const axes = x.shape.flatMap((_, i) => (i === axis ? [] : [i]));
  const wide = x.shape.map((length, i) => (i === axis ? length : 1));
  const { mean, variance } = tf.moments(x, axes, true);
  const normalized = tf.div(tf.sub(x, mean), tf.sqrt(tf.add(variance, 1e-5)));
  return tf.add(tf.mul(normalized, tf.reshape(scale, wide)), tf.reshape(offset, wide));
}

/** Convolution with dilation by its definition: a sum over taps of shifted samples. */
function plainDilated(x: Tensor, filter: Tensor, dilation: number, before: number, outLength: number): Tensor {
  const [batch, length, channels] = x.shape as [number, number, number];
  const [taps, , features] = filter.shape as [number, number, number];
  const after = Math.max(0, outLength + dilation * (taps - 1) - before - length);
  const wide = tf.pad(x, [
    [0, 0],
    [before, after],
    [0, 0],
  ]);
  let sum: Tensor = tf.zeros([batch, outLength, features]);
  for (let tap = 0; tap < taps; tap++) {
    const under = tf.slice(wide, [0, tap * dilation, 0], [batch, outLength, channels]);
    const weights = tf.reshape(tf.slice(filter, [tap, 0, 0], [1, channels, features]), [channels, features]);
    sum = tf.add(sum, tf.reshape(tf.matMul(tf.reshape(under, [batch * outLength, channels]), weights), sum.shape));
  }
  return sum;
}

const LOSSES: Record<string, Loss> = {
  "a convolution net with batch normalization": {
    shapes: { x: [2, 12, 3], w: [3, 3, 4], g: [4], o: [4], v: [2, 4, 5] },
    loss: ({ x, w, g, o, v }) => {
      const hidden = silu(batchNorm(conv1d(x!, w!, { padding: "same" }), g!, o!).y);
      return weighted(tf.tanh(conv1d(hidden, v!, { stride: 2 })));
    },
    plain: ({ x, w, g, o, v }) => {
      const h = plainBatchNorm(conv1d(x!, w!, { padding: "same" }), g!, o!, 2);
      return weighted(tf.tanh(conv1d(tf.mul(h, tf.sigmoid(h)), v!, { stride: 2 })));
    },
  },
  "batchNorm over the middle axis": {
    shapes: { x: [3, 4, 5], g: [4], o: [4] },
    loss: ({ x, g, o }) => weighted(tf.sin(batchNorm(x!, g!, o!, { axis: 1 }).y)),
    plain: ({ x, g, o }) => weighted(tf.sin(plainBatchNorm(x!, g!, o!, 1))),
  },
  layerNorm: {
    shapes: { x: [2, 3, 6], g: [6], o: [6] },
    loss: ({ x, g, o }) => weighted(tf.sin(layerNorm(x!, g!, o!))),
    plain: ({ x, g, o }) => {
      const { mean, variance } = tf.moments(x!, 2, true);
      return weighted(tf.sin(tf.add(tf.mul(tf.div(tf.sub(x!, mean), tf.sqrt(tf.add(variance, 1e-5))), g!), o!)));
    },
  },
  rmsNorm: {
    shapes: { x: [2, 3, 6], g: [6] },
    loss: ({ x, g }) => weighted(tf.sin(tf.mul(tf.mul(x!, inverseRms(x!)), g!))),
    plain: ({ x, g }) => {
      const root = tf.sqrt(tf.add(tf.mean(tf.square(x!), 2, true), 1e-5));
      return weighted(tf.sin(tf.mul(tf.div(x!, root), g!)));
    },
  },
  silu: {
    shapes: { x: [4, 5] },
    loss: ({ x }) => weighted(silu(x!)),
    plain: ({ x }) => weighted(tf.mul(x!, tf.sigmoid(x!))),
  },
  binaryCrossEntropy: {
    shapes: { z: [4, 5] },
    loss: ({ z }) => weighted(binaryCrossEntropy(z!, tf.sigmoid(tf.tensor(normals(20, 5), [4, 5])))),
    plain: ({ z }) => {
      const labels = tf.sigmoid(tf.tensor(normals(20, 5), [4, 5]));
      const positive = tf.mul(labels, tf.softplus(tf.neg(z!)));
      return weighted(tf.add(positive, tf.mul(tf.sub(1, labels), tf.softplus(z!))));
    },
  },
  "a dilated convolution that keeps the length": {
    shapes: { x: [2, 11, 3], w: [3, 3, 2] },
    loss: ({ x, w }) => weighted(tf.tanh(conv1d(x!, w!, { padding: "same", dilation: 4 }))),
    plain: ({ x, w }) => weighted(tf.tanh(plainDilated(x!, w!, 4, 4, 11))),
  },
  "a dilated convolution without padding": {
    shapes: { x: [2, 11, 3], w: [4, 3, 2] },
    loss: ({ x, w }) => weighted(tf.tanh(conv1d(x!, w!, { dilation: 3 }))),
    plain: ({ x, w }) => weighted(tf.tanh(plainDilated(x!, w!, 3, 0, 2))),
  },
  "a checkpointed block between two others": {
    shapes: { x: [3, 4], w: [4, 4], v: [4, 2] },
    loss: ({ x, w, v }) => {
      const block = (x: Tensor, w: Tensor) => tf.tanh(tf.matMul(tf.sin(x) as Tensor1D, w as Tensor1D));
      return weighted(tf.matMul(checkpoint(block, tf.square(x!), w!) as Tensor1D, v! as Tensor1D));
    },
    plain: ({ x, w, v }) =>
      weighted(tf.matMul(tf.tanh(tf.matMul(tf.sin(tf.square(x!)) as Tensor1D, w! as Tensor1D)), v! as Tensor1D)),
  },
  "attention by products and softmax": {
    shapes: { q: [2, 4, 3], k: [2, 5, 3], v: [2, 5, 3] },
    loss: ({ q, k, v }) => weighted(tf.matMul(tf.softmax(tf.matMul(q!, k!, false, true)), v!)),
  },
  "a chunked scan by products": {
    shapes: { a: [2, 6], x: [2, 6, 3] },
    loss: ({ a, x }) => {
      const lower = tf.tensor(
        Float32Array.from({ length: 36 }, (_, i) => Number(i % 6 <= Math.floor(i / 6))),
        [6, 6],
      );
      const sums = tf.cumsum(tf.neg(tf.softplus(a!)), 1); // [2, 6]
      const decay = tf.mul(tf.exp(tf.minimum(tf.sub(tf.expandDims(sums, 2), tf.expandDims(sums, 1)), 0)), lower);
      return weighted(tf.matMul(decay, x!));
    },
  },
  "a transposed convolution by a product": {
    shapes: { x: [2, 5, 4], w: [4, 6] },
    loss: ({ x, w }) => weighted(tf.tanh(tf.reshape(tf.matMul(tf.reshape(x!, [10, 4]), w! as Tensor1D), [2, 10, 3]))),
  },
  "a depthwise convolution by shifts, joined to its mirror image": {
    shapes: { x: [2, 7, 3], w: [3, 3] },
    loss: ({ x, w }) => {
      const wide = tf.pad(x!, [
        [0, 0],
        [2, 0],
        [0, 0],
      ]);
      const taps = [0, 1, 2].map((i) => tf.mul(tf.slice(wide, [0, i, 0], [2, 7, 3]), tf.slice(w!, [i, 0], [1, 3])));
      const y = tf.addN(taps);
      return weighted(tf.tanh(tf.concat([y, tf.reverse(y, 1)], 2)));
    },
  },
  "depthwiseConv1d, causal, with a bias": {
    shapes: { x: [3, 2, 7], w: [3, 1, 3], b: [3] },
    loss: ({ x, w, b }) => weighted(tf.sin(depthwiseConv1d(x!, w!, 2, b!))),
  },
  "depthwiseConv1d of one signal per channel, shorter than its filter": {
    shapes: { x: [3, 1, 2], w: [3, 5] },
    loss: ({ x, w }) => weighted(tf.sin(depthwiseConv1d(x!, w!, 2))),
  },
  "layerNorm over the first axis": {
    shapes: { x: [3, 2, 4], g: [3], o: [3] },
    loss: ({ x, g, o }) => weighted(tf.sin(layerNorm(x!, g!, o!, { axis: 0 }))),
  },
  "a norm limit over all gradients": {
    shapes: { a: [3], b: [2, 2] },
    loss: ({ a, b }) => {
      const norm = tf.sqrt(tf.add(tf.sum(tf.square(a!)), tf.sum(tf.square(b!))));
      return tf.mul(weighted(tf.sin(a!)), tf.minimum(1, tf.div(0.5, tf.add(norm, 1e-6))));
    },
  },
};

/** The loss and its gradients with respect to every input. */
function gradientProgram(name: string, { shapes }: Loss, loss: Loss["loss"]): Program {
  const names = Object.keys(shapes);
  const inputs = Object.fromEntries(names.map((input) => [input, float(...shapes[input]!)]));
  return {
    name,
    identity: { shapes },
    inputs,
    build(tensors) {
      const ofList = (...list: Tensor[]) => loss(Object.fromEntries(names.map((input, i) => [input, list[i]!])));
      const { value, grads } = tf.valueAndGrads(ofList as (...list: Tensor[]) => Scalar)(
        names.map((input) => tensors[input]!),
      );
      return { loss: value, ...Object.fromEntries(names.map((input, i) => [`d_${input}`, grads[i]!])) };
    },
  };
}

/** What the rounding of a float32 loss leaves of a difference over a step of 0.02. */
const FINITE_DIFFERENCE_TOLERANCE = 2e-4;

/** Central differences on the cpu backend, for a few elements of each input. */
async function finiteDifference(
  program: Program,
  feeds: Record<string, Float32Array>,
  input: string,
  index: number,
): Promise<number> {
  const step = 2e-2;
  const at = async (shift: number) => {
    const moved = feeds[input]!.slice();
    moved[index]! += shift;
    const width = moved[index]!;
    const { loss } = await runOnce(await sharedExecutor("cpu"), program, { ...feeds, [input]: moved });
    return { loss: loss![0]!, width };
  };
  const [right, left, farRight, farLeft] = [await at(step), await at(-step), await at(2 * step), await at(-2 * step)];
  // fourth order: (8·(f(h) - f(-h)) - (f(2h) - f(-2h))) / 12h
  return (8 * (right.loss - left.loss) - (farRight.loss - farLeft.loss)) / (12 * step);
}

for (const [name, described] of Object.entries(LOSSES)) {
  const program = gradientProgram(name, described, described.loss);
  const feeds = randomFeeds(program.inputs, 3) as Record<string, Float32Array>; // every input is float32

  test(`gradients of ${name} agree between ${TRACED}, cpu and plain operations to 1e-5`, async () => {
    const expected = await runOnce(await sharedExecutor("cpu"), program, feeds);
    const traced = await runOnce(await sharedExecutor(TRACED), program, feeds);
    const plain =
      described.plain &&
      (await runOnce(await sharedExecutor("cpu"), gradientProgram(`plain ${name}`, described, described.plain), feeds));
    for (const output of Object.keys(expected)) {
      assert.ok(relativeError(traced[output]!, expected[output]!) <= 1e-5, `${output}, traced`);
      if (plain) assert.ok(relativeError(expected[output]!, plain[output]!) <= 1e-5, `${output}, plain operations`);
    }
  });

  test(`gradients of ${name} agree with finite differences`, async () => {
    const traced = await runOnce(await sharedExecutor(TRACED), program, feeds);
    for (const input of Object.keys(program.inputs)) {
      const gradient = traced[`d_${input}`]!;
      const scale = Math.max(...Array.from(gradient, Math.abs));
      for (const index of [0, gradient.length >> 1, gradient.length - 1]) {
        const difference = await finiteDifference(program, feeds, input, index);
        assert.ok(
          Math.abs(difference - gradient[index]!) <= FINITE_DIFFERENCE_TOLERANCE * scale,
          `${input}[${index}]: ${gradient[index]} against ${difference}`,
        );
      }
    }
  });
}

test("binaryCrossEntropy(logits, labels) is finite for logits of any size", async () => {
  const values = tf.tidy(() =>
    Array.from(binaryCrossEntropy(tf.tensor1d([-1e4, 1e4, -1e4, 1e4]), tf.tensor1d([0, 1, 1, 0])).dataSync()),
  );
  assert.deepEqual(values, [0, 0, 1e4, 1e4]);
});

test("batchNorm(x, scale, offset) also returns the mean and the biased variance of the batch", async () => {
  const [mean, variance] = tf.tidy(() => {
    const x = tf.tensor3d([1, 10, 3, 10, 5, 10, 7, 14], [2, 2, 2]);
    const result = batchNorm(x, tf.ones([2]), tf.zeros([2]));
    return [Array.from(result.mean.dataSync()), Array.from(result.variance.dataSync())];
  });
  assert.deepEqual(mean, [4, 11]);
  assert.deepEqual(variance, [5, 3]);
});

test("conv1d(x, filter) refuses a stride together with a dilation", () => {
  tf.tidy(() => {
    assert.throws(
      () => conv1d(tf.zeros([1, 9, 1]), tf.zeros([3, 1, 1]), { stride: 2, dilation: 2 }),
      /invalid stride with dilation 2: 2/,
    );
    assert.throws(() => conv1d(tf.zeros([1, 4, 1]), tf.zeros([3, 1, 1]), { dilation: 2 }), /invalid length .*: 4/);
  });
});
