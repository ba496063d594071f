/** Sensitivity at given rates of false alarms, with intervals by patient. */
import type { PatientRecording } from "./auroc-interval.js";
import { type BootstrapOptions, bootstrapSettings, type Estimate, estimateOf, patientDraws } from "./bootstrap.js";
import { alarmTable, type OperatingPointOptions, pointsOf, pointWithin } from "./operating-points.js";

/** The best a detector does within one rate of false alarms. */
export interface RateSensitivity {
  /** Allowed false alarms in 24 h. */
  readonly maxFalseAlarmsPer24h: number;
  /** Onset threshold; Infinity where only silence stays within the rate. */
  readonly threshold: number;
  /** False alarms in 24 h at the threshold. */
  readonly falseAlarmsPer24h: number;
  /** The threshold is searched again in each draw of patients: the interval is that of the whole procedure. */
  readonly sensitivity: Estimate;
}

/** One entry per rate of `maxFalseAlarmsPer24h`, in their order. ConfigError for recordings of eval without `forceEval`. */
export function sensitivitiesAtRates(
  recordings: readonly PatientRecording[],
  maxFalseAlarmsPer24h: readonly number[],
  options: OperatingPointOptions & BootstrapOptions,
): RateSensitivity[] {
  const settings = bootstrapSettings(options);
  const table = alarmTable(recordings, options);
  const seconds = recordings.map(({ durationSeconds }) => durationSeconds);
  const patients = [...new Set(recordings.map(({ patient }) => patient))].sort();
  const position = recordings.map(({ patient }) => patients.indexOf(patient));
  const whole = pointsOf(table, seconds);
  const drawn = maxFalseAlarmsPer24h.map((rate) => ({ rate, sensitivities: [] as number[] }));
  for (const draw of patientDraws(patients.length, settings, "patient bootstrap")) {
    const points = pointsOf(
      table,
      seconds,
      position.map((p) => draw[p] ?? 0),
    );
    for (const { rate, sensitivities } of drawn) sensitivities.push(pointWithin(points, rate).sensitivity);
  }
  return drawn.map(({ rate, sensitivities }) => {
    const { threshold, sensitivity, falseAlarmsPer24h } = pointWithin(whole, rate);
    return {
      ...{ maxFalseAlarmsPer24h: rate, threshold, falseAlarmsPer24h },
      sensitivity: estimateOf(sensitivity, sensitivities, settings.level),
    };
  });
}
