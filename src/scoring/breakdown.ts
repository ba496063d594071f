/** Which seizures are found: by type, by length and by patient. */
import type { Event } from "../base/events.js";
import { checkedEvents } from "./event-list.js";
import { nedcRates } from "./nedc/counts.js";
import { overlapping, scoreOverlap } from "./nedc/overlap.js";
import type { PatientPair } from "./patient-counts.js";

/** A pair whose seizures have types where these are known; typed seizures may have other borders than `reference`. */
export interface TypedPair extends PatientPair {
  readonly typed?: readonly Event[];
}

/** Seizures of one group and how many any detection overlaps. */
export interface GroupScore {
  readonly seizures: number;
  readonly detected: number;
  /** NaN without seizures. */
  readonly sensitivity: number;
}

/** One patient, by any overlap. */
export interface PatientScore extends GroupScore {
  readonly patient: string;
  readonly recordings: number;
  readonly hours: number;
  readonly falseAlarms: number;
  readonly falseAlarmsPer24h: number;
}

export interface Breakdown {
  readonly byType: Readonly<Record<string, GroupScore>>;
  readonly byDuration: Readonly<Record<string, GroupScore>>;
  readonly byPatient: readonly PatientScore[];
}

/** Upper ends of the groups of seizure length in seconds; 10 s is the shortest seizure of the clinical definition. */
const LENGTHS = [10, 30, 60, 120, 300] as const;

function lengthGroup(seconds: number): string {
  const above = LENGTHS.findIndex((end) => seconds < end);
  if (above === -1) return `${LENGTHS.at(-1)} s and more`;
  return above === 0 ? `under ${LENGTHS[0]} s` : `${LENGTHS[above - 1]} to ${LENGTHS[above]} s`;
}

const LENGTH_GROUPS = [0, ...LENGTHS].map(lengthGroup);

/** The groups of seizure length, shortest first: `fromSeconds` inclusive, `toSeconds` exclusive. */
export function lengthGroups(): { name: string; fromSeconds: number; toSeconds: number }[] {
  return LENGTH_GROUPS.map((name, i) => ({
    name,
    fromSeconds: LENGTHS[i - 1] ?? 0,
    toSeconds: LENGTHS[i] ?? Number.POSITIVE_INFINITY,
  }));
}

class Tally {
  readonly #groups = new Map<string, { seizures: number; detected: number }>();
  add(group: string, detected: boolean): void {
    const found = this.#groups.get(group) ?? { seizures: 0, detected: 0 };
    found.seizures += 1;
    found.detected += detected ? 1 : 0;
    this.#groups.set(group, found);
  }
  scores(order: readonly string[] = [...this.#groups.keys()].sort()): Record<string, GroupScore> {
    const kept = order.flatMap((group) => {
      const found = this.#groups.get(group);
      return found ? [[group, { ...found, sensitivity: found.detected / found.seizures }] as const] : [];
    });
    return Object.fromEntries(kept);
  }
}

/** Seizures of a recording one by one, each with its type, and whether a detection overlaps it. */
export function detectedSeizures(pair: TypedPair): { seizure: Event; detected: boolean }[] {
  const { id, durationSeconds } = pair;
  const untyped = () =>
    checkedEvents(pair.reference, durationSeconds, `${id} (reference)`).map((event) => ({
      ...event,
      label: "seiz",
      confidence: 1,
    }));
  const seizures = [...(pair.typed ?? untyped())].sort((a, b) => a.startSeconds - b.startSeconds);
  const hypothesis = checkedEvents(pair.hypothesis, durationSeconds, `${id} (hypothesis)`);
  const hits = overlapping(seizures, hypothesis);
  return seizures.map((seizure, i) => ({ seizure, detected: hits[i] === true }));
}

const byName = ([a]: readonly [string, unknown], [b]: readonly [string, unknown]) => (a < b ? -1 : 1);

function patientScore(patient: string, pairs: readonly TypedPair[]): PatientScore {
  const sum = { targets: 0, hits: 0, misses: 0, falseAlarms: 0 };
  let seconds = 0;
  for (const { id, durationSeconds, reference, hypothesis } of pairs) {
    const counts = scoreOverlap(
      checkedEvents(reference, durationSeconds, `${id} (reference)`),
      checkedEvents(hypothesis, durationSeconds, `${id} (hypothesis)`),
    );
    for (const name of Object.keys(sum) as (keyof typeof sum)[]) sum[name] += counts[name];
    seconds += durationSeconds;
  }
  const { sensitivity, falseAlarmsPer24h } = nedcRates(sum, seconds);
  return {
    patient,
    recordings: pairs.length,
    hours: seconds / 3600,
    seizures: sum.targets,
    detected: sum.hits,
    sensitivity,
    falseAlarms: sum.falseAlarms,
    falseAlarmsPer24h,
  };
}

/** Sensitivity by any overlap of each seizure type, length group (of the typed seizures) and patient, patients by name. */
export function scoreBreakdown(pairs: readonly TypedPair[]): Breakdown {
  const types = new Tally();
  const lengths = new Tally();
  const patients = new Map<string, TypedPair[]>();
  for (const pair of pairs) {
    for (const { seizure, detected } of detectedSeizures(pair)) {
      types.add(seizure.label, detected);
      lengths.add(lengthGroup(seizure.endSeconds - seizure.startSeconds), detected);
    }
    patients.set(pair.patient, [...(patients.get(pair.patient) ?? []), pair]);
  }
  return {
    byType: types.scores(),
    byDuration: lengths.scores(LENGTH_GROUPS),
    byPatient: [...patients].sort(byName).map(([name, own]) => patientScore(name, own)),
  };
}
