/** The sizes of the reference system's detector, its own by default. */
import { choice, count, counts, defaultsOf, flag, number } from "../../base/option-table.js";

export interface SeizureDetectorConfig {
  readonly name: "seizure_detector";
  /** @default 19 */
  readonly inputChannels?: number | undefined;
  /** Channels of the first stage; each further stage doubles them. @default 64 */
  readonly baseChannels?: number | undefined;
  /** Stages of the U-Net, each halving the rate. @default 4 */
  readonly stages?: number | undefined;
  /** Residual blocks between encoder and Mamba. @default 3 */
  readonly residualBlocks?: number | undefined;
  /** Odd kernels of their branches. @default [3, 5, 7] */
  readonly residualKernels?: readonly number[] | undefined;
  /** Share of channels they drop. @default 0.1 */
  readonly residualDropout?: number | undefined;
  /** Bidirectional layers. @default 6 */
  readonly mambaLayers?: number | undefined;
  /** @default 16 */
  readonly stateSize?: number | undefined;
  /** Width of Mamba's causal convolution, 2 to 4 as in the published kernels. @default 4 */
  readonly mambaConvolution?: number | undefined;
  /** Mamba's inner size over its model size. @default 2 */
  readonly expand?: number | undefined;
  /** @default 64 */
  readonly headSize?: number | undefined;
  /** Positions per chunk of the state space product. @default 64 */
  readonly chunk?: number | undefined;
  /** Share of values dropped after each bidirectional layer. @default 0.1 */
  readonly mambaDropout?: number | undefined;
  /** How parameters start: as PyTorch's layers and Mamba's blocks do, or overwritten as the reference does. @default "own" */
  readonly initialization?: "own" | "reference" | undefined;
  /** Convolutions and Mamba-2 see the past only; without the backward blocks. @default false */
  readonly causal?: boolean | undefined;
}

export const SEIZURE_DETECTOR_OPTIONS = {
  initialization: choice(["own", "reference"], {
    default: "own",
    description:
      "own: PyTorch's and Mamba's initial weights; reference: both overwritten, as the reference system does.",
  }),
  inputChannels: count({ default: 19, description: "Channels of the input." }),
  causal: flag({ key: null, description: "Convolutions and Mamba-2 see the past only; without the backward blocks." }),
  residualBlocks: count({ default: 3, least: 0, description: "Residual blocks between encoder and Mamba." }),
  residualKernels: counts({
    default: [3, 5, 7],
    isOdd: true,
    minLength: 0,
    description: "Kernels of the branches of a residual block.",
  }),
  residualDropout: number({
    default: 0.1,
    least: 0,
    below: 1,
    description: "Share of channels that the residual blocks drop.",
  }),
  mambaLayers: count({ default: 6, least: 0, description: "Bidirectional Mamba-2 layers." }),
  mambaDropout: number({
    default: 0.1,
    least: 0,
    below: 1,
    description: "Share of values dropped after each bidirectional layer.",
  }),
  baseChannels: count({ default: 64, description: "Channels of the first stage; each further stage doubles them." }),
  stages: count({ default: 4, description: "Stages of the U-Net, each halving the rate." }),
  expand: count({ default: 2, description: "Mamba's inner size over its model size." }),
  headSize: count({ default: 64, description: "Channels per head of Mamba; a divisor of twice d_model." }),
  chunk: count({ default: 64, unit: "positions", description: "Positions per chunk of the state space product." }),
  stateSize: count({ default: 16, description: "State size of Mamba." }),
  mambaConvolution: number({
    default: 4,
    isWhole: true,
    least: 2,
    most: 4,
    unit: "positions",
    description: "Width of Mamba's causal convolution, 2 to 4 as in the published kernels.",
  }),
};

export const SEIZURE_DETECTOR_DEFAULTS = defaultsOf(SEIZURE_DETECTOR_OPTIONS);

/** Kernel of the stages' convolutions, which the reference fixes. */
export const STAGE_KERNEL = 5;

/** Channels of the stages. */
export function stageChannels(baseChannels: number, stages: number): number[] {
  return Array.from({ length: stages }, (_, stage) => baseChannels * 2 ** stage);
}
