/** The sections `data` and `preprocessing`: corpus, cache, windows, signal chain. */
import type { z } from "zod";
import { choice, count, flag, number, text } from "../base/option-table.js";
import { CACHE_OPTIONS } from "../cache/cache-options.js";
import { DATASET_NAMES } from "../corpus/datasets.js";
import { AUGMENT_OPTIONS } from "../dataset/augment-options.js";
import { BALANCE_OPTIONS } from "../dataset/balance-options.js";
import { SPLIT_CHOICE_OPTIONS } from "../dataset/split-options.js";
import { SPLIT_OPTIONS, WINDOW_OPTIONS } from "../dataset/window-options.js";
import { CHAIN_OPTIONS } from "../signal/chain-options.js";
import { CAUSAL_OPTIONS } from "../training/causal-options.js";
import { RUN_OPTIONS } from "../training/run-options.js";
import { group, key, keyInWords, keyOfEdges, keyOrNull, ownKey, sectionOf } from "./field.js";
import { actsOnlyWith, noEffect } from "./without-effect.js";

const CAUSAL = "experiment.causal";

const LIMITED_OTHERWISE = "limit_files or BGB_LIMIT_FILES limits a run";

const [RULE, BY_PREVALENCE] = ["data.balance.rule", "prevalence"];

/** Keys that the rule "prevalence" does not read. */
const ofPartial = <T extends z.ZodType>(schema: T): T =>
  noEffect(schema, `${RULE}: ${BY_PREVALENCE} draws by the share of time`, {
    unless: (_, at) => at(RULE) !== BY_PREVALENCE,
  });

const balance = actsOnlyWith(
  group("How many windows of each class are drawn.", {
    rule: key(BALANCE_OPTIONS, "rule"),
    prevalence: actsOnlyWith(key(BALANCE_OPTIONS, "prevalence"), RULE, [BY_PREVALENCE]),
    full_ratio: ofPartial(key(BALANCE_OPTIONS, "fullRatio")),
    none_ratio: ofPartial(key(BALANCE_OPTIONS, "noneRatio")),
    even_patients: key(BALANCE_OPTIONS, "evenPatients"),
  }).prefault({}),
  "data.use_balanced_sampling",
  [true],
);

const SPLIT_BY = "data.split.by";

const split = group("How patients are assigned to train, dev and eval; a patient is never in two of them.", {
  by: key(SPLIT_CHOICE_OPTIONS, "by"),
  dev: key(SPLIT_CHOICE_OPTIONS, "devShare"),
  eval: key(SPLIT_CHOICE_OPTIONS, "evalShare", { most: 0.5 }),
  seed: key(SPLIT_CHOICE_OPTIONS, "seed"),
  folds: actsOnlyWith(key(SPLIT_CHOICE_OPTIONS, "folds"), SPLIT_BY, ["folds"]),
  fold: actsOnlyWith(key(SPLIT_CHOICE_OPTIONS, "fold"), SPLIT_BY, ["folds"]),
  file: actsOnlyWith(key(SPLIT_CHOICE_OPTIONS, "file"), SPLIT_BY, ["file"]),
}).prefault({});

export const data = group("The corpus, its cache and the windows.", {
  dataset: ownKey(
    choice(DATASET_NAMES, {
      description:
        "Corpus, whose folders and annotations are then expected: tuh_eeg (TUSZ), chb_mit, siena, seizeit1, bids and seizeit2 (BIDS, SzCORE), flat (any folders); by default, and with tuh_eeg, it is recognised by its files.",
    }),
  ),
  data_dir: ownKey(
    text({
      default: "data/mirror/synthetic-42/edf/train",
      description:
        "Corpus root, its `edf` folder or one split's folder: a path, relative to the project, or an s3:// URL.",
    }),
  ),
  cache_dir: ownKey(text({ default: "cache/data", description: "Folder of the cache, relative to the project." })),
  use_balanced_sampling: ownKey(
    flag({
      default: true,
      description: "Train on a balanced draw of the windows; otherwise on every labelled window.",
    }),
  ),
  sampling_rate: key(CHAIN_OPTIONS, "targetRateHz"),
  channels: key(CHAIN_OPTIONS, "channels"),
  n_channels: ownKey(
    count({
      description:
        "Number of channels, which follows from data.channels and preprocessing.reference; a given number is compared with it.",
    }),
  ),
  window_size: key(WINDOW_OPTIONS, "windowSeconds"),
  stride: key(WINDOW_OPTIONS, "strideSeconds"),
  decision_stride: actsOnlyWith(keyOrNull(CAUSAL_OPTIONS, "decisionSeconds"), CAUSAL, [true]),
  num_workers: key(RUN_OPTIONS, "numWorkers", {
    most: 256,
    description:
      "Worker threads that build the cache (0: one per core) and that read training batches ahead (0: none).",
  }),
  pin_memory: noEffect(
    ownKey(flag({ description: "PyTorch's pinned memory for batches." })),
    "batches are reused buffers",
    { does: false },
  ),
  persistent_workers: noEffect(
    ownKey(flag({ description: "Keep PyTorch's data workers from epoch to epoch." })),
    "workers live as long as the build",
    { does: true },
  ),
  prefetch_factor: noEffect(
    ownKey(number({ isWhole: true, description: "Batches that each of PyTorch's data workers prepares ahead." })),
    "the next batch is always prepared",
  ),
  split,
  split_policy: keyInWords(SPLIT_OPTIONS, "devSplit", { official_tusz: "dev", custom: null }),
  validation_split: key(SPLIT_OPTIONS, "devShare", { below: undefined, most: 0.5 }),
  split_seed: key(SPLIT_OPTIONS, "splitSeed"),
  max_samples: noEffect(
    ownKey(count({ description: "Windows at most.", unit: "windows" })).nullable(),
    LIMITED_OTHERWISE,
    { does: null },
  ),
  max_hours: noEffect(
    ownKey(number({ above: 0, description: "Hours of recordings at most.", unit: "h" })).nullable(),
    LIMITED_OTHERWISE,
    { does: null },
  ),
  limit_files: keyOrNull(CACHE_OPTIONS, "limit"),
  sample_type: key(CACHE_OPTIONS, "sampleType"),
  missing_electrodes: key(CHAIN_OPTIONS, "missing"),
  gaps: key(CACHE_OPTIONS, "gaps"),
  balance,
  augment: sectionOf(AUGMENT_OPTIONS, "How training windows are varied; what is not given is not done.").optional(),
});

export const preprocessing = group("From the electrodes of a recording to the channels of the cache.", {
  montage: ownKey(
    choice(["10-20", "standard_1020"], { default: "10-20", description: "Electrodes: two names of the same 19." }),
  ),
  bandpass: keyOfEdges(CHAIN_OPTIONS, ["lowCutHz", "highCutHz"], {
    description: "Lower and upper edge of the band-pass filter.",
    least: 0.1,
    most: 200,
  }),
  notch_freq: key(CHAIN_OPTIONS, "notchHz", {
    only: [0, 50, 60],
    description: "Mains frequency that the notch filter removes; 0 for none.",
    toOption: (frequencyHz) => (frequencyHz === 0 ? null : frequencyHz),
  }),
  normalize: key(CHAIN_OPTIONS, "normalize"),
  use_mne: noEffect(ownKey(flag({ description: "Read EDF files by MNE." })), "the EDF reader is our own", {
    does: false,
  }),
  preset: ownKey(
    choice(["default", "reference", "seizure_transformer"], {
      default: "default",
      description:
        "reference repeats the reference system's steps, Fourier resampling of the whole recording included, for parity; seizure_transformer those of its publication: z-score of the recording before the filters, Fourier resampling, a second notch at 1 Hz.",
    }),
  ),
  filter_order: key(CHAIN_OPTIONS, "filterOrder", { most: 10 }),
  notch_q: key(CHAIN_OPTIONS, "notchQ"),
  phase: key(CHAIN_OPTIONS, "phase"),
  reference: key(CHAIN_OPTIONS, "reference"),
  clip: key(CHAIN_OPTIONS, "clip"),
  normalization_memory: actsOnlyWith(keyOrNull(CHAIN_OPTIONS, "memorySeconds"), CAUSAL, [true]),
});
