import { hashOf } from "@ictal/base/canonical";
import { type Defined, withDefaults } from "@ictal/base/options";
import type { Augmentations } from "../dataset/augment-options.js";
import { BALANCE_DEFAULTS, type BalanceOptions } from "../dataset/balance-options.js";
import { SPLIT_CHOICE_DEFAULTS, type SplitChoice } from "../dataset/split-options.js";
import { SPLIT_DEFAULTS, WINDOW_DEFAULTS } from "../dataset/window-options.js";
import type { ModelConfig } from "../model/detector.js";
import { checkTrainOptions } from "./check-options.js";
import { fillLossOptions, type LossOptions } from "./loss.js";
import { CLASS_WEIGHT_DEFAULTS } from "./loss-options.js";
import {
  type FilledOptimizerOptions,
  fillOptimizerOptions,
  type OptimizerOptions,
  storedOptimizer,
} from "./optimizer.js";
import { METRIC_DEFAULTS, RUN_DEFAULTS, STITCHING_DEFAULTS } from "./run-options.js";
import { fillScheduleOptions, type ScheduleOptions } from "./schedule.js";
import type { Stitching } from "./stitching.js";

/** Where the windows come from. */
export interface TrainDataOptions {
  /** A cache folder with a manifest. */
  readonly cacheDir: string;
  /** Which cache of the folder. @default the only one there */
  readonly key?: string | undefined;
  /** Recordings at most, some of every split; the others of the cache are left alone. @default all */
  readonly limit?: number | undefined;
  /** @default 60 */
  readonly windowSeconds?: number | undefined;
  /** From start to start of training windows. @default 10 */
  readonly strideSeconds?: number | undefined;
  /** @default "train" */
  readonly trainSplit?: string | undefined;
  /** Recordings to validate on; null, or none in the manifest: `devShare` of the training patients. @default "dev" */
  readonly devSplit?: string | null | undefined;
  /** Share of the patients cut off for validation where there is no dev split; 0 validates on nothing. @default 0.2 */
  readonly devShare?: number | undefined;
  /** Seed of that cut. @default 42 */
  readonly splitSeed?: number | undefined;
  /**
   * How patients are assigned to train, dev and eval; what it gives replaces the splits above. @default the corpus's own splits,
   * by patients where it has none; the manifest's where `trainSplit` and `devSplit` have other names
   */
  readonly split?: SplitChoice | undefined;
  /** Windows per class as in the reference; false takes every labelled window. @default { fullRatio: 0.3, noneRatio: 2.5, evenPatients: false } */
  readonly balance?: Omit<BalanceOptions, "seed"> | false | undefined;
}

/** A training run. All of it is plain data, so that it can be sent to a child process and stored. */
export interface TrainOptions {
  /** Folder of the run: checkpoints, metrics.jsonl, TensorBoard events. */
  readonly runDir: string;
  readonly data: TrainDataOptions;
  readonly model: ModelConfig;
  /** @default 1 */
  readonly epochs?: number | undefined;
  /** @default 16 */
  readonly batchSize?: number | undefined;
  /** Batches whose gradients are averaged before the weights change: one step is as one batch of all of them. @default 1 */
  readonly accumulate?: number | undefined;
  /** @default 42 */
  readonly seed?: number | undefined;
  /** Peak learning rate. @default 3e-4 */
  readonly learningRate?: number | undefined;
  readonly schedule?: ScheduleOptions | undefined;
  /** `posWeight: "auto"` derives it from the share of windows with seizure. @default bce, posWeight "auto" */
  readonly loss?: (Omit<LossOptions, "posWeight"> & { readonly posWeight?: number | "auto" }) | undefined;
  readonly optimizer?: OptimizerOptions | undefined;
  readonly augment?: Augmentations | undefined;
  /** Worker threads that read batches ahead; they change no batch. @default 0: one batch ahead without a thread */
  readonly numWorkers?: number | undefined;
  /** Executor name or "auto". @default "auto" */
  readonly device?: string | undefined;
  readonly threads?: number | undefined;
  /** Stop after this global step with a checkpoint; the schedule still spans all epochs. */
  readonly maxSteps?: number | undefined;
  /** Stop after this long with a checkpoint. */
  readonly maxHours?: number | undefined;
  /** Checkpoint every so many steps, besides the epochs' ends; 0 only there. @default 0 */
  readonly checkpointEverySteps?: number | undefined;
  /** Checkpoint and validate every so many epochs. @default 1 */
  readonly checkpointEveryEpochs?: number | undefined;
  /** Checkpoints kept besides the best. @default 2 */
  readonly keepLast?: number | undefined;
  readonly validation?: {
    /** From start to start of the windows laid over each recording. @default the window length */
    readonly strideSeconds?: number | undefined;
    /** @default "mean" */
    readonly stitching?: Stitching | undefined;
  };
  /** What "best" means: a metric that `validate` returns, or "loss", the mean loss of the epoch. @default sensitivity_at_10fa, max; without `validate` loss, min */
  readonly metric?:
    | {
        readonly name: string;
        readonly mode: "min" | "max";
        /** Decides where the hours cannot resolve the rate in `name`, as `sensitivity_at_1fa` has one. @default auroc */
        readonly fallback?: string | undefined;
      }
    | undefined;
  /** Stop after so many validations without a better metric; 0 never. @default 5 */
  readonly patience?: number | undefined;
  /** @default 10 */
  readonly logEverySteps?: number | undefined;
  /** @default true */
  readonly tensorBoard?: boolean | undefined;
  /** Go on from the newest checkpoint of `runDir` if there is one. @default false */
  readonly resume?: boolean | undefined;
  /** Resume although the list of windows has changed. @default false */
  readonly allowDataChange?: boolean | undefined;
  /** A run that is in `runDir` already and is not resumed: refuse to start, or remove its checkpoints. @default "refuse" */
  readonly existing?: "refuse" | "replace" | undefined;
}

/** Options with every default filled in. */
export type FilledTrainOptions = Defined<
  Omit<TrainOptions, "threads" | "maxSteps" | "maxHours" | "augment" | "data" | "validation" | "loss" | "metric">
> &
  Pick<TrainOptions, "threads" | "maxSteps" | "maxHours" | "augment"> & {
    readonly loss: Defined<NonNullable<TrainOptions["loss"]>>;
    readonly metric: Defined<NonNullable<TrainOptions["metric"]>>;
    readonly schedule: Defined<ScheduleOptions>;
    readonly optimizer: FilledOptimizerOptions;
    readonly data: Defined<Omit<TrainDataOptions, "key" | "limit" | "split">> &
      Pick<TrainDataOptions, "key" | "limit" | "split">;
    readonly validation: { readonly strideSeconds: number; readonly stitching: Stitching };
  };

function fillBalance(balance: TrainDataOptions["balance"]): FilledTrainOptions["data"]["balance"] {
  return balance === false ? false : withDefaults(BALANCE_DEFAULTS, balance);
}

/** The corpus's own splits, where the options name them as usual. */
function usualSplit({
  trainSplit,
  devSplit,
  devShare,
  splitSeed,
}: FilledTrainOptions["data"]): SplitChoice | undefined {
  if (trainSplit !== "train" || (devSplit !== "dev" && devSplit !== null)) return undefined;
  return { ...SPLIT_CHOICE_DEFAULTS, devShare, seed: splitSeed, ownDev: devSplit !== null };
}

function fillData(options: TrainDataOptions): FilledTrainOptions["data"] {
  return { ...withDefaults({ ...WINDOW_DEFAULTS, ...SPLIT_DEFAULTS }, options), balance: fillBalance(options.balance) };
}

function fillLoss(loss: TrainOptions["loss"] = {}): FilledTrainOptions["loss"] {
  return withDefaults(CLASS_WEIGHT_DEFAULTS, fillLossOptions(loss));
}

/** What "best" means where nobody said so: where nothing is validated, only the loss can tell. */
function defaultMetric(isValidated: boolean): FilledTrainOptions["metric"] {
  return isValidated ? METRIC_DEFAULTS : { ...METRIC_DEFAULTS, name: "loss", mode: "min" };
}

/** Fill in defaults. `isValidated`: the run has a `validate`. Throws a ConfigError on what cannot be. */
export function fillTrainOptions(options: TrainOptions, { isValidated = true } = {}): FilledTrainOptions {
  const windows = fillData(options.data);
  const split = windows.split ?? usualSplit(windows);
  const data = { ...windows, ...(split && { split }) };
  const filled: FilledTrainOptions = {
    ...withDefaults(RUN_DEFAULTS, options),
    metric: withDefaults(METRIC_DEFAULTS, options.metric ?? defaultMetric(isValidated)),
    schedule: fillScheduleOptions(options.schedule),
    optimizer: fillOptimizerOptions(options.optimizer),
    loss: fillLoss(options.loss),
    validation: withDefaults({ ...STITCHING_DEFAULTS, strideSeconds: data.windowSeconds }, options.validation),
    data,
  };
  checkTrainOptions(filled);
  return filled;
}

/** Windows that change the weights together. */
export function windowsPerStep({ batchSize, accumulate }: FilledTrainOptions): number {
  return batchSize * accumulate;
}

/** A recipe of any version with its defaults filled in, so that a missing key equals its default. */
function fillRecipe(recipe: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const found = recipe as Partial<Pick<FilledTrainOptions, "schedule" | "loss" | "optimizer" | "augment">> & {
    readonly windows?: TrainDataOptions;
  }; // written by recipeOf, now or in an earlier version
  const augment = Object.values(found.augment ?? {}).some((value) => value !== undefined) ? found.augment : null;
  const { alpha, gamma, ...loss } = fillLoss(found.loss);
  return {
    accumulate: 1, // what a recipe without it means
    ...recipe,
    schedule: fillScheduleOptions(found.schedule),
    optimizer: storedOptimizer(found.optimizer),
    loss: loss.kind === "focal" ? { alpha, gamma, ...loss } : loss, // nothing else reads them
    augment,
    ...(found.windows && { windows: fillData(found.windows) }),
  };
}

/**
 * The options that decide every number of a run, defaults filled in; paths, device, limits and logging are not among them.
 * Which recordings there are is in the lines of the data, and who is in which split in the record of the splits. `model` is the detector's own configuration, filled by it.
 */
export function recipeOf(options: FilledTrainOptions, model: ModelConfig): Readonly<Record<string, unknown>> {
  const { epochs, batchSize, accumulate, seed, learningRate, schedule, loss, optimizer, augment, data } = options;
  const { cacheDir: _cacheDir, key: _key, limit: _limit, split: _split, ...windows } = data;
  const batches = { batchSize, accumulate };
  return fillRecipe({ model, epochs, ...batches, seed, learningRate, schedule, loss, optimizer, augment, windows });
}

/** Keys of a recipe that differ once their defaults are filled in, for messages. */
export function recipeDifferences(
  found: Readonly<Record<string, unknown>>,
  expected: Readonly<Record<string, unknown>>,
): string[] {
  const [then, now] = [fillRecipe(found), fillRecipe(expected)];
  return [...new Set([...Object.keys(then), ...Object.keys(now)])]
    .filter((key) => hashOf(then[key] ?? null) !== hashOf(now[key] ?? null))
    .map((key) => `${key}: ${JSON.stringify(then[key])} then, ${JSON.stringify(now[key])} now`);
}
