import { type Tensor, tf } from "../tensor/tf.js";

/** x [B, L, C] with so many zeros before and after its positions; fewer than none are cut off. */
function padded(x: Tensor, before: number, after: number): Tensor {
  return tf.pad(x, [
    [0, 0],
    [before, after],
    [0, 0],
  ]);
}

/** L positions from `start` on, of x [B, longer, C]. */
function positions(x: Tensor, start: number, length: number): Tensor {
  return tf.slice(x, [0, start, 0], [-1, length, -1]);
}

/**
 * Convolution of each channel by itself, as shifted products: x [B, L, C], weight [C, 1, k], bias [C], to [B, L, C], with
 * `before` zeros in front and k - 1 - before behind: k - 1 is causal, half of it looks both ways. Its gradients are
 * written out: those of the slices would widen each tap's share to full size before they are added.
 */
export function depthwiseConv1d(x: Tensor, weight: Tensor, bias: Tensor, before: number): Tensor {
  const [, length, channels] = x.shape as [number, number, number];
  const kernel = weight.shape.at(-1)!;
  const after = kernel - 1 - before;
  const rowsOf = (w: Tensor) => tf.unstack(tf.transpose(tf.reshape(w, [channels, kernel]), [1, 0]));
  return tf.customGrad((x, weight, bias, save) => {
    (save as unknown as (tensors: Tensor[]) => void)([x as Tensor, weight as Tensor]); // tfjs passes `save` last
    const wide = padded(x as Tensor, before, after);
    const value = rowsOf(weight as Tensor).reduce<Tensor>(
      (y, row, tap) => tf.add(tf.mul(positions(wide, tap, length), row), y),
      bias as Tensor,
    );
    return {
      value,
      gradFunc: (dy: Tensor, [x, weight]: Tensor[]) => {
        const wideX = padded(x!, before, after);
        const wideDy = padded(dy, after, before);
        const shares = rowsOf(weight!).map((row, tap) => tf.mul(positions(wideDy, kernel - 1 - tap, length), row));
        const perTap = shares.map((_, tap) => tf.sum(tf.mul(positions(wideX, tap, length), dy), [0, 1]));
        const dWeight = tf.reshape(tf.transpose(tf.stack(perTap), [1, 0]), weight!.shape);
        return [shares.reduce((sum, share) => tf.add(sum, share)), dWeight, tf.sum(dy, [0, 1])];
      },
    };
  })(x, weight, bias);
}
