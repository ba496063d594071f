/**
 * Long filters over time as matrix products. A convolution with few channels and a hundred taps suits no executor: its
 * gradient is one product per tap. Cut into blocks with what the filter sees around them, it is a single one.
 */
import { elementAt } from "../base/lookup.js";
import { type Tensor, type Tensor2D, tf } from "../tensor/tf.js";

/** Longest block. */
const MOST_POSITIONS = 64;

interface Blocks {
  /** Positions of a block: a divisor of the length. */
  readonly size: number;
  /** Positions that a block's outputs look at, and perhaps a few more: a multiple of the size. */
  readonly reach: number;
}

function blocksOf(length: number, kernel: number): Blocks {
  let size = Math.min(MOST_POSITIONS, length);
  while (length % size !== 0) size -= 1;
  return { size, reach: size * (1 + Math.ceil((kernel - 1) / size)) };
}

/** Where a filter lies: half before and half behind each position, or wholly before it. */
export type FilterPlace = "centred" | "causal";

/** Each block of x [R, L] with what a filter of k taps at `place` sees around it: [R, L/size, reach]. */
function framed(x: Tensor, kernel: number, { size, reach }: Blocks, place: FilterPlace): Tensor {
  const [rows, length] = x.shape as [number, number];
  const blocks = length / size;
  const before = place === "causal" ? kernel - 1 : Math.floor((kernel - 1) / 2);
  const padded = tf.pad(x as Tensor2D, [
    [0, 0],
    [before, reach - size - before],
  ]);
  const cut = tf.reshape(padded, [rows, blocks + reach / size - 1, size]);
  const shifted = Array.from({ length: reach / size }, (_, by) => tf.slice(cut, [0, by, 0], [rows, blocks, size]));
  return tf.concat(shifted, 2);
}

/** Each filter at every position of a block: weights [F, k] to [F, size, reach], row q holding them from column q on. */
function shiftedFilters(weights: Tensor, { size, reach }: Blocks): Tensor {
  const [filters, kernel] = weights.shape as [number, number];
  const padded = tf.pad(weights as Tensor2D, [
    [0, 0],
    [0, reach + 1 - kernel],
  ]);
  const rows = tf.add(tf.reshape(padded, [filters, 1, reach + 1]), tf.zeros([1, size, 1])); // one too long, so that
  const flat = tf.reshape(rows, [filters, size * (reach + 1)]); // each begins one column further right
  return tf.reshape(tf.slice(flat, [0, 0], [filters, size * reach]), [filters, size, reach]);
}

/** Signals x [F, R, L], each by the filter of its group, weights [F, k], zeros around: [F, R, L]. */
export function longFilters(x: Tensor, weights: Tensor, place: FilterPlace = "centred"): Tensor {
  const [filters, rows, length] = x.shape as [number, number, number];
  const kernel = elementAt(weights.shape, 1);
  const blocks = blocksOf(length, kernel);
  const frames = framed(tf.reshape(x, [filters * rows, length]), kernel, blocks, place);
  const y = tf.matMul(
    tf.reshape(frames, [filters, (rows * length) / blocks.size, blocks.reach]),
    shiftedFilters(weights, blocks),
    false,
    true,
  );
  return tf.reshape(y, [filters, rows, length]);
}

/** [k, reach] of 0 and 1: row a holds `size` ones from column a on. */
function runs(kernel: number, { size, reach }: Blocks): Tensor {
  const values = Float32Array.from({ length: kernel * reach }, (_, at) => {
    const row = Math.floor(at / reach);
    const column = at % reach;
    return column >= row && column < row + size ? 1 : 0;
  });
  return tf.tensor2d(values, [kernel, reach]);
}

/** Mean and biased variance over all of x [R, L] filtered by each of weights [F, k]: [F] each, without filtering it. */
export function filteredMoments(
  x: Tensor,
  weights: Tensor,
  place: FilterPlace = "centred",
): { mean: Tensor; variance: Tensor } {
  const [filters, kernel] = weights.shape as [number, number];
  const blocks = blocksOf(elementAt(x.shape, 1), kernel);
  const { reach } = blocks;
  const frames = tf.reshape(framed(x, kernel, blocks, place), [x.size / blocks.size, reach]);
  const summing = runs(kernel, blocks);
  const first = tf.div(tf.matMul(summing, tf.reshape(tf.sum(frames, 0), [reach, 1])), x.size); // [k, 1]
  const products = tf.reshape(tf.matMul(frames, frames, true, false), [1, reach * reach]);
  // Down the diagonals: rows that are one longer put what lies on one diagonal into one column.
  const skewed = tf.reshape(
    tf.pad(products as Tensor2D, [
      [0, 0],
      [0, reach],
    ]),
    [reach, reach + 1],
  );
  const flat = tf.reshape(tf.matMul(summing, skewed), [1, kernel * (reach + 1)]);
  const square = tf.reshape(tf.slice(flat, [0, 0], [1, kernel * reach]), [kernel, reach]);
  const second = tf.div(tf.slice(square, [0, 0], [kernel, kernel]), x.size); // [k, k], mean products of two taps
  const mean = tf.reshape(tf.matMul(weights, first), [filters]);
  const power = tf.sum(tf.mul(tf.matMul(weights, second), weights), 1);
  return { mean, variance: tf.sub(power, tf.square(mean)) };
}
