import type { Interval } from "../base/events.js";
import type { PostprocessOptions } from "./postprocess.js";
import { evaluate, type PredictedRecording } from "./score.js";

/** What is known of a recording; a manifest's entry has it. */
export interface ReferenceRecording {
  readonly id: string;
  readonly durationSeconds: number;
  readonly labelled: boolean;
  readonly seizures: readonly Interval[];
}

/** Probabilities of one recording. */
export interface RecordingProbability {
  readonly id: string;
  readonly rateHz: number;
  readonly probability: Float32Array;
}

export interface DevMetricsOptions {
  readonly postprocess?: Partial<PostprocessOptions>;
  /** False alarms a day at which the sensitivity is given, as `sensitivity_at_<n>fa`. @default [] */
  readonly falseAlarmRates?: readonly number[];
}

/** Thresholds tried for the sensitivity at a rate of false alarms; each ends its event a little below itself. */
const THRESHOLDS = Array.from({ length: 39 }, (_, i) => (i + 1) / 40);
const HYSTERESIS = 0.08;

/** Largest event sensitivity among the thresholds that stay within each rate; 0 where none does. */
function sensitivities(recordings: readonly PredictedRecording[], options: DevMetricsOptions): Record<string, number> {
  const rates = options.falseAlarmRates ?? [];
  if (rates.length === 0) return {};
  const points = THRESHOLDS.map((onThreshold) => {
    const offThreshold = Math.max(0, onThreshold - HYSTERESIS);
    const { szcore } = evaluate(recordings, { postprocess: { ...options.postprocess, onThreshold, offThreshold } });
    return szcore.event;
  });
  return Object.fromEntries(
    rates.map((rate) => {
      const within = points.filter(({ fpPerDay }) => fpPerDay <= rate).map(({ sensitivity }) => sensitivity);
      return [`sensitivity_at_${rate}fa`, within.length === 0 ? 0 : Math.max(...within)];
    }),
  );
}

/**
 * The metrics of a split as a function of its predictions, for validation during training: `auroc` and `auprc` pooled
 * over all cells, SzCORE's event `sensitivity`, `precision`, `f1` and `fpPerDay` after post-processing, and sensitivities
 * at given rates of false alarms. Recordings without labels are passed over; rates without a denominator are NaN.
 */
export function devMetrics(
  references: readonly ReferenceRecording[],
  options: DevMetricsOptions = {},
): (predictions: readonly RecordingProbability[]) => Record<string, number> {
  const labelled = new Map(
    references.filter((reference) => reference.labelled).map((reference) => [reference.id, reference]),
  );
  return (predictions) => {
    const recordings = predictions.flatMap(({ id, rateHz, probability }) => {
      const reference = labelled.get(id);
      if (!reference) return [];
      return [{ id, rateHz, probability, durationSeconds: reference.durationSeconds, reference: reference.seizures }];
    });
    const { auroc, auprc, szcore } = evaluate(recordings, { postprocess: options.postprocess });
    const { sensitivity, precision, f1, fpPerDay } = szcore.event;
    return { auroc, auprc, sensitivity, precision, f1, fpPerDay, ...sensitivities(recordings, options) };
  };
}
