/** The sections `training`, `experiment`, `logging` and `resources`. */
import { z } from "zod";
import { choice, flag, number, text } from "../base/option-table.js";
import { DEVICE_NAMES } from "../tensor/device-names.js";
import { LOSS_OPTIONS as LOSS } from "../training/loss-options.js";
import { OPTIMIZER_OPTIONS as OPTIMIZER } from "../training/optimizer-options.js";
import { METRIC_OPTIONS as METRIC, RUN_OPTIONS as RUN } from "../training/run-options.js";
import { SCHEDULE_OPTIONS as SCHEDULE } from "../training/schedule-options.js";
import { group, key, keyOrNull, ownKey } from "./field.js";
import { actsOnlyWith, noEffect } from "./without-effect.js";

const PRECISION =
  "weights and sums are float32; the products are as exact as the device makes them, which on newer NVIDIA cards is TF32";

const mixedPrecision = () =>
  noEffect(ownKey(flag({ description: "Train in mixed precision." })), PRECISION, { does: false });

const scheduler = group("Schedule of the learning rate.", {
  type: key(SCHEDULE, "kind"),
  warmup_ratio: key(SCHEDULE, "warmupRatio", { most: 0.5 }),
});

const earlyStopping = group("When training stops early, and which checkpoint is the best.", {
  patience: key(RUN, "patience", { least: 1 }),
  metric: key(METRIC, "name"),
  mode: key(METRIC, "mode"),
  fallback_metric: key(METRIC, "fallback"),
});

export const training = group("The training run.", {
  epochs: key(RUN, "epochs"),
  batch_size: key(RUN, "batchSize"),
  loss: key(LOSS, "kind"),
  focal_alpha: actsOnlyWith(key(LOSS, "alpha"), "training.loss", ["focal"]),
  focal_gamma: actsOnlyWith(key(LOSS, "gamma"), "training.loss", ["focal"]),
  learning_rate: key(RUN, "learningRate", { most: 1 }),
  weight_decay: key(OPTIMIZER, "weightDecay"),
  optimizer: key(OPTIMIZER, "name"),
  resume: key(RUN, "resume"),
  scheduler: scheduler.prefault({}),
  gradient_clip: key(OPTIMIZER, "gradientClip"),
  mixed_precision: mixedPrecision(),
  gradient_accumulation_steps: key(RUN, "accumulate"),
  early_stopping: earlyStopping.prefault({}),
  checkpoint_interval: key(RUN, "checkpointEveryEpochs"),
  label_smoothing: key(LOSS, "labelSmoothing", { most: 0.5 }),
  ema_decay: key(OPTIMIZER, "emaDecay"),
  max_steps: keyOrNull(RUN, "maxSteps"),
  max_hours: keyOrNull(RUN, "maxHours"),
  decay_all: key(OPTIMIZER, "decayAll"),
});

const KEPT_CHECKPOINTS = "the best and the newest checkpoints are always kept";

const wandb = z
  .strictObject({
    enabled: ownKey(flag({ description: "Log to Weights & Biases." })),
    project: ownKey(text({ mayBeEmpty: true, description: "Project there." })),
    entity: ownKey(text({ mayBeEmpty: true, description: "Account there." })).nullable(),
    tags: z.array(z.string()).meta({ description: "Tags there." }).optional(),
  })
  .meta({ description: "Weights & Biases." });

export const experiment = group("Name, seed, device and folder of the run.", {
  name: ownKey(text({ default: "debug", mayBeEmpty: true, description: "Name of the run in reports." })),
  description: ownKey(text({ default: "", mayBeEmpty: true, description: "What the run is for, in reports." })),
  seed: key(RUN, "seed"),
  causal: ownKey(
    flag({
      default: false,
      description:
        "Nothing looks ahead further than the budget that `ictal config show` prints: normalisation by the past, causal filters and network, decisions as they can be made; ictal stream needs it.",
    }),
  ),
  device: ownKey(
    choice(DEVICE_NAMES, {
      default: "auto",
      description: "auto, a device as PyTorch names it (cuda, cpu, mps), or an executor of `ictal backend list`.",
    }),
  ),
  output_dir: ownKey(
    text({ default: "results", description: "Folder of checkpoints and logs, relative to the project." }),
  ),
  cache_dir: noEffect(
    ownKey(text({ mayBeEmpty: true, description: "Folder of the cache." })),
    "the cache is in data.cache_dir",
  ),
  log_level: noEffect(
    ownKey(choice(["DEBUG", "INFO", "WARNING", "ERROR"], { description: "Least level of lines that are logged." })),
    "the same lines are printed at every level",
    { does: "INFO" },
  ),
  save_model: noEffect(ownKey(flag({ description: "Keep checkpoints." })), KEPT_CHECKPOINTS, { does: true }),
  save_best_only: noEffect(ownKey(flag({ description: "Keep the best checkpoint only." })), KEPT_CHECKPOINTS, {
    does: false,
  }),
  checkpoint_path: noEffect(
    ownKey(text({ mayBeEmpty: true, description: "Checkpoint to start from." })).nullable(),
    "training resumes from experiment.output_dir; ictal predict takes --checkpoint",
    { does: null },
  ),
  wandb: noEffect(wandb.optional(), "runs are logged as JSONL and TensorBoard events"),
});

export const logging = group("What is logged.", {
  log_every_n_steps: key(RUN, "logEverySteps"),
  log_gradients: noEffect(
    ownKey(flag({ description: "Log a histogram of the gradients." })),
    "the norm of the gradient is logged, no histogram",
    { does: false },
  ),
  log_weights: noEffect(
    ownKey(flag({ description: "Log a histogram of the weights." })),
    "no histogram of the weights is logged",
    { does: false },
  ),
  tensorboard: key(RUN, "tensorBoard"),
});

export const resources = group("The reference system's resources; none is needed here.", {
  max_memory_gb: noEffect(
    ownKey(number({ above: 0, description: "Memory at most.", unit: "GB" })).nullable(),
    "memory is bounded by design",
    { does: null },
  ),
  distributed: noEffect(ownKey(flag({ description: "Train in several processes." })), "one process trains", {
    does: false,
  }),
  mixed_precision: mixedPrecision(),
  compile_model: noEffect(
    ownKey(flag({ description: "Compile the model." })),
    "the executor decides: onnx-* compile the training step, the others run it operation by operation",
  ),
});
