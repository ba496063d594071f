/** The sizes of every detector by its name, without the networks, which load the tensor library. */
import type { OptionTable } from "../base/option-table.js";
import { EEGNET_OPTIONS } from "./detectors/eegnet-options.js";
import { SEIZURE_DETECTOR_OPTIONS } from "./detectors/seizure-detector-options.js";
import { SEIZURE_TRANSFORMER_OPTIONS } from "./detectors/seizure-transformer-options.js";
import { UNET_OPTIONS } from "./detectors/unet-options.js";

/** As `DETECTORS`, which a test compares with it. */
export const DETECTOR_OPTIONS = {
  seizure_detector: SEIZURE_DETECTOR_OPTIONS,
  unet: UNET_OPTIONS,
  eegnet: EEGNET_OPTIONS,
  seizure_transformer: SEIZURE_TRANSFORMER_OPTIONS,
} satisfies Readonly<Record<string, OptionTable>>;
