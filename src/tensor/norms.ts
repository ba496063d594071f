import { elementAt } from "../base/lookup.js";
import { type Differentiable, withGradient, withoutGradient } from "./gradient-scope.js";
import { type Tensor, tf } from "./tf.js";

/**
 * Normalizations with their gradients written out. tfjs's own implementation keeps several full-size tensors per call for the
 * backward pass and tiles the statistics to full size; these keep the normalized input and small tensors only.
 */

/** `shape` with 1 everywhere but on `axis`. */
function onlyAxis(shape: readonly number[], axis: number): number[] {
  return shape.map((length, i) => (i === axis ? length : 1));
}

/** Mean and variance over `axes`, kept as axes of length 1. */
function momentsOf(x: Tensor, axes: number[]): { mean: Tensor; variance: Tensor } {
  const mean = tf.mean(x, axes, true);
  return { mean, variance: tf.mean(tf.square(tf.sub(x, mean)), axes, true) };
}

export interface BatchNormOptions {
  /** Added to the variance. @default 1e-5 */
  readonly epsilon?: number | undefined;
  /** The channel axis. @default the last */
  readonly axis?: number | undefined;
}

export interface LayerNormOptions {
  /** Added to the variance or the mean square. @default 1e-5 */
  readonly epsilon?: number | undefined;
  /** The axis that is normalized. @default the last */
  readonly axis?: number | undefined;
}

export interface BatchNormResult {
  /** As `x`. */
  readonly y: Tensor;
  /** [C], of this batch, without gradient. */
  readonly mean: Tensor;
  /** [C], biased (divided by the count), without gradient. */
  readonly variance: Tensor;
}

/**
 * Batch normalization in training mode (Ioffe & Szegedy 2015, arXiv:1502.03167): statistics of the batch itself over all
 * axes but the channels'. `scale` and `offset` are [C]. For evaluation use `tf.batchNorm` with running statistics.
 */
export function batchNorm(x: Tensor, scale: Tensor, offset: Tensor, options: BatchNormOptions = {}): BatchNormResult {
  const { epsilon = 1e-5, axis = x.rank - 1 } = options;
  const axes = x.shape.flatMap((_, i) => (i === axis ? [] : [i]));
  const wide = onlyAxis(x.shape, axis);
  const { mean, variance } = withoutGradient(() => momentsOf(x, axes));
  const forward = (x: Tensor, scale: Tensor, offset: Tensor): Differentiable<[Tensor, Tensor, Tensor]> => {
    const inverse = tf.rsqrt(tf.add(variance, epsilon));
    const factor = tf.mul(tf.reshape(scale, wide), inverse);
    const centred = tf.sub(x, mean);
    return {
      value: tf.add(tf.mul(centred, factor), tf.reshape(offset, wide)),
      saved: [centred, inverse, factor],
      gradient: (dy, saved) => batchNormGradients(dy, ...saved, axes),
    };
  };
  const y = withGradient(forward, x, scale, offset);
  return { y, mean: tf.reshape(mean, [-1]), variance: tf.reshape(variance, [-1]) };
}

/**
 * Of y = (x - mean) · factor + offset with factor = scale · inverse, over n samples per channel:
 * dx = factor · (dy - Σdy/n) - (x - mean) · factor · inverse² · Σ(dy · (x - mean))/n.
 */
function batchNormGradients(dy: Tensor, centred: Tensor, inverse: Tensor, factor: Tensor, axes: number[]): Tensor[] {
  const count = dy.size / factor.size;
  const sum = tf.sum(dy, axes, true);
  const product = tf.sum(tf.mul(dy, centred), axes, true);
  const slope = tf.mul(tf.mul(factor, tf.square(inverse)), tf.div(product, count));
  const dx = tf.sub(tf.mul(tf.sub(dy, tf.div(sum, count)), factor), tf.mul(centred, slope));
  return [dx, tf.reshape(tf.mul(product, inverse), [-1]), tf.reshape(sum, [-1])];
}

/** Layer normalization over one axis (Ba et al. 2016, arXiv:1607.06450), the last unless given; `scale` and `offset` are [C]. */
export function layerNorm(x: Tensor, scale: Tensor, offset: Tensor, options: LayerNormOptions = {}): Tensor {
  const { epsilon = 1e-5, axis = x.rank - 1 } = options;
  const rest = x.shape.flatMap((_, i) => (i === axis ? [] : [i]));
  const wide = onlyAxis(x.shape, axis);
  const forward = (x: Tensor, scale: Tensor, offset: Tensor): Differentiable<[Tensor, Tensor, Tensor]> => {
    const { mean, variance } = momentsOf(x, [axis]);
    const inverse = tf.rsqrt(tf.add(variance, epsilon));
    const normalized = tf.mul(tf.sub(x, mean), inverse);
    return {
      value: tf.add(tf.mul(normalized, tf.reshape(scale, wide)), tf.reshape(offset, wide)),
      saved: [normalized, inverse, scale],
      gradient: (dy, [normalized, inverse, scale]) => {
        const d = tf.mul(dy, tf.reshape(scale, wide));
        const slope = tf.mean(tf.mul(d, normalized), axis, true);
        const centred = tf.sub(tf.sub(d, tf.mean(d, axis, true)), tf.mul(normalized, slope));
        return [tf.mul(centred, inverse), tf.sum(tf.mul(dy, normalized), rest), tf.sum(dy, rest)];
      },
    };
  };
  return withGradient(forward, x, scale, offset);
}

/**
 * 1 / √(mean of squares + ε) over one axis, which stays with length 1; the last unless given. The factor of root-mean-square
 * normalization (Zhang & Sennrich 2019, arXiv:1910.07467), for whoever can apply it where the rows are shorter.
 */
export function inverseRms(x: Tensor, { epsilon = 1e-5, axis = x.rank - 1 }: LayerNormOptions = {}): Tensor {
  const forward = (x: Tensor): Differentiable<[Tensor, Tensor]> => {
    const inverse = tf.rsqrt(tf.add(tf.mean(tf.square(x), axis, true), epsilon));
    return {
      value: inverse,
      saved: [x, inverse],
      gradient: (dy, [x, inverse]) => {
        const cube = tf.mul(tf.square(inverse), inverse);
        return tf.mul(x, tf.mul(tf.mul(dy, cube), -1 / elementAt(x.shape, axis)));
      },
    };
  };
  return withGradient(forward, x);
}
