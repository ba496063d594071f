/** The sizes of the U-Net. */
import { count, counts, flag, number } from "../../base/option-table.js";

/** A plain U-Net over time (after Ronneberger et al. 2015, in one dimension). */
export interface UnetConfig {
  readonly name: "unet";
  /** @default 19 */
  readonly inputChannels?: number | undefined;
  /** Channels of each stage, the last being the bottleneck. @default [16, 32, 64, 64] */
  readonly channels?: readonly number[] | undefined;
  /** Odd kernel of the convolutions inside a stage. @default 5 */
  readonly kernelSize?: number | undefined;
  /** Convolutions per stage, on the way down and up. @default 1 */
  readonly convolutions?: number | undefined;
  /** Samples per patch of the first convolution, whose stride equals its kernel. @default 8 */
  readonly stemStride?: number | undefined;
  /** Rate ratio from stage to stage. @default 4 */
  readonly downsampleFactor?: number | undefined;
  /**
   * Samples per logit: a divisor of the stem's stride, or the stride of a stage; the way up stops there.
   * @default the second stage's stride (32 samples, 8 logits a second at 256 Hz)
   */
  readonly outputStrideSamples?: number | undefined;
  /** Share of channels dropped at the bottleneck and after each stage up. @default 0.1 */
  readonly dropout?: number | undefined;
  /** Convolutions see the past only. @default false */
  readonly causal?: boolean | undefined;
}

export const UNET_OPTIONS = {
  inputChannels: count({ default: 19, key: null, description: "Channels of the input." }),
  causal: flag({ key: null, description: "Convolutions see the past only." }),
  channels: counts({
    default: [16, 32, 64, 64],
    minLength: 2,
    description: "Channels of each stage; the last is the bottleneck.",
  }),
  kernelSize: count({
    default: 5,
    isOdd: true,
    unit: "positions",
    description: "Kernel of the convolutions inside a stage.",
  }),
  convolutions: count({ default: 1, key: null, description: "Convolutions per stage, on the way down and up." }),
  stemStride: count({
    default: 8,
    unit: "samples",
    description: "Kernel and stride of the first convolution (patch size).",
  }),
  downsampleFactor: count({ default: 4, least: 2, description: "Ratio of the sample rates of neighbouring stages." }),
  outputStrideSamples: count({
    key: "output_stride",
    unit: "samples",
    description: "Samples per logit: a divisor of stem_stride or the stride of a stage; by default the second stage's.",
  }),
  dropout: number({
    default: 0.1,
    least: 0,
    below: 1,
    description: "Share of channels dropped at the bottleneck and after each stage on the way up.",
  }),
};
