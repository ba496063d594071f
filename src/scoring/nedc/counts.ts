import { sumCounts } from "../sum-counts.js";

/** What every NEDC scorer counts for one label; fractions are possible with TAES, epochs are the unit with EPOCH. */
export interface NedcCounts {
  readonly targets: number;
  readonly hits: number;
  readonly misses: number;
  readonly falseAlarms: number;
}

/** Counts with their rates. `sensitivity` lies in 0..1; a rate without denominator is NaN (the tool itself prints 0). */
export interface NedcRates extends NedcCounts {
  readonly sensitivity: number;
  readonly falseAlarmsPer24h: number;
}

const DAY_SECONDS = 86_400;

/** Rates of counts over `durationSeconds`; one false alarm counts as `weight` (EPOCH: its seconds). */
export function nedcRates(counts: NedcCounts, durationSeconds: number, weight = 1): NedcRates {
  const { targets, hits, misses, falseAlarms } = counts;
  return {
    targets,
    hits,
    misses,
    falseAlarms,
    sensitivity: targets > 0 ? hits / targets : Number.NaN,
    falseAlarmsPer24h: durationSeconds > 0 ? (falseAlarms * weight * DAY_SECONDS) / durationSeconds : Number.NaN,
  };
}

/** Sum of counts over recordings. */
export function addNedcCounts(list: readonly NedcCounts[]): NedcCounts {
  return sumCounts({ targets: 0, hits: 0, misses: 0, falseAlarms: 0 }, list);
}
