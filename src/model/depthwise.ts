import { type Tensor, tf } from "../tensor/tf.js";

/** x [B, L, C] moved `by` positions towards its end, or towards its start if negative; zeros come in. */
function shifted(x: Tensor, by: number): Tensor {
  const rest = x.shape[1]! - Math.abs(by);
  if (by === 0) return x;
  if (rest <= 0) return tf.zerosLike(x);
  return tf.pad(tf.slice(x, [0, Math.max(0, -by), 0], [-1, rest, -1]), [
    [0, 0],
    [Math.max(0, by), Math.max(0, -by)],
    [0, 0],
  ]);
}

function sumOf(terms: readonly Tensor[]): Tensor {
  return terms.reduce((sum, term) => tf.add(sum, term));
}

/** Factors of x[t], x[t - 1], … of each channel, [C] each, from weight [C, …1, k]. */
function factorsOf(weight: Tensor): Tensor[] {
  return tf.unstack(tf.transpose(tf.reshape(weight, [weight.shape[0]!, weight.shape.at(-1)!]), [1, 0])).reverse();
}

/** Two taps share one shift: moving what is large costs more than multiplying it. */
function causal(x: Tensor, factors: readonly Tensor[]): Tensor {
  const previous = shifted(x, 1);
  const pairs: Tensor[] = [];
  for (let by = 0; by < factors.length; by += 2) {
    const own = tf.mul(x, factors[by]!);
    const next = factors[by + 1];
    pairs.push(shifted(next ? tf.add(own, tf.mul(previous, next)) : own, by));
  }
  return sumOf(pairs);
}

/**
 * Convolution of each channel by itself with zeros in front: x [B, L, C], weight [C, …1, k], bias [C] if there is one, to
 * [B, L, C] with y_t a sum over x_t … x_(t-k+1). Its gradients are written out and keep x alone.
 */
export function causalDepthwiseConv1d(x: Tensor, weight: Tensor, bias?: Tensor): Tensor {
  const y = tf.customGrad((x, weight, save) => {
    (save as unknown as (tensors: Tensor[]) => void)([x as Tensor, weight as Tensor]); // tfjs passes `save` last
    return {
      value: causal(x as Tensor, factorsOf(weight as Tensor)),
      gradFunc: (dy: Tensor, [x, weight]: Tensor[]) => {
        const factors = factorsOf(weight!);
        const later = factors.map((_, by) => shifted(dy, -by));
        const perTap = later.map((moved) => tf.sum(tf.mul(moved, x!), [0, 1])).reverse();
        const dWeight = tf.reshape(tf.transpose(tf.stack(perTap), [1, 0]), weight!.shape);
        return [sumOf(later.map((moved, by) => tf.mul(moved, factors[by]!))), dWeight];
      },
    };
  })(x, weight);
  return bias ? tf.add(y, bias) : y;
}

/** The same looking both ways, padded so that y_t sees `before` positions in front of it and k - 1 - before behind. */
export function depthwiseConv1d(x: Tensor, weight: Tensor, before: number): Tensor {
  const after = weight.shape.at(-1)! - 1 - before;
  const longer = tf.pad(x, [
    [0, 0],
    [0, after],
    [0, 0],
  ]);
  return tf.slice(causalDepthwiseConv1d(longer, weight), [0, after, 0], [-1, x.shape[1]!, -1]);
}
