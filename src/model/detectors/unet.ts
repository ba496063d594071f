import { z } from "zod";
import type { Config } from "../../base/config-schema.js";
import { elementAt } from "../../base/lookup.js";
import { type Tensor, type Tensor4D, tf } from "../../tensor/tf.js";
import { checksOf, readSection, wrongOption } from "../check.js";
import { convBlock, type Declaration, declareConvBlock } from "../conv-block.js";
import {
  batchNorm,
  conv1d,
  convTranspose1d,
  dropout,
  type ForwardContext,
  type NamedTensors,
  patchConv1d,
  patchConv1dChannelsFirst,
  relu,
} from "../layers.js";
import type { DetectorKind, DropoutSpec, Network } from "../network.js";
import { convolutionSpecs, transposedConvolutionSpecs } from "../parameters.js";

/** A plain U-Net over time (after Ronneberger et al. 2015, in one dimension). */
export interface UnetConfig {
  readonly name: "unet";
  /** @default 19 */
  readonly inputChannels?: number;
  /** Channels of each stage, the last being the bottleneck. @default [16, 32, 64, 64] */
  readonly channels?: readonly number[];
  /** Odd kernel of the convolutions inside a stage. @default 5 */
  readonly kernelSize?: number;
  /** Convolutions per stage, on the way down and up. @default 1 */
  readonly convolutions?: number;
  /** Samples per patch of the first convolution, whose stride equals its kernel. @default 8 */
  readonly stemStride?: number;
  /** Rate ratio from stage to stage. @default 4 */
  readonly downsampleFactor?: number;
  /**
   * Samples per logit: a divisor of the stem's stride, or the stride of a stage; the way up stops there.
   * @default the second stage's stride (32 samples, 8 logits a second at 256 Hz)
   */
  readonly outputStrideSamples?: number;
  /** Share of channels dropped at the bottleneck and after each stage up. @default 0.1 */
  readonly dropout?: number;
}

const NAME = "unet";

type Plan = Required<UnetConfig> & {
  /** Samples per position of each stage. */
  readonly strides: readonly number[];
  /** Stage at which the way up ends. */
  readonly lastStage: number;
  /** Logits per position of that stage. */
  readonly logitsPerPosition: number;
};

function planOf(config: UnetConfig): Plan {
  const channels = config.channels ?? [16, 32, 64, 64];
  const { inputChannels = 19, kernelSize = 5, convolutions = 1, stemStride = 8, downsampleFactor = 4 } = config;
  const rate = config.dropout ?? 0.1;
  const check = checksOf(NAME);
  check.list("channels", channels, 2);
  check.counts({ inputChannels, convolutions, stemStride });
  check.counts({ downsampleFactor }, 2);
  check.odd("kernelSize", kernelSize);
  check.rate("dropout", rate);
  const strides = channels.map((_, stage) => stemStride * downsampleFactor ** stage);
  const outputStrideSamples = config.outputStrideSamples ?? strides[Math.min(1, channels.length - 2)]!;
  const stage = strides.indexOf(outputStrideSamples);
  if (stage < 0 && !(outputStrideSamples >= 1 && stemStride % outputStrideSamples === 0)) {
    const allowed = `a divisor of ${stemStride} or one of ${strides.join(", ")}`;
    throw wrongOption(NAME, "outputStrideSamples", outputStrideSamples, allowed);
  }
  const lastStage = Math.max(0, stage);
  const logitsPerPosition = strides[lastStage]! / outputStrideSamples;
  return {
    name: NAME,
    inputChannels,
    channels,
    kernelSize,
    convolutions,
    stemStride,
    downsampleFactor,
    outputStrideSamples,
    dropout: rate,
    strides,
    lastStage,
    logitsPerPosition,
  };
}

function declare(plan: Plan): Declaration {
  const into: Declaration = { parameters: [], buffers: [] };
  const { channels, kernelSize: kernel, downsampleFactor: factor } = plan;
  const bottleneck = channels.length - 1;
  declareConvBlock(into, "stem", {
    inputs: plan.inputChannels,
    outputs: elementAt(channels, 0),
    kernel: plan.stemStride,
    bias: false,
  });
  for (const [stage, outputs] of channels.entries()) {
    for (let i = 0; i < plan.convolutions; i++) {
      declareConvBlock(into, `encoder.${stage}.${i}`, { inputs: outputs, outputs, kernel, bias: false });
    }
    if (stage < bottleneck) {
      declareConvBlock(into, `downsample.${stage}`, {
        inputs: outputs,
        outputs: elementAt(channels, stage + 1),
        kernel: factor,
        bias: false,
      });
    }
  }
  for (let stage = bottleneck - 1; stage >= plan.lastStage; stage--) {
    const outputs = elementAt(channels, stage);
    const upsample = { inputs: elementAt(channels, stage + 1), outputs, kernel: factor };
    into.parameters.push(...transposedConvolutionSpecs(`upsample.${stage}`, upsample));
    for (let i = 0; i < plan.convolutions; i++) {
      declareConvBlock(into, `decoder.${stage}.${i}`, {
        inputs: i === 0 ? 2 * outputs : outputs,
        outputs,
        kernel,
        bias: false,
      });
    }
  }
  into.parameters.push(
    ...convolutionSpecs("head", {
      inputs: elementAt(channels, plan.lastStage),
      outputs: plan.logitsPerPosition,
      kernel: 1,
    }),
  );
  return into;
}

function dropoutsOf(plan: Plan): DropoutSpec[] {
  if (plan.dropout === 0) return [];
  const bottleneck = plan.channels.length - 1;
  const stages = Array.from({ length: bottleneck - plan.lastStage + 1 }, (_, i) => bottleneck - i);
  return stages.map((stage) => ({
    name: `dropout.${stage}`,
    rate: plan.dropout,
    kind: "channel",
    shape: (batchSize) => [batchSize, 1, 1, elementAt(plan.channels, stage)],
  }));
}

function forward(plan: Plan, p: NamedTensors, x: Tensor, context: ForwardContext): Tensor {
  const { channels, convolutions } = plan;
  const bottleneck = channels.length - 1;
  const [batch, , length] = x.shape as [number, number, number];
  const drop = (h: Tensor4D, stage: number) =>
    dropout(h, `dropout.${stage}`, [batch, 1, 1, elementAt(channels, stage)], context);
  const stage = (h: Tensor4D, name: string) => {
    let y = h;
    for (let i = 0; i < convolutions; i++) y = convBlock(y, p, `${name}.${i}`, context);
    return y;
  };

  let h = relu(batchNorm(patchConv1dChannelsFirst(x, p, "stem.conv"), p, "stem.bn", context)); // [B, 1, L/stem, C0]
  const skips: Tensor4D[] = [];
  for (let i = 0; i < bottleneck; i++) {
    h = stage(h, `encoder.${i}`);
    skips.push(h);
    h = relu(batchNorm(patchConv1d(h, p, `downsample.${i}.conv`), p, `downsample.${i}.bn`, context)); // [B, 1, L/strides[i+1], C(i+1)]
  }
  h = drop(stage(h, `encoder.${bottleneck}`), bottleneck);
  for (let i = bottleneck - 1; i >= plan.lastStage; i--) {
    h = tf.concat([convTranspose1d(h, p, `upsample.${i}`), elementAt(skips, i)], 3); // [B, 1, L/strides[i], 2Ci]
    h = drop(stage(h, `decoder.${i}`), i);
  }
  return tf.reshape(conv1d(h, p, "head"), [batch, length / plan.outputStrideSamples]);
}

function unet(config: UnetConfig): Network<UnetConfig> {
  const plan = planOf(config);
  const { strides, lastStage, logitsPerPosition, ...filled } = plan;
  return {
    name: plan.name,
    config: filled,
    ...declare(plan),
    dropouts: dropoutsOf(plan),
    inputChannels: plan.inputChannels,
    lengthMultiple: elementAt(strides, -1),
    outputStrideSamples: plan.outputStrideSamples,
    forward: (p, x, context) => forward(plan, p, x, context),
  };
}

const count = z.number().int().min(1);

/** Keys of `model.unet`; `stem_stride` is the stride of the first convolution. */
const section = z.strictObject({
  channels: z.array(count).optional(),
  kernel_size: count.optional(),
  stem_stride: count.optional(),
  downsample_factor: count.optional(),
  /** Samples per output value; one per sample at 1. Left out: the second stage's. */
  output_stride: count.optional(),
  dropout: z.number().optional(),
});

function fromConfig(model: Config["model"]): UnetConfig {
  const given = readSection(model, NAME, section);
  return {
    name: NAME,
    channels: given.channels,
    kernelSize: given.kernel_size,
    stemStride: given.stem_stride,
    downsampleFactor: given.downsample_factor,
    outputStrideSamples: given.output_stride,
    dropout: given.dropout,
  };
}

/** Fast enough to train on two cores, and the baseline that larger networks have to beat. */
export const unetKind: DetectorKind<UnetConfig> = {
  name: NAME,
  title: "plain U-Net over time, after Ronneberger et al. 2015",
  fromConfig,
  create: unet,
};
