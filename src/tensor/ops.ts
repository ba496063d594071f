import { elementAt } from "../base/lookup.js";
import { type Differentiable, withGradient } from "./gradient-scope.js";
import { type Tensor, type Tensor3D, tf } from "./tf.js";

export { depthwiseConv1d } from "./depthwise.js";
export { checkpoint, withoutGradient } from "./gradient-scope.js";
export { type BatchNormOptions, type BatchNormResult, batchNorm, inverseRms, layerNorm } from "./norms.js";

/** x · sigmoid(x), keeping the sigmoid and the result for the backward pass, not x. */
export function silu(x: Tensor): Tensor {
  const forward = (x: Tensor): Differentiable<[Tensor, Tensor]> => {
    const gate = tf.sigmoid(x);
    const value = tf.mul(x, gate);
    return {
      value,
      saved: [gate, value],
      gradient: (dy, [gate, y]) => tf.mul(dy, tf.add(tf.mul(gate, tf.sub(1, y)), y)), // s + y - s·y
    };
  };
  return withGradient(forward, x);
}

/**
 * Binary cross entropy of `labels` (0..1) under logits, elementwise, finite for every logit:
 * max(z, 0) - z·y + ln(1 + exp(-|z|)). Its gradient is sigmoid(z) - y.
 */
export function binaryCrossEntropy(logits: Tensor, labels: Tensor): Tensor {
  const forward = (z: Tensor): Differentiable<[Tensor, Tensor]> => {
    const tail = tf.softplus(tf.neg(tf.abs(z)));
    return {
      value: tf.add(tf.sub(tf.relu(z), tf.mul(z, labels)), tail),
      saved: [z, labels],
      gradient: (dy, [z, labels]) => tf.mul(dy, tf.sub(tf.sigmoid(z), labels)),
    };
  };
  return withGradient(forward, logits);
}

export interface Conv1dOptions {
  /** @default 1 */
  readonly stride?: number | undefined;
  /** "same" pads with zeros so that the result has ⌈L / stride⌉ samples. @default "valid" */
  readonly padding?: "same" | "valid" | undefined;
  /** Samples between taps; above 1 the stride must be 1. @default 1 */
  readonly dilation?: number | undefined;
}

/**
 * Cross-correlation of x [B, L, C] with filter [k, C, F] into [B, L', F]. Unlike `tf.conv1d` it has a gradient for every
 * dilation: the samples are distributed to `dilation` sequences, which an ordinary convolution then takes as a batch.
 */
export function conv1d(x: Tensor, filter: Tensor, options: Conv1dOptions = {}): Tensor {
  const { stride = 1, padding = "valid", dilation = 1 } = options;
  if (dilation === 1) return tf.conv1d(x as Tensor3D, filter as Tensor3D, stride, padding);
  if (stride !== 1) throw new RangeError(`invalid stride with dilation ${dilation}: ${stride}`);
  const [batch, length, channels] = x.shape as [number, number, number];
  const reach = dilation * (elementAt(filter.shape, 0) - 1);
  const before = padding === "same" ? Math.floor(reach / 2) : 0;
  const outLength = padding === "same" ? length : length - reach;
  if (outLength < 1)
    throw new RangeError(`invalid length for a filter that reaches over ${reach + 1} samples: ${length}`);
  const rows = Math.ceil((outLength + reach) / dilation);
  const padded = tf.pad(x, [
    [0, 0],
    [before, rows * dilation - length - before],
    [0, 0],
  ]);
  const sequences = tf.transpose(tf.reshape(padded, [batch, rows, dilation, channels]), [0, 2, 1, 3]); // [B, d, rows, C]
  const y = tf.conv1d(
    tf.reshape(sequences, [batch * dilation, rows, channels]) as Tensor3D,
    filter as Tensor3D,
    1,
    "valid",
  );
  const [, outRows, outChannels] = y.shape;
  const collected = tf.transpose(tf.reshape(y, [batch, dilation, outRows, outChannels]), [0, 2, 1, 3]);
  const flat = tf.reshape(collected, [batch, outRows * dilation, outChannels]);
  return tf.slice(flat, [0, 0, 0], [batch, outLength, outChannels]);
}
