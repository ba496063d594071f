/** Counts of events and samples summed over the recordings of each patient, and the measures that follow from them. */
import { checkedEvents } from "./event-list.js";
import { nedcRates } from "./nedc/counts.js";
import { scoreOverlap } from "./nedc/overlap.js";
import { scoreTaes } from "./nedc/taes.js";
import type { MeasureKind } from "./patient-interval.js";
import type { ScoredPair } from "./score.js";
import { type SzcoreOptions, scoreEvents, scoreSamples, szcoreRates } from "./szcore.js";

/** A pair that knows whose recording it is. */
export interface PatientPair extends ScoredPair {
  readonly patient: string;
}

/** Measures that have intervals: SzCORE's events and samples, NEDC's OVLP and TAES. Shares in 0..1, rates per 24 h. */
export const MEASURES = [
  ...(["eventSensitivity", "eventPrecision", "eventF1", "eventFalseAlarmsPer24h"] as const),
  ...(["sampleSensitivity", "samplePrecision", "sampleF1"] as const),
  ...(["ovlpSensitivity", "ovlpFalseAlarmsPer24h", "taesSensitivity", "taesFalseAlarmsPer24h"] as const),
] as const;
export type Measure = (typeof MEASURES)[number];

const DAY_SECONDS = 86_400;

/** Rates per 24 h are the measures whose names say so; one event more or less changes them by 24 h over the hours. */
export function measureKinds(seconds: number): Record<Measure, MeasureKind> {
  const kind = (name: Measure): MeasureKind =>
    name.endsWith("Per24h") ? { scale: "rate", perEvent: DAY_SECONDS / seconds } : { scale: "share" };
  return Object.fromEntries(MEASURES.map((name) => [name, kind(name)])) as Record<Measure, MeasureKind>;
}

// per recording: seconds; event seconds refTrue tp fp; sample seconds refTrue tp fp; ovlp targets hits fa; taes targets hits fa
const WIDTH = 15;

function countsOf(pair: PatientPair, options: SzcoreOptions): number[] {
  const { id, durationSeconds } = pair;
  const ref = checkedEvents(pair.reference, durationSeconds, `${id} (reference)`);
  const hyp = checkedEvents(pair.hypothesis, durationSeconds, `${id} (hypothesis)`);
  const event = scoreEvents(ref, hyp, durationSeconds, options);
  const sample = scoreSamples(ref, hyp, durationSeconds);
  const ovlp = scoreOverlap(ref, hyp);
  const taes = scoreTaes(ref, hyp);
  return [
    durationSeconds,
    ...[event, sample].flatMap(({ seconds, refTrue, tp, fp }) => [seconds, refTrue, tp, fp]),
    ...[ovlp, taes].flatMap(({ targets, hits, falseAlarms }) => [targets, hits, falseAlarms]),
  ];
}

/** Measures of summed counts. */
export function measuresOf(c: ArrayLike<number>): Record<Measure, number> {
  const count = (i: number) => c[i] ?? Number.NaN;
  const szcore = (at: number) =>
    szcoreRates({ seconds: count(at), refTrue: count(at + 1), tp: count(at + 2), fp: count(at + 3) });
  const nedc = (at: number) => {
    const [targets, hits, falseAlarms] = [count(at), count(at + 1), count(at + 2)];
    return nedcRates({ targets, hits, misses: targets - hits, falseAlarms }, count(0));
  };
  const [event, sample, ovlp, taes] = [szcore(1), szcore(5), nedc(9), nedc(12)];
  return {
    eventSensitivity: event.sensitivity,
    eventPrecision: event.precision,
    eventF1: event.f1,
    eventFalseAlarmsPer24h: event.falseAlarmsPer24h,
    sampleSensitivity: sample.sensitivity,
    samplePrecision: sample.precision,
    sampleF1: sample.f1,
    ovlpSensitivity: ovlp.sensitivity,
    ovlpFalseAlarmsPer24h: ovlp.falseAlarmsPer24h,
    taesSensitivity: taes.sensitivity,
    taesFalseAlarmsPer24h: taes.falseAlarmsPer24h,
  };
}

/** Names of the patients, sorted, so that the order of the recordings does not matter. */
export function patientsOf(recordings: readonly { readonly patient: string }[]): string[] {
  return [...new Set(recordings.map(({ patient }) => patient))].sort();
}

/** Summed counts of each of `patients`. RangeError for a pair of another patient. */
export function countsByPatient(
  pairs: readonly PatientPair[],
  patients: readonly string[],
  options: SzcoreOptions,
): readonly Float64Array[] {
  const rows = new Map(patients.map((name) => [name, new Float64Array(WIDTH)] as const));
  for (const pair of pairs) {
    const row = rows.get(pair.patient);
    if (!row) throw new RangeError(`invalid patients: ${pair.patient} of ${pair.id} is missing`);
    for (const [i, value] of countsOf(pair, options).entries()) row[i]! += value;
  }
  return [...rows.values()];
}

/** Sum of the rows that `rowOf` gives for each patient, `weight` times. */
export function sumRows(
  patients: number,
  rowOf: (patient: number) => Float64Array,
  weight?: ArrayLike<number>,
): Float64Array {
  const sum = new Float64Array(WIDTH);
  for (let p = 0; p < patients; p++) {
    const row = rowOf(p);
    const factor = weight?.[p] ?? 1;
    if (factor !== 0) for (let i = 0; i < WIDTH; i++) sum[i]! += factor * row[i]!;
  }
  return sum;
}
