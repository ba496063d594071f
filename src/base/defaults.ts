/**
 * The one home of every default that a configuration and the options of a function share: the schema of the YAML files and
 * the modules' options are filled from here. Keys, units and values are those of the YAML files.
 */
export const DEFAULTS = {
  data: {
    use_balanced_sampling: true,
    /** Seconds. */
    window_size: 60,
    /** Seconds. */
    stride: 10,
    validation_split: 0.2,
    split_seed: 42,
    sample_type: "int16",
    full_ratio: 0.3,
    none_ratio: 2.5,
    even_patients: false,
  },
  preprocessing: {
    /** Hz. */
    sampling_rate: 256,
    /** Hz. */
    bandpass: [0.5, 120] as [number, number], // mutable, as the schema's tuple is
    notch_freq: 60,
    notch_q: 30,
    filter_order: 3,
    phase: "causal",
    reference: "recorded",
    missing_electrodes: "interpolate",
    gaps: "refuse",
    /** Standard deviations. */
    clip: 10,
    normalize: true,
  },
  postprocessing: {
    tau_on: 0.86,
    tau_off: 0.78,
    /** Samples at 256 Hz, as the kernels. */
    min_onset_samples: 128,
    min_offset_samples: 256,
    opening_kernel: 11,
    closing_kernel: 31,
    min_duration_s: 3,
    max_duration_s: 600,
    /** Seconds. */
    tau_merge: 2,
    confidence_method: "mean",
    confidence_percentile: 0.75,
  },
  training: {
    epochs: 1,
    batch_size: 16,
    gradient_accumulation_steps: 1,
    seed: 42,
    loss: "bce",
    focal_alpha: 0.5,
    focal_gamma: 2,
    label_smoothing: 0,
    optimizer: "adamw",
    learning_rate: 3e-4,
    weight_decay: 0.05,
    decay_all: false,
    /** Global norm; 0 turns clipping off. */
    gradient_clip: 1,
    ema_decay: 0,
    schedule: "cosine",
    warmup_ratio: 0.1,
    patience: 5,
    metric: "sensitivity_at_10fa",
    mode: "max",
    checkpoint_interval: 1,
    resume: false,
    stitching: "overlap_add",
    log_every_n_steps: 10,
    tensorboard: true,
  },
  evaluation: {
    /** False alarms in 24 h. */
    fa_rates: [10, 5, 2.5, 1],
  },
} as const;
