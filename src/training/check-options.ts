/** The checks of a run's options, before hours of work. */
import { ConfigError } from "@ictal/base/errors";
import { valueAt } from "@ictal/base/records";
import { checkOptions, type OptionTable } from "../base/option-table.js";
import { CACHE_OPTIONS } from "../cache/cache-options.js";
import { type Augmentations, checkAugmentations } from "../dataset/augment.js";
import { BALANCE_OPTIONS } from "../dataset/balance-options.js";
import { SPLIT_OPTIONS, WINDOW_OPTIONS } from "../dataset/window-options.js";
import { CLASS_WEIGHT_OPTIONS, LOSS_OPTIONS } from "./loss-options.js";
import { OPTIMIZER_OPTIONS } from "./optimizer-options.js";
import { METRIC_OPTIONS, RUN_OPTIONS, STITCHING_OPTIONS } from "./run-options.js";
import { SCHEDULE_OPTIONS } from "./schedule-options.js";

/** The tables of a run's options by the member that holds them. */
const TABLES: Readonly<Record<string, OptionTable>> = {
  data: { limit: CACHE_OPTIONS.limit, ...WINDOW_OPTIONS, ...SPLIT_OPTIONS },
  "data.balance": BALANCE_OPTIONS,
  "": RUN_OPTIONS,
  validation: { strideSeconds: WINDOW_OPTIONS.strideSeconds, ...STITCHING_OPTIONS },
  schedule: SCHEDULE_OPTIONS,
  loss: { ...LOSS_OPTIONS, ...CLASS_WEIGHT_OPTIONS },
  optimizer: OPTIMIZER_OPTIONS,
  metric: METRIC_OPTIONS,
};

/** Throws a ConfigError for the first of a run's filled options that is invalid. */
export function checkTrainOptions(options: { readonly augment?: Augmentations | undefined }): void {
  for (const [member, table] of Object.entries(TABLES)) {
    const values = member === "" ? options : valueAt(options, member.split("."));
    checkOptions(table, Object(values), (name, value, allowed) => {
      const key = member === "" ? name : `${member}.${name}`;
      throw new ConfigError(`invalid ${key}: ${String(value)}; expected ${allowed}`, { key, value, allowed });
    });
  }
  if (options.augment === undefined) return;
  try {
    checkAugmentations(options.augment);
  } catch (error) {
    throw new ConfigError(`augment: ${(error as Error).message}`, { key: "augment" }, { cause: error });
  }
}
