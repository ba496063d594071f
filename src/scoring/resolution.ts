/** What a number of hours can say about a rate of false alarms. */
import { poissonUpperBound } from "./exact-intervals.js";
import type { NedcReport } from "./nedc/score-nedc.js";
import type { ScoredPair, SzcoreReport } from "./score.js";

const DAY_SECONDS = 86_400;

/** The least rate per 24 h that differs from none: one false alarm in all the time. Infinity without time. */
export function leastFalseAlarmRate(seconds: number): number {
  return DAY_SECONDS / seconds;
}

/** A false alarm rate with what the recorded time resolves. */
export interface RateResolution {
  /** Scored time. */
  readonly hours: number;
  /** One false alarm in that time, per 24 h. */
  readonly leastFalseAlarmsPer24h: number;
  /** One-sided 95 % upper bound of the rate: exact Poisson, by the rule of three where there was none. */
  readonly upperFalseAlarmsPer24h: number;
}

/** Resolution of a rate that was counted over `seconds`; the bound takes alarms as independent of each other. */
export function rateResolution(falseAlarmsPer24h: number, seconds: number): RateResolution {
  const least = leastFalseAlarmRate(seconds);
  const upper = Number.isNaN(falseAlarmsPer24h) ? Number.NaN : poissonUpperBound(falseAlarmsPer24h / least) * least;
  return { hours: seconds / 3600, leastFalseAlarmsPer24h: least, upperFalseAlarmsPer24h: upper };
}

/** Hours that a rate needs to be resolved: as many as one false alarm takes at that rate. */
export function hoursToResolve(falseAlarmsPer24h: number): number {
  return 24 / falseAlarmsPer24h;
}

/** True when `seconds` of recording can tell the rate from a lower one: they hold at least one false alarm of it. */
export function isResolved(falseAlarmsPer24h: number, seconds: number): boolean {
  return falseAlarmsPer24h >= leastFalseAlarmRate(seconds) * (1 - 1e-9);
}

/** Resolutions of SzCORE's event rate and of NEDC's OVLP. */
export interface AlarmResolutions {
  readonly szcoreEvent?: RateResolution;
  readonly ovlp?: RateResolution;
}

/** Resolutions of the pooled rates of those scorers that are given. */
export function alarmResolutions(
  pairs: readonly Pick<ScoredPair, "durationSeconds">[],
  { szcore, nedc }: { readonly szcore?: SzcoreReport | undefined; readonly nedc?: NedcReport | undefined },
): AlarmResolutions {
  const seconds = pairs.reduce((sum, { durationSeconds }) => sum + durationSeconds, 0);
  return {
    ...(szcore && { szcoreEvent: rateResolution(szcore.event.falseAlarmsPer24h, seconds) }),
    ...(nedc && { ovlp: rateResolution(nedc.ovlp.falseAlarmsPer24h, seconds) }),
  };
}
