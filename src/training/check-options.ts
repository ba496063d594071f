/** The checks of a run's options, before hours of work. */
import { ConfigError } from "@ictal/base/errors";
import { isInRange, type NumberRange, rangeInWords } from "@ictal/base/options";
import { valueAt } from "@ictal/base/records";
import { type Augmentations, checkAugmentations } from "../dataset/augment.js";

const WHOLE = { isWhole: true } as const;
const COUNT: NumberRange = { ...WHOLE, least: 1 };
const COUNT_OR_NONE: NumberRange = { ...WHOLE, least: 0 };
const SHARE: NumberRange = { least: 0, most: 1 };
const NOT_NEGATIVE: NumberRange = { least: 0 };
const POSITIVE: NumberRange = { above: 0 };
const DECAY: NumberRange = { least: 0, below: 1 };

function refuse(key: string, value: unknown, allowed: string): never {
  throw new ConfigError(`invalid ${key}: ${String(value)}; expected ${allowed}`, { key, value, allowed });
}

/** Ranges of numbers, by the key that a message names. */
const RANGES: Readonly<Record<string, NumberRange>> = {
  "data.limit": COUNT,
  "data.windowSeconds": POSITIVE,
  "data.strideSeconds": POSITIVE,
  "data.devShare": DECAY,
  "data.splitSeed": WHOLE,
  "data.balance.fullRatio": NOT_NEGATIVE,
  "data.balance.noneRatio": NOT_NEGATIVE,
  epochs: COUNT_OR_NONE,
  batchSize: COUNT,
  accumulate: COUNT,
  seed: WHOLE,
  learningRate: POSITIVE,
  numWorkers: COUNT_OR_NONE,
  threads: COUNT,
  maxSteps: COUNT,
  maxHours: POSITIVE,
  checkpointEverySteps: COUNT_OR_NONE,
  checkpointEveryEpochs: COUNT,
  keepLast: COUNT,
  patience: COUNT_OR_NONE,
  logEverySteps: COUNT,
  "validation.strideSeconds": POSITIVE,
  "schedule.warmupRatio": SHARE,
  "loss.alpha": SHARE,
  "loss.gamma": NOT_NEGATIVE,
  "loss.labelSmoothing": SHARE,
  "loss.posWeight": POSITIVE,
  "optimizer.weightDecay": NOT_NEGATIVE,
  "optimizer.beta1": DECAY,
  "optimizer.beta2": DECAY,
  "optimizer.epsilon": NOT_NEGATIVE,
  "optimizer.gradientClip": NOT_NEGATIVE,
  "optimizer.emaDecay": SHARE,
};

/** Allowed values, by key. */
const CHOICES: Readonly<Record<string, readonly unknown[]>> = {
  "loss.kind": ["bce", "focal"],
  "optimizer.name": ["adamw", "adam", "sgd"],
  "schedule.kind": ["cosine", "linear", "constant"],
  "validation.stitching": ["mean", "triangular", "max"],
  "metric.mode": ["min", "max"],
  existing: ["refuse", "replace"],
};

/** Throws a ConfigError for the first of a run's filled options that is invalid. */
export function checkTrainOptions(options: { readonly augment?: Augmentations }): void {
  for (const [key, range] of Object.entries(RANGES)) {
    const value = valueAt(options, key.split("."));
    if (value === undefined || (key === "loss.posWeight" && value === "auto")) continue;
    if (!isInRange(value, range)) refuse(key, value, rangeInWords(range));
  }
  for (const [key, known] of Object.entries(CHOICES)) {
    const value = valueAt(options, key.split("."));
    if (!known.includes(value)) refuse(key, value, known.join(", "));
  }
  if (options.augment === undefined) return;
  try {
    checkAugmentations(options.augment);
  } catch (error) {
    throw new ConfigError(`augment: ${(error as Error).message}`, { key: "augment" }, { cause: error });
  }
}
