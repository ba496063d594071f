/** The sizes of SeizureTransformer, as published. */
import { count, counts, number } from "../../base/option-table.js";

export interface SeizureTransformerConfig {
  readonly name: "seizure_transformer";
  /** @default 19 */
  readonly inputChannels?: number | undefined;
  /** Channels of each stage, which halves the rate; the last is the transformer's size. @default [32, 64, 128, 256, 512] */
  readonly channels?: readonly number[] | undefined;
  /** Odd kernels of the stages down. @default [11, 9, 7, 7, 5] */
  readonly kernels?: readonly number[] | undefined;
  /** Odd kernels of the stages up, deepest first. @default [3, 5, 5, 7, 7] */
  readonly decoderKernels?: readonly number[] | undefined;
  /** Kernels of the residual blocks. @default [3, 3, 3, 3, 2, 3, 2] */
  readonly residualKernels?: readonly number[] | undefined;
  /** Transformer layers. @default 8 */
  readonly layers?: number | undefined;
  /** @default 4 */
  readonly heads?: number | undefined;
  /** Inner size of a transformer layer. @default 2048 */
  readonly feedForward?: number | undefined;
  /** Odd kernel of the last convolution. @default 11 */
  readonly headKernel?: number | undefined;
  /** Share of channels dropped in the residual blocks and of values in the transformer. @default 0.1 */
  readonly dropout?: number | undefined;
}

export const SEIZURE_TRANSFORMER_OPTIONS = {
  inputChannels: count({ default: 19, key: null, description: "Channels of the input." }),
  channels: counts({
    default: [32, 64, 128, 256, 512],
    description: "Channels of each stage, which halves the rate; the last is the transformer's size.",
  }),
  kernels: counts({ default: [11, 9, 7, 7, 5], isOdd: true, description: "Kernels of the stages down." }),
  decoderKernels: counts({
    default: [3, 5, 5, 7, 7],
    isOdd: true,
    description: "Kernels of the stages up, deepest first.",
  }),
  residualKernels: counts({
    default: [3, 3, 3, 3, 2, 3, 2],
    minLength: 0,
    description: "Kernels of the residual blocks.",
  }),
  layers: count({ default: 8, least: 0, description: "Transformer layers." }),
  heads: count({ default: 4, description: "Attention heads; a divisor of the last stage's channels." }),
  feedForward: count({ default: 2048, description: "Inner size of a transformer layer." }),
  headKernel: count({ default: 11, isOdd: true, unit: "samples", description: "Kernel of the last convolution." }),
  dropout: number({
    default: 0.1,
    least: 0,
    below: 1,
    description: "Share of channels dropped in the residual blocks and of values in the transformer.",
  }),
};
