/**
 * Several experts on the same recordings: how far they agree with each other, and whether a detector agrees with them as they
 * do (Stevenson et al., "A dataset of neonatal EEG recordings with seizure annotations", Scientific Data 6:190039, 2019).
 */

import { requireNumber } from "@ictal/base/options";
import { type Interval, mergeIntervals } from "../base/events.js";
import { checkedEvents } from "./event-list.js";
import { cohensKappa } from "./nedc/agreement.js";
import { patientsOf } from "./patient-counts.js";
import {
  clipDifference,
  type Estimate,
  type IntervalOptions,
  intervalLevel,
  jackknifeMeasures,
} from "./patient-interval.js";
import { cellLabels } from "./score.js";

/** Seizures of one recording as each expert marked them, and as a detector found them. */
export interface ExpertRecording {
  readonly id: string;
  readonly patient: string;
  readonly durationSeconds: number;
  /** One list per expert, all recordings in the same order of experts. */
  readonly experts: readonly (readonly Interval[])[];
  /** Of the detector, where there is one. */
  readonly hypothesis?: readonly Interval[];
}

/** Cohen's kappa of two annotations, second by second, with its interval by patient. */
export interface Agreement extends Estimate {
  readonly first: string;
  readonly second: string;
}

/** A detector in the place of one expert. */
export interface ExpertComparison {
  readonly expert: string;
  /** Mean kappa of the detector with the other experts. */
  readonly detector: number;
  /** Mean kappa of the expert with the other experts. */
  readonly human: number;
  /** Detector minus expert. */
  readonly difference: Estimate;
  /** True when the lower bound of the difference is above minus the margin; null without an interval. */
  readonly isNonInferior: boolean | null;
}

export interface ExpertReport {
  readonly patients: number;
  readonly hours: number;
  readonly level: number;
  /** Every two experts. */
  readonly betweenExperts: readonly Agreement[];
  /** The detector with each expert and last with the consensus; empty without a detector. */
  readonly withDetector: readonly Agreement[];
  readonly margin: number;
  /** Each expert left out in turn; empty without a detector. */
  readonly nonInferiority: readonly ExpertComparison[];
}

export interface ExpertOptions extends IntervalOptions {
  /** How much less kappa than the expert's still counts as no worse. @default 0.1 */
  readonly margin?: number | undefined;
}

/** Times that more than half of the lists mark, of two lists those that both mark; sorted and disjoint. */
export function consensusEvents(experts: readonly (readonly Interval[])[]): Interval[] {
  const needed = Math.floor(experts.length / 2) + 1;
  const edges = experts.flatMap((events) =>
    mergeIntervals(events).flatMap(({ startSeconds, endSeconds }) => [
      { at: startSeconds, step: 1 },
      { at: endSeconds, step: -1 },
    ]),
  );
  edges.sort((a, b) => a.at - b.at || b.step - a.step); // a start before an end: touching events stay one
  const out: Interval[] = [];
  let depth = 0;
  let startSeconds = 0;
  for (const { at, step } of edges) {
    if (step === 1 && depth === needed - 1) startSeconds = at;
    if (step === -1 && depth === needed && at > startSeconds) out.push({ startSeconds, endSeconds: at });
    depth += step;
  }
  return out;
}

/** Seconds of patients by how two raters mark them, `[patient][both, second only, first only, neither]`. */
type Tables = readonly Float64Array[];

function kappaOf(tables: Tables, weight: ArrayLike<number>): number {
  const sum = new Float64Array(4);
  for (const [p, table] of tables.entries()) for (let i = 0; i < 4; i++) sum[i]! += weight[p]! * table[i]!;
  const [both = 0, hypothesisOnly = 0, referenceOnly = 0, neither = 0] = sum;
  return cohensKappa({ both, referenceOnly, hypothesisOnly, neither });
}

interface Raters {
  readonly patients: readonly string[];
  readonly tables: (first: number, second: number) => Tables;
}

/** Tables of every two raters: the experts, the detector and the consensus after them where there is a detector. */
function ratersOf(recordings: readonly ExpertRecording[]): Raters {
  const patients = patientsOf(recordings);
  const masks = recordings.map(({ id, durationSeconds, experts, hypothesis }) => {
    const lists = [...experts, ...(hypothesis ? [hypothesis, consensusEvents(experts)] : [])];
    return lists.map((events) =>
      cellLabels(checkedEvents(events, durationSeconds, id), Math.floor(durationSeconds), 1),
    );
  });
  const made = new Map<string, Tables>();
  const tables = (first: number, second: number): Tables => {
    const known = made.get(`${first} ${second}`);
    if (known) return known;
    const found = patients.map(() => new Float64Array(4));
    for (const [r, { patient }] of recordings.entries()) {
      const table = found[patients.indexOf(patient)]!;
      const [a, b] = [masks[r]![first]!, masks[r]![second]!];
      for (let i = 0; i < a.length; i++) table[3 - 2 * b[i]! - a[i]!]! += 1; // 0 both, 1 second only, 2 first only
    }
    made.set(`${first} ${second}`, found);
    return found;
  };
  return { patients, tables };
}

function estimated(patients: number, measure: (weight: ArrayLike<number>) => number, level: number): Estimate {
  const kinds = { kappa: { scale: "difference" } } as const;
  const all = jackknifeMeasures(
    patients,
    (weight) => ({ kappa: measure(weight) }),
    () => true,
    kinds,
    level,
  );
  return clipDifference(all.kappa);
}

/**
 * Kappa between experts named `names`, of the detector with each and with their consensus, and the detector in the place of
 * each expert: its mean kappa with the others less that of the expert, with an interval by patient. RangeError for fewer than two experts,
 * or recordings with another number of them.
 */
export function compareExperts(
  recordings: readonly ExpertRecording[],
  names: readonly string[],
  options: ExpertOptions = {},
): ExpertReport {
  const level = intervalLevel(options);
  const { margin = 0.1 } = options;
  requireNumber("margin", margin, { least: 0, below: 2 });
  const count = names.length;
  const odd = recordings.find(({ experts }) => experts.length !== count);
  if (count < 2 || odd)
    throw new RangeError(`invalid experts: ${odd ? odd.experts.length : count}; expected ${Math.max(2, count)}`);
  const { patients, tables } = ratersOf(recordings);
  const agreement = (a: number, b: number, first: string, second: string): Agreement => ({
    ...{ first, second },
    ...estimated(patients.length, (weight) => kappaOf(tables(a, b), weight), level),
  });
  const isDetected = recordings.length > 0 && recordings.every(({ hypothesis }) => hypothesis !== undefined);
  const detector = count;
  const comparison = (expert: string, e: number): ExpertComparison => {
    const others = names.flatMap((_, o) => (o === e ? [] : [o]));
    const mean = (rater: number, weight: ArrayLike<number>) =>
      others.reduce((sum, o) => sum + kappaOf(tables(rater, o), weight) / others.length, 0);
    const difference = estimated(patients.length, (weight) => mean(detector, weight) - mean(e, weight), level);
    const once = new Uint8Array(patients.length).fill(1);
    const isNonInferior = Number.isNaN(difference.lower) ? null : difference.lower > -margin;
    return { expert, detector: mean(detector, once), human: mean(e, once), difference, isNonInferior };
  };
  return {
    ...{ patients: patients.length, level, margin },
    hours: recordings.reduce((sum, { durationSeconds }) => sum + durationSeconds, 0) / 3600,
    betweenExperts: names.flatMap((first, a) =>
      names.slice(a + 1).map((second, i) => agreement(a, a + 1 + i, first, second)),
    ),
    withDetector: isDetected
      ? [...names, "consensus"].map((name, o) => agreement(detector, o < count ? o : count + 1, "detector", name))
      : [],
    nonInferiority: isDetected ? names.map(comparison) : [],
  };
}
