/** The section `model`: which detector, and its sizes. */
import { z } from "zod";
import { count, counts, text } from "../base/option-table.js";
import { DETECTOR_OPTIONS } from "../model/detector-options.js";
import {
  SEIZURE_DETECTOR_OPTIONS as NETWORK,
  SEIZURE_DETECTOR_DEFAULTS,
  STAGE_KERNEL,
  stageChannels,
} from "../model/detectors/seizure-detector-options.js";
import { group, key, ownKey, sectionOf } from "./field.js";
import { actsOnlyWith, noEffect } from "./without-effect.js";

/** The detector whose sections are the reference system's, and not one by its own name. */
export const REFERENCE_NETWORK = "seizure_detector";

const OTHER_NETWORK =
  "model.architecture is a key of the reference's V3 configurations, and V3 is another network (it adds a graph over electrodes) that Ictal does not have; " +
  "write model.name with one of the detectors that `ictal model list` prints. seizure_detector is the reference's V2";

const CHANNELS = stageChannels(SEIZURE_DETECTOR_DEFAULTS.baseChannels, SEIZURE_DETECTOR_DEFAULTS.stages);

/** Keys that only the reference's network reads. */
const ofNetwork = <T extends z.ZodType>(section: T): T => actsOnlyWith(section, "model.name", [REFERENCE_NETWORK]);
const inBlocks = <T extends z.ZodType>(schema: T): T =>
  noEffect(schema, "there is no residual block: model.rescnn.n_blocks is 0", {
    unless: (_, at) => at("model.rescnn.n_blocks") !== 0,
  });
const inLayers = <T extends z.ZodType>(schema: T): T =>
  noEffect(schema, "there is no Mamba layer: model.mamba.n_layers is 0", {
    unless: (_, at) => at("model.mamba.n_layers") !== 0,
  });

/** The greatest dropout that files may ask of the reference's network. */
const dropout = { below: undefined, most: 0.9 };

const isKernelWidth = (width: unknown) => NETWORK.mambaConvolution.accepts(width);

const encoder = group("Encoder of the reference's network.", {
  stages: key(NETWORK, "stages"),
  channels: ownKey(
    counts({ default: CHANNELS, description: "Channels of each stage, each twice those of the stage before." }),
  ),
  kernel_size: ownKey(
    count({ default: STAGE_KERNEL, isOdd: true, description: "Kernel of the stages, which the network fixes." }),
  ),
  downsample_factor: ownKey(
    count({ default: 2, description: "Ratio of the rates of neighbouring stages, which the network fixes." }),
  ),
});

const rescnn = group("Residual blocks of the reference's network.", {
  n_blocks: key(NETWORK, "residualBlocks"),
  kernel_sizes: inBlocks(key(NETWORK, "residualKernels", { minLength: 1 })),
  dropout: inBlocks(key(NETWORK, "residualDropout", dropout)),
});

const mamba = group("Bidirectional Mamba-2 layers of the reference's network.", {
  n_layers: key(NETWORK, "mambaLayers"),
  d_model: inLayers(
    ownKey(
      count({ default: CHANNELS.at(-1) ?? 0, description: "Model size: the channels of the encoder's last stage." }),
    ),
  ),
  d_state: inLayers(key(NETWORK, "stateSize")),
  conv_kernel: noEffect(
    key(NETWORK, "mambaConvolution", {
      least: 1,
      most: undefined,
      toOption: (width) => (isKernelWidth(width) ? width : SEIZURE_DETECTOR_DEFAULTS.mambaConvolution),
    }),
    "the published kernels are 2 to 4 wide; as in the reference it becomes 4",
    { unless: isKernelWidth },
  ),
  head_size: inLayers(key(NETWORK, "headSize")),
  dropout: inLayers(key(NETWORK, "mambaDropout", dropout)),
});

const MIRRORED = "the decoder mirrors the encoder";

const decoder = group("Decoder of the reference's network.", {
  stages: noEffect(ownKey(count({ description: "Stages of the decoder." })), MIRRORED, {
    unless: (stages, at) => stages === at("model.encoder.stages"),
  }),
  kernel_size: noEffect(ownKey(count({ description: "Kernel of the decoder's upsampling." })), `${MIRRORED}, by 2`, {
    does: 2,
  }),
});

/** A section for each detector but the reference's, by its own name. */
const detectors = Object.fromEntries(
  Object.entries(DETECTOR_OPTIONS)
    .filter(([name]) => name !== REFERENCE_NETWORK)
    .map(([name, table]) => [
      name,
      actsOnlyWith(sectionOf(table, `Sizes of the detector ${name}.`).optional(), "model.name", [name]),
    ]),
);

const shared = group("The detector.", {
  name: ownKey(
    text({
      default: "",
      mayBeEmpty: true,
      description:
        "Detector, one of `ictal model list`; needed to train. encoder, rescnn, mamba and decoder mean seizure_detector.",
    }),
  ),
  architecture: z
    .unknown()
    .refine((value) => value === undefined, { error: OTHER_NETWORK })
    .optional()
    .meta({ description: "Not accepted: a key of the reference's V3 configurations, which is another network." }),
  initialization: key(NETWORK, "initialization"),
  encoder: ofNetwork(encoder.prefault({})),
  rescnn: ofNetwork(rescnn.prefault({})),
  mamba: ofNetwork(mamba.prefault({})),
  decoder: ofNetwork(decoder.prefault({})),
});

/** With the detectors' sections; they are read as tables, so the type has only what all configurations share. */
export const model = shared.extend(detectors).meta({ description: "The detector." }) as unknown as typeof shared;
