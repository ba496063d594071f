/**
 * From probabilities to events: hysteresis, opening and closing, least length, merging, greatest length, confidence. The
 * steps and their defaults are the reference system's (brain-go-brr v2, `post/postprocess.py`), restated for any
 * probability rate. The reference cuts before it merges, so that joined events outgrow its limit, and keeps any rest.
 */

import { requireNumber, withDefaults } from "@ictal/base/options";
import type { Event, Interval } from "../base/events.js";
import { checkOptions } from "../base/option-table.js";
import { quantileOf } from "../base/quantile.js";
import { rangesOf, type ValueRange } from "../base/value-ranges.js";
import { POSTPROCESS_DEFAULTS, POSTPROCESS_OPTIONS, type PostprocessOptions } from "./postprocess-options.js";

export { POSTPROCESS_DEFAULTS, type PostprocessOptions };

/** Products such as 0.29 s at 100 Hz lie a hair beside the whole number that is meant. */
const PRODUCT_TOLERANCE = 1e-9;

/** Fewest samples, at least one, that last `seconds`. */
function samplesFor(seconds: number, rateHz: number): number {
  return Math.max(1, Math.ceil(seconds * rateHz - PRODUCT_TOLERANCE));
}

/** Most samples, at least one, that last no longer than `seconds`. */
function samplesWithin(seconds: number, rateHz: number): number {
  return Math.max(1, Math.floor(seconds * rateHz + PRODUCT_TOLERANCE));
}

/** Odd kernel width nearest to `seconds`, the smaller of two; 1 has no effect. */
function kernelIn(seconds: number, rateHz: number): number {
  return Math.max(1, 2 * Math.ceil(seconds * rateHz * 0.5 - 1 - PRODUCT_TOLERANCE) + 1);
}

/** Post-processing in units of samples. */
export interface SampleSettings {
  readonly on: number;
  readonly off: number;
  readonly minOnset: number;
  readonly minOffset: number;
  /** Odd widths; 1 has no effect. */
  readonly opening: number;
  readonly closing: number;
  readonly minimum: number;
  readonly maximum: number;
  /** Gaps strictly under this are joined. */
  readonly mergeGap: number;
}

/**
 * Options at a rate of probabilities. RangeError for a rate that is not positive, for numbers that cannot be, and for lengths
 * that no event can have.
 */
export function sampleSettings(options: PostprocessOptions, rateHz: number): SampleSettings {
  requireNumber("rateHz", rateHz, { above: 0 });
  checkOptions(POSTPROCESS_OPTIONS, options);
  const { onThreshold: on, offThreshold: off } = options;
  if (!(on > off)) throw new RangeError(`invalid thresholds: on ${on} must be above off ${off}`);
  const minimum = samplesFor(options.minEventSeconds, rateHz);
  const maximum = samplesWithin(options.maxEventSeconds, rateHz);
  if (minimum > maximum) {
    const { minEventSeconds, maxEventSeconds } = options;
    throw new RangeError(
      `invalid event lengths: at ${rateHz} Hz no event lasts at least ${minEventSeconds} s and at most ${maxEventSeconds} s`,
    );
  }
  return {
    on,
    off,
    minOnset: samplesFor(options.minOnsetSeconds, rateHz),
    minOffset: samplesFor(options.minOffsetSeconds, rateHz),
    opening: kernelIn(options.openingSeconds, rateHz),
    closing: kernelIn(options.closingSeconds, rateHz),
    minimum,
    maximum,
    mergeGap: Math.ceil(options.mergeGapSeconds * rateHz - PRODUCT_TOLERANCE),
  };
}

/**
 * Hysteresis into `mask` (0/1, as long as `probability`): on from the first sample of a run at or above `on` that lasts
 * `minOnset` samples; off at the `minOffset`-th consecutive sample below `off`.
 */
export function hysteresisInto(
  mask: Uint8Array,
  probability: ArrayLike<number>,
  { on, off, minOnset, minOffset }: { on: number; off: number; minOnset: number; minOffset: number },
): void {
  if (!(on > off)) throw new RangeError(`invalid thresholds: on ${on} must be above off ${off}`);
  let active = false;
  let above = 0;
  let below = 0;
  for (let i = 0; i < probability.length; i++) {
    const value = probability[i]!;
    above = value >= on ? above + 1 : 0;
    below = value < off ? below + 1 : 0;
    if (active && below >= minOffset) {
      active = false;
    } else if (!active && above >= minOnset) {
      active = true;
      mask.fill(1, i - above + 1, i);
    }
    mask[i] = active ? 1 : 0;
  }
}

/**
 * Running extreme of a 0/1 mask over a centred odd window, edges neutral: `wanted` 1 dilates, 0 erodes. Returns a new mask.
 */
function spread(mask: Uint8Array, width: number, wanted: 0 | 1): Uint8Array {
  const out = new Uint8Array(mask.length);
  const half = width >> 1;
  let count = 0; // samples equal to `wanted` inside the window
  for (let i = 0; i < Math.min(half, mask.length); i++) if (mask[i] === wanted) count += 1;
  for (let i = 0; i < mask.length; i++) {
    if (i + half < mask.length && mask[i + half] === wanted) count += 1;
    if (i - half - 1 >= 0 && mask[i - half - 1] === wanted) count -= 1;
    out[i] = count > 0 ? wanted : 1 - wanted;
  }
  return out;
}

/** Erosion then dilation by odd `width`: removes runs shorter than it. */
export function openMask(mask: Uint8Array, width: number): Uint8Array {
  return width > 1 ? spread(spread(mask, width, 0), width, 1) : mask;
}

/** Dilation then erosion by odd `width`: fills gaps shorter than it. */
export function closeMask(mask: Uint8Array, width: number): Uint8Array {
  return width > 1 ? spread(spread(mask, width, 1), width, 0) : mask;
}

interface Run {
  start: number;
  end: number;
}

function runsOf(mask: Uint8Array): Run[] {
  const runs: Run[] = [];
  for (let i = 0; i < mask.length; i++) {
    if (mask[i] !== 1) continue;
    const start = i;
    while (i < mask.length && mask[i] === 1) i += 1;
    runs.push({ start, end: i });
  }
  return runs;
}

/** Joins runs with a gap under `gap` samples. */
function mergeRuns(runs: readonly Run[], gap: number): Run[] {
  const out: Run[] = [];
  for (const run of runs) {
    const last = out.at(-1);
    if (last && run.start - last.end < gap) last.end = run.end;
    else out.push({ ...run });
  }
  return out;
}

/** Cuts runs into pieces of `maximum` samples; a rest under `minimum` is dropped. */
function cutRuns(runs: readonly Run[], minimum: number, maximum: number): Run[] {
  return runs.flatMap(({ start, end }) => {
    const pieces: Run[] = [];
    for (let from = start; end - from >= minimum; from += maximum)
      pieces.push({ start: from, end: Math.min(from + maximum, end) });
    return pieces;
  });
}

function confidenceOf(probability: ArrayLike<number>, { start, end }: Run, options: PostprocessOptions): number {
  const values = Array.from({ length: end - start }, (_, i) => probability[start + i]!);
  if (options.confidence === "peak") return values.reduce((best, value) => Math.max(best, value), 0);
  if (options.confidence === "mean") return values.reduce((sum, value) => sum + value, 0) / values.length;
  return quantileOf(values, options.confidencePercentile);
}

/** The error of a probability that is none. */
export function refusedProbability(value: number, index: number): RangeError {
  return new RangeError(`invalid probability at ${index}: ${value}; expected a number (did the training diverge?)`);
}

/**
 * Events cut at the end of their recording: the last probability may stand for a time beyond it. What was long enough before
 * stays, since only its end is unknown and not its seizure.
 */
export function cutEvents<E extends Interval>(events: readonly E[], durationSeconds: number): E[] {
  return events.flatMap((event) => {
    const endSeconds = Math.min(event.endSeconds, durationSeconds);
    return endSeconds > event.startSeconds ? [{ ...event, endSeconds }] : [];
  });
}

/**
 * Seizure events of one recording. `probability` holds one value per 1/rateHz seconds from the start of the recording;
 * NaN among them is a RangeError. In a recording with gaps `segments` names the values that were predicted: each is
 * processed as if it were a recording, so that no event lies in a gap or reaches across one.
 */
export function detectEvents(
  probability: ArrayLike<number>,
  rateHz: number,
  options: Partial<PostprocessOptions> = {},
  segments?: readonly ValueRange[],
): Event[] {
  const merged = withDefaults(POSTPROCESS_DEFAULTS, options);
  const settings = sampleSettings(merged, rateHz);
  for (let i = 0; i < probability.length; i++) {
    if (Number.isNaN(probability[i]!)) throw refusedProbability(probability[i]!, i);
  }
  const { minimum, maximum, mergeGap } = settings;
  return rangesOf({ probability, segments }).flatMap(({ start, end }) => {
    const mask = new Uint8Array(end - start);
    const values =
      start === 0 && end === probability.length ? probability : Array.prototype.slice.call(probability, start, end);
    hysteresisInto(mask, values, settings);
    const closed = closeMask(openMask(mask, settings.opening), settings.closing);
    const counted = runsOf(closed).filter((run) => run.end - run.start >= minimum);
    return cutRuns(mergeRuns(counted, mergeGap), minimum, maximum).map((run) => ({
      startSeconds: (start + run.start) / rateHz,
      endSeconds: (start + run.end) / rateHz,
      label: "seiz",
      confidence: confidenceOf(values, run, merged),
    }));
  });
}
