/** The options of class balancing; the ratios are the reference system's. */
import { choice, defaultsOf, flag, number } from "../base/option-table.js";

export interface BalanceOptions {
  /**
   * How windows are counted: by the partial ones, as the reference system does, or so that seizure is `prevalence` of the time, for
   * seizures that are long beside the windows. @default "partial"
   */
  readonly rule?: "partial" | "prevalence" | undefined;
  /** Share of seizure in the time of the drawn windows, with `rule: "prevalence"`. @default 0.2 */
  readonly prevalence?: number | undefined;
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
  rule: choice(["partial", "prevalence"], {
    description:
      "partial, the usual rule, counts windows by those that are partly seizure; prevalence draws so that seizure is a share of the time, for seizures that are long beside the windows (status, newborns).",
  }),
  prevalence: number({
    above: 0,
    below: 1,
    description: "Share of seizure in the time of the drawn windows; 0.2 where it is not given.",
  }),
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
