import { hashOf } from "../base/canonical.js";
import { ConfigError } from "../base/errors.js";
import type { Augmentations } from "../dataset/augment.js";
import type { BalanceOptions } from "../dataset/balance.js";
import type { ModelConfig } from "../model/detector.js";
import type { Blend } from "./blend.js";
import type { LossOptions } from "./loss.js";
import type { OptimizerOptions } from "./optimizer.js";
import type { ScheduleOptions } from "./schedule.js";

/** Where the windows come from. */
export interface TrainDataOptions {
  /** A cache folder with a manifest. */
  readonly cacheDir: string;
  /** Which cache of the folder. @default the only one there */
  readonly key?: string;
  /** Recordings at most, some of every split; the others of the cache are left alone. @default all */
  readonly limit?: number;
  /** @default 60 */
  readonly windowSeconds?: number;
  /** From start to start of training windows. @default 10 */
  readonly strideSeconds?: number;
  /** @default "train" */
  readonly trainSplit?: string;
  /** Recordings to validate on; null, or none in the manifest: `devShare` of the training patients. @default "dev" */
  readonly devSplit?: string | null;
  /** Share of the patients cut off for validation where there is no dev split; 0 validates on nothing. @default 0.2 */
  readonly devShare?: number;
  /** Seed of that cut. @default 42 */
  readonly splitSeed?: number;
  /** Windows per class as in the reference; false takes every labelled window. @default { fullRatio: 0.3, noneRatio: 2.5 } */
  readonly balance?: Omit<BalanceOptions, "seed"> | false;
}

/** A training run. All of it is plain data, so that it can be sent to a child process and stored. */
export interface TrainOptions {
  /** Folder of the run: checkpoints, metrics.jsonl, TensorBoard events. */
  readonly runDir: string;
  readonly data: TrainDataOptions;
  readonly model: ModelConfig;
  /** @default 1 */
  readonly epochs?: number;
  /** @default 16 */
  readonly batchSize?: number;
  /** Batches whose gradients are averaged before the weights change: one step is as one batch of all of them. @default 1 */
  readonly accumulate?: number;
  /** @default 42 */
  readonly seed?: number;
  /** Peak learning rate. @default 3e-4 */
  readonly learningRate?: number;
  readonly schedule?: ScheduleOptions;
  /** `posWeight: "auto"` derives it from the share of windows with seizure. @default focal, posWeight "auto" */
  readonly loss?: Omit<LossOptions, "posWeight"> & { readonly posWeight?: number | "auto" };
  readonly optimizer?: OptimizerOptions;
  readonly augment?: Augmentations;
  /** Worker threads that read batches ahead; they change no batch. @default 0: one batch ahead without a thread */
  readonly readThreads?: number;
  /** Executor name or "auto". @default "auto" */
  readonly device?: string;
  readonly threads?: number;
  /** Stop after this global step with a checkpoint; the schedule still spans all epochs. */
  readonly maxSteps?: number;
  /** Stop after this long with a checkpoint. */
  readonly maxHours?: number;
  /** Checkpoint every so many steps, besides the epochs' ends; 0 only there. @default 0 */
  readonly checkpointEverySteps?: number;
  /** Checkpoint and validate every so many epochs. @default 1 */
  readonly checkpointEveryEpochs?: number;
  /** Checkpoints kept besides the best. @default 2 */
  readonly keepLast?: number;
  readonly validation?: {
    /** From start to start of the windows laid over each recording. @default the window length */
    readonly strideSeconds?: number;
    /** @default "mean" */
    readonly blend?: Blend;
  };
  /** What "best" means: a metric that `validate` returns, or "loss", the mean loss of the epoch. @default loss, min */
  readonly metric?: { readonly name: string; readonly mode: "min" | "max" };
  /** Stop after so many validations without a better metric; 0 never. @default 0 */
  readonly patience?: number;
  /** @default 10 */
  readonly logEverySteps?: number;
  /** @default true */
  readonly tensorBoard?: boolean;
  /** Go on from the newest checkpoint of `runDir` if there is one. @default false */
  readonly resume?: boolean;
  /** Resume although the list of windows has changed. @default false */
  readonly allowDataChange?: boolean;
  /** A run that is in `runDir` already and is not resumed: refuse to start, or remove its checkpoints. @default "refuse" */
  readonly existing?: "refuse" | "replace";
}

type Filled<T> = { [K in keyof T]-?: T[K] };

/** Options with every default filled in. */
export type FilledTrainOptions = Filled<
  Omit<TrainOptions, "threads" | "maxSteps" | "maxHours" | "augment" | "data" | "validation">
> &
  Pick<TrainOptions, "threads" | "maxSteps" | "maxHours" | "augment"> & {
    readonly data: Filled<Omit<TrainDataOptions, "key" | "limit">> & Pick<TrainDataOptions, "key" | "limit">;
    readonly validation: { readonly strideSeconds: number; readonly blend: Blend };
  };

function requireCount(key: string, value: number, least: number): void {
  if (Number.isSafeInteger(value) && value >= least) return;
  throw new ConfigError(`invalid ${key}: ${value}; expected a whole number of at least ${least}`, {
    key,
    value,
    allowed: `>= ${least}`,
  });
}

/** Fill in defaults. Throws a ConfigError on numbers that cannot be. */
export function fillTrainOptions(options: TrainOptions): FilledTrainOptions {
  const data = {
    windowSeconds: 60,
    strideSeconds: 10,
    trainSplit: "train",
    devSplit: "dev",
    devShare: 0.2,
    splitSeed: 42,
    balance: {},
    ...options.data,
  };
  const filled: FilledTrainOptions = {
    epochs: 1,
    batchSize: 16,
    accumulate: 1,
    seed: 42,
    readThreads: 0,
    learningRate: 3e-4,
    schedule: {},
    optimizer: {},
    device: "auto",
    checkpointEverySteps: 0,
    checkpointEveryEpochs: 1,
    keepLast: 2,
    metric: { name: "loss", mode: "min" },
    patience: 0,
    logEverySteps: 10,
    tensorBoard: true,
    resume: false,
    allowDataChange: false,
    existing: "refuse",
    ...options,
    loss: { kind: "focal", posWeight: "auto", ...options.loss },
    validation: { strideSeconds: data.windowSeconds, blend: "mean", ...options.validation },
    data,
  };
  requireCount("epochs", filled.epochs, 0);
  requireCount("batchSize", filled.batchSize, 1);
  requireCount("accumulate", filled.accumulate, 1);
  requireCount("readThreads", filled.readThreads, 0);
  requireCount("keepLast", filled.keepLast, 1);
  requireCount("checkpointEveryEpochs", filled.checkpointEveryEpochs, 1);
  requireCount("checkpointEverySteps", filled.checkpointEverySteps, 0);
  requireCount("logEverySteps", filled.logEverySteps, 1);
  if (filled.maxSteps !== undefined) requireCount("maxSteps", filled.maxSteps, 1);
  if (!(filled.learningRate > 0)) {
    throw new ConfigError(`invalid learningRate: ${filled.learningRate}; expected a positive number`, {
      key: "learningRate",
      value: filled.learningRate,
    });
  }
  return filled;
}

/** Windows that change the weights together. */
export function windowsPerStep({ batchSize, accumulate }: FilledTrainOptions): number {
  return batchSize * accumulate;
}

/**
 * The options that decide every number of a run; paths, device, limits and logging are not among them. Which recordings
 * there are is in the lines of the data.
 */
export function recipeOf(options: FilledTrainOptions): Readonly<Record<string, unknown>> {
  const { model, epochs, batchSize, accumulate, seed, learningRate, schedule, loss, optimizer, augment, data } =
    options;
  const { cacheDir: _cacheDir, key: _key, limit: _limit, ...windows } = data;
  const batches = { batchSize, accumulate };
  return {
    model,
    epochs,
    ...batches,
    seed,
    learningRate,
    schedule,
    loss,
    optimizer,
    augment: augment ?? null,
    windows,
  };
}

/** Keys of a recipe that differ, for messages. */
export function recipeDifferences(
  found: Readonly<Record<string, unknown>>,
  expected: Readonly<Record<string, unknown>>,
): string[] {
  const then: typeof found = { accumulate: 1, ...found }; // what a recipe without it means
  return [...new Set([...Object.keys(then), ...Object.keys(expected)])]
    .filter((key) => hashOf(then[key] ?? null) !== hashOf(expected[key] ?? null))
    .map((key) => `${key}: ${JSON.stringify(then[key])} then, ${JSON.stringify(expected[key])} now`);
}
