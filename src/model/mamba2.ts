/**
 * Mamba-2 by chunked matrix products (state space duality): no scan, no einsum, so that every executor and its gradient
 * run it. Source: Dao & Gu 2024, "Transformers are SSMs"; parameter names and defaults as in state-spaces/mamba.
 */
import { checkpoint, inverseRms, silu } from "../tensor/ops.js";
import { type Tensor, type Tensor2D, tf } from "../tensor/tf.js";
import { causalDepthwiseConv1d } from "./depthwise.js";
import { type NamedTensors, timesTransposed } from "./layers.js";
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

/** [Q, Q*Q] of 0 and 1 with S[k, (i, j)] = 1 where j < k <= i: times a row of decays it gives all segment sums at once. */
function segmentMatrix(size: number): Tensor2D {
  const values = new Float32Array(size ** 3);
  for (let k = 0; k < size; k++) {
    for (let i = k; i < size; i++) for (let j = 0; j < k; j++) values[(k * size + i) * size + j] = 1;
  }
  return tf.tensor2d(values, [size, size * size]);
}

/** [Q, Q]: 1 where row <= column (`upper`) or row >= column. */
function triangle(size: number, upper: boolean): Tensor2D {
  const values = Float32Array.from({ length: size * size }, (_, at) => {
    const row = Math.floor(at / size);
    const column = at % size;
    return (upper ? row <= column : row >= column) ? 1 : 0;
  });
  return tf.tensor2d(values, [size, size]);
}

/**
 * exp of the sums of `decays` [R, Q] over j < k <= i, one above the diagonal, where the caller has to mask: [R, Q*Q].
 * Only numbers of one sign are added and nothing is subtracted, so neither infinities nor NaN arise, in the gradient either.
 */
function segmentDecay(decays: Tensor, size: number): Tensor {
  return tf.exp(tf.matMul(decays, segmentMatrix(size)));
}

/** What a state space layer reads: x [B, L, H, P], decay [B, L, H], into and outOf [B, L, N]; L a multiple of chunk. */
interface StateSpaceInputs {
  readonly x: Tensor;
  readonly decay: Tensor;
  readonly into: Tensor;
  readonly outOf: Tensor;
}

/**
 * y_t = outOf_t · h_t with h_t = exp(decay_t) h_(t-1) + into_t x_t, for every head: [B, L, H, P]. Heads come before
 * positions inside, and what decays towards a chunk's ends is applied to `into` and `outOf`, which are narrow.
 */
export function stateSpace({ x, decay, into, outOf }: StateSpaceInputs, chunk: number): Tensor {
  const [batch, length, heads, width] = x.shape as [number, number, number, number];
  const states = into.shape[2]!;
  const chunks = length / chunk;
  const blocks = batch * heads * chunks;

  const byHead = tf.reshape(tf.transpose(x, [0, 2, 1, 3]), [blocks, chunk, width]);
  const decays = tf.reshape(tf.transpose(decay, [0, 2, 1]), [blocks, chunk]);
  const summed = tf.matMul(decays, triangle(chunk, true)); // [blocks, Q], running sums
  const total = tf.slice(summed, [0, chunk - 1], [-1, 1]);
  /** narrow [B, L, N] times exp of [blocks, Q] for every head: [blocks, Q, N]. */
  const weighted = (narrow: Tensor, exponents: Tensor) =>
    tf.reshape(
      tf.mul(tf.reshape(tf.exp(exponents), [batch, heads, length, 1]), tf.reshape(narrow, [batch, 1, length, states])),
      [blocks, chunk, states],
    );

  // Within a chunk: a masked attention whose weights decay with distance. Heads share the scores, so the mask goes there.
  const scores = tf.mul(
    tf.matMul(
      tf.reshape(outOf, [batch * chunks, chunk, states]),
      tf.reshape(into, [batch * chunks, chunk, states]),
      false,
      true,
    ),
    triangle(chunk, false),
  );
  const decayed = tf.mul(
    tf.reshape(segmentDecay(decays, chunk), [batch, heads, chunks, chunk * chunk]),
    tf.reshape(scores, [batch, 1, chunks, chunk * chunk]),
  );
  const inside = tf.matMul(tf.reshape(decayed, [blocks, chunk, chunk]), byHead); // [blocks, Q, P]

  // What each chunk leaves behind, carried to all later chunks.
  const left = tf.matMul(weighted(into, tf.sub(total, summed)), byHead, true, false); // [blocks, N, P]
  const totals = tf.pad(tf.reshape(total, [batch * heads, chunks]) as Tensor2D, [
    [0, 0],
    [1, 0],
  ]);
  const segments = tf.reshape(segmentDecay(totals, chunks + 1), [-1, chunks + 1, chunks + 1]);
  const across = tf.slice(tf.mul(segments, triangle(chunks + 1, false)), [0, 0, 1], [-1, chunks, chunks]);
  const entering = tf.matMul(across, tf.reshape(left, [batch * heads, chunks, states * width]));

  const outside = tf.matMul(weighted(outOf, summed), tf.reshape(entering, [blocks, states, width]));
  const y = tf.reshape(tf.add(inside, outside), [batch, heads, length, width]);
  return tf.transpose(y, [0, 2, 1, 3]);
}

/** One block, causal in the direction of L. u [B, L, modelSize] to [B, L, modelSize]; any L. */
export function mamba2(u: Tensor, p: NamedTensors, name: string, shape: Mamba2Shape): Tensor {
  const [batch, length] = u.shape as [number, number, number];
  const { inner, heads } = sizesOf(shape);
  const { stateSize, headSize, chunk } = shape;
  const part = (key: string) => p[`${name}.${key}`]!;
  const short = (chunk - (length % chunk)) % chunk; // positions appended at the end, where nothing looks back from
  const padded =
    short === 0
      ? u
      : tf.pad(u, [
          [0, 0],
          [0, short],
          [0, 0],
        ]);

  // Weights are cut where PyTorch's mamba cuts what they give: they are the smaller.
  const cut = (tensor: Tensor, sizes: number[]) => tf.split(tensor, sizes, 0) as Tensor[];
  const [toGate, toValues, toRest] = cut(part("in_proj.weight"), [inner, inner, 2 * stateSize + heads]);
  const [valueFilter, stateFilter] = cut(part("conv1d.weight"), [inner, 2 * stateSize]);
  const [valueBias, stateBias] = cut(part("conv1d.bias"), [inner, 2 * stateSize]);
  const gate = silu(timesTransposed(padded, toGate!)); // [B, L, inner]
  const values = silu(causalDepthwiseConv1d(timesTransposed(padded, toValues!), valueFilter!, valueBias));
  const [mixture, step] = tf.split(timesTransposed(padded, toRest!), [2 * stateSize, heads], 2) as [Tensor, Tensor];
  const mixed = silu(causalDepthwiseConv1d(mixture, stateFilter!, stateBias)); // [B, L, 2N]
  const [into, outOf] = tf.split(mixed, 2, 2) as [Tensor, Tensor];
  const delta = tf.softplus(tf.add(step, part("dt_bias"))); // [B, L, H]

  const x = tf.reshape(values, [batch, length + short, heads, headSize]);
  const rate = tf.neg(tf.exp(part("A_log")));
  const scanned = stateSpace({ x: tf.mul(x, tf.expandDims(delta, 3)), decay: tf.mul(delta, rate), into, outOf }, chunk);
  const y = tf.add(scanned, tf.mul(x, tf.reshape(part("D"), [heads, 1])));
  const gated = tf.mul(tf.reshape(y, [batch, length + short, inner]), gate);
  // A normalization's factors per channel and per position commute with the product, whose weight and result are smaller.
  const projection = tf.mul(part("out_proj.weight"), part("norm.weight"));
  const out = tf.mul(timesTransposed(gated, projection), inverseRms(gated));
  return short === 0 ? out : tf.slice(out, [0, 0, 0], [batch, length, shape.modelSize]);
}

/** `mamba2` that keeps its inputs alone for the backward pass: some 200 MB less per block at the reference's size. */
export function recomputedMamba2(u: Tensor, p: NamedTensors, name: string, shape: Mamba2Shape): Tensor {
  const names = mamba2Specs(name, shape).map((spec) => spec.name);
  const compute = (input: Tensor, ...parameters: Tensor[]) =>
    mamba2(input, Object.fromEntries(names.map((key, i) => [key, parameters[i]!])), name, shape);
  return checkpoint(compute as (...inputs: Tensor[]) => Tensor, u, ...names.map((key) => p[key]!));
}
