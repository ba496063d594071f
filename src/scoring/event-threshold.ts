import { alarmTable, type OperatingPointOptions } from "./operating-points.js";
import type { PredictedRecording } from "./score.js";
import { szcoreRates } from "./szcore.js";

/** The onset threshold with the highest event F1. */
export interface EventThreshold {
  readonly threshold: number;
  readonly f1: number;
}

/**
 * The onset threshold at which SzCORE's event F1, pooled over `recordings`, is highest; of equals the strictest. Undefined
 * where no threshold finds a seizure, or there is none. ConfigError for recordings of eval without `forceEval`.
 */
export function bestEventThreshold(
  recordings: readonly PredictedRecording[],
  options: OperatingPointOptions = {},
): EventThreshold | undefined {
  const { thresholds, counts } = alarmTable(recordings, options);
  const seconds = recordings.reduce((sum, { durationSeconds }) => sum + durationSeconds, 0);
  let best: EventThreshold | undefined;
  for (const [t, threshold] of thresholds.entries()) {
    const cells = counts.flatMap((row) => row.slice(t, t + 1));
    const sum = (name: "targets" | "hits" | "falseAlarms") => cells.reduce((total, cell) => total + cell[name], 0);
    const { f1 } = szcoreRates({ refTrue: sum("targets"), tp: sum("hits"), fp: sum("falseAlarms"), seconds });
    if (f1 > (best?.f1 ?? 0)) best = { threshold, f1 };
  }
  return best;
}
