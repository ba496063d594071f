/** Sensitivity at given rates of false alarms, with intervals by patient. */
import type { PatientRecording } from "./auroc-interval.js";
import { type BootstrapOptions, bootstrapSettings, type Estimate, estimateOf, patientDraws } from "./bootstrap.js";
import { alarmTable, type OperatingPointOptions, pointsOf, pointWithin } from "./operating-points.js";

/** The best a detector does within one rate of false alarms. */
export interface RateSensitivity {
  /** Allowed false alarms in 24 h. */
  readonly perDay: number;
  /** Onset threshold; Infinity where only silence stays within the rate. */
  readonly threshold: number;
  /** Those at the threshold. */
  readonly falseAlarmsPerDay: number;
  /** The threshold is searched again in each draw of patients: the interval is that of the whole procedure. */
  readonly sensitivity: Estimate;
}

/** One entry per rate of `perDay`, in their order. ConfigError for recordings of eval without `forceEval`. */
export function sensitivitiesAtRates(
  recordings: readonly PatientRecording[],
  perDay: readonly number[],
  options: OperatingPointOptions & BootstrapOptions,
): RateSensitivity[] {
  const settings = bootstrapSettings(options);
  const table = alarmTable(recordings, options);
  const seconds = recordings.map(({ durationSeconds }) => durationSeconds);
  const patients = [...new Set(recordings.map(({ patient }) => patient))].sort();
  const position = recordings.map(({ patient }) => patients.indexOf(patient));
  const whole = pointsOf(table, seconds);
  const drawn = perDay.map((): number[] => []);
  for (const draw of patientDraws(patients.length, settings, "patient bootstrap")) {
    const points = pointsOf(
      table,
      seconds,
      position.map((p) => draw[p]!),
    );
    for (const [i, rate] of perDay.entries()) drawn[i]!.push(pointWithin(points, rate).sensitivity);
  }
  return perDay.map((rate, i) => {
    const { threshold, sensitivity, falseAlarmsPerDay } = pointWithin(whole, rate);
    return {
      ...{ perDay: rate, threshold, falseAlarmsPerDay },
      sensitivity: estimateOf(sensitivity, drawn[i]!, settings.level),
    };
  });
}
