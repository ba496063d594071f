/** The options of a training run as a whole; those of its parts stand in tables of their own. */
import { choice, count, defaultsOf, flag, number, text } from "../base/option-table.js";

export const RUN_OPTIONS = {
  epochs: count({ default: 1, least: 0, description: "Passes over the training windows." }),
  batchSize: count({ default: 16, unit: "windows", description: "Windows per batch." }),
  accumulate: count({
    default: 1,
    unit: "batches",
    description: "Batches whose gradients are averaged before the weights change (gradient accumulation).",
  }),
  seed: number({
    default: 42,
    isWhole: true,
    description: "Seed of initial weights, order, augmentation and dropout.",
  }),
  learningRate: number({ default: 3e-4, above: 0, description: "Peak learning rate." }),
  numWorkers: count({
    default: 0,
    least: 0,
    unit: "threads",
    description: "Worker threads that read batches ahead; they change no batch.",
  }),
  device: text({
    default: "auto",
    description: "Executor of the training, by name, or auto for the fastest that works here.",
  }),
  threads: count({ unit: "threads", description: "Threads of the executor." }),
  maxSteps: count({
    unit: "steps",
    description: "Stop after this optimizer step with a checkpoint; the schedule still spans all epochs.",
  }),
  maxHours: number({
    above: 0,
    unit: "h",
    description: "Stop after this wall-clock time with a checkpoint from which the run can be resumed.",
  }),
  checkpointEverySteps: count({
    default: 0,
    least: 0,
    unit: "steps",
    description: "Write a checkpoint every so many steps besides the ends of epochs; 0 writes none.",
  }),
  checkpointEveryEpochs: count({
    default: 1,
    unit: "epochs",
    description: "Validate and write a checkpoint every so many epochs.",
  }),
  keepLast: count({
    default: 2,
    unit: "checkpoints",
    description: "Newest checkpoints that are kept besides the best.",
  }),
  patience: count({
    default: 5,
    least: 0,
    unit: "validations",
    description: "Stop after so many validations without a better metric (early stopping).",
  }),
  logEverySteps: count({ default: 10, unit: "steps", description: "Log loss and learning rate every so many steps." }),
  tensorBoard: flag({ default: true, description: "Write TensorBoard event files besides metrics.jsonl." }),
  resume: flag({
    default: false,
    description: "Continue from the newest checkpoint of the run's folder, if there is one.",
  }),
  allowDataChange: flag({ default: false, description: "Resume although the list of windows has changed." }),
  existing: choice(["refuse", "replace"], {
    default: "refuse",
    description: "A run that is in the folder already and is not resumed: refuse to start, or remove its checkpoints.",
  }),
};

export const RUN_DEFAULTS = defaultsOf(RUN_OPTIONS);

export const METRIC_OPTIONS = {
  name: text({
    default: "sensitivity_at_10fa",
    mayBeEmpty: true,
    description: "Metric of the validation that decides which checkpoint is the best.",
  }),
  mode: choice(["min", "max"], {
    default: "max",
    description: "Whether the metric is better when larger or when smaller.",
  }),
  fallback: text({
    default: "auroc",
    description:
      "Metric that decides instead, with a warning, where the hours of the validation cannot resolve the false alarm rate in the metric's name.",
  }),
};

export const METRIC_DEFAULTS = defaultsOf(METRIC_OPTIONS);

/** Metrics that are better when smaller. */
export const LOWER_IS_BETTER: readonly string[] = ["loss", "fpPerDay"];

/** The false alarms in 24 h of a metric that is a sensitivity at such a rate; undefined for other metrics. */
export function falseAlarmRateOf(metric: string): number | undefined {
  const rate = /^sensitivity_at_([\d.]+)fa$/.exec(metric)?.[1];
  return rate === undefined ? undefined : Number(rate);
}

export const STITCHING_OPTIONS = {
  stitching: choice(["mean", "triangular", "max", "soonest"], {
    default: "mean",
    description:
      "How overlapping windows are combined: their mean, a mean weighted towards window centres, the maximum, or none: the window that ends soonest.",
  }),
};

export const STITCHING_DEFAULTS = defaultsOf(STITCHING_OPTIONS);
