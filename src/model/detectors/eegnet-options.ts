/** The sizes of EEGNet; kernels and pools are the paper's at 256 Hz instead of 128. */
import { count, counts, flag, number } from "../../base/option-table.js";

export interface EegnetConfig {
  readonly name: "eegnet";
  /** @default 19 */
  readonly inputChannels?: number | undefined;
  /** Filters in time, F1 of the paper. @default 8 */
  readonly temporalFilters?: number | undefined;
  /** Spatial filters per temporal one, D of the paper. @default 2 */
  readonly depth?: number | undefined;
  /** Channels after the separable convolution, F2 of the paper. @default temporalFilters times depth */
  readonly pointwiseFilters?: number | undefined;
  /** Samples of the filters in time; the paper takes half a second. @default 128 */
  readonly temporalKernel?: number | undefined;
  /** Positions of the separable convolution. @default 16 */
  readonly separableKernel?: number | undefined;
  /** Samples, then positions, that are averaged; their product is the samples per logit. @default [8, 8] */
  readonly pools?: readonly number[] | undefined;
  /** Odd number of positions that a logit sees; the paper's dense layer sees a trial. @default 9 */
  readonly headKernel?: number | undefined;
  /** Share of values dropped after each pool; the paper's for unseen patients. @default 0.25 */
  readonly dropout?: number | undefined;
  /** Convolutions see the past only. @default false */
  readonly causal?: boolean | undefined;
}

export const EEGNET_OPTIONS = {
  inputChannels: count({ default: 19, key: null, description: "Channels of the input." }),
  causal: flag({ key: null, description: "Convolutions see the past only." }),
  temporalFilters: count({ default: 8, description: "Temporal filters, F1 of the paper." }),
  depth: count({ default: 2, description: "Spatial filters per temporal one, D of the paper." }),
  pointwiseFilters: count({
    description: "Channels after the separable convolution, F2 of the paper; by default temporal_filters times depth.",
  }),
  temporalKernel: count({ default: 128, unit: "samples", description: "Length of the temporal filters." }),
  separableKernel: count({ default: 16, unit: "positions", description: "Kernel of the separable convolution." }),
  pools: counts({
    default: [8, 8],
    minLength: 2,
    maxLength: 2,
    description: "Samples, then positions, that are averaged; their product is the samples per logit.",
  }),
  headKernel: count({
    default: 9,
    isOdd: true,
    unit: "positions",
    description: "Positions that a logit sees; the paper's dense layer sees a whole trial.",
  }),
  dropout: number({ default: 0.25, least: 0, below: 1, description: "Share of values dropped after each pool." }),
};
