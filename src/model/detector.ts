import { ConfigError } from "../base/errors.js";
import type { Tensor } from "../tensor/tf.js";
import type { ForwardContext, NamedTensors } from "./layers.js";
import type { ParameterSpec } from "./parameters.js";
import { type SeizureDetectorConfig, seizureDetector } from "./seizure-detector.js";
import { type UnetConfig, unet } from "./unet.js";

/** A dropout site of a detector. "channel" drops whole channels, "element" single values. */
export interface DropoutSpec {
  readonly name: string;
  readonly rate: number;
  readonly kind: "channel" | "element";
  /** Shape of the mask for a batch of windows of `sampleCount` samples. */
  shape(batchSize: number, sampleCount: number): number[];
}

/** A network from windows of EEG to seizure logits. */
export interface Detector {
  readonly name: string;
  /** The configuration with every default filled in; equal configurations give equal networks. */
  readonly config: ModelConfig;
  /** Trainable arrays. */
  readonly parameters: readonly ParameterSpec[];
  /** Running statistics of batch norms. */
  readonly buffers: readonly ParameterSpec[];
  readonly dropouts: readonly DropoutSpec[];
  readonly inputChannels: number;
  /** Window lengths must be multiples of this many samples. */
  readonly lengthMultiple: number;
  /** Samples per logit: 1 means one logit per sample, 256 at 256 Hz one per second. */
  readonly outputStrideSamples: number;
  /**
   * x [B, inputChannels, L] in standard deviations per channel: logits [B, L / outputStrideSamples].
   * `p` holds parameters and buffers by name.
   */
  forward(p: NamedTensors, x: Tensor, context: ForwardContext): Tensor;
}

/** Configuration of any detector, told apart by `name`. */
export type ModelConfig = UnetConfig | SeizureDetectorConfig;

/** Build the detector a configuration describes. Throws a ConfigError on impossible sizes. */
export function createDetector(config: ModelConfig): Detector {
  switch (config.name) {
    case "unet":
      return unet(config);
    case "seizure_detector":
      return seizureDetector(config);
    default: {
      const { name } = config as { name: unknown };
      throw new ConfigError(`unknown model.name: ${String(name)}; known are unet, seizure_detector`, {
        key: "model.name",
        value: name,
        allowed: "unet, seizure_detector",
      });
    }
  }
}

/** Logits per window of `sampleCount` samples. Throws a RangeError when the network cannot take that length. */
export function logitCount(detector: Detector, sampleCount: number): number {
  if (!Number.isSafeInteger(sampleCount) || sampleCount <= 0 || sampleCount % detector.lengthMultiple !== 0) {
    throw new RangeError(
      `invalid window of ${sampleCount} samples for ${detector.name}: expected a multiple of ${detector.lengthMultiple}`,
    );
  }
  return sampleCount / detector.outputStrideSamples;
}
