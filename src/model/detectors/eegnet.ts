/**
 * EEGNet (Lawhern et al. 2018, doi:10.1088/1741-2552/aace8c): a temporal filter bank, a spatial filter per band, a
 * separable convolution. Two things differ from the paper, which classifies whole trials: the dense layer over a trial
 * became one over `headKernel` positions around each logit, so that it says when; and the bounds on the norms of two
 * weights are left to weight decay. Kernels and pools are the paper's at 256 Hz instead of 128.
 */
import type { Defined } from "@ictal/base/options";
import { elementAt } from "../../base/lookup.js";
import { depthwiseConv1d } from "../../tensor/ops.js";
import { type Tensor, type Tensor4D, tf } from "../../tensor/tf.js";
import { readOptions } from "../check.js";
import {
  averagePool,
  batchNorm,
  conv1d,
  dropout,
  elu,
  type ForwardContext,
  type NamedTensors,
  parameter,
  timesColumns,
  updateRunning,
} from "../layers.js";
import { filteredMoments, longFilters } from "../long-filters.js";
import type { DetectorKind, DropoutSpec, Network } from "../network.js";
import { batchNormBuffers, convolutionSpecs, fanInUniform, normSpecs, type ParameterSpec } from "../parameters.js";
import { EEGNET_OPTIONS, type EegnetConfig } from "./eegnet-options.js";

export type { EegnetConfig };

const NAME = "eegnet";

/** As in the paper's code, where PyTorch has 1e-5. */
const NORM_EPSILON = 1e-3;

type Plan = Defined<EegnetConfig> & { readonly pools: readonly [number, number] };

function planOf(config: EegnetConfig): Plan {
  const filled = readOptions(NAME, EEGNET_OPTIONS, config);
  const { temporalFilters, depth, pointwiseFilters = temporalFilters * depth } = filled;
  const [first = 1, second = 1] = filled.pools;
  return { name: NAME, ...filled, causal: filled.causal ?? false, pointwiseFilters, pools: [first, second] };
}

function weight(name: string, shape: readonly number[], fanIn: number): ParameterSpec {
  return { name: `${name}.weight`, shape, kind: "weight", init: fanInUniform(fanIn) };
}

function parametersOf(plan: Plan): ParameterSpec[] {
  const { temporalFilters, inputChannels, temporalKernel, separableKernel, pointwiseFilters } = plan;
  const spatial = temporalFilters * plan.depth;
  return [
    weight("conv_temporal", [temporalFilters, 1, 1, temporalKernel], temporalKernel),
    ...normSpecs("bnorm_temporal", temporalFilters),
    weight("conv_spatial", [spatial, 1, inputChannels, 1], inputChannels),
    ...normSpecs("bnorm_1", spatial),
    weight("conv_separable_depth", [spatial, 1, 1, separableKernel], separableKernel),
    weight("conv_separable_point", [pointwiseFilters, spatial, 1, 1], spatial),
    ...normSpecs("bnorm_2", pointwiseFilters),
    ...convolutionSpecs("final_layer", { inputs: pointwiseFilters, outputs: 1, kernel: plan.headKernel }),
  ];
}

function buffersOf({ temporalFilters, depth, pointwiseFilters }: Plan): ParameterSpec[] {
  return [
    ...batchNormBuffers("bnorm_temporal", temporalFilters),
    ...batchNormBuffers("bnorm_1", temporalFilters * depth),
    ...batchNormBuffers("bnorm_2", pointwiseFilters),
  ];
}

function dropoutsOf({ dropout: rate, pools, temporalFilters, depth, pointwiseFilters }: Plan): DropoutSpec[] {
  if (rate === 0) return [];
  const site = (name: string, stride: number, channels: number): DropoutSpec => ({
    name,
    rate,
    kind: "element",
    shape: (batchSize, sampleCount) => [batchSize, 1, sampleCount / stride, channels],
  });
  return [site("drop_1", pools[0], temporalFilters * depth), site("drop_2", pools[0] * pools[1], pointwiseFilters)];
}

const placeOf = ({ causal }: Plan) => (causal ? "causal" : "centred");

/** The filters in time: [F, k]. */
function temporalWeights(p: NamedTensors): Tensor {
  const weights = parameter(p, "conv_temporal.weight");
  return tf.reshape(weights, [elementAt(weights.shape, 0), elementAt(weights.shape, 3)]);
}

/**
 * What the norm after the filters in time multiplies and adds per filter, [F, 1] each. It is linear and so are the filters
 * around it, so nothing of the size of all filtered electrodes is ever made.
 */
function temporalNorm(x: Tensor, p: NamedTensors, plan: Plan, context: ForwardContext) {
  const name = "bnorm_temporal";
  let mean = parameter(p, `${name}.running_mean`);
  let variance = parameter(p, `${name}.running_var`);
  if (context.training) {
    const [batch, channels, length] = x.shape as [number, number, number];
    const rows = tf.reshape(x, [batch * channels, length]);
    ({ mean, variance } = filteredMoments(rows, temporalWeights(p), placeOf(plan)));
    updateRunning(p, `${name}.running_mean`, context, mean);
    updateRunning(p, `${name}.running_var`, context, tf.mul(variance, x.size / Math.max(1, x.size - 1)));
  }
  const gain = tf.mul(parameter(p, `${name}.weight`), tf.rsqrt(tf.add(variance, NORM_EPSILON)));
  const shift = tf.sub(parameter(p, `${name}.bias`), tf.mul(mean, gain));
  return { gain: tf.expandDims(gain, 1), shift: tf.expandDims(shift, 1) };
}

/** Filters in time, norm and filters in space, the last first: x [B, C, L] to [B, 1, L, F * D]. */
function filterBank(x: Tensor, p: NamedTensors, plan: Plan, context: ForwardContext): Tensor4D {
  const { temporalFilters: filters, depth, inputChannels } = plan;
  const [batch, , length] = x.shape as [number, number, number];
  const { gain, shift } = temporalNorm(x, p, plan, context);
  const space = tf.reshape(parameter(p, "conv_spatial.weight"), [filters * depth, inputChannels]);
  const samples = tf.reshape(tf.transpose(x, [0, 2, 1]), [batch * length, inputChannels]);
  const mixed = tf.reshape(tf.matMul(space, samples, false, true), [filters, depth * batch, length]);
  const y = longFilters(mixed, tf.mul(temporalWeights(p), gain), placeOf(plan)); // [F, D * B, L]
  const constant = tf.mul(tf.reshape(tf.sum(space, 1), [filters, depth]), shift);
  const wide = tf.transpose(tf.reshape(y, [filters * depth, batch, length]), [1, 2, 0]); // [B, L, F * D]
  return tf.reshape(tf.add(wide, tf.reshape(constant, [filters * depth])), [batch, 1, length, filters * depth]);
}

function forward(plan: Plan, p: NamedTensors, x: Tensor, context: ForwardContext): Tensor {
  const { pools, separableKernel, pointwiseFilters, causal: isCausal } = plan;
  const [batch, , length] = x.shape as [number, number, number];
  let h = elu(batchNorm(filterBank(x, p, plan, context), p, "bnorm_1", context, NORM_EPSILON));
  h = averagePool(h, pools[0]); // [B, 1, L/P0, F*D]
  h = dropout(h, "drop_1", h.shape, context);

  const [, , positions, spatial] = h.shape;
  const before = isCausal ? separableKernel - 1 : Math.floor((separableKernel - 1) / 2);
  const channels = tf.transpose(tf.reshape(h, [batch, positions, spatial]), [2, 0, 1]);
  const depthwise = depthwiseConv1d(channels, parameter(p, "conv_separable_depth.weight"), before);
  const mixing = tf.reshape(parameter(p, "conv_separable_point.weight"), [pointwiseFilters, spatial]);
  h = tf.expandDims(tf.transpose(timesColumns(mixing, depthwise), [1, 2, 0]), 1); // [B, 1, L/P0, F2]
  h = averagePool(elu(batchNorm(h, p, "bnorm_2", context, NORM_EPSILON)), pools[1]); // [B, 1, L/(P0*P1), F2]
  h = dropout(h, "drop_2", h.shape, context);
  return tf.reshape(conv1d(h, p, "final_layer", { isCausal }), [batch, length / (pools[0] * pools[1])]);
}

function eegnet(config: EegnetConfig): Network<EegnetConfig> {
  const plan = planOf(config);
  const stride = plan.pools[0] * plan.pools[1];
  const { causal, ...sizes } = plan;
  return {
    name: NAME,
    config: { ...sizes, ...(causal && { causal }) },
    parameters: parametersOf(plan),
    buffers: buffersOf(plan),
    dropouts: dropoutsOf(plan),
    inputChannels: plan.inputChannels,
    lengthMultiple: stride,
    outputStrideSamples: stride,
    lookAheadSamples: causal ? 0 : undefined,
    forward: (p, x, context) => forward(plan, p, x, context),
  };
}

/** A few thousand parameters: the small network that EEG papers compare with. */
export const eegnetKind: DetectorKind<EegnetConfig> = {
  name: NAME,
  title: "EEGNet with a logit every quarter second, after Lawhern et al. 2018",
  options: EEGNET_OPTIONS,
  create: eegnet,
};
