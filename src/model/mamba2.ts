/**
 * Mamba-2 by chunked matrix products (state space duality): no scan, no einsum, so that every executor and its gradient
 * run it. Source: Dao & Gu 2024, "Transformers are SSMs"; parameter names and defaults as in state-spaces/mamba.
 */
import { elementAt } from "../base/lookup.js";
import { checkpoint, depthwiseConv1d, inverseRms, silu } from "../tensor/ops.js";
import { type Tensor, type Tensor2D, tf } from "../tensor/tf.js";
import { type NamedTensors, parameter, timesColumns } from "./layers.js";
import { fanInUniform, linearSpecs, type ParameterSpec } from "./parameters.js";

export interface Mamba2Shape {
  readonly modelSize: number;
  readonly stateSize: number;
  /** Width of the causal convolution. */
  readonly convolution: number;
  /** Inner size over model size. */
  readonly expand: number;
  /** Inner size is a multiple of this. */
  readonly headSize: number;
  /** Positions per chunk; changes the order of sums, not the result. */
  readonly chunk: number;
}

interface Sizes {
  readonly inner: number;
  readonly heads: number;
  readonly mixed: number;
}

function sizesOf({ modelSize, stateSize, expand, headSize }: Mamba2Shape): Sizes {
  const inner = modelSize * expand;
  return { inner, heads: inner / headSize, mixed: inner + 2 * stateSize };
}

/** Parameters of one block in one direction, 1,603,792 of them at the reference's size. */
export function mamba2Specs(name: string, shape: Mamba2Shape): ParameterSpec[] {
  const { modelSize, convolution } = shape;
  const { inner, heads, mixed } = sizesOf(shape);
  const perHead = (part: string, init: ParameterSpec["init"]): ParameterSpec => ({
    name: `${name}.${part}`,
    shape: [heads],
    kind: "decay-free",
    init,
  });
  const start = fanInUniform(convolution);
  return [
    perHead("dt_bias", { kind: "softplus-inverse", low: 1e-3, high: 1e-1, floor: 1e-4 }),
    perHead("A_log", { kind: "log-uniform", low: 1, high: 16 }),
    perHead("D", { kind: "constant", value: 1 }),
    ...linearSpecs(`${name}.in_proj`, modelSize, 2 * inner + 2 * shape.stateSize + heads, false),
    { name: `${name}.conv1d.weight`, shape: [mixed, 1, convolution], kind: "weight", init: start },
    { name: `${name}.conv1d.bias`, shape: [mixed], kind: "bias", init: start },
    { name: `${name}.norm.weight`, shape: [inner], kind: "norm", init: { kind: "constant", value: 1 } },
    ...linearSpecs(`${name}.out_proj`, inner, modelSize, false),
  ];
}

/** Whether a position sees those in front of it or those behind it. */
export type Direction = "forwards" | "backwards";

/** For `backwards` the same with every axis reversed. */
function oriented(values: Float32Array, direction: Direction): Float32Array {
  return direction === "forwards" ? values : values.reverse();
}

/**
 * [Q, Q*Q] of 0 and 1 with S[k, (j, i)] = 1 where j < k <= i: times a row of decays it gives the sums of all segments from
 * j to i at once.
 */
function segmentMatrix(size: number, direction: Direction): Tensor2D {
  const values = new Float32Array(size ** 3);
  for (let k = 0; k < size; k++) {
    for (let j = 0; j < k; j++) for (let i = k; i < size; i++) values[(k * size + j) * size + i] = 1;
  }
  return tf.tensor2d(oriented(values, direction), [size, size * size]);
}

/** [Q, Q]: 1 where position `row` takes part in what position `column` sees. */
function triangle(size: number, direction: Direction): Tensor2D {
  const values = Float32Array.from({ length: size * size }, (_, at) => (Math.floor(at / size) <= at % size ? 1 : 0));
  return tf.tensor2d(oriented(values, direction), [size, size]);
}

/**
 * exp of the sums of `decays` [R, Q] from j to i, one where i does not see j, where the caller has to mask: [R, Q*Q], j
 * before i. Only numbers of one sign are added and nothing is subtracted, so neither infinities nor NaN arise, in the
 * gradient either.
 */
function segmentDecay(decays: Tensor, size: number, direction: Direction): Tensor {
  return tf.exp(tf.matMul(decays, segmentMatrix(size, direction)));
}

/** What a state space layer reads: x [H, P, B, L], decay [H, B, L], into and outOf [N, B, L]; L a multiple of chunk. */
interface StateSpaceInputs {
  readonly x: Tensor;
  readonly decay: Tensor;
  readonly into: Tensor;
  readonly outOf: Tensor;
}

/**
 * y_t = outOf_t · h_t with h_t = exp(decay_t) h_(t-1) + into_t x_t, for every head, or with h_(t+1) for `backwards`:
 * [H, P, B, L]. What decays towards a chunk's ends is applied to `into` and `outOf`, which are narrow.
 */
export function stateSpace(
  { x, decay, into, outOf }: StateSpaceInputs,
  chunk: number,
  direction: Direction = "forwards",
): Tensor {
  const [heads, width, batch, length] = x.shape as [number, number, number, number];
  const states = elementAt(into.shape, 0);
  const chunks = length / chunk;
  const perHead = batch * chunks; // chunks of one head
  const blocks = heads * perHead;

  /** Chunks in front: [A, B, L] to [B*L/Q, A, Q]. */
  const inChunks = (signals: Tensor) => tf.transpose(tf.reshape(signals, [-1, perHead, chunk]), [1, 0, 2]);
  const values = tf.reshape(tf.transpose(tf.reshape(x, [heads, width, perHead, chunk]), [0, 2, 1, 3]), [
    blocks,
    width,
    chunk,
  ]);
  const [writing, reading] = [inChunks(into), inChunks(outOf)]; // [perHead, N, Q]
  const decays = tf.reshape(decay, [blocks, chunk]);
  const summed = tf.matMul(decays, triangle(chunk, direction)); // [blocks, Q], running sums
  const total = tf.slice(summed, [0, direction === "forwards" ? chunk - 1 : 0], [-1, 1]);
  /** narrow [perHead, N, Q] times exp of [blocks, Q] for every head: [blocks, N, Q]. */
  const weighted = (narrow: Tensor, exponents: Tensor) =>
    tf.reshape(
      tf.mul(
        tf.reshape(tf.exp(exponents), [heads, perHead, 1, chunk]),
        tf.reshape(narrow, [1, perHead, states, chunk]),
      ),
      [blocks, states, chunk],
    );

  // Within a chunk: a masked attention whose weights decay with distance. Heads share the scores, so the mask goes there.
  const scores = tf.mul(tf.matMul(writing, reading, true, false), triangle(chunk, direction)); // [perHead, Q, Q]
  const decayed = tf.mul(
    tf.reshape(segmentDecay(decays, chunk, direction), [heads, perHead, chunk * chunk]),
    tf.reshape(scores, [1, perHead, chunk * chunk]),
  );
  const inside = tf.matMul(values, tf.reshape(decayed, [blocks, chunk, chunk])); // [blocks, P, Q]

  // What each chunk leaves behind, carried to all that see it.
  const left = tf.matMul(values, weighted(writing, tf.sub(total, summed)), false, true); // [blocks, P, N]
  const across = chunkDecay(tf.reshape(total, [heads * batch, chunks]), direction);
  const entering = tf.matMul(across, tf.reshape(left, [heads * batch, chunks, width * states]), true, false);

  const outside = tf.matMul(tf.reshape(entering, [blocks, width, states]), weighted(reading, summed));
  const y = tf.reshape(tf.add(inside, outside), [heads, perHead, width, chunk]);
  return tf.reshape(tf.transpose(y, [0, 2, 1, 3]), [heads, width, batch, length]);
}

/** From the sums of decays of chunks [R, c], what is left of chunk j where chunk i begins: [R, c, c], 0 where i does not see j. */
function chunkDecay(totals: Tensor, direction: Direction): Tensor {
  const chunks = elementAt(totals.shape, 1);
  const isForwards = direction === "forwards";
  const size = chunks + 1;
  const padded = tf.pad(totals as Tensor2D, [[0, 0], isForwards ? [1, 0] : [0, 1]]);
  const segments = tf.reshape(segmentDecay(padded, size, direction), [-1, size, size]);
  const seen = tf.mul(segments, triangle(size, direction));
  return tf.slice(seen, isForwards ? [0, 1, 0] : [0, 0, 1], [-1, chunks, chunks]);
}

/** Positions that make L a multiple of the chunk, appended where nothing looks back from. */
function filledUp(u: Tensor, chunk: number, direction: Direction): Tensor {
  const short = (chunk - (elementAt(u.shape, 2) % chunk)) % chunk;
  if (short === 0) return u;
  return tf.pad(u, [[0, 0], [0, 0], direction === "forwards" ? [0, short] : [short, 0]]);
}

/** One block, causal in `direction`. u [modelSize, B, L] to [modelSize, B, L]; any L. */
export function mamba2(
  u: Tensor,
  p: NamedTensors,
  name: string,
  shape: Mamba2Shape,
  direction: Direction = "forwards",
): Tensor {
  const { inner, heads } = sizesOf(shape);
  const { stateSize, headSize, chunk, convolution } = shape;
  const part = (key: string) => parameter(p, `${name}.${key}`);
  const padded = filledUp(u, chunk, direction);
  const [batch, length] = padded.shape.slice(1) as [number, number];
  const convolved = (x: Tensor, weight: Tensor, bias: Tensor) =>
    direction === "forwards"
      ? depthwiseConv1d(x, weight, convolution - 1, bias)
      : depthwiseConv1d(x, tf.reverse(weight, [2]), 0, bias);

  // Weights are split instead of their products, as PyTorch's mamba does: they are smaller.
  const split = <T extends Tensor[]>(tensor: Tensor, ...sizes: { [K in keyof T]: number }) =>
    tf.split(tensor, [...sizes], 0) as Tensor[] as T; // as many as sizes
  type Pair = [Tensor, Tensor];
  const [toGate, toValues, toRest] = split<[Tensor, Tensor, Tensor]>(
    part("in_proj.weight"),
    inner,
    inner,
    2 * stateSize + heads,
  );
  const [valueFilter, stateFilter] = split<Pair>(part("conv1d.weight"), inner, 2 * stateSize);
  const [valueBias, stateBias] = split<Pair>(part("conv1d.bias"), inner, 2 * stateSize);
  const gate = silu(timesColumns(toGate, padded)); // [inner, B, L]
  const values = silu(convolved(timesColumns(toValues, padded), valueFilter, valueBias));
  const [mixture, step] = split<Pair>(timesColumns(toRest, padded), 2 * stateSize, heads);
  const [into, outOf] = split<Pair>(silu(convolved(mixture, stateFilter, stateBias)), stateSize, stateSize); // [N, B, L]
  const delta = tf.softplus(tf.add(step, tf.reshape(part("dt_bias"), [heads, 1, 1]))); // [H, B, L]

  const x = tf.reshape(values, [heads, headSize, batch, length]);
  const rate = tf.reshape(tf.neg(tf.exp(part("A_log"))), [heads, 1, 1]);
  const scanned = stateSpace(
    { x: tf.mul(x, tf.expandDims(delta, 1)), decay: tf.mul(delta, rate), into, outOf },
    chunk,
    direction,
  );
  const y = tf.add(scanned, tf.mul(x, tf.reshape(part("D"), [heads, 1, 1, 1])));
  const gated = tf.mul(tf.reshape(y, [inner, batch, length]), gate);
  // A normalization's factors per channel and per position commute with the product, whose weight and result are smaller.
  const projection = tf.mul(part("out_proj.weight"), part("norm.weight"));
  const out = tf.mul(timesColumns(projection, gated), inverseRms(gated, { axis: 0 }));
  const count = elementAt(u.shape, 2);
  const first = direction === "forwards" ? 0 : length - count;
  return count === length ? out : tf.slice(out, [0, 0, first], [-1, -1, count]);
}

/** `mamba2` that keeps its inputs alone for the backward pass: some 200 MB less per block at the reference's size. */
export const checkpointedMamba2: typeof mamba2 = (u, p, name, shape, direction) => {
  const names = mamba2Specs(name, shape).map((spec) => spec.name);
  const compute = (input: Tensor, ...parameters: Tensor[]) =>
    mamba2(
      input,
      Object.fromEntries(parameters.map((tensor, i) => [elementAt(names, i), tensor])),
      name,
      shape,
      direction,
    );
  return checkpoint(compute as (...inputs: Tensor[]) => Tensor, u, ...names.map((key) => parameter(p, key)));
};
