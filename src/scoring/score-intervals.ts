/** Pooled scores of events and samples with intervals by patient, and the comparison of two detectors. */
import {
  type BootstrapOptions,
  bootstrapMeasures,
  bootstrapSettings,
  type Estimate,
  estimateOf,
  patientDraws,
  twoSided,
} from "./bootstrap.js";
import { checkedEvents } from "./event-list.js";
import { nedcRates } from "./nedc/counts.js";
import { scoreOverlap } from "./nedc/overlap.js";
import { scoreTaes } from "./nedc/taes.js";
import type { ScoredPair } from "./score.js";
import { type SzcoreOptions, scoreEvents, scoreSamples, szcoreRates } from "./szcore.js";

/** A pair that knows whose recording it is. */
export interface PatientPair extends ScoredPair {
  readonly patient: string;
}

/** Measures that have intervals: SzCORE's events and samples, NEDC's OVLP and TAES. Shares in 0..1, rates per 24 h. */
export const MEASURES = [
  ...(["eventSensitivity", "eventPrecision", "eventF1", "eventFalseAlarmsPerDay"] as const),
  ...(["sampleSensitivity", "samplePrecision", "sampleF1"] as const),
  ...(["ovlpSensitivity", "ovlpFalseAlarmsPerDay", "taesSensitivity", "taesFalseAlarmsPerDay"] as const),
] as const;
export type Measure = (typeof MEASURES)[number];

export interface ScoreIntervals {
  readonly patients: number;
  readonly replicates: number;
  readonly level: number;
  readonly measures: Readonly<Record<Measure, Estimate>>;
}

/** Difference of one measure, first detector minus second. */
export interface Difference extends Estimate {
  readonly first: number;
  readonly second: number;
  /** Two-sided share of replicates on the other side of 0, at least 1/(usable + 1); NaN when none is usable. */
  readonly p: number;
}

export interface Comparison {
  readonly patients: number;
  readonly replicates: number;
  readonly level: number;
  readonly differences: Readonly<Record<Measure, Difference>>;
}

// per recording: seconds; event refTrue tp fp; sample seconds refTrue tp fp; ovlp targets hits fa; taes targets hits fa
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

function measuresOf(c: ArrayLike<number>): Record<Measure, number> {
  const szcore = (at: number) => szcoreRates({ seconds: c[at]!, refTrue: c[at + 1]!, tp: c[at + 2]!, fp: c[at + 3]! });
  const nedc = (at: number) =>
    nedcRates({ targets: c[at]!, hits: c[at + 1]!, misses: c[at]! - c[at + 1]!, falseAlarms: c[at + 2]! }, c[0]!);
  const [event, sample, ovlp, taes] = [szcore(1), szcore(5), nedc(9), nedc(12)];
  return {
    eventSensitivity: event.sensitivity,
    eventPrecision: event.precision,
    eventF1: event.f1,
    eventFalseAlarmsPerDay: event.fpPerDay,
    sampleSensitivity: sample.sensitivity,
    samplePrecision: sample.precision,
    sampleF1: sample.f1,
    ovlpSensitivity: ovlp.sensitivity,
    ovlpFalseAlarmsPerDay: ovlp.falseAlarmsPer24h,
    taesSensitivity: taes.sensitivity,
    taesFalseAlarmsPerDay: taes.falseAlarmsPer24h,
  };
}

function patientsOf(pairs: readonly PatientPair[]): string[] {
  return [...new Set(pairs.map(({ patient }) => patient))].sort();
}

/** Measures as a function of how often each patient counts. */
function weighted(pairs: readonly PatientPair[], patients: readonly string[], options: SzcoreOptions) {
  const position = new Map(patients.map((name, i) => [name, i] as const));
  const table = patients.map(() => new Float64Array(WIDTH));
  for (const pair of pairs) {
    const row = table[position.get(pair.patient)!]!;
    for (const [i, value] of countsOf(pair, options).entries()) row[i]! += value;
  }
  const sum = new Float64Array(WIDTH);
  return (weight: ArrayLike<number>) => {
    sum.fill(0);
    for (const [p, row] of table.entries()) for (let i = 0; i < WIDTH; i++) sum[i]! += weight[p]! * row[i]!;
    return measuresOf(sum);
  };
}

/** Pooled scores with bootstrap intervals by patient; the order of the recordings does not matter. */
export function scoreIntervals(
  pairs: readonly PatientPair[],
  options: BootstrapOptions & { readonly szcore?: SzcoreOptions },
): ScoreIntervals {
  const { replicates, level } = bootstrapSettings(options);
  const patients = patientsOf(pairs);
  const measures = bootstrapMeasures(patients.length, weighted(pairs, patients, options.szcore ?? {}), options);
  return { patients: patients.length, replicates, level, measures };
}

function requireSameReference(first: readonly PatientPair[], second: readonly PatientPair[]): void {
  const others = new Map(second.map((pair) => [pair.id, pair]));
  const text = ({ durationSeconds, patient, reference }: PatientPair) =>
    JSON.stringify([
      durationSeconds,
      patient,
      reference.map(({ startSeconds, endSeconds }) => [startSeconds, endSeconds]),
    ]);
  const odd = first.find((pair) => {
    const other = others.get(pair.id);
    return !other || text(other) !== text(pair);
  });
  if (odd || first.length !== second.length) {
    const where = odd ? `${odd.id} differs or is missing` : `${first.length} and ${second.length} recordings`;
    throw new RangeError(`invalid pairs: two detectors are compared on the same recordings and reference; ${where}`);
  }
}

/**
 * Paired bootstrap of two detectors on the same recordings: both see the same draw of patients, so that what makes a
 * patient hard cancels out. RangeError when recordings, patients, durations or references differ.
 */
export function compareDetectors(
  first: readonly PatientPair[],
  second: readonly PatientPair[],
  options: BootstrapOptions & { readonly szcore?: SzcoreOptions },
): Comparison {
  requireSameReference(first, second);
  const settings = bootstrapSettings(options);
  const patients = patientsOf(first);
  const [a, b] = [first, second].map((pairs) => weighted(pairs, patients, options.szcore ?? {})) as [
    ReturnType<typeof weighted>,
    ReturnType<typeof weighted>,
  ];
  const once = new Uint32Array(patients.length).fill(1);
  const [wholeA, wholeB] = [a(once), b(once)];
  const found = MEASURES.map((): number[] => []);
  for (const weight of patientDraws(patients.length, settings, "patient bootstrap")) {
    const [drawnA, drawnB] = [a(weight), b(weight)];
    for (const [i, name] of MEASURES.entries()) found[i]!.push(drawnA[name] - drawnB[name]);
  }
  const entries = MEASURES.map((name, i) => {
    const estimate = estimateOf(wholeA[name] - wholeB[name], found[i]!, settings.level);
    return [name, { ...estimate, first: wholeA[name], second: wholeB[name], p: twoSided(found[i]!) }] as const;
  });
  const differences = Object.fromEntries(entries) as Record<Measure, Difference>;
  return { patients: patients.length, replicates: settings.replicates, level: settings.level, differences };
}
