import assert from "node:assert/strict";
import { test } from "node:test";
import { createRandom } from "../../src/base/random.js";
import { depthwiseConv1d } from "../../src/tensor/ops.js";
import { type Tensor, tf } from "../../src/tensor/tf.js";

const random = createRandom(1, "depthwise");
const draw = (size: number, from: number) => Float32Array.from({ length: size }, (_, i) => random.normal(from + i));

const [BATCH, CHANNELS] = [2, 3];

/** y_t = Σ w_i x_(t + i - before), zeros outside, in plain loops: x [C, B, L], w [C, k]. */
function plain(x: Float32Array, w: Float32Array, length: number, kernel: number, before: number): Float32Array {
  return Float32Array.from({ length: x.length }, (_, at) => {
    const channel = Math.floor(at / (BATCH * length));
    const t = at % length;
    let sum = 0;
    for (let i = 0; i < kernel; i++) {
      const from = t + i - before;
      if (from >= 0 && from < length) sum += w[channel * kernel + i]! * x[at - t + from]!;
    }
    return sum;
  });
}

function assertClose(found: Tensor, expected: Float32Array): void {
  const values = found.dataSync();
  assert.equal(values.length, expected.length);
  for (const [i, value] of expected.entries()) assert.ok(Math.abs(values[i]! - value) < 1e-5, `at ${i}`);
}

test("depthwise convolutions and their gradients equal plain loops, also for signals shorter than the filter", () => {
  for (const [length, kernel, before] of [
    [9, 4, 3],
    [9, 5, 4],
    [2, 4, 3],
    [9, 1, 0],
    [9, 5, 2],
    [16, 16, 7],
  ] as const) {
    const size = BATCH * length * CHANNELS;
    const [x, w, pull] = [draw(size, 0), draw(CHANNELS * kernel, 1000), draw(size, 2000)];
    const [signal, weight] = [tf.tensor(x, [CHANNELS, BATCH, length]), tf.tensor(w, [CHANNELS, 1, kernel])];
    const convolve = (s: Tensor, f: Tensor) => depthwiseConv1d(s, f, before);
    assertClose(convolve(signal, weight), plain(x, w, length, kernel, before));
    const loss = (s: Tensor, f: Tensor) => tf.sum(tf.mul(convolve(s, f), tf.tensor(pull, s.shape)));
    const [dSignal, dWeight] = tf.grads((s, f) => loss(s!, f!).asScalar())([signal, weight]);
    // the adjoint: the filter turned round looks the other way
    const turned = w.map((_, at) => w[at - 2 * (at % kernel) + kernel - 1]!);
    assertClose(dSignal!, plain(pull, turned, length, kernel, kernel - 1 - before));
    const slopes = w.map((_, at) => {
      const only = w.map((__, other) => Number(other === at));
      return plain(x, only, length, kernel, before).reduce((sum, value, i) => sum + value * pull[i]!, 0);
    });
    assertClose(dWeight!, slopes);
  }
});

test("a depthwise convolution adds a bias per channel", () => {
  const y = depthwiseConv1d(tf.zeros([3, 1, 4]), tf.ones([3, 1, 4]), 3, tf.tensor1d([1, 2, 3]));
  assert.deepEqual([...y.dataSync()], [1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3]);
});
