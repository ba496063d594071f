/**
 * Mamba-2 by chunked matrix products (state space duality): no scan, no einsum, so that every executor and its gradient
 * run it. Source: Dao & Gu 2024, "Transformers are SSMs"; parameter names and defaults as in state-spaces/mamba.
 */
import { checkpoint, rmsNorm, silu } from "../tensor/ops.js";
import { type Tensor, type Tensor2D, tf } from "../tensor/tf.js";
import { depthwiseConv1d } from "./depthwise.js";
import { linear, type NamedTensors } from "./layers.js";
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
 * exp of the sums of `decays` [R, Q] over j < k <= i, zero above the diagonal: [R, Q, Q]. Only numbers of one sign are
 * added and nothing is subtracted, so neither infinities nor NaN arise, in the gradient either.
 */
function segmentDecay(decays: Tensor, size: number): Tensor {
  const sums = tf.reshape(tf.matMul(decays, segmentMatrix(size)), [-1, size, size]);
  return tf.mul(tf.exp(sums), triangle(size, false));
}

/** What a state space layer reads: x [B, L, H, P], decay [B, L, H], into and outOf [B, L, N]; L a multiple of chunk. */
interface StateSpaceInputs {
  readonly x: Tensor;
  readonly decay: Tensor;
  readonly into: Tensor;
  readonly outOf: Tensor;
}

/** y_t = outOf_t · h_t with h_t = exp(decay_t) h_(t-1) + into_t x_t, for every head: [B, L, H, P]. */
export function stateSpace({ x, decay, into, outOf }: StateSpaceInputs, chunk: number): Tensor {
  const [batch, length, heads, width] = x.shape as [number, number, number, number];
  const states = into.shape[2]!;
  const chunks = length / chunk;
  const blocks = batch * chunks;

  const decays = tf.reshape(tf.transpose(tf.reshape(decay, [blocks, chunk, heads]), [0, 2, 1]), [
    blocks * heads,
    chunk,
  ]);
  const summed = tf.matMul(decays, triangle(chunk, true)); // [blocks*H, Q], running sums
  const total = tf.slice(summed, [0, chunk - 1], [-1, 1]);
  /** exp of [blocks*H, Q] as factors of [blocks, Q, H, P]. */
  const perPosition = (exponents: Tensor) =>
    tf.reshape(tf.transpose(tf.reshape(tf.exp(exponents), [blocks, heads, chunk]), [0, 2, 1]), [
      blocks,
      chunk,
      heads,
      1,
    ]);

  const intoBlocks = tf.reshape(into, [blocks, chunk, states]);
  const outOfBlocks = tf.reshape(outOf, [blocks, chunk, states]);
  const xBlocks = tf.reshape(x, [blocks, chunk, heads, width]);

  // Within a chunk: a masked attention whose weights decay with distance.
  const scores = tf.reshape(tf.matMul(outOfBlocks, intoBlocks, false, true), [blocks, 1, chunk, chunk]);
  const decayed = tf.mul(tf.reshape(segmentDecay(decays, chunk), [blocks, heads, chunk, chunk]), scores);
  const byHead = tf.reshape(tf.transpose(xBlocks, [0, 2, 1, 3]), [blocks * heads, chunk, width]);
  const inside = tf.matMul(tf.reshape(decayed, [blocks * heads, chunk, chunk]), byHead);
  const insideRows = tf.transpose(tf.reshape(inside, [blocks, heads, chunk, width]), [0, 2, 1, 3]); // [blocks, Q, H, P]

  // What each chunk leaves behind, carried to all later chunks.
  const leaving = tf.reshape(tf.mul(xBlocks, perPosition(tf.sub(total, summed))), [blocks, chunk, heads * width]);
  const left = tf.matMul(leaving, intoBlocks, true, false); // [blocks, H*P, N]
  const leftByHead = tf.reshape(tf.transpose(tf.reshape(left, [batch, chunks, heads, width * states]), [0, 2, 1, 3]), [
    batch * heads,
    chunks,
    width * states,
  ]);
  const totals = tf.reshape(tf.transpose(tf.reshape(total, [batch, chunks, heads]), [0, 2, 1]), [
    batch * heads,
    chunks,
  ]);
  const padded = tf.pad(totals as Tensor2D, [
    [0, 0],
    [1, 0],
  ]);
  const across = tf.slice(segmentDecay(padded, chunks + 1), [0, 0, 1], [-1, chunks, chunks]);
  const carried = tf.reshape(tf.matMul(across, leftByHead), [batch, heads, chunks, width * states]);
  const entering = tf.reshape(tf.transpose(carried, [0, 2, 1, 3]), [blocks, heads * width, states]);

  const outside = tf.reshape(tf.matMul(outOfBlocks, entering, false, true), [blocks, chunk, heads, width]);
  const y = tf.add(insideRows, tf.mul(outside, perPosition(summed)));
  return tf.reshape(y, [batch, length, heads, width]);
}

/** One block, causal in the direction of L. u [B, L, modelSize] to [B, L, modelSize]; any L. */
export function mamba2(u: Tensor, p: NamedTensors, name: string, shape: Mamba2Shape): Tensor {
  const [batch, length] = u.shape as [number, number, number];
  const { inner, heads, mixed } = sizesOf(shape);
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

  const projected = linear(padded, p, `${name}.in_proj`); // [B, L, 2*inner + 2N + H]
  const [gate, mixture, step] = tf.split(projected, [inner, mixed, heads], 2) as [Tensor, Tensor, Tensor];
  const delta = tf.softplus(tf.add(step, part("dt_bias"))); // [B, L, H]
  const convolved = silu(depthwiseConv1d(mixture, part("conv1d.weight"), part("conv1d.bias"), shape.convolution - 1));
  const [values, into, outOf] = tf.split(convolved, [inner, stateSize, stateSize], 2) as [Tensor, Tensor, Tensor];
  const x = tf.reshape(values, [batch, length + short, heads, headSize]);
  const rate = tf.neg(tf.exp(part("A_log")));
  const scanned = stateSpace({ x: tf.mul(x, tf.expandDims(delta, 3)), decay: tf.mul(delta, rate), into, outOf }, chunk);
  const y = tf.add(scanned, tf.mul(x, tf.reshape(part("D"), [heads, 1])));
  const gated = tf.mul(tf.reshape(y, [batch, length + short, inner]), silu(gate));
  const out = linear(rmsNorm(gated, part("norm.weight")), p, `${name}.out_proj`);
  return short === 0 ? out : tf.slice(out, [0, 0, 0], [batch, length, shape.modelSize]);
}

/** `mamba2` that keeps its inputs alone for the backward pass: some 200 MB less per block at the reference's size. */
export function recomputedMamba2(u: Tensor, p: NamedTensors, name: string, shape: Mamba2Shape): Tensor {
  const names = mamba2Specs(name, shape).map((spec) => spec.name);
  const compute = (input: Tensor, ...parameters: Tensor[]) =>
    mamba2(input, Object.fromEntries(names.map((key, i) => [key, parameters[i]!])), name, shape);
  return checkpoint(compute as (...inputs: Tensor[]) => Tensor, u, ...names.map((key) => p[key]!));
}
