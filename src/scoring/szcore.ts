/**
 * SzCORE scoring (Dan et al., "SzCORE: seizure community open-source research evaluation framework", Epilepsia 2024), with
 * the arithmetic of the timescoring package: events on a 10 Hz grid, samples on a 1 Hz grid, halves rounded to even.
 */

import { type Defined, requireNumber, requireNumbers } from "@ictal/base/options";
import type { Interval } from "../base/events.js";
import { roundHalfEven } from "../base/rounding.js";
import { maskToIntervals, truncatedMask } from "./event-list.js";
import { gridRuns, samplesWithin, sampleTotal, sharedSamples } from "./grid-runs.js";

export interface SzcoreOptions {
  /** Seconds before a reference event in which a detection still counts. @default 30 */
  readonly toleranceStartSeconds?: number | undefined;
  /** Seconds after a reference event in which a detection still counts. @default 60 */
  readonly toleranceEndSeconds?: number | undefined;
  /** Share of the stretched reference that a detection must exceed. @default 0 */
  readonly minOverlap?: number | undefined;
  /** Longer events are cut into pieces of this length. @default 300 */
  readonly maxEventSeconds?: number | undefined;
  /** Events with a smaller gap are joined. @default 90 */
  readonly minGapSeconds?: number | undefined;
}

export const SZCORE_DEFAULTS: Defined<SzcoreOptions> = {
  toleranceStartSeconds: 30,
  toleranceEndSeconds: 60,
  minOverlap: 0,
  maxEventSeconds: 300,
  minGapSeconds: 90,
};

/** Counts of one scoring; rates follow by `szcoreRates`. `seconds` is the scored time. */
export interface SzcoreCounts {
  readonly refTrue: number;
  readonly tp: number;
  readonly fp: number;
  readonly seconds: number;
}

/** Rates without a denominator are NaN. `f1Before2026` is the definition of timescoring below 0.0.7. */
export interface SzcoreRates extends Omit<SzcoreCounts, "seconds"> {
  readonly sensitivity: number;
  readonly precision: number;
  readonly f1: number;
  readonly f1Before2026: number;
  readonly falseAlarmsPer24h: number;
}

const EVENT_RATE_HZ = 10;
const SAMPLE_RATE_HZ = 1;

/** Events whose gap is strictly under `minGapSeconds` become one that ends where the later one ends. */
function mergeNeighbours(events: readonly Interval[], minGapSeconds: number): Interval[] {
  const out: Interval[] = [];
  for (const event of events) {
    const last = out.at(-1);
    if (last && event.startSeconds - last.endSeconds < minGapSeconds) {
      out[out.length - 1] = { startSeconds: last.startSeconds, endSeconds: event.endSeconds };
    } else out.push(event);
  }
  return out;
}

/** Events strictly longer than `maxSeconds` are cut into pieces of that length from their start. */
function splitLong(events: readonly Interval[], maxSeconds: number): Interval[] {
  const out: Interval[] = [];
  for (const { startSeconds, endSeconds } of events) {
    let start = startSeconds;
    while (endSeconds - start > maxSeconds) {
      out.push({ startSeconds: start, endSeconds: start + maxSeconds });
      start += maxSeconds;
    }
    out.push({ startSeconds: start, endSeconds });
  }
  return out;
}

/** Event-based counts. Both lists sorted and without nesting (see `checkedEvents`). */
export function scoreEvents(
  reference: readonly Interval[],
  hypothesis: readonly Interval[],
  durationSeconds: number,
  options: SzcoreOptions = {},
): SzcoreCounts {
  const sampleCount = roundHalfEven(durationSeconds * EVENT_RATE_HZ);
  if (reference.length === 0 && hypothesis.length === 0)
    return { refTrue: 0, tp: 0, fp: 0, seconds: sampleCount / EVENT_RATE_HZ };
  const {
    toleranceStartSeconds = SZCORE_DEFAULTS.toleranceStartSeconds,
    toleranceEndSeconds = SZCORE_DEFAULTS.toleranceEndSeconds,
    minOverlap = SZCORE_DEFAULTS.minOverlap,
    maxEventSeconds = SZCORE_DEFAULTS.maxEventSeconds,
    minGapSeconds = SZCORE_DEFAULTS.minGapSeconds,
  } = options;
  requireNumbers({ toleranceStartSeconds, toleranceEndSeconds, minGapSeconds }, { least: 0 });
  requireNumber("minOverlap", minOverlap, { least: 0, below: 1 });
  requireNumber("maxEventSeconds", maxEventSeconds, { above: 0, mayBeInfinite: true });
  const prepare = (events: readonly Interval[]) => splitLong(mergeNeighbours(events, minGapSeconds), maxEventSeconds);
  const refEvents = prepare(reference);
  const hypEvents = prepare(hypothesis);
  const found = gridRuns(hypEvents, sampleCount, EVENT_RATE_HZ);
  const detected: Interval[] = [];
  let tp = 0;
  for (const { startSeconds, endSeconds } of refEvents) {
    const from = Math.max(0, startSeconds - toleranceStartSeconds);
    const to = Math.min(sampleCount / EVENT_RATE_HZ, endSeconds + toleranceEndSeconds);
    const first = roundHalfEven(from * EVENT_RATE_HZ);
    const last = roundHalfEven(to * EVENT_RATE_HZ);
    const share = samplesWithin(found, first, last) / EVENT_RATE_HZ / (to - from);
    if (share > minOverlap + 1e-6) {
      tp += 1;
      detected.push({ startSeconds: from, endSeconds: to });
    }
  }
  const marked = gridRuns(detected, sampleCount, EVENT_RATE_HZ);
  let fp = 0;
  for (const { startSeconds, endSeconds } of hypEvents) {
    const first = roundHalfEven(startSeconds * EVENT_RATE_HZ);
    const hits = samplesWithin(marked, first, roundHalfEven(endSeconds * EVENT_RATE_HZ));
    if (hits === 0) fp += 1;
  }
  return { refTrue: refEvents.length, tp, fp, seconds: sampleCount / EVENT_RATE_HZ };
}

/** Sample-based counts: seconds on a 1 Hz grid. Both lists sorted. */
export function scoreSamples(
  reference: readonly Interval[],
  hypothesis: readonly Interval[],
  durationSeconds: number,
): SzcoreCounts {
  const sampleCount = roundHalfEven(durationSeconds * SAMPLE_RATE_HZ);
  if (reference.length === 0 && hypothesis.length === 0)
    return { refTrue: 0, tp: 0, fp: 0, seconds: sampleCount / SAMPLE_RATE_HZ };
  const ref = gridRuns(reference, sampleCount, SAMPLE_RATE_HZ);
  const hyp = gridRuns(hypothesis, sampleCount, SAMPLE_RATE_HZ);
  const tp = sharedSamples(ref, hyp);
  return { refTrue: sampleTotal(ref), tp, fp: sampleTotal(hyp) - tp, seconds: sampleCount / SAMPLE_RATE_HZ };
}

/** Both ends truncated to whole seconds, as szcore-evaluation does before it scores. */
export function truncateToSeconds(events: readonly Interval[], durationSeconds: number): Interval[] {
  return maskToIntervals(truncatedMask(events, Math.trunc(durationSeconds)), 1);
}

/** Sum of counts over recordings. */
export function addCounts(counts: readonly SzcoreCounts[]): SzcoreCounts {
  const sum = { refTrue: 0, tp: 0, fp: 0, seconds: 0 };
  for (const { refTrue, tp, fp, seconds } of counts) {
    sum.refTrue += refTrue;
    sum.tp += tp;
    sum.fp += fp;
    sum.seconds += seconds;
  }
  return sum;
}

/** Rates of counts. */
export function szcoreRates({ refTrue, tp, fp, seconds }: SzcoreCounts): SzcoreRates {
  const sensitivity = refTrue > 0 ? tp / refTrue : Number.NaN;
  const precision = tp + fp > 0 ? tp / (tp + fp) : Number.NaN;
  const falseNegatives = refTrue - tp;
  const events = 2 * tp + fp + falseNegatives;
  return {
    refTrue,
    tp,
    fp,
    sensitivity,
    precision,
    f1: events > 0 ? (2 * tp) / events : Number.NaN,
    f1Before2026: formerF1(sensitivity, precision),
    falseAlarmsPer24h: seconds > 0 ? fp / (seconds / 86_400) : Number.NaN,
  };
}

function formerF1(sensitivity: number, precision: number): number {
  if (Number.isNaN(sensitivity) || Number.isNaN(precision)) return Number.NaN;
  return sensitivity + precision === 0 ? 0 : (2 * sensitivity * precision) / (sensitivity + precision);
}
