/**
 * From probabilities to events: hysteresis, opening and closing, length limits, merging, confidence. The steps and their
 * defaults are the reference system's (brain-go-brr v2, `post/postprocess.py`), restated for any probability rate.
 */
import { DEFAULTS } from "../base/defaults.js";
import type { Event, Interval } from "../base/events.js";
import { requireNumber, requireNumbers, withDefaults } from "../base/options.js";
import { quantileOf } from "../base/quantile.js";

export interface PostprocessOptions {
  /** A seizure begins where the probability stays at or above this. @default 0.86 */
  readonly onThreshold: number;
  /** It ends where the probability stays below this. @default 0.78 */
  readonly offThreshold: number;
  /** Seconds at or above `onThreshold` that make an onset. @default 0.5 */
  readonly minOnsetSeconds: number;
  /** Seconds below `offThreshold` that make an end. @default 1 */
  readonly minOffsetSeconds: number;
  /** Width of the opening that removes spikes. @default 11/256 */
  readonly openingSeconds: number;
  /** Width of the closing that fills gaps. @default 31/256 */
  readonly closingSeconds: number;
  /** Shorter events are dropped. @default 3 */
  readonly minEventSeconds: number;
  /** Longer events are cut into pieces of this length. @default 600 */
  readonly maxEventSeconds: number;
  /** Events closer than this are joined. @default 2 */
  readonly mergeGapSeconds: number;
  /** How an event's confidence follows from its probabilities. @default "mean" */
  readonly confidence: "mean" | "peak" | "percentile";
  /** Used by "percentile". @default 0.75 */
  readonly confidencePercentile: number;
}

/** Rate at which the configuration counts its samples. */
export const CONFIG_RATE_HZ = 256;

export const POSTPROCESS_DEFAULTS: PostprocessOptions = {
  onThreshold: DEFAULTS.postprocessing.tau_on,
  offThreshold: DEFAULTS.postprocessing.tau_off,
  minOnsetSeconds: DEFAULTS.postprocessing.min_onset_samples / CONFIG_RATE_HZ,
  minOffsetSeconds: DEFAULTS.postprocessing.min_offset_samples / CONFIG_RATE_HZ,
  openingSeconds: DEFAULTS.postprocessing.opening_kernel / CONFIG_RATE_HZ,
  closingSeconds: DEFAULTS.postprocessing.closing_kernel / CONFIG_RATE_HZ,
  minEventSeconds: DEFAULTS.postprocessing.min_duration_s,
  maxEventSeconds: DEFAULTS.postprocessing.max_duration_s,
  mergeGapSeconds: DEFAULTS.postprocessing.tau_merge,
  confidence: DEFAULTS.postprocessing.confidence_method,
  confidencePercentile: DEFAULTS.postprocessing.confidence_percentile,
};

/** Whole samples in `seconds`, at least one. */
function samplesIn(seconds: number, rateHz: number): number {
  return Math.max(1, Math.round(seconds * rateHz));
}

/** Odd kernel width nearest to `seconds`; 1 (no effect) where the grid is coarser than the kernel. */
function kernelIn(seconds: number, rateHz: number): number {
  const width = Math.round(seconds * rateHz);
  return width < 3 ? 1 : width - (1 - (width % 2));
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
  /** Gaps strictly under this are joined; may be a fraction. */
  readonly mergeGap: number;
}

const CONFIDENCES: readonly string[] = ["mean", "peak", "percentile"];

/** Throws a RangeError for options that cannot be, each by itself. */
function checkPostprocess(options: PostprocessOptions): void {
  const { onThreshold, offThreshold, minEventSeconds, maxEventSeconds, mergeGapSeconds, confidence } = options;
  const { minOnsetSeconds, minOffsetSeconds, openingSeconds, closingSeconds, confidencePercentile } = options;
  requireNumbers({ onThreshold, offThreshold }, { mayBeInfinite: true }); // infinite: nothing is detected
  const widths = {
    minOnsetSeconds,
    minOffsetSeconds,
    openingSeconds,
    closingSeconds,
    minEventSeconds,
    mergeGapSeconds,
  };
  requireNumbers(widths, { least: 0 });
  requireNumber("maxEventSeconds", maxEventSeconds, { least: 0, mayBeInfinite: true });
  requireNumber("confidencePercentile", confidencePercentile, { least: 0, most: 1 });
  if (!CONFIDENCES.includes(confidence))
    throw new RangeError(`invalid confidence: ${confidence}; expected ${CONFIDENCES.join(", ")}`);
}

/** Options at a rate of probabilities. RangeError for a rate that is not positive and for numbers that cannot be. */
export function sampleSettings(options: PostprocessOptions, rateHz: number): SampleSettings {
  requireNumber("rateHz", rateHz, { above: 0 });
  checkPostprocess(options);
  const { onThreshold: on, offThreshold: off } = options;
  if (!(on > off)) throw new RangeError(`invalid thresholds: on ${on} must be above off ${off}`);
  return {
    on,
    off,
    minOnset: samplesIn(options.minOnsetSeconds, rateHz),
    minOffset: samplesIn(options.minOffsetSeconds, rateHz),
    opening: kernelIn(options.openingSeconds, rateHz),
    closing: kernelIn(options.closingSeconds, rateHz),
    minimum: Math.floor(options.minEventSeconds * rateHz),
    maximum: samplesIn(options.maxEventSeconds, rateHz),
    mergeGap: options.mergeGapSeconds * rateHz,
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

function limitRuns(runs: readonly Run[], minimum: number, maximum: number): Run[] {
  const out: Run[] = [];
  for (const { start, end } of runs) {
    if (end - start < minimum) continue;
    for (let from = start; from < end; from += maximum) out.push({ start: from, end: Math.min(from + maximum, end) });
  }
  return out;
}

/** Joins runs with a gap under `gap` samples; pieces of one cut event (gap 0) stay apart. */
function mergeRuns(runs: readonly Run[], gap: number): Run[] {
  const out: Run[] = [];
  for (const run of runs) {
    const last = out.at(-1);
    if (last && run.start > last.end && run.start - last.end < gap) last.end = run.end;
    else out.push({ ...run });
  }
  return out;
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

/** Events cut at the end of their recording: the last probability may stand for a time beyond it. */
export function cutEvents<E extends Interval>(events: readonly E[], durationSeconds: number): E[] {
  return events.flatMap((event) => {
    const endSeconds = Math.min(event.endSeconds, durationSeconds);
    return endSeconds > event.startSeconds ? [{ ...event, endSeconds }] : [];
  });
}

/**
 * Seizure events of one recording. `probability` holds one value per 1/rateHz seconds from the start of the recording;
 * NaN among them is a RangeError.
 */
export function detectEvents(
  probability: ArrayLike<number>,
  rateHz: number,
  options: Partial<PostprocessOptions> = {},
): Event[] {
  const merged = withDefaults(POSTPROCESS_DEFAULTS, options);
  const settings = sampleSettings(merged, rateHz);
  for (let i = 0; i < probability.length; i++) {
    if (Number.isNaN(probability[i]!)) throw refusedProbability(probability[i]!, i);
  }
  const mask = new Uint8Array(probability.length);
  hysteresisInto(mask, probability, settings);
  const closed = closeMask(openMask(mask, settings.opening), settings.closing);
  const limited = limitRuns(runsOf(closed), settings.minimum, settings.maximum);
  return mergeRuns(limited, settings.mergeGap).map((run) => ({
    startSeconds: run.start / rateHz,
    endSeconds: run.end / rateHz,
    label: "seiz",
    confidence: confidenceOf(probability, run, merged),
  }));
}
