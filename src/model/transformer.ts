/**
 * Transformer encoder layers, normalised after each addition. Source: Vaswani et al. 2017, "Attention is all you need";
 * parameter names, layouts and starts as in PyTorch's TransformerEncoderLayer.
 */
import { type Tensor, tf } from "../tensor/tf.js";
import { dropout, type ForwardContext, layerNorm, linear, type NamedTensors, parameter, relu } from "./layers.js";
import type { DropoutSpec } from "./network.js";
import { linearSpecs, normSpecs, type ParameterSpec } from "./parameters.js";

export interface TransformerShape {
  readonly modelSize: number;
  /** Divisor of the model size. */
  readonly heads: number;
  /** Inner size of the two linear layers. */
  readonly feedForward: number;
}

/** Parameters of one layer, 3,152,384 of them at a model size of 512 and an inner size of 2048. */
export function transformerLayerSpecs(name: string, { modelSize, feedForward }: TransformerShape): ParameterSpec[] {
  const zero = { kind: "constant", value: 0 } as const;
  const bound = Math.sqrt(6 / (4 * modelSize)); // Glorot's, over the three projections as one matrix
  const [outWeight, outBias] = linearSpecs(`${name}.self_attn.out_proj`, modelSize, modelSize) as [
    ParameterSpec,
    ParameterSpec,
  ];
  return [
    {
      name: `${name}.self_attn.in_proj_weight`,
      shape: [3 * modelSize, modelSize],
      kind: "weight",
      init: { kind: "uniform", bound },
    },
    { name: `${name}.self_attn.in_proj_bias`, shape: [3 * modelSize], kind: "bias", init: zero },
    outWeight,
    { ...outBias, init: zero },
    ...linearSpecs(`${name}.linear1`, modelSize, feedForward),
    ...linearSpecs(`${name}.linear2`, feedForward, modelSize),
    ...normSpecs(`${name}.norm1`, modelSize),
    ...normSpecs(`${name}.norm2`, modelSize),
  ];
}

/** The four places of a layer where values are dropped, for sequences of `positionsOf(sampleCount)` positions. */
export function transformerLayerDropouts(
  name: string,
  { modelSize, heads, feedForward }: TransformerShape,
  rate: number,
  positionsOf: (sampleCount: number) => number,
): DropoutSpec[] {
  const site = (part: string, shape: (batch: number, positions: number) => number[]): DropoutSpec => ({
    name: `${name}.${part}`,
    rate,
    kind: "element",
    shape: (batchSize, sampleCount) => shape(batchSize, positionsOf(sampleCount)),
  });
  return [
    site("self_attn.dropout", (batch, positions) => [batch, heads, positions, positions]),
    site("dropout1", (batch, positions) => [batch, positions, modelSize]),
    site("dropout", (batch, positions) => [batch, positions, feedForward]),
    site("dropout2", (batch, positions) => [batch, positions, modelSize]),
  ];
}

function attention(x: Tensor, p: NamedTensors, name: string, heads: number, context: ForwardContext): Tensor {
  const [batch, positions, size] = x.shape as [number, number, number];
  const width = size / heads;
  const bound = {
    "in_proj.weight": parameter(p, `${name}.in_proj_weight`),
    "in_proj.bias": parameter(p, `${name}.in_proj_bias`),
  };
  const projected = tf.reshape(linear(x, bound, "in_proj"), [batch, positions, 3, heads, width]);
  const byHead = tf.transpose(projected, [2, 0, 3, 1, 4]); // [3, B, H, N, W]
  const [query, key, value] = tf.unstack(byHead) as [Tensor, Tensor, Tensor];
  const scores = tf.softmax(tf.mul(tf.matMul(query, key, false, true), 1 / Math.sqrt(width)));
  const weights = dropout(scores, `${name}.dropout`, scores.shape, context); // [B, H, N, N]
  const gathered = tf.transpose(tf.matMul(weights, value), [0, 2, 1, 3]); // [B, N, H, W]
  return linear(tf.reshape(gathered, [batch, positions, size]), p, `${name}.out_proj`);
}

/** One layer: x [B, N, D] to [B, N, D], every position looking at every other. */
export function transformerLayer(
  x: Tensor,
  p: NamedTensors,
  name: string,
  shape: TransformerShape,
  context: ForwardContext,
): Tensor {
  const drop = (y: Tensor, part: string) => dropout(y, `${name}.${part}`, y.shape, context);
  const attended = attention(x, p, `${name}.self_attn`, shape.heads, context);
  const middle = layerNorm(tf.add(x, drop(attended, "dropout1")), p, `${name}.norm1`);
  const inner = drop(relu(linear(middle, p, `${name}.linear1`)), "dropout");
  return layerNorm(tf.add(middle, drop(linear(inner, p, `${name}.linear2`), "dropout2")), p, `${name}.norm2`);
}

/** Sines and cosines of the position, slower from pair to pair of channels, of an even size: [N, D]. */
export function positionEncoding(positions: number, size: number): Tensor {
  const values = Float32Array.from({ length: positions * size }, (_, at) => {
    const position = Math.floor(at / size);
    const channel = at % size;
    const angle = position * 10000 ** (-(channel - (channel % 2)) / size);
    return channel % 2 === 0 ? Math.sin(angle) : Math.cos(angle);
  });
  return tf.tensor2d(values, [positions, size]);
}
