/**
 * Layers as functions over named parameters. Signals are [B, 1, L, C] (tensorflow.js' NHWC with a height of one);
 * parameters keep PyTorch's layouts and are turned inside the graph, where executors fold the turn away.
 */
import { elementAt } from "../base/lookup.js";
import * as ops from "../tensor/ops.js";
import { type Tensor, type Tensor4D, tf } from "../tensor/tf.js";

/** Tensors by state_dict name, parameters and buffers together. */
export type NamedTensors = Readonly<Record<string, Tensor>>;

/** What a forward pass needs to know beyond its inputs. */
export interface ForwardContext {
  /** Batch statistics and dropout when true, running statistics and no dropout when false. */
  readonly training: boolean;
  /** Mask already divided by the kept share, or undefined for "keep everything". */
  dropout(name: string, shape: readonly number[]): Tensor | undefined;
  /** Recompute what is large in the backward pass instead of keeping it: memory for time, on eager executors. */
  readonly gradientCheckpointing?: boolean;
  /** Takes the next value of a buffer; called in training only, outside of any gradient. */
  updateBuffer(name: string, value: Tensor): void;
}

/** A context for inference: running statistics, no dropout. */
export const evaluation: ForwardContext = { training: false, dropout: () => undefined, updateBuffer() {} };

/** The parameter or buffer of that name. Throws a RangeError where there is none. */
export function parameter(p: NamedTensors, name: string): Tensor {
  const tensor = p[name];
  if (!tensor) throw new RangeError(`no parameter named ${name}`);
  return tensor;
}

/** [B, C, L] to [B, 1, L, C]. */
export function fromChannelsFirst(x: Tensor): Tensor4D {
  const [batch, channels, length] = x.shape as [number, number, number];
  return tf.reshape(tf.transpose(x, [0, 2, 1]), [batch, 1, length, channels]);
}

/** [B, 1, L, C] to [B, C, L]. */
export function toChannelsFirst(x: Tensor): Tensor {
  const [batch, , length, channels] = x.shape as [number, number, number, number];
  return tf.transpose(tf.reshape(x, [batch, length, channels]), [0, 2, 1]);
}

function addBias(x: Tensor, p: NamedTensors, name: string): Tensor {
  const bias = p[`${name}.bias`];
  return bias ? tf.add(x, bias) : x;
}

/** Matrix [out, in] times x [in, ...]: [out, ...]. */
export function timesColumns(matrix: Tensor, x: Tensor): Tensor {
  const columns = tf.reshape(x, [elementAt(x.shape, 0), -1]);
  return tf.reshape(tf.matMul(matrix, columns), [elementAt(matrix.shape, 0), ...x.shape.slice(1)]);
}

/** `linear` with channels in front: weight [out, in] times x [in, ...], plus the bias if there is one: [out, ...]. */
export function linearColumns(x: Tensor, p: NamedTensors, name: string): Tensor {
  const y = timesColumns(parameter(p, `${name}.weight`), x);
  const bias = p[`${name}.bias`];
  return bias ? tf.add(y, tf.reshape(bias, [-1, ...Array<number>(x.rank - 1).fill(1)])) : y;
}

/** x [..., in] times the transposed weight [out, in], plus the bias if there is one: [..., out]. */
export function linear(x: Tensor, p: NamedTensors, name: string): Tensor {
  const weight = parameter(p, `${name}.weight`);
  const y = tf.matMul(tf.reshape(x, [-1, elementAt(x.shape, -1)]), weight, false, true);
  return addBias(tf.reshape(y, [...x.shape.slice(0, -1), elementAt(weight.shape, 0)]), p, name);
}

export interface ConvolutionOptions {
  /** @default 1 */
  readonly stride?: number;
  /** @default 1 */
  readonly dilation?: number;
  /** Pad in front only, so that no position sees a later one; the stride must be 1. @default false */
  readonly isCausal?: boolean | undefined;
}

/** `rows` [B, L, C] with as many zeros in front as a filter of `kernel` taps reaches back: [B, reach + L, C]. */
function paddedInFront(rows: Tensor, kernel: number, dilation: number): Tensor {
  return tf.pad(rows, [
    [0, 0],
    [dilation * (kernel - 1), 0],
    [0, 0],
  ]);
}

/**
 * 1-D convolution, padded so that the output length is ceil(L / stride); for odd kernels and stride 1 equal to
 * PyTorch's `padding=k//2`. x [B, 1, L, in], weight [out, in, k], bias [out] if present: [B, 1, ceil(L/stride), out].
 */
export function conv1d(x: Tensor4D, p: NamedTensors, name: string, options: ConvolutionOptions = {}): Tensor4D {
  const { stride = 1, dilation = 1, isCausal = false } = options;
  const weight = parameter(p, `${name}.weight`);
  const [outputs, inputs, kernel] = weight.shape as [number, number, number];
  const [batch, , length] = x.shape;
  const rows = tf.reshape(x, [batch, length, inputs]);
  const filter = tf.transpose(weight, [2, 1, 0]);
  const y = isCausal
    ? ops.conv1d(paddedInFront(rows, kernel, dilation), filter, { stride, dilation, padding: "valid" })
    : ops.conv1d(rows, filter, { stride, dilation, padding: "same" }); // [B, L', out]
  return addBias(tf.reshape(y, [batch, 1, elementAt(y.shape, 1), outputs]), p, name) as Tensor4D;
}

/**
 * Convolution whose stride is its kernel, as one product without padding. x [B, 1, L, in] with L a multiple of k,
 * weight [out, in, k]: [B, 1, L/k, out].
 */
export function patchConv1d(x: Tensor4D, p: NamedTensors, name: string): Tensor4D {
  const weight = parameter(p, `${name}.weight`);
  const [outputs, inputs, kernel] = weight.shape as [number, number, number];
  const [batch, , length] = x.shape;
  const rows = tf.reshape(x, [(batch * length) / kernel, kernel * inputs]);
  const matrix = tf.reshape(tf.transpose(weight, [0, 2, 1]), [outputs, kernel * inputs]);
  const y = addBias(tf.matMul(rows as Tensor, matrix as Tensor, false, true), p, name);
  return tf.reshape(y, [batch, 1, length / kernel, outputs]);
}

/**
 * `patchConv1d` straight from a channel-major signal: moves patches of k samples instead of single ones.
 * x [B, in, L] with L a multiple of k, weight [out, in, k]: [B, 1, L/k, out].
 */
export function patchConv1dChannelsFirst(x: Tensor, p: NamedTensors, name: string): Tensor4D {
  const weight = parameter(p, `${name}.weight`);
  const [outputs, inputs, kernel] = weight.shape as [number, number, number];
  const [batch, , length] = x.shape as [number, number, number];
  const patches = length / kernel;
  const turned = tf.transpose(tf.reshape(x, [batch, inputs, patches, kernel]), [0, 2, 1, 3]); // [B, L/k, in, k]
  const rows = tf.reshape(turned, [batch * patches, inputs * kernel]);
  const matrix = tf.reshape(weight, [outputs, inputs * kernel]);
  const y = addBias(tf.matMul(rows, matrix, false, true), p, name);
  return tf.reshape(y, [batch, 1, patches, outputs]);
}

/** Transposed convolution whose stride is its kernel. x [B, 1, L, in], weight [in, out, k]: [B, 1, L*k, out]. */
export function convTranspose1d(x: Tensor4D, p: NamedTensors, name: string): Tensor4D {
  const weight = parameter(p, `${name}.weight`);
  const [inputs, outputs, kernel] = weight.shape as [number, number, number];
  const [batch, , length] = x.shape;
  const matrix = tf.reshape(tf.transpose(weight, [0, 2, 1]), [inputs, kernel * outputs]);
  const y = tf.matMul(tf.reshape(x, [batch * length, inputs]), matrix); // [B*L, k*out]
  return addBias(tf.reshape(y, [batch, 1, length * kernel, outputs]), p, name) as Tensor4D;
}

/** Share of the newest batch in running statistics, as PyTorch's default. */
export const BATCH_NORM_MOMENTUM = 0.1;

/** Added to variances, as PyTorch's default. */
const NORM_EPSILON = 1e-5;

/** Move a running statistic a tenth towards the newest batch's. */
export function updateRunning(p: NamedTensors, name: string, context: ForwardContext, fresh: Tensor): void {
  const running = tf.mul(parameter(p, name), 1 - BATCH_NORM_MOMENTUM);
  context.updateBuffer(name, tf.add(running, tf.mul(fresh, BATCH_NORM_MOMENTUM)));
}

/**
 * Batch norm over [B, 1, L, C]. In training by the batch's own statistics, and the running ones move by a tenth, the
 * variance unbiased, as in PyTorch; in evaluation by the running ones. Source: Ioffe & Szegedy 2015.
 */
export function batchNorm<T extends Tensor>(
  x: T,
  p: NamedTensors,
  name: string,
  context: ForwardContext,
  epsilon = NORM_EPSILON,
): T {
  const scale = parameter(p, `${name}.weight`);
  const offset = parameter(p, `${name}.bias`);
  if (!context.training) {
    const { gain, shift } = normFactors(p, name, epsilon);
    return tf.add(tf.mul(x, gain), shift) as T;
  }
  const { y, mean, variance } = ops.batchNorm(x, scale, offset, { epsilon });
  const count = x.size / elementAt(x.shape, -1);
  updateRunning(p, `${name}.running_mean`, context, mean);
  updateRunning(p, `${name}.running_var`, context, tf.mul(variance, count / Math.max(1, count - 1)));
  return y as T;
}

/**
 * `conv1d` and then `batchNorm`. In evaluation the norm is a factor and an offset per channel, which go into the weights:
 * they are smaller than the signal.
 */
export function convNorm(
  x: Tensor4D,
  p: NamedTensors,
  { conv, norm }: { readonly conv: string; readonly norm: string },
  context: ForwardContext,
  options: ConvolutionOptions = {},
): Tensor4D {
  if (context.training) return batchNorm(conv1d(x, p, conv, options), p, norm, context);
  const { gain, shift } = normFactors(p, norm);
  const weight = parameter(p, `${conv}.weight`);
  const bias = p[`${conv}.bias`];
  const folded = {
    "folded.weight": tf.mul(weight, tf.reshape(gain, [gain.size, 1, 1])),
    "folded.bias": bias ? tf.add(tf.mul(bias, gain), shift) : shift,
  };
  return conv1d(x, folded, "folded", options);
}

/** What batch norm does in evaluation: y = x · gain + shift, [C] each. */
function normFactors(p: NamedTensors, name: string, epsilon = NORM_EPSILON): { gain: Tensor; shift: Tensor } {
  const gain = tf.mul(parameter(p, `${name}.weight`), tf.rsqrt(tf.add(parameter(p, `${name}.running_var`), epsilon)));
  return { gain, shift: tf.sub(parameter(p, `${name}.bias`), tf.mul(parameter(p, `${name}.running_mean`), gain)) };
}

/** Layer norm over one axis. Source: Ba et al. 2016. */
export function layerNorm(x: Tensor, p: NamedTensors, name: string, axis = x.rank - 1): Tensor {
  return ops.layerNorm(x, parameter(p, `${name}.weight`), parameter(p, `${name}.bias`), { axis });
}

/** x times the mask of that name, or x itself when the context has none. */
export function dropout<T extends Tensor>(x: T, name: string, shape: readonly number[], context: ForwardContext): T {
  const mask = context.training ? context.dropout(name, shape) : undefined;
  return mask ? (tf.mul(x, mask) as T) : x;
}

/** Gaussian error linear unit, exact. Source: Hendrycks & Gimpel 2016. */
export function gelu<T extends Tensor>(x: T): T {
  return tf.mul(tf.mul(x, 0.5), tf.add(tf.erf(tf.mul(x, Math.SQRT1_2)), 1)) as T;
}

/** Rectifier. */
export function relu<T extends Tensor>(x: T): T {
  return tf.relu(x);
}

/** x for what is above zero, exp(x) - 1 below. Source: Clevert et al. 2016. */
export function elu<T extends Tensor>(x: T): T {
  return tf.elu(x);
}

/** The larger of every two neighbours, of equal ones the first. x [B, 1, L, C] with L even: [B, 1, L/2, C]. */
export function maxPoolPairs(x: Tensor4D): Tensor4D {
  const [batch, , length, channels] = x.shape;
  const pairs = tf.reshape(x, [batch, length / 2, 2, channels]);
  const [first, second] = tf.split(pairs, 2, 2) as [Tensor, Tensor];
  return tf.reshape(tf.maximum(first, second), [batch, 1, length / 2, channels]);
}

/** Mean over stretches of `size` positions. x [B, 1, L, C] with L a multiple of it: [B, 1, L/size, C]. */
export function averagePool(x: Tensor4D, size: number): Tensor4D {
  const [batch, , length, channels] = x.shape;
  const stretches = tf.reshape(x, [batch, length / size, size, channels]);
  return tf.reshape(tf.mean(stretches, 2), [batch, 1, length / size, channels]);
}

/** Every position twice. x [B, 1, L, C]: [B, 1, 2L, C]. */
export function repeatTwice(x: Tensor4D): Tensor4D {
  const [batch, , length, channels] = x.shape;
  const wide = tf.reshape(x, [batch, length, 1, channels]);
  return tf.reshape(tf.concat([wide, wide], 2), [batch, 1, 2 * length, channels]);
}
