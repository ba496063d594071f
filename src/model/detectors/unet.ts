import type { Defined } from "@ictal/base/options";
import { elementAt } from "../../base/lookup.js";
import { type Tensor, type Tensor4D, tf } from "../../tensor/tf.js";
import { readOptions, wrongOption } from "../check.js";
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
import { UNET_OPTIONS, type UnetConfig } from "./unet-options.js";

export type { UnetConfig };

const NAME = "unet";

type Plan = Defined<UnetConfig> & {
  /** Samples per position of each stage. */
  readonly strides: readonly number[];
  /** Stage at which the way up ends. */
  readonly lastStage: number;
  /** Logits per position of that stage. */
  readonly logitsPerPosition: number;
};

function planOf(config: UnetConfig): Plan {
  const filled = readOptions(NAME, UNET_OPTIONS, config);
  const { channels, stemStride, downsampleFactor } = filled;
  const strides = channels.map((_, stage) => stemStride * downsampleFactor ** stage);
  const outputStrideSamples = filled.outputStrideSamples ?? strides[Math.min(1, channels.length - 2)]!;
  const stage = strides.indexOf(outputStrideSamples);
  if (stage < 0 && !(outputStrideSamples >= 1 && stemStride % outputStrideSamples === 0)) {
    const allowed = `a divisor of ${stemStride} or one of ${strides.join(", ")}`;
    throw wrongOption(NAME, "outputStrideSamples", outputStrideSamples, allowed);
  }
  const lastStage = Math.max(0, stage);
  const logitsPerPosition = strides[lastStage]! / outputStrideSamples;
  return {
    name: NAME,
    ...filled,
    causal: filled.causal ?? false,
    outputStrideSamples,
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
  const { channels, convolutions, causal: isCausal } = plan;
  const bottleneck = channels.length - 1;
  const [batch, , length] = x.shape as [number, number, number];
  const drop = (h: Tensor4D, stage: number) =>
    dropout(h, `dropout.${stage}`, [batch, 1, 1, elementAt(channels, stage)], context);
  const stage = (h: Tensor4D, name: string) => {
    let y = h;
    for (let i = 0; i < convolutions; i++) y = convBlock(y, p, `${name}.${i}`, context, { isCausal });
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
  const { strides, lastStage, logitsPerPosition, causal, ...filled } = plan;
  const patch = elementAt(strides, -1); // samples that one position of the bottleneck is made of
  return {
    name: plan.name,
    config: { ...filled, ...(causal && { causal }) },
    ...declare(plan),
    dropouts: dropoutsOf(plan),
    inputChannels: plan.inputChannels,
    lengthMultiple: patch,
    outputStrideSamples: plan.outputStrideSamples,
    lookAheadSamples: causal ? patch - plan.outputStrideSamples : undefined,
    forward: (p, x, context) => forward(plan, p, x, context),
  };
}

/** Fast enough to train on two cores, and the baseline that larger networks have to beat. */
export const unetKind: DetectorKind<UnetConfig> = {
  name: NAME,
  title: "plain U-Net over time, after Ronneberger et al. 2015",
  options: UNET_OPTIONS,
  create: unet,
};
