/** The options of class balancing; the ratios are the reference system's. */
import { defaultsOf, flag, number } from "../base/option-table.js";

export interface BalanceOptions {
  /** Full windows per partial window. @default 0.3 */
  readonly fullRatio?: number | undefined;
  /** Seizure-free windows per partial window. @default 2.5 */
  readonly noneRatio?: number | undefined;
  /** Draw full and seizure-free windows as evenly from all patients as they have them. @default false: from all windows alike */
  readonly evenPatients?: boolean | undefined;
  readonly seed: number;
}

/** The options of balancing, each with its default. */
export const BALANCE_OPTIONS = {
  fullRatio: number({
    default: 0.3,
    least: 0,
    description: "Windows that are all seizure, drawn per window that is partly seizure.",
  }),
  noneRatio: number({
    default: 2.5,
    least: 0,
    description: "Seizure-free windows, drawn per window that is partly seizure.",
  }),
  evenPatients: flag({
    default: false,
    description: "Draw these windows as evenly from all patients as each has them, instead of from all windows alike.",
  }),
};

/** Their defaults. */
export const BALANCE_DEFAULTS = defaultsOf(BALANCE_OPTIONS);
