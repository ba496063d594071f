import type { Measure } from "../scoring/patient-counts.js";

/** What readers call the measures of `scoreIntervals`. */
export const MEASURE_NAMES: Readonly<Record<Measure, string>> = {
  eventSensitivity: "sensitivity, SzCORE events",
  eventPrecision: "precision, SzCORE events",
  eventF1: "F1, SzCORE events",
  eventFalseAlarmsPer24h: "false alarms per 24 h, SzCORE events",
  sampleSensitivity: "sensitivity, seconds",
  samplePrecision: "precision, seconds",
  sampleF1: "F1, seconds",
  ovlpSensitivity: "sensitivity, any overlap (OVLP)",
  ovlpFalseAlarmsPer24h: "false alarms per 24 h, any overlap (OVLP)",
  taesSensitivity: "sensitivity, TAES",
  taesFalseAlarmsPer24h: "false alarms per 24 h, TAES",
};

/** Decimals of a measure: rates per 24 h have one, shares three. */
export const decimalsOf = (name: string): number => (name.endsWith("Per24h") ? 1 : 3);
