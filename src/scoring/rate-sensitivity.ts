/** Sensitivity at given rates of false alarms, with intervals by patient. */
import type { PatientRecording } from "./auroc-wins.js";
import { type BootstrapOptions, bootstrapError, bootstrapSettings, patientDraws } from "./bootstrap.js";
import { type AlarmTable, alarmTable, type OperatingPointOptions, pointsOf, pointWithin } from "./operating-points.js";
import { patientsOf } from "./patient-counts.js";
import { type Estimate, estimate } from "./patient-interval.js";
import { isResolved, type RateResolution, rateResolution } from "./resolution.js";

/** The best a detector does within one rate of false alarms. */
export interface RateSensitivity extends RateResolution {
  /** Allowed false alarms in 24 h. */
  readonly maxFalseAlarmsPer24h: number;
  /** False when the hours are too few for the rate: then there is no threshold, and all that follows is NaN. */
  readonly isResolved: boolean;
  /** Onset threshold; Infinity where only silence stays within the rate. */
  readonly threshold: number;
  /** False alarms in 24 h at the threshold. */
  readonly falseAlarmsPer24h: number;
  /** The threshold is searched again in each draw of patients: the interval is that of the whole procedure. */
  readonly sensitivity: Estimate;
}

/** Alarms and seconds of each patient instead of each recording. */
function byPatient(table: AlarmTable, recordings: readonly PatientRecording[], patients: readonly string[]) {
  const seconds = new Float64Array(patients.length);
  const counts = patients.map(() => table.thresholds.map(() => ({ targets: 0, hits: 0, falseAlarms: 0 })));
  for (const [r, { patient, durationSeconds }] of recordings.entries()) {
    const p = patients.indexOf(patient);
    seconds[p]! += durationSeconds;
    for (const [t, { targets, hits, falseAlarms }] of table.counts[r]!.entries()) {
      const sum = counts[p]![t]!;
      sum.targets += targets;
      sum.hits += hits;
      sum.falseAlarms += falseAlarms;
    }
  }
  return { table: { thresholds: table.thresholds, counts }, seconds };
}

/** One entry per rate of `maxFalseAlarmsPer24h`, in their order. ConfigError for recordings of eval without `forceEval`. */
export function sensitivitiesAtRates(
  recordings: readonly PatientRecording[],
  maxFalseAlarmsPer24h: readonly number[],
  options: OperatingPointOptions & BootstrapOptions,
): RateSensitivity[] {
  const settings = bootstrapSettings(options);
  const names = patientsOf(recordings);
  const { table, seconds } = byPatient(alarmTable(recordings, options), recordings, names);
  const time = seconds.reduce((sum, value) => sum + value, 0);
  const whole = pointsOf(table, seconds);
  const drawn = maxFalseAlarmsPer24h.map((rate) => ({ rate, sensitivities: [] as number[] }));
  for (const draw of patientDraws(names.length, settings, "patient bootstrap")) {
    const points = pointsOf(table, seconds, draw);
    for (const { rate, sensitivities } of drawn) sensitivities.push(pointWithin(points, rate).sensitivity);
  }
  const patients = table.counts.filter(([first]) => first!.targets > 0).length;
  return drawn.map(({ rate, sensitivities }) => {
    if (!isResolved(rate, time)) return unresolved(rate, time, patients);
    const { threshold, sensitivity, falseAlarmsPer24h } = pointWithin(whole, rate);
    const standardError = bootstrapError(sensitivities, patients);
    return {
      ...{ maxFalseAlarmsPer24h: rate, isResolved: true, threshold, falseAlarmsPer24h },
      ...rateResolution(falseAlarmsPer24h, time),
      sensitivity: estimate({ value: sensitivity, standardError, patients }, "share", settings.level),
    };
  });
}

function unresolved(rate: number, seconds: number, patients: number): RateSensitivity {
  const unknown = Number.NaN;
  return {
    ...{ maxFalseAlarmsPer24h: rate, isResolved: false, threshold: unknown, falseAlarmsPer24h: unknown },
    ...rateResolution(unknown, seconds),
    sensitivity: { value: unknown, lower: unknown, upper: unknown, patients },
  };
}
