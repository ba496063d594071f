/**
 * The reference system's detector: U-Net encoder, residual multi-kernel blocks, bidirectional Mamba-2 layers, U-Net
 * decoder; 32,606,439 parameters at its default size. Tensor names equal the state_dict of brain-go-brr v2.
 */

import { ConfigError } from "@ictal/base/errors";
import type { Config } from "../../base/config-schema.js";
import { elementAt } from "../../base/lookup.js";
import { type Tensor, type Tensor4D, tf } from "../../tensor/tf.js";
import { checksOf, wrongOption } from "../check.js";
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
import { checkpointedMamba2, type Mamba2Shape, mamba2, mamba2Specs } from "../mamba2.js";
import type { DetectorKind, DropoutSpec, Network } from "../network.js";
import {
  batchNormBuffers,
  convolutionSpecs,
  linearSpecs,
  normSpecs,
  transposedConvolutionSpecs,
  withReferenceStart,
} from "../parameters.js";

export interface SeizureDetectorConfig {
  readonly name: "seizure_detector";
  /** @default 19 */
  readonly inputChannels?: number;
  /** Channels of the first stage; each further stage doubles them. @default 64 */
  readonly baseChannels?: number;
  /** Stages of the U-Net, each halving the rate. @default 4 */
  readonly stages?: number;
  /** Residual blocks between encoder and Mamba. @default 3 */
  readonly residualBlocks?: number;
  /** Odd kernels of their branches. @default [3, 5, 7] */
  readonly residualKernels?: readonly number[];
  /** Share of channels they drop. @default 0.1 */
  readonly residualDropout?: number;
  /** Bidirectional layers. @default 6 */
  readonly mambaLayers?: number;
  /** @default 16 */
  readonly stateSize?: number;
  /** Width of Mamba's causal convolution, 2 to 4 as in the published kernels. @default 4 */
  readonly mambaConvolution?: number;
  /** Mamba's inner size over its model size. @default 2 */
  readonly expand?: number;
  /** @default 64 */
  readonly headSize?: number;
  /** Positions per chunk of the state space product. @default 64 */
  readonly chunk?: number;
  /** Share of values dropped after each bidirectional layer. @default 0.1 */
  readonly mambaDropout?: number;
  /** How parameters start: as PyTorch's layers and Mamba's blocks do, or overwritten as the reference does. @default "own" */
  readonly initialization?: "own" | "reference";
}

const NAME = "seizure_detector";

type Plan = Required<SeizureDetectorConfig> & { readonly channels: readonly number[]; readonly mamba: Mamba2Shape };

/** Kernel sizes that the reference fixes. */
const STEM_KERNEL = 7;
const STAGE_KERNEL = 5;

function planOf(config: SeizureDetectorConfig): Plan {
  const {
    baseChannels = 64,
    stages = 4,
    expand = 2,
    headSize = 64,
    chunk = 64,
    stateSize = 16,
    mambaConvolution = 4,
  } = config;
  const residualKernels = config.residualKernels ?? [3, 5, 7];
  const { residualBlocks = 3, mambaLayers = 6, residualDropout = 0.1, mambaDropout = 0.1, inputChannels = 19 } = config;
  const check = checksOf(NAME);
  check.counts({ inputChannels, baseChannels, stages, expand, headSize, chunk, stateSize });
  check.counts({ residualBlocks, mambaLayers }, 0);
  const channels = Array.from({ length: stages }, (_, stage) => baseChannels * 2 ** stage);
  const modelSize = channels.at(-1)!;
  check.odd("residualKernels", residualKernels);
  check.rate("residualDropout", residualDropout);
  check.rate("mambaDropout", mambaDropout);
  if (residualKernels.length < 1 || residualKernels.length > modelSize)
    throw wrongOption(NAME, "residualKernels", residualKernels, `1 to ${modelSize} odd numbers`);
  if (mambaLayers > 0 && (modelSize * expand) % headSize !== 0) {
    const inner = modelSize * expand;
    throw wrongOption(NAME, "headSize", headSize, `a divisor of ${inner} (${modelSize} channels times ${expand})`);
  }
  if (!(mambaConvolution >= 2 && mambaConvolution <= 4))
    throw wrongOption(NAME, "mambaConvolution", mambaConvolution, "2, 3 or 4");
  return {
    name: NAME,
    initialization: config.initialization ?? "own",
    inputChannels,
    residualBlocks,
    residualKernels,
    residualDropout,
    mambaLayers,
    mambaDropout,
    baseChannels,
    stages,
    expand,
    headSize,
    chunk,
    stateSize,
    mambaConvolution,
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

function declareMamba(into: Declaration, { mamba, mambaLayers }: Plan): void {
  for (let layer = 0; layer < mambaLayers; layer++) {
    const name = `mamba.layers.${layer}`;
    into.parameters.push(
      ...mamba2Specs(`${name}.forward_mamba_real`, mamba),
      ...mamba2Specs(`${name}.backward_mamba_real`, mamba),
      ...linearSpecs(`${name}.output_proj`, 2 * mamba.modelSize, mamba.modelSize),
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
  const branches = plan.residualKernels.map((_, i) =>
    relu(convNorm(x, p, `${name}.branches.${i}.0`, `${name}.branches.${i}.1`, context)),
  );
  const joined = tf.concat(branches, 3) as Tensor4D;
  const fused = convNorm(joined, p, `${name}.fusion.0`, `${name}.fusion.1`, context);
  const kept = dropout(fused, `${name}.dropout`, [x.shape[0], 1, 1, x.shape[3]], context);
  return relu(tf.add(kept, x) as Tensor4D);
}

/** x [D, B, L]: both directions, joined, projected back, added, normalised. */
function bidirectionalLayer(x: Tensor, p: NamedTensors, name: string, plan: Plan, context: ForwardContext): Tensor {
  const block = context.gradientCheckpointing ? checkpointedMamba2 : mamba2;
  const forwards = block(x, p, `${name}.forward_mamba_real`, plan.mamba, "forwards");
  const backwards = block(x, p, `${name}.backward_mamba_real`, plan.mamba, "backwards");
  const projected = linearColumns(tf.concat([forwards, backwards], 0), p, `${name}.output_proj`);
  return layerNorm(tf.add(x, dropout(projected, `${name}.dropout`, x.shape, context)), p, `${name}.layer_norm`, 0);
}

function forward(plan: Plan, p: NamedTensors, x: Tensor, context: ForwardContext): Tensor {
  const { stages, mambaLayers, residualBlocks } = plan;
  let h = convBlock(fromChannelsFirst(x), p, "encoder.input_conv", context); // [B, 1, L, base]
  const skips: Tensor4D[] = [];
  for (let stage = 0; stage < stages; stage++) {
    const name = `encoder.encoder_blocks.${stage}`;
    h = convBlock(convBlock(h, p, `${name}.0`, context), p, `${name}.1`, context);
    skips.push(h);
    h = patchConv1d(h, p, `encoder.downsample.${stage}`); // [B, 1, L / 2^(stage+1), base * 2^stage]
  }
  for (let block = 0; block < residualBlocks; block++) h = residualBlock(h, p, `rescnn.blocks.${block}`, plan, context);
  let sequence = tf.squeeze<Tensor>(tf.transpose(h, [3, 1, 0, 2]), [1]); // [D, B, L]: what Mamba-2 moves along L is then in a row
  for (let layer = 0; layer < mambaLayers; layer++) {
    sequence = bidirectionalLayer(sequence, p, `mamba.layers.${layer}`, plan, context);
  }
  h = tf.transpose(tf.expandDims(sequence, 1), [2, 1, 3, 0]) as Tensor4D;
  for (let i = 0; i < stages; i++) {
    const name = `decoder.decoder_blocks.${i}`;
    h = tf.concat([convTranspose1d(h, p, `decoder.upsample.${i}`), elementAt(skips, stages - 1 - i)], 3);
    h = convBlock(convBlock(h, p, `${name}.0`, context), p, `${name}.1`, context);
  }
  return tf.reshape(conv1d(conv1d(h, p, "decoder.output_conv"), p, "detection_head"), [
    elementAt(x.shape, 0),
    elementAt(x.shape, 2),
  ]);
}

/** One logit per sample. */
function seizureDetector(config: SeizureDetectorConfig): Network<SeizureDetectorConfig> {
  const plan = planOf(config);
  const { channels, mamba, ...filled } = plan;
  const into: Declaration = { parameters: [], buffers: [] };
  declareEncoder(into, plan);
  declareResidual(into, plan);
  declareMamba(into, plan);
  declareDecoder(into, plan);
  return {
    name: NAME,
    config: filled,
    parameters: plan.initialization === "reference" ? withReferenceStart(into.parameters) : into.parameters,
    buffers: into.buffers,
    dropouts: dropoutsOf(plan),
    inputChannels: plan.inputChannels,
    lengthMultiple: 2 ** plan.stages,
    outputStrideSamples: 1,
    forward: (p, x, context) => forward(plan, p, x, context),
  };
}

/** Mamba's published kernels are 2 to 4 wide; the reference turns any other width into this one. */
const USUAL_CONVOLUTION = 4;

function wrongKey(key: string, value: unknown, allowed: string): ConfigError {
  return new ConfigError(`invalid ${key}: ${JSON.stringify(value)}; expected ${allowed}`, { key, value, allowed });
}

function fromConfig({ encoder, rescnn, mamba, initialization }: Config["model"]): SeizureDetectorConfig {
  const baseChannels = encoder.channels[0]!;
  const doubling = Array.from({ length: encoder.stages }, (_, stage) => baseChannels * 2 ** stage);
  if (encoder.channels.join() !== doubling.join()) {
    const allowed = `${encoder.stages} stages that double: ${doubling.join(", ")}`;
    throw wrongKey("model.encoder.channels", encoder.channels, allowed);
  }
  if (encoder.kernel_size !== STAGE_KERNEL)
    throw wrongKey("model.encoder.kernel_size", encoder.kernel_size, `${STAGE_KERNEL}, which the network fixes`);
  if (encoder.downsample_factor !== 2)
    throw wrongKey("model.encoder.downsample_factor", encoder.downsample_factor, "2, which the network fixes");
  const modelSize = doubling.at(-1)!;
  if (mamba.n_layers > 0 && mamba.d_model !== modelSize)
    throw wrongKey("model.mamba.d_model", mamba.d_model, `${modelSize}, the channels of the last stage`);
  return {
    name: NAME,
    baseChannels,
    stages: encoder.stages,
    residualBlocks: rescnn.n_blocks,
    residualKernels: rescnn.kernel_sizes,
    residualDropout: rescnn.dropout,
    mambaLayers: mamba.n_layers,
    stateSize: mamba.d_state,
    mambaConvolution: mamba.conv_kernel >= 2 && mamba.conv_kernel <= 4 ? mamba.conv_kernel : USUAL_CONVOLUTION,
    headSize: mamba.head_size,
    mambaDropout: mamba.dropout,
    initialization,
  };
}

/**
 * The reference's detector, from its own sections. As there, the decoder's section has no effect and a Mamba kernel
 * outside 2..4 becomes 4.
 */
export const seizureDetectorKind: DetectorKind<SeizureDetectorConfig> = {
  name: NAME,
  title: "U-Net, residual blocks and bidirectional Mamba-2 layers, as brain-go-brr v2",
  fromConfig,
  create: seizureDetector,
};
