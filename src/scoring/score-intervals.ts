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
  ...(["eventSensitivity", "eventPrecision", "eventF1", "eventFalseAlarmsPer24h"] as const),
  ...(["sampleSensitivity", "samplePrecision", "sampleF1"] as const),
  ...(["ovlpSensitivity", "ovlpFalseAlarmsPer24h", "taesSensitivity", "taesFalseAlarmsPer24h"] as const),
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

function patientsOf(pairs: readonly PatientPair[]): string[] {
  return [...new Set(pairs.map(({ patient }) => patient))].sort();
}

/** Measures as a function of how often each patient counts. */
function weighted(pairs: readonly PatientPair[], patients: readonly string[], options: SzcoreOptions) {
  const rows = new Map(patients.map((name) => [name, new Float64Array(WIDTH)] as const));
  const table = [...rows.values()];
  for (const pair of pairs) {
    const row = rows.get(pair.patient);
    if (!row) throw new RangeError(`invalid patients: ${pair.patient} of ${pair.id} is missing`);
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
  options: BootstrapOptions & { readonly szcore?: SzcoreOptions | undefined },
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
  options: BootstrapOptions & { readonly szcore?: SzcoreOptions | undefined },
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
  const found = MEASURES.map((name) => ({ name, replicates: [] as number[] }));
  for (const weight of patientDraws(patients.length, settings, "patient bootstrap")) {
    const [drawnA, drawnB] = [a(weight), b(weight)];
    for (const { name, replicates } of found) replicates.push(drawnA[name] - drawnB[name]);
  }
  const entries = found.map(({ name, replicates }) => {
    const estimate = estimateOf(wholeA[name] - wholeB[name], replicates, settings.level);
    return [name, { ...estimate, first: wholeA[name], second: wholeB[name], p: twoSided(replicates) }] as const;
  });
  const differences = Object.fromEntries(entries) as Record<Measure, Difference>;
  return { patients: patients.length, replicates: settings.replicates, level: settings.level, differences };
}
