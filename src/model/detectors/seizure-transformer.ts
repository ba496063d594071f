/**
 * SeizureTransformer (Wu et al. 2025, arXiv:2504.00336): convolutions that halve the rate, residual blocks, a transformer
 * encoder, convolutions that double the rate again with the halving's outputs added. Names and layouts equal those of
 * the state_dict of keruiwu/SeizureTransformer, which counts 41,001,281 parameters: it also holds a transformer layer that
 * serves as a template and takes part in nothing (3,152,384). The logits here are those that it puts through a sigmoid.
 */
import type { Defined } from "@ictal/base/options";
import { elementAt } from "../../base/lookup.js";
import { type Tensor, type Tensor4D, tf } from "../../tensor/tf.js";
import { readOptions, wrongOption } from "../check.js";
import {
  batchNorm,
  conv1d,
  dropout,
  elu,
  type ForwardContext,
  fromChannelsFirst,
  maxPoolPairs,
  type NamedTensors,
  relu,
  repeatTwice,
} from "../layers.js";
import type { DetectorKind, DropoutSpec, Network } from "../network.js";
import { batchNormBuffers, convolutionSpecs, normSpecs, type ParameterSpec } from "../parameters.js";
import {
  positionEncoding,
  type TransformerShape,
  transformerLayer,
  transformerLayerDropouts,
  transformerLayerSpecs,
} from "../transformer.js";
import { SEIZURE_TRANSFORMER_OPTIONS, type SeizureTransformerConfig } from "./seizure-transformer-options.js";

export type { SeizureTransformerConfig };

const NAME = "seizure_transformer";

/** As published, where PyTorch has 1e-5. */
const NORM_EPSILON = 1e-3;

type Plan = Defined<SeizureTransformerConfig> & { readonly transformer: TransformerShape };

function planOf(config: SeizureTransformerConfig): Plan {
  const filled = readOptions(NAME, SEIZURE_TRANSFORMER_OPTIONS, config);
  const { channels, kernels, decoderKernels, heads, feedForward } = filled;
  for (const [key, values] of Object.entries({ kernels, decoderKernels }))
    if (values.length !== channels.length)
      throw wrongOption(NAME, key, values, `${channels.length} whole numbers of at least 1`);
  const modelSize = channels.at(-1)!;
  if (modelSize % 2 !== 0) throw wrongOption(NAME, "channels", channels, "an even number for the last stage");
  if (modelSize % heads !== 0) throw wrongOption(NAME, "heads", heads, `a divisor of ${modelSize}, the last stage`);
  return { name: NAME, ...filled, transformer: { modelSize, heads, feedForward } };
}

const layerName = (layer: number) => `transformer_encoder.layers.${layer}`;
const blockName = (block: number) => `res_cnn_stack.members.${block}`;

function parametersOf(plan: Plan): ParameterSpec[] {
  const { channels, inputChannels, transformer } = plan;
  const size = transformer.modelSize;
  const upward = [...channels].reverse();
  return [
    ...channels.flatMap((outputs, i) =>
      convolutionSpecs(`encoder.convs.${i}`, {
        inputs: channels[i - 1] ?? inputChannels,
        outputs,
        kernel: elementAt(plan.kernels, i),
      }),
    ),
    ...plan.residualKernels.flatMap((kernel, block) =>
      [1, 2].flatMap((half) => [
        ...normSpecs(`${blockName(block)}.norm${half}`, size),
        ...convolutionSpecs(`${blockName(block)}.conv${half}`, { inputs: size, outputs: size, kernel }),
      ]),
    ),
    ...Array.from({ length: plan.layers }, (_, layer) => transformerLayerSpecs(layerName(layer), transformer)).flat(),
    ...upward.flatMap((outputs, i) =>
      convolutionSpecs(`decoder_d.convs.${i}`, {
        inputs: upward[i - 1] ?? size,
        outputs,
        kernel: elementAt(plan.decoderKernels, i),
      }),
    ),
    ...convolutionSpecs("conv_d", { inputs: elementAt(channels, 0), outputs: 1, kernel: plan.headKernel }),
  ];
}

function buffersOf({ residualKernels, transformer }: Plan): ParameterSpec[] {
  return residualKernels.flatMap((_, block) =>
    [1, 2].flatMap((half) => batchNormBuffers(`${blockName(block)}.norm${half}`, transformer.modelSize)),
  );
}

function dropoutsOf(plan: Plan): DropoutSpec[] {
  const { dropout: rate, transformer, channels } = plan;
  if (rate === 0) return [];
  const { modelSize } = transformer;
  const positionsOf = (sampleCount: number) => sampleCount / 2 ** channels.length;
  const residual = plan.residualKernels.flatMap((_, block) =>
    [1, 2].map(
      (half): DropoutSpec => ({
        name: `${blockName(block)}.dropout${half}`,
        rate,
        kind: "channel",
        shape: (batchSize) => [batchSize, 1, 1, modelSize],
      }),
    ),
  );
  const encoding: DropoutSpec = {
    name: "position_encoding.dropout",
    rate,
    kind: "element",
    shape: (batchSize, sampleCount) => [batchSize, positionsOf(sampleCount), modelSize],
  };
  const layers = Array.from({ length: plan.layers }, (_, layer) =>
    transformerLayerDropouts(layerName(layer), transformer, rate, positionsOf),
  );
  return [...residual, encoding, ...layers.flat()];
}

/** Norm, rectifier, dropout and convolution, twice, added to x [B, 1, N, D]. */
function residualBlock(x: Tensor4D, p: NamedTensors, name: string, context: ForwardContext): Tensor4D {
  const [batch, , , channels] = x.shape;
  const y = [1, 2].reduce<Tensor4D>((h, half) => {
    const rectified = relu(batchNorm(h, p, `${name}.norm${half}`, context, NORM_EPSILON));
    const kept = dropout(rectified, `${name}.dropout${half}`, [batch, 1, 1, channels], context);
    return conv1d(kept, p, `${name}.conv${half}`);
  }, x);
  return tf.add(x, y);
}

/** What the transformer makes of x [B, 1, N, D], added to it. */
function transformed(x: Tensor4D, p: NamedTensors, plan: Plan, context: ForwardContext): Tensor4D {
  const [batch, , positions, size] = x.shape;
  const encoded = tf.add(tf.reshape(x, [batch, positions, size]), positionEncoding(positions, size));
  let h: Tensor = dropout(encoded, "position_encoding.dropout", encoded.shape, context);
  for (let layer = 0; layer < plan.layers; layer++)
    h = transformerLayer(h, p, layerName(layer), plan.transformer, context);
  return tf.add(x, tf.reshape(h, [batch, 1, positions, size]));
}

function forward(plan: Plan, p: NamedTensors, x: Tensor, context: ForwardContext): Tensor {
  const stages = plan.channels.length;
  let h = fromChannelsFirst(x); // [B, 1, L, C]
  const skips: Tensor4D[] = [];
  for (let stage = 0; stage < stages; stage++) {
    const y = elu(conv1d(h, p, `encoder.convs.${stage}`));
    skips.push(y);
    h = maxPoolPairs(y); // [B, 1, L / 2^(stage+1), channels]
  }
  for (let block = 0; block < plan.residualKernels.length; block++) h = residualBlock(h, p, blockName(block), context);
  h = transformed(h, p, plan, context);
  for (let i = 0; i < stages; i++)
    h = tf.add(elu(conv1d(repeatTwice(h), p, `decoder_d.convs.${i}`)), elementAt(skips, stages - 1 - i));
  return tf.reshape(conv1d(h, p, "conv_d"), [elementAt(x.shape, 0), elementAt(x.shape, 2)]);
}

function seizureTransformer(config: SeizureTransformerConfig): Network<SeizureTransformerConfig> {
  const plan = planOf(config);
  const { transformer: _, ...filled } = plan;
  return {
    name: NAME,
    config: filled,
    parameters: parametersOf(plan),
    buffers: buffersOf(plan),
    unused: ["position_encoding.", "transformer_encoder_layer."],
    dropouts: dropoutsOf(plan),
    inputChannels: plan.inputChannels,
    lengthMultiple: 2 ** plan.channels.length,
    outputStrideSamples: 1,
    forward: (p, x, context) => forward(plan, p, x, context),
  };
}

/** The winner of the 2025 seizure detection challenge, with attention where the reference's detector has Mamba. */
export const seizureTransformerKind: DetectorKind<SeizureTransformerConfig> = {
  name: NAME,
  title: "SeizureTransformer: U-Net, residual blocks and a transformer encoder, Wu et al. 2025",
  options: SEIZURE_TRANSFORMER_OPTIONS,
  create: seizureTransformer,
};
