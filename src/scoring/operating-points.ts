import { ConfigError } from "@ictal/base/errors";
import { requireCounts, requireNumber, withDefaults } from "@ictal/base/options";
import { notify } from "@ictal/base/printable";
import { rangesOf } from "../base/value-ranges.js";
import { checkedEvents } from "./event-list.js";
import { scoreOverlap } from "./nedc/overlap.js";
import { detectEvents, POSTPROCESS_DEFAULTS, type PostprocessOptions } from "./postprocess.js";
import type { PredictedRecording } from "./score.js";
import { scoreEvents } from "./szcore.js";

/** Whose hits and false alarms count: SzCORE's events, with its tolerances and merging, or NEDC's any-overlap. */
export type AlarmScorer = "szcore" | "ovlp";

export interface OperatingPointOptions {
  /** Steps after the threshold; the end threshold keeps its ratio to the onset threshold. */
  readonly postprocess?: Partial<PostprocessOptions> | undefined;
  /** @default "szcore" */
  readonly scorer?: AlarmScorer | undefined;
  /** Onset thresholds to try, above 0. @default `candidateThresholds(recordings)` */
  readonly thresholds?: readonly number[] | undefined;
  /** Search on recordings of eval too, with a warning. @default false */
  readonly forceEval?: boolean | undefined;
  /** Receives the warning of a forced search. @default standard error */
  readonly warn?: ((text: string) => void) | undefined;
}

/** What a detector does at one onset threshold, pooled over recordings. */
export interface OperatingPoint {
  /** Infinity: no detection at all. */
  readonly threshold: number;
  /** NaN without reference seizures. */
  readonly sensitivity: number;
  /** NaN without recorded time. */
  readonly falseAlarmsPer24h: number;
}

const PEAK_SECONDS = 10;
const DAY_SECONDS = 86_400;

/**
 * At most `count` thresholds where detections change: highest values of every 10 s, at ranks spaced by equal ratios, so that
 * the low rates of false alarms that matter are resolved however the probabilities are scaled. Strictest first.
 */
export function candidateThresholds(recordings: readonly PredictedRecording[], count = 64): number[] {
  requireCounts({ count });
  const peaks = Float64Array.from(recordings.flatMap(peaksOf)).sort().reverse();
  const ranks = Array.from({ length: count }, (_, i) => Math.round(peaks.length ** (i / Math.max(1, count - 1))) - 1);
  return [...new Set(ranks.map((rank) => peaks[rank] ?? 0))].filter((value) => value > 0);
}

function peaksOf(recording: PredictedRecording): number[] {
  const { probability, rateHz } = recording;
  const width = Math.max(1, Math.round(PEAK_SECONDS * rateHz));
  const peaks: number[] = [];
  for (const { start, end } of rangesOf(recording)) {
    for (let from = start; from < end; from += width) {
      const values = probability.subarray(from, Math.min(end, from + width));
      peaks.push(values.reduce((peak, value) => Math.max(peak, value), 0));
    }
  }
  return peaks;
}

/** Hits and false alarms of recordings at each of `thresholds`, the strictest (Infinity) first. */
export interface AlarmTable {
  readonly thresholds: readonly number[];
  /** Per recording, in their order: counts at each threshold. */
  readonly counts: readonly (readonly AlarmCounts[])[];
}

/** Reference events, those found, and false alarms. */
type AlarmCounts = Readonly<Record<"targets" | "hits" | "falseAlarms", number>>;

/** Split of a recording: its own, or the first part of its id, as in `eval/aaaaaaaa/s001_2015/01_tcp_ar/t000`. */
const splitOf = ({ id, split }: PredictedRecording) => split ?? id.split("/")[0];

/** A threshold chosen on the split that it is evaluated on biases the result: eval is refused, or its use reported. */
function guardEval(
  recordings: readonly PredictedRecording[],
  { forceEval = false, warn }: OperatingPointOptions,
): void {
  const count = recordings.filter((recording) => splitOf(recording) === "eval").length;
  if (count === 0) return;
  if (!forceEval) {
    throw new ConfigError(
      `thresholds are searched on ${count} recordings of eval; search on dev and score eval at the threshold found there, or force it (forceEval, --force-eval)`,
      { key: "split", value: "eval", allowed: "dev, train" },
    );
  }
  const print = warn ?? ((text: string) => notify(`ictal: ${text}`));
  print(`thresholds searched on ${count} recordings of eval by force: they must not be used to score eval`);
}

/**
 * Counts at every threshold. One pass over the probabilities per threshold, recordings that never reach it excluded: give
 * probabilities at a few values per second. ConfigError for recordings of eval without `forceEval`.
 */
export function alarmTable(recordings: readonly PredictedRecording[], options: OperatingPointOptions = {}): AlarmTable {
  guardEval(recordings, options);
  const { postprocess = {}, scorer = "szcore", thresholds = candidateThresholds(recordings) } = options;
  for (const threshold of thresholds) requireNumber("thresholds", threshold, { above: 0, mayBeInfinite: true });
  const settings = withDefaults(POSTPROCESS_DEFAULTS, postprocess);
  const endRatio = settings.offThreshold / settings.onThreshold;
  const strictestFirst = [Number.POSITIVE_INFINITY, ...[...thresholds].sort((a, b) => b - a)];
  const counts = recordings.map((recording) => {
    const reference = checkedEvents(recording.reference, recording.durationSeconds, `${recording.id} (reference)`);
    const peak = recording.probability.reduce((highest, value) => Math.max(highest, value), 0);
    const silent = countAlarms({ ...recording, reference }, [], scorer);
    return strictestFirst.map((threshold) => {
      if (peak < threshold) return silent;
      const at = { ...settings, onThreshold: threshold, offThreshold: threshold * endRatio };
      return countAlarms(
        { ...recording, reference },
        detectEvents(recording.probability, recording.rateHz, at, recording.segments),
        scorer,
      );
    });
  });
  return { thresholds: strictestFirst, counts };
}

/** The points of a table in which recording `r` counts `weight[r]` times (once by default) and lasts `seconds[r]`. */
export function pointsOf(
  { thresholds, counts }: AlarmTable,
  seconds: ArrayLike<number>,
  weight?: ArrayLike<number>,
): OperatingPoint[] {
  let time = 0;
  for (let r = 0; r < counts.length; r++) time += (seconds[r] ?? 0) * (weight?.[r] ?? 1);
  return thresholds.map((threshold, t) => {
    const sum = { targets: 0, hits: 0, falseAlarms: 0 };
    for (const [r, row] of counts.entries()) {
      const factor = weight?.[r] ?? 1;
      const cell = row[t];
      if (!cell) continue;
      sum.targets += factor * cell.targets;
      sum.hits += factor * cell.hits;
      sum.falseAlarms += factor * cell.falseAlarms;
    }
    return {
      threshold,
      sensitivity: sum.targets > 0 ? sum.hits / sum.targets : Number.NaN,
      falseAlarmsPer24h: time > 0 ? (sum.falseAlarms * DAY_SECONDS) / time : Number.NaN,
    };
  });
}

/** Operating points pooled over recordings, from the strictest threshold, Infinity, on; as `alarmTable`. */
export function operatingPoints(
  recordings: readonly PredictedRecording[],
  options: OperatingPointOptions = {},
): OperatingPoint[] {
  const seconds = recordings.map(({ durationSeconds }) => durationSeconds);
  return pointsOf(alarmTable(recordings, options), seconds);
}

function countAlarms(
  { id, durationSeconds, reference }: PredictedRecording,
  found: ReturnType<typeof detectEvents>,
  scorer: AlarmScorer,
): AlarmCounts {
  const hypothesis = checkedEvents(found, durationSeconds, `${id} (detections)`);
  if (scorer === "ovlp") return scoreOverlap(reference, hypothesis);
  const { refTrue, tp, fp } = scoreEvents(reference, hypothesis, durationSeconds);
  return { targets: refTrue, hits: tp, falseAlarms: fp };
}

/**
 * The point of highest sensitivity with at most `maxFalseAlarmsPer24h` false alarms a day; among equals the one with fewest false alarms,
 * then the strictest. The sensitivity never falls as `maxFalseAlarmsPer24h` grows.
 */
export function pointWithin(points: readonly OperatingPoint[], maxFalseAlarmsPer24h: number): OperatingPoint {
  requireNumber("maxFalseAlarmsPer24h", maxFalseAlarmsPer24h, { least: 0, mayBeInfinite: true });
  let best: OperatingPoint | undefined;
  for (const point of points) {
    const better =
      best === undefined ||
      point.sensitivity > best.sensitivity ||
      (point.sensitivity === best.sensitivity && point.falseAlarmsPer24h < best.falseAlarmsPer24h);
    if (point.falseAlarmsPer24h <= maxFalseAlarmsPer24h && better) best = point;
  }
  return best ?? { threshold: Number.POSITIVE_INFINITY, sensitivity: Number.NaN, falseAlarmsPer24h: Number.NaN };
}

/**
 * Highest event sensitivity of a detector with at most `maxFalseAlarmsPer24h` false alarms in 24 h, with its onset threshold, found by
 * search over thresholds on these recordings (ConfigError for eval without `forceEval`). Hits and false alarms
 * are SzCORE events unless `scorer` says OVLP. For several rates call `operatingPoints` once and `pointWithin` per rate.
 */
export function sensitivityAtFalseAlarms(
  recordings: readonly PredictedRecording[],
  maxFalseAlarmsPer24h: number,
  options: OperatingPointOptions = {},
): OperatingPoint {
  return pointWithin(operatingPoints(recordings, options), maxFalseAlarmsPer24h);
}
