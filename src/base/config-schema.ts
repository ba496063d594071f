/**
 * The sections of a run's configuration. Names and defaults follow the reference system's YAML files (brain-go-brr v2,
 * `src/brain_brr/config/schemas.py`), so that those load unchanged; keys of our own are marked "ours".
 * Keys that mean nothing here are listed in `IGNORED_KEYS` with the reason that the notice prints.
 */
import { z } from "zod";

const positive = z.number().positive();
const count = z.number().int().min(1);
const fraction = z.number().min(0).max(1);
const oddCount = count.refine((value) => value % 2 === 1, { error: "must be odd" });

const data = z.strictObject({
  dataset: z.enum(["tuh_eeg", "chb_mit"]).default("tuh_eeg"),
  /** Corpus root, its `edf` folder or one split's folder; a path or an s3:// URL. */
  data_dir: z.string().min(1).default("data/mirror/synthetic-42/edf/train"),
  cache_dir: z.string().min(1).default("cache/data"),
  use_balanced_sampling: z.boolean().default(true),
  sampling_rate: positive.default(256),
  n_channels: z.literal(19).default(19),
  /** Seconds. */
  window_size: positive.default(60),
  /** Seconds between window starts. */
  stride: positive.default(10),
  /** Worker threads for the cache; 0 means one per core. */
  num_workers: z.number().int().min(0).max(256).default(0),
  pin_memory: z.boolean().optional(),
  persistent_workers: z.boolean().optional(),
  prefetch_factor: z.number().int().optional(),
  /** "official_tusz" uses the corpus's own train and dev; "custom" cuts `validation_split` of the patients off train. */
  split_policy: z.enum(["official_tusz", "custom"]).default("official_tusz"),
  validation_split: z.number().min(0).max(0.5).default(0.2),
  split_seed: z.number().int().default(42),
  max_samples: count.nullish(),
  max_hours: positive.nullish(),
  /** Ours: at most this many recordings; the environment variable BGB_LIMIT_FILES overrides it. */
  limit_files: count.nullish(),
  /** Ours: what the cache stores. */
  sample_type: z.enum(["int16", "float32"]).default("int16"),
  /** Ours: a recording without Fz/Pz is interpolated (and flagged) or left out. */
  missing_electrodes: z.enum(["interpolate", "reject"]).default("interpolate"),
  /** Ours: a recording whose timestamps jump is left out, or kept as segments with their own times. */
  gaps: z.enum(["refuse", "split"]).default("refuse"),
  /** Ours: full and seizure-free windows drawn per partial window. */
  balance: z
    .strictObject({
      full_ratio: z.number().min(0).default(0.3),
      none_ratio: z.number().min(0).default(2.5),
      /** As evenly from all patients as they have windows. */
      even_patients: z.boolean().optional(),
    })
    .prefault({}),
  /** Ours: how training windows are varied; what is left out is not done. */
  augment: z
    .strictObject({
      channel_dropout: fraction.optional(),
      time_shift_seconds: z.number().min(0).optional(),
      amplitude_scale: z
        .tuple([positive, positive])
        .refine(([low, high]) => low <= high, { error: "low must not be above high" })
        .optional(),
      sign_flip: fraction.optional(),
      noise: z.number().min(0).optional(),
      frequency_shift_hz: z.number().min(0).optional(),
    })
    .optional(),
});

const preprocessing = z.strictObject({
  montage: z.enum(["10-20", "standard_1020"]).default("10-20"),
  /** Pass band in Hz. */
  bandpass: z
    .tuple([z.number().min(0.1), z.number().max(200)])
    .refine(([low, high]) => low < high, { error: "low must be below high" })
    .default([0.5, 120]),
  notch_freq: z.union([z.literal(50), z.literal(60)]).default(60),
  normalize: z.boolean().default(true),
  use_mne: z.boolean().optional(),
  /** Ours: "reference" repeats the reference system's steps, Fourier resampling of the whole recording included, for parity. */
  preset: z.enum(["default", "reference"]).optional(),
  /** Ours. */
  filter_order: count.max(10).default(3),
  /** Ours. */
  notch_q: positive.default(30),
  /** Ours: "causal" suits streaming and latency figures, "zero" is zero-phase. */
  phase: z.enum(["causal", "zero"]).default("causal"),
  /** Ours. */
  reference: z.enum(["recorded", "average", "tcp20", "tcp22"]).default("recorded"),
  /** Ours: bound in standard deviations. */
  clip: positive.default(10),
});

/** A detector other than the reference's has a section by its own name, which the detector itself checks. */
const model = z
  .object({
    /** Which detector; `ictal model list` names them. */
    name: z.string().min(1).default("seizure_detector"),
    /** Ours: "own" is PyTorch's start and Mamba's own; the reference overwrites both with its start for convolutions. */
    initialization: z.enum(["own", "reference"]).default("own"),
    encoder: z
      .strictObject({
        stages: count.default(4),
        channels: z.array(count).min(1).default([64, 128, 256, 512]),
        kernel_size: oddCount.default(5),
        downsample_factor: count.default(2),
      })
      .prefault({}),
    rescnn: z
      .strictObject({
        n_blocks: z.number().int().min(0).default(3),
        kernel_sizes: z.array(oddCount).min(1).default([3, 5, 7]),
        dropout: z.number().min(0).max(0.9).default(0.1),
      })
      .prefault({}),
    mamba: z
      .strictObject({
        n_layers: z.number().int().min(0).default(6),
        d_model: count.default(512),
        d_state: count.default(16),
        conv_kernel: count.default(4),
        /** Ours: channels per head; a divisor of twice d_model. */
        head_size: count.default(64),
        dropout: z.number().min(0).max(0.9).default(0.1),
      })
      .prefault({}),
    decoder: z.strictObject({ stages: count.default(4), kernel_size: count.default(2) }).prefault({}),
  })
  .catchall(z.record(z.string(), z.unknown()));

const postprocessing = z.strictObject({
  hysteresis: z
    .strictObject({
      tau_on: fraction.default(0.86),
      tau_off: fraction.default(0.78),
      /** Samples at 256 Hz. */
      min_onset_samples: count.default(128),
      min_offset_samples: count.default(256),
    })
    .refine(({ tau_on, tau_off }) => tau_on > tau_off, { error: "tau_on must be above tau_off" })
    .prefault({}),
  morphology: z
    .strictObject({
      opening_kernel: oddCount.default(11),
      closing_kernel: oddCount.default(31),
      use_gpu: z.boolean().optional(),
    })
    .prefault({}),
  duration: z
    .strictObject({ min_duration_s: z.number().min(0).default(3), max_duration_s: positive.default(600) })
    .refine((value) => value.max_duration_s >= value.min_duration_s, {
      error: "max_duration_s must not be below min_duration_s",
    })
    .prefault({}),
  events: z
    .strictObject({
      tau_merge: z.number().min(0).default(2),
      confidence_method: z.enum(["mean", "peak", "percentile"]).default("mean"),
      confidence_percentile: fraction.default(0.75),
    })
    .prefault({}),
  stitching: z
    .strictObject({
      method: z.enum(["overlap_add", "overlap_add_weighted", "max"]).default("overlap_add"),
      window_size: count.optional(),
      stride: count.optional(),
    })
    .prefault({}),
  min_duration: positive.optional(),
});

const training = z.strictObject({
  epochs: z.number().int().min(0).default(1),
  batch_size: count.default(16),
  loss: z.enum(["bce", "focal"]).default("bce"),
  focal_alpha: fraction.default(0.5),
  focal_gamma: z.number().min(0).default(2),
  learning_rate: positive.max(1).default(3e-4),
  weight_decay: z.number().min(0).default(0.05),
  optimizer: z.enum(["adamw", "adam", "sgd"]).default("adamw"),
  resume: z.boolean().default(false),
  scheduler: z
    .strictObject({
      type: z.enum(["cosine", "linear", "constant"]).default("cosine"),
      warmup_ratio: z.number().min(0).max(0.5).default(0.1),
    })
    .prefault({}),
  /** Global norm; 0 turns clipping off. */
  gradient_clip: z.number().min(0).default(1),
  mixed_precision: z.boolean().optional(),
  gradient_accumulation_steps: count.default(1),
  early_stopping: z
    .strictObject({
      patience: count.default(5),
      metric: z.string().default("sensitivity_at_10fa"),
      mode: z.enum(["max", "min"]).default("max"),
    })
    .prefault({}),
  /** Epochs between checkpoints. */
  checkpoint_interval: count.default(1),
  /** Ours. */
  label_smoothing: z.number().min(0).max(0.5).default(0),
  /** Ours: decay of the averaged weights; 0 keeps none. */
  ema_decay: z.number().min(0).max(1).default(0),
  /** Ours. */
  max_steps: count.nullish(),
  /** Ours: wall-clock budget after which training stops in order, resumable. */
  max_hours: positive.nullish(),
  /** Ours: the reference decays every parameter; the default spares biases, norms, A_log, D and dt_bias. */
  decay_all: z.boolean().default(false),
});

const evaluation = z.strictObject({
  metrics: z.array(z.string()).default(["taes", "sensitivity", "specificity", "auroc"]),
  fa_rates: z.array(positive).default([10, 5, 2.5, 1]),
  save_predictions: z.boolean().default(false),
  save_plots: z.boolean().default(true),
  mode: z.string().optional(),
});

const experiment = z.strictObject({
  name: z.string().default("debug"),
  description: z.string().default(""),
  seed: z.number().int().default(42),
  /** "auto", "cuda", "cpu", "mps" or the name of an executor. */
  device: z
    .enum(["auto", "cuda", "cpu", "mps", "onnx-cpu", "onnx-cuda", "onnx-webgpu", "tensorflow", "webgpu", "wasm"])
    .default("auto"),
  output_dir: z.string().min(1).default("results"),
  cache_dir: z.string().optional(),
  log_level: z.enum(["DEBUG", "INFO", "WARNING", "ERROR"]).default("INFO"),
  save_model: z.boolean().default(true),
  save_best_only: z.boolean().default(true),
  checkpoint_path: z.string().optional(),
  wandb: z
    .strictObject({
      enabled: z.boolean().default(false),
      project: z.string().default("seizure-detection"),
      entity: z.string().nullish(),
      tags: z.array(z.string()).default([]),
    })
    .prefault({}),
});

const logging = z.strictObject({
  log_every_n_steps: count.default(10),
  log_gradients: z.boolean().default(false),
  log_weights: z.boolean().default(false),
  tensorboard: z.boolean().default(true),
});

const resources = z.strictObject({
  max_memory_gb: positive.nullish(),
  distributed: z.boolean().optional(),
  mixed_precision: z.boolean().optional(),
  compile_model: z.boolean().optional(),
});

/** The whole configuration. */
export const configSchema = z.strictObject({
  data: data.prefault({}),
  preprocessing: preprocessing.prefault({}),
  model: model.prefault({}),
  postprocessing: postprocessing.prefault({}),
  training: training.prefault({}),
  evaluation: evaluation.prefault({}),
  experiment: experiment.prefault({}),
  logging: logging.prefault({}),
  resources: resources.prefault({}),
});

/** A checked configuration with every default filled in; keys as in the YAML files. */
export type Config = z.infer<typeof configSchema>;

/** Keys of the reference system that are accepted and have no effect here, with the reason. */
export const IGNORED_KEYS: Readonly<Record<string, string>> = {
  "data.pin_memory": "batches are reused buffers",
  "data.persistent_workers": "workers live as long as the build",
  "data.prefetch_factor": "the next batch is always prepared",
  "data.max_samples": "use limit_files or BGB_LIMIT_FILES",
  "preprocessing.use_mne": "the EDF reader is our own",
  "postprocessing.morphology.use_gpu": "post-processing takes milliseconds on the CPU",
  "postprocessing.min_duration": "use postprocessing.duration.min_duration_s",
  "postprocessing.stitching.window_size": "windows follow data.window_size",
  "postprocessing.stitching.stride": "strides follow data.stride",
  "training.mixed_precision": "training is float32",
  "experiment.wandb.enabled": "runs are logged as JSONL and TensorBoard events",
  "evaluation.mode": "splits are chosen by flag",
  "resources.max_memory_gb": "memory is bounded by design",
  "resources.distributed": "one process trains",
  "resources.mixed_precision": "training is float32",
  "resources.compile_model": "the training step is always compiled",
};
