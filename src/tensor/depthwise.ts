import { elementAt } from "../base/lookup.js";
import { type Differentiable, withGradient } from "./gradient-scope.js";
import { type Tensor, tf } from "./tf.js";

/** A depthwise convolution as one kernel: x [C, R, L], filter [C, k] and bias [C] or none, with attribute `before`. */
export const DEPTHWISE_CONV = "IctalDepthwiseConv1d";
/** Its gradient by the filter: x and dy [C, R, L], with attributes `taps` and `before`, to [C, k]. */
export const DEPTHWISE_FILTER_GRADIENT = "IctalDepthwiseConv1dBackpropFilter";

/** Whether the present backend has the two kernels. On GPUs elementwise operations are cheap and groups of one are not. */
function hasKernels(): boolean {
  const { provider } = tf.backend() as { provider?: string };
  return Boolean(tf.getKernel(DEPTHWISE_CONV, tf.getBackend())) && provider !== "cuda" && provider !== "webgpu";
}

/** x [C, R, L] moved `by` positions towards its end, or towards its start if negative; zeros come in. */
function shifted(x: Tensor, by: number): Tensor {
  const rest = elementAt(x.shape, 2) - Math.abs(by);
  if (by === 0) return x;
  if (rest <= 0) return tf.zerosLike(x);
  return tf.pad(tf.slice(x, [0, 0, Math.max(0, -by)], [-1, -1, rest]), [
    [0, 0],
    [0, 0],
    [Math.max(0, by), Math.max(0, -by)],
  ]);
}

function correlated(x: Tensor, filter: Tensor, before: number, bias?: Tensor): Tensor {
  if (hasKernels()) {
    const inputs = { x, filter, ...(bias && { bias }) };
    return tf.engine().runKernel(DEPTHWISE_CONV, inputs, { before }) as Tensor;
  }
  const taps = tf.split(tf.expandDims(filter, 2), elementAt(filter.shape, 1), 1) as Tensor[]; // [C, 1, 1] each
  const y = taps.map((tap, i) => tf.mul(shifted(x, before - i), tap)).reduce((sum, term) => tf.add(sum, term));
  return bias ? tf.add(y, tf.reshape(bias, [-1, 1, 1])) : y;
}

function filterGradient(x: Tensor, dy: Tensor, taps: number, before: number): Tensor {
  if (hasKernels()) return tf.engine().runKernel(DEPTHWISE_FILTER_GRADIENT, { x, dy }, { taps, before }) as Tensor;
  const perTap = Array.from({ length: taps }, (_, i) => tf.sum(tf.mul(shifted(x, before - i), dy), [1, 2]));
  return tf.stack(perTap, 1);
}

/**
 * Convolution (cross-correlation) of each channel by itself: x [C, R, L], R independent signals per channel, with weight
 * [C, …1, k] and bias [C] if there is one, to y [C, R, L] with y_t = Σ_i w_i x_(t + i - before) and zeros outside.
 * `before` = k - 1 makes it causal. Its gradients keep x alone.
 */
export function depthwiseConv1d(x: Tensor, weight: Tensor, before: number, bias?: Tensor): Tensor {
  const taps = elementAt(weight.shape, -1);
  const filter = tf.reshape(weight, [elementAt(weight.shape, 0), taps]);
  const forward = (x: Tensor, filter: Tensor, bias?: Tensor): Differentiable<[Tensor, Tensor]> => ({
    value: correlated(x, filter, before, bias),
    saved: [x, filter],
    gradient: (dy, [x, filter]) => {
      const dx = correlated(dy, tf.reverse(filter, 1), taps - 1 - before);
      const gradients = [dx, filterGradient(x, dy, taps, before)];
      return bias ? [...gradients, tf.sum(dy, [1, 2])] : gradients;
    },
  });
  return bias ? withGradient(forward, x, filter, bias) : withGradient(forward, x, filter);
}
