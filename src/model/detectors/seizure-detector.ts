import { elementAt } from "../../base/lookup.js";
/**
 * The reference system's detector: U-Net encoder, residual multi-kernel blocks, bidirectional Mamba-2 layers, U-Net
 * decoder; 32,606,439 parameters at its default size. `causal` makes it one that sees the past only. Tensor names equal the state_dict of brain-go-brr v2.
 */

import type { Defined } from "@ictal/base/options";
import { type Tensor, type Tensor4D, tf } from "../../tensor/tf.js";
import { readOptions, wrongOption } from "../check.js";
import { convBlock, type Declaration, declareConvBlock } from "../conv-block.js";
import {
  conv1d,
  convNorm,
  convTranspose1d,
  dropout,
  type ForwardContext,
  fromChannelsFirst,
  layerNorm,
  linearColumns,
  type NamedTensors,
  patchConv1d,
  relu,
} from "../layers.js";
import { checkpointedMamba2, type Direction, type Mamba2Shape, mamba2, mamba2Specs } from "../mamba2.js";
import type { DetectorKind, DropoutSpec, Network } from "../network.js";
import {
  batchNormBuffers,
  convolutionSpecs,
  linearSpecs,
  normSpecs,
  transposedConvolutionSpecs,
  withReferenceStart,
} from "../parameters.js";
import {
  SEIZURE_DETECTOR_OPTIONS,
  type SeizureDetectorConfig,
  STAGE_KERNEL,
  stageChannels,
} from "./seizure-detector-options.js";

export type { SeizureDetectorConfig };

const NAME = "seizure_detector";

type Plan = Defined<SeizureDetectorConfig> & { readonly channels: readonly number[]; readonly mamba: Mamba2Shape };

/** Kernel of the first convolution, which the reference fixes. */
const STEM_KERNEL = 7;

function planOf(config: SeizureDetectorConfig): Plan {
  const filled = readOptions(NAME, SEIZURE_DETECTOR_OPTIONS, config);
  const { expand, headSize, chunk, stateSize, mambaConvolution, residualKernels, mambaLayers } = filled;
  const channels = stageChannels(filled.baseChannels, filled.stages);
  const modelSize = channels.at(-1)!;
  if (residualKernels.length < 1 || residualKernels.length > modelSize)
    throw wrongOption(NAME, "residualKernels", residualKernels, `1 to ${modelSize} odd numbers`);
  if (mambaLayers > 0 && (modelSize * expand) % headSize !== 0) {
    const inner = modelSize * expand;
    throw wrongOption(NAME, "headSize", headSize, `a divisor of ${inner} (${modelSize} channels times ${expand})`);
  }
  return {
    name: NAME,
    ...filled,
    causal: filled.causal ?? false,
    channels,
    mamba: { modelSize, stateSize, convolution: mambaConvolution, expand, headSize, chunk },
  };
}

/** Channels of each branch: equal shares, the remainder going to the last. */
function branchChannels(channels: number, branches: number): number[] {
  const share = Math.floor(channels / branches);
  return Array.from({ length: branches }, (_, i) => (i === branches - 1 ? channels - share * (branches - 1) : share));
}

function declareEncoder(into: Declaration, { channels, inputChannels }: Plan): void {
  declareConvBlock(into, "encoder.input_conv", {
    inputs: inputChannels,
    outputs: elementAt(channels, 0),
    kernel: STEM_KERNEL,
  });
  for (const [stage, outputs] of channels.entries()) {
    const inputs = elementAt(channels, Math.max(0, stage - 1));
    declareConvBlock(into, `encoder.encoder_blocks.${stage}.0`, { inputs, outputs, kernel: STAGE_KERNEL });
    declareConvBlock(into, `encoder.encoder_blocks.${stage}.1`, {
      inputs: outputs,
      outputs,
      kernel: STAGE_KERNEL,
    });
    into.parameters.push(...convolutionSpecs(`encoder.downsample.${stage}`, { inputs: outputs, outputs, kernel: 2 }));
  }
}

function declareResidual(into: Declaration, plan: Plan): void {
  const channels = plan.mamba.modelSize;
  const shares = branchChannels(channels, plan.residualKernels.length);
  const declareConvNorm = (conv: string, norm: string, outputs: number, kernel: number) => {
    into.parameters.push(...convolutionSpecs(conv, { inputs: channels, outputs, kernel }), ...normSpecs(norm, outputs));
    into.buffers.push(...batchNormBuffers(norm, outputs));
  };
  for (let block = 0; block < plan.residualBlocks; block++) {
    const name = `rescnn.blocks.${block}`;
    for (const [i, kernel] of plan.residualKernels.entries()) {
      declareConvNorm(`${name}.branches.${i}.0`, `${name}.branches.${i}.1`, elementAt(shares, i), kernel);
    }
    declareConvNorm(`${name}.fusion.0`, `${name}.fusion.1`, channels, 1);
  }
}

/** The blocks of a layer, in the order in which their results are joined. */
const directionsOf = ({ causal }: Plan): Direction[] => (causal ? ["forwards"] : ["forwards", "backwards"]);
const blockName = (layer: string, direction: Direction) =>
  `${layer}.${direction === "forwards" ? "forward" : "backward"}_mamba_real`;

function declareMamba(into: Declaration, plan: Plan): void {
  const { mamba, mambaLayers } = plan;
  const directions = directionsOf(plan);
  for (let layer = 0; layer < mambaLayers; layer++) {
    const name = `mamba.layers.${layer}`;
    into.parameters.push(
      ...directions.flatMap((direction) => mamba2Specs(blockName(name, direction), mamba)),
      ...linearSpecs(`${name}.output_proj`, directions.length * mamba.modelSize, mamba.modelSize),
      ...normSpecs(`${name}.layer_norm`, mamba.modelSize),
    );
  }
}

function declareDecoder(into: Declaration, { channels, inputChannels, stages, baseChannels }: Plan): void {
  for (let i = 0; i < stages; i++) {
    const inputs = elementAt(channels, stages - 1 - i);
    const outputs = elementAt(channels, Math.max(0, stages - 2 - i));
    into.parameters.push(...transposedConvolutionSpecs(`decoder.upsample.${i}`, { inputs, outputs, kernel: 2 }));
    const joined = outputs + inputs; // the skip of this stage has as many channels as its input
    declareConvBlock(into, `decoder.decoder_blocks.${i}.0`, { inputs: joined, outputs, kernel: STAGE_KERNEL });
    declareConvBlock(into, `decoder.decoder_blocks.${i}.1`, { inputs: outputs, outputs, kernel: STAGE_KERNEL });
  }
  into.parameters.push(
    ...convolutionSpecs("decoder.output_conv", { inputs: baseChannels, outputs: inputChannels, kernel: 1 }),
    ...convolutionSpecs("detection_head", { inputs: inputChannels, outputs: 1, kernel: 1 }),
  );
}

function dropoutsOf(plan: Plan): DropoutSpec[] {
  const { modelSize } = plan.mamba;
  const blocks = Array.from(
    { length: plan.residualBlocks },
    (_, block): DropoutSpec => ({
      name: `rescnn.blocks.${block}.dropout`,
      rate: plan.residualDropout,
      kind: "channel",
      shape: (batchSize) => [batchSize, 1, 1, modelSize],
    }),
  );
  const layers = Array.from(
    { length: plan.mambaLayers },
    (_, layer): DropoutSpec => ({
      name: `mamba.layers.${layer}.dropout`,
      rate: plan.mambaDropout,
      kind: "element",
      shape: (batchSize, sampleCount) => [modelSize, batchSize, sampleCount / 2 ** plan.stages],
    }),
  );
  return [...blocks, ...layers].filter(({ rate }) => rate > 0);
}

function residualBlock(x: Tensor4D, p: NamedTensors, name: string, plan: Plan, context: ForwardContext): Tensor4D {
  const namesOf = (part: string) => ({ conv: `${name}.${part}.0`, norm: `${name}.${part}.1` });
  const branches = plan.residualKernels.map((_, i) =>
    relu(convNorm(x, p, namesOf(`branches.${i}`), context, { isCausal: plan.causal })),
  );
  const joined = tf.concat(branches, 3) as Tensor4D;
  const fused = convNorm(joined, p, namesOf("fusion"), context);
  const kept = dropout(fused, `${name}.dropout`, [x.shape[0], 1, 1, x.shape[3]], context);
  return relu(tf.add(kept, x) as Tensor4D);
}

/** x [D, B, L]: both directions, or the forward one alone, joined, projected back, added, normalised. */
function mambaLayer(x: Tensor, p: NamedTensors, name: string, plan: Plan, context: ForwardContext): Tensor {
  const block = context.gradientCheckpointing ? checkpointedMamba2 : mamba2;
  const results = directionsOf(plan).map((direction) => block(x, p, blockName(name, direction), plan.mamba, direction));
  const joined = results.length === 1 ? elementAt(results, 0) : tf.concat(results, 0);
  const projected = linearColumns(joined, p, `${name}.output_proj`);
  return layerNorm(tf.add(x, dropout(projected, `${name}.dropout`, x.shape, context)), p, `${name}.layer_norm`, 0);
}

function forward(plan: Plan, p: NamedTensors, x: Tensor, context: ForwardContext): Tensor {
  const { stages, mambaLayers, residualBlocks, causal: isCausal } = plan;
  const convolve = (y: Tensor4D, name: string) => convBlock(y, p, name, context, { isCausal });
  let h = convolve(fromChannelsFirst(x), "encoder.input_conv"); // [B, 1, L, base]
  const skips: Tensor4D[] = [];
  for (let stage = 0; stage < stages; stage++) {
    const name = `encoder.encoder_blocks.${stage}`;
    h = convolve(convolve(h, `${name}.0`), `${name}.1`);
    skips.push(h);
    h = patchConv1d(h, p, `encoder.downsample.${stage}`); // [B, 1, L / 2^(stage+1), base * 2^stage]
  }
  for (let block = 0; block < residualBlocks; block++) h = residualBlock(h, p, `rescnn.blocks.${block}`, plan, context);
  let sequence = tf.squeeze<Tensor>(tf.transpose(h, [3, 1, 0, 2]), [1]); // [D, B, L]: what Mamba-2 moves along L is then in a row
  for (let layer = 0; layer < mambaLayers; layer++) {
    sequence = mambaLayer(sequence, p, `mamba.layers.${layer}`, plan, context);
  }
  h = tf.transpose(tf.expandDims(sequence, 1), [2, 1, 3, 0]) as Tensor4D;
  for (let i = 0; i < stages; i++) {
    const name = `decoder.decoder_blocks.${i}`;
    h = tf.concat([convTranspose1d(h, p, `decoder.upsample.${i}`), elementAt(skips, stages - 1 - i)], 3);
    h = convolve(convolve(h, `${name}.0`), `${name}.1`);
  }
  return tf.reshape(conv1d(conv1d(h, p, "decoder.output_conv"), p, "detection_head"), [
    elementAt(x.shape, 0),
    elementAt(x.shape, 2),
  ]);
}

/** One logit per sample. */
function seizureDetector(config: SeizureDetectorConfig): Network<SeizureDetectorConfig> {
  const plan = planOf(config);
  const { channels, mamba, causal, ...filled } = plan;
  const into: Declaration = { parameters: [], buffers: [] };
  declareEncoder(into, plan);
  declareResidual(into, plan);
  declareMamba(into, plan);
  declareDecoder(into, plan);
  return {
    name: NAME,
    config: { ...filled, ...(causal && { causal }) },
    parameters: plan.initialization === "reference" ? withReferenceStart(into.parameters) : into.parameters,
    buffers: into.buffers,
    dropouts: dropoutsOf(plan),
    inputChannels: plan.inputChannels,
    lengthMultiple: 2 ** plan.stages,
    outputStrideSamples: 1,
    lookAheadSamples: causal ? 2 ** plan.stages - 1 : undefined, // a position of the last stage is made of so many and one
    forward: (p, x, context) => forward(plan, p, x, context),
  };
}

/** The reference's detector; configuration files size it by sections of their own (`model.encoder` and others). */
export const seizureDetectorKind: DetectorKind<SeizureDetectorConfig> = {
  name: NAME,
  title: "U-Net, residual blocks and bidirectional Mamba-2 layers, as brain-go-brr v2",
  options: SEIZURE_DETECTOR_OPTIONS,
  create: seizureDetector,
};
