import { requireNumber } from "@ictal/base/options";
import type { Interval } from "../base/events.js";
import type { ValueRange } from "../base/value-ranges.js";
import { operatingPoints, pointWithin } from "./operating-points.js";
import type { PostprocessOptions } from "./postprocess.js";
import { isResolved } from "./resolution.js";
import { evaluatePredictions, type PredictedRecording } from "./score.js";

/** What is known of a recording; a manifest's entry has it. */
export interface ReferenceRecording {
  readonly id: string;
  readonly durationSeconds: number;
  readonly labelled: boolean;
  readonly seizures: readonly Interval[];
  /** Split that was chosen for it. @default the first part of the id */
  readonly split?: string | undefined;
}

/** Probabilities of one recording. */
export interface RecordingProbability {
  readonly id: string;
  readonly rateHz: number;
  readonly probability: Float32Array;
  /** Values that were predicted, in a recording with gaps. @default all */
  readonly segments?: readonly ValueRange[];
}

export interface DevMetricsOptions {
  readonly postprocess?: Partial<PostprocessOptions> | undefined;
  /** False alarms a day at which the sensitivity is given, as `sensitivity_at_<n>fa`. @default [] */
  readonly falseAlarmRates?: readonly number[] | undefined;
}

const EVENT_METRICS = ["auroc", "auprc", "sensitivity", "precision", "f1", "fpPerDay"];

/** Highest event sensitivity within each rate, by threshold search; NaN for a rate that the recorded time cannot resolve. */
function sensitivities(recordings: readonly PredictedRecording[], options: DevMetricsOptions): Record<string, number> {
  const rates = options.falseAlarmRates ?? [];
  if (rates.length === 0) return {};
  const points = operatingPoints(recordings, { postprocess: options.postprocess });
  const seconds = recordings.reduce((sum, { durationSeconds }) => sum + durationSeconds, 0);
  const sensitivity = (rate: number) =>
    isResolved(rate, seconds) ? pointWithin(points, rate).sensitivity : Number.NaN;
  return Object.fromEntries(rates.map((rate) => [`sensitivity_at_${rate}fa`, sensitivity(rate)]));
}

/** Metrics by name from predictions. */
export interface DevMetrics {
  (predictions: readonly RecordingProbability[]): Record<string, number>;
  /** The names of the metrics. */
  readonly metricNames: readonly string[];
}

/**
 * The metrics of a split as a function of its predictions, for validation during training: `auroc` and `auprc` pooled
 * over all cells, SzCORE's event `sensitivity`, `precision`, `f1` and `fpPerDay` after post-processing, and sensitivities
 * at given rates of false alarms. Recordings without labels are excluded; rates without a denominator are NaN.
 */
export function devMetrics(references: readonly ReferenceRecording[], options: DevMetricsOptions = {}): DevMetrics {
  const labelled = new Map(
    references.filter((reference) => reference.labelled).map((reference) => [reference.id, reference]),
  );
  const measure = (predictions: readonly RecordingProbability[]) => {
    const recordings = predictions.flatMap(({ id, rateHz, probability, segments }) => {
      const reference = labelled.get(id);
      if (!reference) return [];
      const { durationSeconds, seizures, split } = reference;
      return [{ id, rateHz, probability, ...(segments && { segments }), durationSeconds, reference: seizures, split }];
    });
    const { auroc, auprc, szcore } = evaluatePredictions(recordings, { postprocess: options.postprocess });
    const { sensitivity, precision, f1, falseAlarmsPer24h: fpPerDay } = szcore.event; // its name in configurations and logs
    return { auroc, auprc, sensitivity, precision, f1, fpPerDay, ...sensitivities(recordings, options) };
  };
  const rates = options.falseAlarmRates ?? [];
  for (const rate of rates) requireNumber("falseAlarmRates", rate, { least: 0 });
  const metricNames = [...EVENT_METRICS, ...rates.map((rate) => `sensitivity_at_${rate}fa`)];
  return Object.assign(measure, { metricNames });
}
