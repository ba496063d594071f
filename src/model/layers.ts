/**
 * Layers as functions over named parameters. Signals are [B, 1, L, C] (tensorflow.js' NHWC with a height of one);
 * parameters keep PyTorch's layouts and are turned inside the graph, where executors fold the turn away.
 */
import { type Tensor, type Tensor4D, tf } from "../tensor/tf.js";

/** Tensors by state_dict name, parameters and buffers together. */
export type NamedTensors = Readonly<Record<string, Tensor>>;

/** What a forward pass needs to know beyond its inputs. */
export interface ForwardContext {
  /** Batch statistics and dropout when true, running statistics and no dropout when false. */
  readonly training: boolean;
  /** Mask already divided by the kept share, or undefined for "keep everything". */
  dropout(name: string, shape: readonly number[]): Tensor | undefined;
  /** Takes the next value of a buffer; called in training only, outside of any gradient. */
  updateBuffer(name: string, value: Tensor): void;
}

/** A context for inference: running statistics, no dropout. */
export const evaluation: ForwardContext = { training: false, dropout: () => undefined, updateBuffer() {} };

function parameter(p: NamedTensors, name: string): Tensor {
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

/** x [..., in] times the transposed weight [out, in], plus the bias if there is one: [..., out]. */
export function linear(x: Tensor, p: NamedTensors, name: string): Tensor {
  const weight = parameter(p, `${name}.weight`);
  const rows = tf.reshape(x, [-1, x.shape.at(-1)!]);
  const y = addBias(tf.matMul(rows, weight, false, true), p, name); // [rows, out]
  return tf.reshape(y, [...x.shape.slice(0, -1), weight.shape[0]!]);
}

export interface ConvolutionOptions {
  /** @default 1 */
  readonly stride?: number;
  /** @default 1 */
  readonly dilation?: number;
}

/** One product per tap over shifted views; serves dilation, whose gradient tensorflow.js' conv2d refuses. */
function dilatedConv1d(x: Tensor4D, weight: Tensor, stride: number, dilation: number): Tensor {
  const [batch, , length, inputs] = x.shape;
  const [outputs, , kernel] = weight.shape as [number, number, number];
  const span = (kernel - 1) * dilation;
  const before = Math.floor(span / 2);
  const outLength = Math.ceil(length / stride);
  const padded = tf.pad(tf.reshape(x, [batch, length, inputs]), [
    [0, 0],
    [before, span - before + outLength * stride - length],
    [0, 0],
  ]);
  const taps = Array.from({ length: kernel }, (_, tap) => {
    const shifted = tf.slice(padded, [0, tap * dilation, 0], [batch, outLength * stride, inputs]);
    const strided = tf.reshape(shifted, [batch, outLength, stride * inputs]);
    return tf.slice(strided, [0, 0, 0], [batch, outLength, inputs]);
  });
  const columns = tf.reshape(tf.concat(taps, 2), [batch * outLength, kernel * inputs]);
  const matrix = tf.reshape(tf.transpose(weight, [2, 1, 0]), [kernel * inputs, outputs]);
  return tf.reshape(tf.matMul(columns, matrix), [batch, 1, outLength, outputs]);
}

/**
 * 1-D convolution, padded so that the output length is ceil(L / stride); for odd kernels and stride 1 equal to
 * PyTorch's `padding=k//2`. x [B, 1, L, in], weight [out, in, k], bias [out] if present: [B, 1, ceil(L/stride), out].
 */
export function conv1d(x: Tensor4D, p: NamedTensors, name: string, options: ConvolutionOptions = {}): Tensor4D {
  const { stride = 1, dilation = 1 } = options;
  const weight = parameter(p, `${name}.weight`);
  const [outputs, inputs, kernel] = weight.shape as [number, number, number];
  if (kernel === 1 && stride === 1) {
    const y = linear(
      x,
      { w: tf.reshape(weight, [outputs, inputs]), "w.weight": tf.reshape(weight, [outputs, inputs]) },
      "w",
    );
    return addBias(y, p, name) as Tensor4D;
  }
  if (dilation > 1) return addBias(dilatedConv1d(x, weight, stride, dilation), p, name) as Tensor4D;
  const filter = tf.reshape(tf.transpose(weight, [2, 1, 0]), [1, kernel, inputs, outputs]) as Tensor4D;
  return addBias(tf.conv2d(x, filter, [1, stride], "same"), p, name) as Tensor4D;
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

/** Batch norm over all but the last axis by batch statistics, with a gradient of its own: three products, no tiling. */
function batchNormTraining(
  x: Tensor,
  scale: Tensor,
  offset: Tensor,
  epsilon: number,
  seen: (mean: Tensor, variance: Tensor) => void,
): Tensor {
  const channels = x.shape.at(-1)!;
  const count = x.size / channels;
  const normalize = tf.customGrad((...args) => {
    const [input, gain, shift, save] = args as unknown as [Tensor, Tensor, Tensor, (saved: Tensor[]) => void];
    const rows = tf.reshape(input, [count, channels]);
    const mean = tf.mean(rows, 0);
    const centred = tf.sub(rows, mean);
    const variance = tf.mean(tf.square(centred), 0);
    seen(mean, variance);
    const inverse = tf.rsqrt(tf.add(variance, epsilon));
    const unit = tf.mul(centred, inverse);
    save([unit, inverse, gain]);
    return {
      value: tf.reshape(tf.add(tf.mul(unit, gain), shift), input.shape),
      gradFunc: (dy: Tensor | Tensor[], saved: Tensor[]) => {
        const [unitSaved, inverseSaved, gainSaved] = saved as [Tensor, Tensor, Tensor];
        const dyRows = tf.reshape(dy as Tensor, [count, channels]);
        const dShift = tf.sum(dyRows, 0);
        const dGain = tf.sum(tf.mul(dyRows, unitSaved), 0);
        const inner = tf.sub(tf.sub(dyRows, tf.div(dShift, count)), tf.mul(unitSaved, tf.div(dGain, count)));
        return [tf.reshape(tf.mul(inner, tf.mul(gainSaved, inverseSaved)), x.shape), dGain, dShift];
      },
    };
  });
  return normalize(x, scale, offset);
}

/** Share of the newest batch in running statistics, as PyTorch's default. */
export const BATCH_NORM_MOMENTUM = 0.1;

function updateRunning(p: NamedTensors, name: string, context: ForwardContext, fresh: Tensor): void {
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
  epsilon = 1e-5,
): T {
  const scale = parameter(p, `${name}.weight`);
  const offset = parameter(p, `${name}.bias`);
  if (!context.training) {
    const gain = tf.mul(scale, tf.rsqrt(tf.add(parameter(p, `${name}.running_var`), epsilon)));
    const shift = tf.sub(offset, tf.mul(parameter(p, `${name}.running_mean`), gain));
    return tf.add(tf.mul(x, gain), shift) as T;
  }
  const count = x.size / x.shape.at(-1)!;
  return batchNormTraining(x, scale, offset, epsilon, (mean, variance) => {
    updateRunning(p, `${name}.running_mean`, context, mean);
    updateRunning(p, `${name}.running_var`, context, tf.mul(variance, count / Math.max(1, count - 1)));
  }) as T;
}

/** Layer norm over the last axis. Source: Ba et al. 2016. */
export function layerNorm(x: Tensor, p: NamedTensors, name: string, epsilon = 1e-5): Tensor {
  const centred = tf.sub(x, tf.mean(x, -1, true));
  const inverse = tf.rsqrt(tf.add(tf.mean(tf.square(centred), -1, true), epsilon));
  return tf.add(tf.mul(tf.mul(centred, inverse), parameter(p, `${name}.weight`)), parameter(p, `${name}.bias`));
}

/** x times the mask of that name, or x itself when the context has none. */
export function dropout<T extends Tensor>(x: T, name: string, shape: readonly number[], context: ForwardContext): T {
  const mask = context.training ? context.dropout(name, shape) : undefined;
  return mask ? (tf.mul(x, mask) as T) : x;
}

/** x · sigmoid(x), keeping only x for the gradient. */
export function silu<T extends Tensor>(x: T): T {
  const activate = tf.customGrad((...args) => {
    const [input, save] = args as unknown as [Tensor, (saved: Tensor[]) => void];
    save([input]);
    return {
      value: tf.mul(input, tf.sigmoid(input)),
      gradFunc: (dy: Tensor | Tensor[], [saved]: Tensor[]) => {
        const gate = tf.sigmoid(saved!);
        const slope = tf.mul(gate, tf.add(tf.mul(saved!, tf.sub(1, gate)), 1));
        return tf.mul(dy as Tensor, slope);
      },
    };
  });
  return activate(x) as T;
}

/** Gaussian error linear unit, exact. Source: Hendrycks & Gimpel 2016. */
export function gelu<T extends Tensor>(x: T): T {
  return tf.mul(tf.mul(x, 0.5), tf.add(tf.erf(tf.mul(x, Math.SQRT1_2)), 1)) as T;
}

/** Rectifier. */
export function relu<T extends Tensor>(x: T): T {
  return tf.relu(x);
}
