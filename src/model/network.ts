import { ConfigError } from "@ictal/base/errors";
import type { OptionTable } from "../base/option-table.js";
import type { Tensor } from "../tensor/tf.js";
import type { ForwardContext, NamedTensors } from "./layers.js";
import type { ParameterSpec } from "./parameters.js";

/** A dropout site of a detector. "channel" drops whole channels, "element" single values. */
export interface DropoutSpec {
  readonly name: string;
  readonly rate: number;
  readonly kind: "channel" | "element";
  /** Shape of the mask for a batch of windows of `sampleCount` samples. */
  shape(batchSize: number, sampleCount: number): number[];
}

/** A network from windows of EEG to seizure logits; `C` is the configuration of its kind. */
export interface Network<C extends { readonly name: string } = { readonly name: string }> {
  readonly name: string;
  /** The configuration with every default filled in; equal configurations give equal networks. */
  readonly config: C;
  /** Trainable arrays. */
  readonly parameters: readonly ParameterSpec[];
  /** Running statistics of batch norms. */
  readonly buffers: readonly ParameterSpec[];
  /** Starts of names that a PyTorch state_dict of this network also holds but that the network does not need. */
  readonly unused?: readonly string[];
  readonly dropouts: readonly DropoutSpec[];
  readonly inputChannels: number;
  /** Window lengths must be multiples of this many samples. */
  readonly lengthMultiple: number;
  /** Samples per logit: 1 means one logit per sample, 256 at 256 Hz one per second. */
  readonly outputStrideSamples: number;
  /** Samples after those that a logit stands for that have an effect on it. @default all of its window */
  readonly lookAheadSamples?: number | undefined;
  /**
   * x [B, inputChannels, L] in standard deviations per channel: logits [B, L / outputStrideSamples].
   * `p` holds parameters and buffers by name.
   */
  forward(p: NamedTensors, x: Tensor, context: ForwardContext): Tensor;
}

/** One kind of detector: what a file in `detectors/` exports and `registry.ts` lists. */
export interface DetectorKind<C extends { readonly name: string }> {
  /** What `model.name` says to get it. */
  readonly name: C["name"];
  /** What it is and where it was published, in a line. */
  readonly title: string;
  /** Its sizes: defaults, ranges and descriptions. */
  readonly options: OptionTable;
  /** Throws a ConfigError on sizes that the network cannot have. */
  create(config: C): Network<C>;
}

/** The rate of the cache, for messages. */
const USUAL_RATE_HZ = 256;

/** Logits per window of `sampleCount` samples. Throws a ConfigError when the network cannot take that length. */
export function logitCount(network: Network, sampleCount: number): number {
  if (!Number.isSafeInteger(sampleCount) || sampleCount <= 0 || sampleCount % network.lengthMultiple !== 0) {
    const multiple = network.lengthMultiple;
    throw new ConfigError(
      `invalid window of ${sampleCount} samples for ${network.name}: expected a multiple of ${multiple}, ` +
        `${multiple / USUAL_RATE_HZ} s at ${USUAL_RATE_HZ} Hz`,
      { key: "data.window_size", value: sampleCount, allowed: `multiples of ${multiple} samples` },
    );
  }
  return sampleCount / network.outputStrideSamples;
}
