import { checkedEvents } from "./event-list.js";
import { scoreOverlap } from "./nedc/overlap.js";
import { detectEvents, POSTPROCESS_DEFAULTS, type PostprocessOptions } from "./postprocess.js";
import type { PredictedRecording } from "./score.js";
import { scoreEvents } from "./szcore.js";

/** Whose hits and false alarms count: SzCORE's events, with its tolerances and merging, or NEDC's any-overlap. */
export type AlarmScorer = "szcore" | "ovlp";

export interface OperatingPointOptions {
  /** Steps after the threshold; the end threshold keeps its ratio to the onset threshold. */
  readonly postprocess?: Partial<PostprocessOptions>;
  /** @default "szcore" */
  readonly scorer?: AlarmScorer;
  /** Onset thresholds to try, above 0. @default `candidateThresholds(recordings)` */
  readonly thresholds?: readonly number[];
}

/** What a detector does at one onset threshold, pooled over recordings. */
export interface OperatingPoint {
  /** Infinity: no detection at all. */
  readonly threshold: number;
  /** NaN without reference seizures. */
  readonly sensitivity: number;
  /** NaN without recorded time. */
  readonly falseAlarmsPerDay: number;
}

const BLOCK_SECONDS = 10;
const DAY_SECONDS = 86_400;

/**
 * At most `count` thresholds where detections change: highest values of 10 s blocks, at ranks spaced by equal ratios, so that
 * the few false alarms a day that matter are told apart however the probabilities are scaled. Strictest first.
 */
export function candidateThresholds(recordings: readonly PredictedRecording[], count = 64): number[] {
  const peaks = Float64Array.from(recordings.flatMap(blockPeaks)).sort().reverse();
  const ranks = Array.from({ length: count }, (_, i) => Math.round(peaks.length ** (i / Math.max(1, count - 1))) - 1);
  return [...new Set(ranks.map((rank) => peaks[rank] ?? 0))].filter((value) => value > 0);
}

function blockPeaks({ probability, rateHz }: PredictedRecording): number[] {
  const width = Math.max(1, Math.round(BLOCK_SECONDS * rateHz));
  const peaks: number[] = [];
  for (let from = 0; from < probability.length; from += width) {
    peaks.push(probability.subarray(from, from + width).reduce((peak, value) => Math.max(peak, value), 0));
  }
  return peaks;
}

/**
 * Operating points from the strictest threshold, Infinity, on. One pass over the probabilities per threshold, recordings
 * that never reach it left out: give probabilities at a few values per second.
 */
export function operatingPoints(
  recordings: readonly PredictedRecording[],
  { postprocess = {}, scorer = "szcore", thresholds = candidateThresholds(recordings) }: OperatingPointOptions = {},
): OperatingPoint[] {
  const settings = { ...POSTPROCESS_DEFAULTS, ...postprocess };
  const endRatio = settings.offThreshold / settings.onThreshold;
  const prepared = recordings.map((recording) => ({
    ...recording,
    reference: checkedEvents(recording.reference, recording.durationSeconds, `${recording.id} (reference)`),
    peak: recording.probability.reduce((peak, value) => Math.max(peak, value), 0),
  }));
  const seconds = recordings.reduce((sum, { durationSeconds }) => sum + durationSeconds, 0);
  const strictestFirst = [Number.POSITIVE_INFINITY, ...[...thresholds].sort((a, b) => b - a)];
  return strictestFirst.map((threshold) => {
    const at = { ...settings, onThreshold: threshold, offThreshold: threshold * endRatio };
    const sum = { targets: 0, hits: 0, falseAlarms: 0 };
    for (const recording of prepared) {
      const found = recording.peak < threshold ? [] : detectEvents(recording.probability, recording.rateHz, at);
      const counts = countAlarms(recording, found, scorer);
      sum.targets += counts.targets;
      sum.hits += counts.hits;
      sum.falseAlarms += counts.falseAlarms;
    }
    return {
      threshold,
      sensitivity: sum.targets > 0 ? sum.hits / sum.targets : Number.NaN,
      falseAlarmsPerDay: seconds > 0 ? (sum.falseAlarms * DAY_SECONDS) / seconds : Number.NaN,
    };
  });
}

type Counts = Record<"targets" | "hits" | "falseAlarms", number>;

function countAlarms(
  { id, durationSeconds, reference }: PredictedRecording,
  found: ReturnType<typeof detectEvents>,
  scorer: AlarmScorer,
): Counts {
  const hypothesis = checkedEvents(found, durationSeconds, `${id} (detections)`);
  if (scorer === "ovlp") return scoreOverlap(reference, hypothesis);
  const { refTrue, tp, fp } = scoreEvents(reference, hypothesis, durationSeconds);
  return { targets: refTrue, hits: tp, falseAlarms: fp };
}

/**
 * The point of highest sensitivity with at most `perDay` false alarms a day; among equals the one with fewest false alarms,
 * then the strictest. The sensitivity never falls as `perDay` grows.
 */
export function pointWithin(points: readonly OperatingPoint[], perDay: number): OperatingPoint {
  if (!(perDay >= 0)) throw new RangeError(`invalid perDay: ${perDay}`);
  let best: OperatingPoint | undefined;
  for (const point of points) {
    const better =
      best === undefined ||
      point.sensitivity > best.sensitivity ||
      (point.sensitivity === best.sensitivity && point.falseAlarmsPerDay < best.falseAlarmsPerDay);
    if (point.falseAlarmsPerDay <= perDay && better) best = point;
  }
  return best ?? { threshold: Number.POSITIVE_INFINITY, sensitivity: Number.NaN, falseAlarmsPerDay: Number.NaN };
}

/**
 * Highest event sensitivity of a detector with at most `perDay` false alarms in 24 h, with its onset threshold, found by
 * search over thresholds on these recordings; a threshold chosen on one split must be scored on another. Hits and false alarms
 * are SzCORE events unless `scorer` says OVLP. For several rates call `operatingPoints` once and `pointWithin` per rate.
 */
export function sensitivityAtFalseAlarms(
  recordings: readonly PredictedRecording[],
  perDay: number,
  options: OperatingPointOptions = {},
): OperatingPoint {
  return pointWithin(operatingPoints(recordings, options), perDay);
}
