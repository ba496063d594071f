import { type Defined, withDefaults } from "@ictal/base/options";
import { SCHEDULE_DEFAULTS, type ScheduleOptions } from "./schedule-options.js";

export type { ScheduleOptions };

/** Fill in defaults. */
export function fillScheduleOptions(options: ScheduleOptions = {}): Defined<ScheduleOptions> {
  return withDefaults(SCHEDULE_DEFAULTS, options);
}

/**
 * Factor on the base learning rate at `step` (from 0) of `totalSteps`: a linear rise to 1 over the warm-up, then cosine
 * or linear decay to 0, or 1 throughout. A pure function, equal to the reference's schedule for "cosine".
 */
export function learningRateFactor(step: number, totalSteps: number, options: ScheduleOptions = {}): number {
  const { kind, warmupRatio } = fillScheduleOptions(options);
  const warmup = Math.max(1, Math.floor(warmupRatio * totalSteps));
  if (step < warmup) return (step + 1) / warmup;
  if (kind === "constant") return 1;
  const progress = Math.min(1, (step - warmup) / Math.max(1, totalSteps - warmup));
  return kind === "linear" ? 1 - progress : (1 + Math.cos(Math.PI * progress)) / 2;
}
