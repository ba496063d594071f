import assert from "node:assert/strict";
import { test } from "node:test";
import { filteredMoments, longFilters } from "../../src/model/long-filters.js";
import { conv1d } from "../../src/tensor/ops.js";
import { type Tensor, tf } from "../../src/tensor/tf.js";
import { normals, relativeError } from "../tensor/compare.js";

/** The same by an ordinary convolution: x [R, L], weights [F, k] to [F, R, L]. */
function convolved(x: Tensor, weights: Tensor): Tensor {
  const [rows, length] = x.shape as [number, number];
  const filter = tf.expandDims(tf.transpose(weights), 1); // [k, 1, F]
  return tf.transpose(conv1d(tf.reshape(x, [rows, length, 1]), filter, { padding: "same" }), [2, 0, 1]);
}

for (const [length, kernel] of [
  [256, 128], // four blocks of 64
  [96, 17], // blocks of 48
  [35, 6], // one block
  [67, 5], // a prime above the longest block
  [10, 31], // shorter than the filter
] as const) {
  test(`${kernel} taps over ${length} samples as products equal the convolution, gradients and moments too`, () => {
    const x = tf.tensor(normals(3 * length, 1), [3, length]);
    const weights = tf.tensor(normals(2 * kernel, 2), [2, kernel]);
    const pull = tf.tensor(normals(2 * 3 * length, 3), [2, 3, length]);
    const twice = (x: Tensor) => tf.stack([x, x]);
    const ways = [(x: Tensor, w: Tensor) => longFilters(twice(x), w), convolved];
    const [found, expected] = ways.map((filtered) =>
      tf.valueAndGrads((x, w) => tf.sum(tf.mul(filtered(x!, w!), pull)))([x, weights]),
    );
    assert.ok(relativeError(found!.value.dataSync(), expected!.value.dataSync()) < 1e-5);
    for (const i of [0, 1])
      assert.ok(relativeError(found!.grads[i]!.dataSync(), expected!.grads[i]!.dataSync()) < 1e-5);
    const { mean, variance } = filteredMoments(x, weights);
    const direct = tf.moments(convolved(x, weights), [1, 2]);
    assert.ok(relativeError(mean.dataSync(), direct.mean.dataSync()) < 1e-4);
    assert.ok(relativeError(variance.dataSync(), direct.variance.dataSync()) < 1e-5);
  });
}
