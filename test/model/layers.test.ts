import assert from "node:assert/strict";
import { test } from "node:test";
import { createRandom } from "../../src/base/random.js";
import * as layers from "../../src/model/layers.js";
import { type Tensor, type Tensor4D, tf } from "../../src/tensor/tf.js";

/** Seeded normal numbers in a shape, on the cpu backend. */
function draw(name: string, shape: number[]): Tensor {
  const random = createRandom(1, name);
  return tf.tensor(
    Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => random.normal(i)),
    shape,
  );
}

function assertClose(found: Tensor | ArrayLike<number>, expected: ArrayLike<number>, tolerance = 1e-5): void {
  const values = found instanceof tf.Tensor ? found.dataSync() : (found as ArrayLike<number>);
  assert.equal(values.length, expected.length);
  for (let i = 0; i < expected.length; i++) {
    assert.ok(Math.abs(values[i]! - expected[i]!) <= tolerance, `at ${i}: ${values[i]}, expected ${expected[i]}`);
  }
}

/** Convolution in plain loops on PyTorch's layouts: x [B][C][L], w [O, C, k]. */
function plainConvolution(
  x: Float32Array,
  w: Float32Array,
  s: {
    batch: number;
    inputs: number;
    length: number;
    outputs: number;
    kernel: number;
    stride: number;
    dilation: number;
    before: number;
    outLength: number;
  },
): Float32Array {
  const out = new Float32Array(s.batch * s.outLength * s.outputs); // [B, L, O]
  for (let b = 0; b < s.batch; b++)
    for (let t = 0; t < s.outLength; t++)
      for (let o = 0; o < s.outputs; o++) {
        let sum = 0;
        for (let c = 0; c < s.inputs; c++)
          for (let k = 0; k < s.kernel; k++) {
            const at = t * s.stride + k * s.dilation - s.before;
            if (at >= 0 && at < s.length)
              sum += x[(b * s.length + at) * s.inputs + c]! * w[(o * s.inputs + c) * s.kernel + k]!;
          }
        out[(b * s.outLength + t) * s.outputs + o] = sum;
      }
  return out;
}

test("conv1d equals plain loops for every kernel, stride and dilation used", () => {
  for (const [kernel, stride, dilation] of [
    [1, 1, 1],
    [5, 1, 1],
    [7, 1, 1],
    [3, 2, 1],
    [3, 1, 2],
    [5, 1, 3],
  ] as const) {
    const [batch, inputs, length, outputs] = [2, 3, 12, 4];
    const x = draw("x", [batch, 1, length, inputs]) as Tensor4D;
    const weight = draw("w", [outputs, inputs, kernel]);
    const found = layers.conv1d(x, { "c.weight": weight }, "c", { stride, dilation });
    const outLength = Math.ceil(length / stride);
    const pad = Math.max(0, (outLength - 1) * stride + (kernel - 1) * dilation + 1 - length);
    const expected = plainConvolution(x.dataSync() as Float32Array, weight.dataSync() as Float32Array, {
      batch,
      inputs,
      length,
      outputs,
      kernel,
      stride,
      dilation,
      before: Math.floor(pad / 2),
      outLength,
    });
    assert.deepEqual(found.shape, [batch, 1, outLength, outputs]);
    assertClose(found, expected);
  }
});

test("a dilated convolution has the gradient that finite differences give", () => {
  const x = draw("x", [1, 1, 10, 2]) as Tensor4D;
  const weight = draw("w", [2, 2, 3]);
  const loss = (w: Tensor) =>
    tf.sum(tf.square(layers.conv1d(x, { "c.weight": w }, "c", { dilation: 2 }))) as ReturnType<typeof tf.scalar>;
  const gradient = tf.grad(loss)(weight).dataSync();
  const values = weight.dataSync();
  for (const i of [0, 5, 11]) {
    const shifted = (by: number) =>
      loss(
        tf.tensor(
          values.map((value, at) => (at === i ? value + by : value)),
          [2, 2, 3],
        ),
      ).dataSync()[0]!;
    const numeric = (shifted(1e-2) - shifted(-1e-2)) / 2e-2;
    assert.ok(Math.abs(numeric - gradient[i]!) < 1e-2 * Math.max(1, Math.abs(numeric)), `${numeric} vs ${gradient[i]}`);
  }
});

test("patch convolutions equal a strided convolution from either layout", () => {
  const [batch, inputs, length, outputs, kernel] = [2, 3, 12, 4, 4];
  const x = draw("x", [batch, 1, length, inputs]) as Tensor4D;
  const weight = draw("w", [outputs, inputs, kernel]);
  const p = { "c.weight": weight, "c.bias": tf.zeros([outputs]) };
  const expected = plainConvolution(x.dataSync() as Float32Array, weight.dataSync() as Float32Array, {
    batch,
    inputs,
    length,
    outputs,
    kernel,
    stride: kernel,
    dilation: 1,
    before: 0,
    outLength: length / kernel,
  });
  assertClose(layers.patchConv1d(x, p, "c"), expected);
  assertClose(layers.patchConv1dChannelsFirst(layers.toChannelsFirst(x), p, "c"), expected);
  assertClose(layers.fromChannelsFirst(layers.toChannelsFirst(x)), x.dataSync());
});

test("a transposed convolution puts each position's patch where a strided one would read it", () => {
  const [inputs, outputs, kernel, length] = [2, 3, 2, 4];
  const x = draw("x", [1, 1, length, inputs]) as Tensor4D;
  const weight = draw("w", [inputs, outputs, kernel]);
  const bias = draw("b", [outputs]);
  const found = layers.convTranspose1d(x, { "u.weight": weight, "u.bias": bias }, "u");
  const [xs, ws, bs] = [x.dataSync(), weight.dataSync(), bias.dataSync()];
  const expected = new Float32Array(length * kernel * outputs);
  for (let t = 0; t < length; t++)
    for (let k = 0; k < kernel; k++)
      for (let o = 0; o < outputs; o++) {
        let sum = bs[o]!;
        for (let c = 0; c < inputs; c++) sum += xs[t * inputs + c]! * ws[(c * outputs + o) * kernel + k]!;
        expected[(t * kernel + k) * outputs + o] = sum;
      }
  assertClose(found, expected);
});

test("batch norm normalises by the batch in training, moves running statistics as PyTorch, and uses them in evaluation", () => {
  const x = draw("x", [2, 1, 5, 3]) as Tensor4D;
  const p = {
    "n.weight": draw("g", [3]),
    "n.bias": draw("o", [3]),
    "n.running_mean": tf.tensor([1, 2, 3]),
    "n.running_var": tf.tensor([1, 4, 9]),
  };
  const updates: Record<string, Float32Array> = {};
  const context: layers.ForwardContext = {
    training: true,
    dropout: () => undefined,
    updateBuffer: (name, value) => {
      updates[name] = value.dataSync().slice() as Float32Array;
    },
  };
  const found = layers.batchNorm(x, p, "n", context).dataSync();
  const values = x.dataSync();
  for (let c = 0; c < 3; c++) {
    const column = Array.from({ length: 10 }, (_, i) => values[i * 3 + c]!);
    const mean = column.reduce((a, b) => a + b) / 10;
    const squares = column.reduce((a, b) => a + (b - mean) ** 2, 0);
    const gain = p["n.weight"].dataSync()[c]! / Math.sqrt(squares / 10 + 1e-5);
    for (let i = 0; i < 10; i++) {
      assert.ok(Math.abs(found[i * 3 + c]! - ((column[i]! - mean) * gain + p["n.bias"].dataSync()[c]!)) < 1e-5);
    }
    assert.ok(Math.abs(updates["n.running_mean"]![c]! - (0.9 * (c + 1) + 0.1 * mean)) < 1e-6);
    assert.ok(Math.abs(updates["n.running_var"]![c]! - (0.9 * (c + 1) ** 2 + (0.1 * squares) / 9)) < 1e-5);
  }
  const evaluated = layers.batchNorm(x, p, "n", layers.evaluation).dataSync();
  const expected = (i: number, c: number) =>
    ((values[i * 3 + c]! - (c + 1)) / Math.sqrt((c + 1) ** 2 + 1e-5)) * p["n.weight"].dataSync()[c]! +
    p["n.bias"].dataSync()[c]!;
  for (let i = 0; i < 10; i++)
    for (let c = 0; c < 3; c++) assert.ok(Math.abs(evaluated[i * 3 + c]! - expected(i, c)) < 1e-5);
});

test("the gradient of batch norm equals that of its definition", () => {
  const x = draw("x", [2, 1, 6, 3]) as Tensor4D;
  const scale = draw("g", [3]);
  const offset = draw("o", [3]);
  const target = draw("t", [2, 1, 6, 3]);
  const context = { training: true, dropout: () => undefined, updateBuffer() {} };
  const running = { "n.running_mean": tf.zeros([3]), "n.running_var": tf.ones([3]) };
  const score = (y: Tensor) => tf.sum(tf.mul(y, target));
  const ours = tf.grads((x, g, o) =>
    score(layers.batchNorm(x as Tensor4D, { "n.weight": g!, "n.bias": o!, ...running }, "n", context)),
  )([x, scale, offset]);
  const theirs = tf.grads((x, g, o) => {
    const { mean, variance } = tf.moments(x!, [0, 1, 2]);
    return score(tf.add(tf.mul(tf.div(tf.sub(x!, mean), tf.sqrt(tf.add(variance, 1e-5))), g!), o!));
  })([x, scale, offset]);
  ours.forEach((gradient, i) => {
    assertClose(gradient, theirs[i]!.dataSync(), 1e-4);
  });
});

test("layer norm and gelu equal their definitions", () => {
  const x = draw("x", [4, 6]);
  const values = x.dataSync();
  const normed = layers.layerNorm(x, { "n.weight": tf.fill([6], 2), "n.bias": tf.fill([6], 1) }, "n").dataSync();
  for (let row = 0; row < 4; row++) {
    const own = Array.from(values.slice(row * 6, row * 6 + 6));
    const mean = own.reduce((a, b) => a + b) / 6;
    const deviation = Math.sqrt(own.reduce((a, b) => a + (b - mean) ** 2, 0) / 6 + 1e-5);
    own.forEach((value, i) => {
      assert.ok(Math.abs(normed[row * 6 + i]! - (2 * (value - mean)) / deviation - 1) < 1e-5);
    });
  }
  assertClose(layers.gelu(tf.tensor([-1, 0, 1, 2])), [-0.15865525, 0, 0.84134475, 1.9544997], 2e-6); // z times the normal distribution
});

test("a missing parameter is named", () => {
  assert.throws(() => layers.linear(tf.zeros([1, 2]), {}, "head"), /no parameter named head.weight/);
});
