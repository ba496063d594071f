import type { Config } from "../base/config-schema.js";
import { ConfigError } from "../base/errors.js";
import type { ModelConfig } from "./detector.js";
import type { SeizureDetectorConfig } from "./seizure-detector.js";
import type { UnetConfig } from "./unet.js";

function wrong(key: string, value: unknown, allowed: string): ConfigError {
  return new ConfigError(`invalid ${key}: ${JSON.stringify(value)}; expected ${allowed}`, { key, value, allowed });
}

function unetConfig({ unet }: Config["model"]): UnetConfig {
  return {
    name: "unet",
    channels: unet.channels,
    kernelSize: unet.kernel_size,
    stemStride: unet.stem_stride,
    downsampleFactor: unet.downsample_factor,
    outputStrideSamples: unet.output_stride,
    dropout: unet.dropout,
  };
}

/** Mamba's published kernels are 2 to 4 wide; the reference turns any other width into this one. */
const USUAL_CONVOLUTION = 4;

function seizureDetectorConfig({ encoder, rescnn, mamba }: Config["model"]): SeizureDetectorConfig {
  const baseChannels = encoder.channels[0]!;
  const doubling = Array.from({ length: encoder.stages }, (_, stage) => baseChannels * 2 ** stage);
  if (encoder.channels.join() !== doubling.join()) {
    throw wrong(
      "model.encoder.channels",
      encoder.channels,
      `${encoder.stages} stages that double: ${doubling.join(", ")}`,
    );
  }
  if (encoder.kernel_size !== 5)
    throw wrong("model.encoder.kernel_size", encoder.kernel_size, "5, which the network fixes");
  if (encoder.downsample_factor !== 2) {
    throw wrong("model.encoder.downsample_factor", encoder.downsample_factor, "2, which the network fixes");
  }
  const modelSize = doubling.at(-1)!;
  if (mamba.n_layers > 0 && mamba.d_model !== modelSize) {
    throw wrong("model.mamba.d_model", mamba.d_model, `${modelSize}, the channels of the last stage`);
  }
  return {
    name: "seizure_detector",
    baseChannels,
    stages: encoder.stages,
    residualBlocks: rescnn.n_blocks,
    residualKernels: rescnn.kernel_sizes,
    residualDropout: rescnn.dropout,
    mambaLayers: mamba.n_layers,
    stateSize: mamba.d_state,
    mambaConvolution: mamba.conv_kernel >= 2 && mamba.conv_kernel <= 4 ? mamba.conv_kernel : USUAL_CONVOLUTION,
    mambaDropout: mamba.dropout,
  };
}

/**
 * The detector that a configuration's model section asks for. As in the reference, the decoder's section has no effect
 * and a Mamba kernel outside 2..4 becomes 4. Throws a ConfigError on sizes that the network cannot have.
 */
export function modelFromConfig(model: Config["model"]): ModelConfig {
  return model.name === "unet" ? unetConfig(model) : seizureDetectorConfig(model);
}
