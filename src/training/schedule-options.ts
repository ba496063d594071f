/** The options of the learning rate's schedule. */
import { choice, defaultsOf, fraction } from "../base/option-table.js";

export interface ScheduleOptions {
  /** @default "cosine" */
  readonly kind?: "cosine" | "linear" | "constant" | undefined;
  /** Share of all steps over which the rate rises. @default 0.1 */
  readonly warmupRatio?: number | undefined;
}

export const SCHEDULE_OPTIONS = {
  kind: choice(["cosine", "linear", "constant"], {
    default: "cosine",
    description: "How the learning rate falls to 0 after the warm-up; constant keeps it.",
  }),
  warmupRatio: fraction({
    default: 0.1,
    description: "Share of all optimizer steps over which the learning rate rises linearly.",
  }),
};

export const SCHEDULE_DEFAULTS = defaultsOf(SCHEDULE_OPTIONS);
