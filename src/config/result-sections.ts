/** The sections `postprocessing` and `evaluation`: from probabilities to events, and what is measured. */
import { z } from "zod";
import { count, flag, number, text } from "../base/option-table.js";
import { POSTPROCESS_OPTIONS as POST } from "../scoring/postprocess-options.js";
import { STITCHING_OPTIONS } from "../training/run-options.js";
import { group, key, keyInWords, ownKey } from "./field.js";
import { actsOnlyWith, noEffect } from "./without-effect.js";

/** Lengths that files give as a number of samples, as the reference does. */
const inSamples = { perUnit: 256, unit: "samples at 256 Hz", isWhole: true, least: 1 } as const;

const hysteresis = group("Onset and offset of an event.", {
  tau_on: key(POST, "onThreshold", { least: 0, most: 1 }),
  tau_off: key(POST, "offThreshold", { least: 0, most: 1 }),
  min_onset_samples: key(POST, "minOnsetSeconds", inSamples),
  min_offset_samples: key(POST, "minOffsetSeconds", inSamples),
})
  .refine(({ tau_on, tau_off }) => tau_on > tau_off, { error: "expected tau_on above tau_off" })
  .meta({ description: "Onset and offset of an event." });

const morphology = group("Cleaning of the detected mask.", {
  opening_kernel: key(POST, "openingSeconds", { ...inSamples, isOdd: true }),
  closing_kernel: key(POST, "closingSeconds", { ...inSamples, isOdd: true }),
  use_gpu: noEffect(
    ownKey(flag({ description: "Run the morphology on the GPU." })),
    "post-processing takes milliseconds on the CPU",
    { does: false },
  ),
});

const duration = group("Lengths of events.", {
  min_duration_s: key(POST, "minEventSeconds"),
  max_duration_s: key(POST, "maxEventSeconds", { least: undefined, above: 0 }),
})
  .refine((value) => value.max_duration_s >= value.min_duration_s, {
    error: "expected max_duration_s not below min_duration_s",
  })
  .meta({ description: "Lengths of events." });

const events = group("Merging and confidence of events.", {
  tau_merge: key(POST, "mergeGapSeconds"),
  confidence_method: key(POST, "confidence"),
  confidence_percentile: actsOnlyWith(key(POST, "confidencePercentile"), "postprocessing.events.confidence_method", [
    "percentile",
  ]),
});

const stitching = group("Combination of overlapping windows.", {
  method: noEffect(
    keyInWords(STITCHING_OPTIONS, "stitching", {
      overlap_add: "mean",
      overlap_add_weighted: "triangular",
      max: "max",
      soonest: "soonest",
    }),
    "experiment.causal takes each probability from the window that ends soonest after it",
    { does: "soonest", unless: (_, at) => at("experiment.causal") !== true },
  ),
  window_size: noEffect(
    ownKey(count({ description: "Window length of the stitching.", unit: "samples" })),
    "windows follow data.window_size",
  ),
  stride: noEffect(
    ownKey(count({ description: "Stride of the stitching.", unit: "samples" })),
    "strides follow data.stride",
  ),
});

export const postprocessing = group("From probabilities to seizure events.", {
  hysteresis: hysteresis.prefault({}),
  morphology: morphology.prefault({}),
  duration: duration.prefault({}),
  events: events.prefault({}),
  stitching: stitching.prefault({}),
  min_duration: noEffect(
    ownKey(number({ above: 0, description: "Least length of an event.", unit: "s" })),
    "postprocessing.duration.min_duration_s is read",
  ),
});

export const evaluation = group("What a validation measures.", {
  metrics: noEffect(
    z.array(z.string()).meta({ description: "Metrics to compute." }).optional(),
    "every metric is computed; ictal score --scorer chooses the scorer",
  ),
  fa_rates: z
    .array(z.number().positive())
    .min(1)
    .meta({
      description: "False alarm rates at which the sensitivity is reported.",
      unit: "false alarms in 24 h",
    })
    .default(() => [10, 5, 2.5, 1]),
  save_predictions: noEffect(
    ownKey(flag({ description: "Store predictions." })),
    "ictal predict --out writes predictions",
    { does: false },
  ),
  save_plots: noEffect(ownKey(flag({ description: "Store figures." })), "ictal report draws figures", { does: false }),
  mode: noEffect(ownKey(text({ mayBeEmpty: true, description: "What is evaluated." })), "splits are chosen by flag"),
});
