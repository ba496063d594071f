import { addCounts, type SzcoreCounts, type SzcoreRates, szcoreRates } from "./szcore.js";

/** Mean and standard deviation (of the subjects at hand, divisor n) of a rate over those subjects that have it. */
export interface Spread {
  /** NaN when no subject has the rate. */
  readonly mean: number;
  readonly sd: number;
  /** Subjects whose rate has a denominator. */
  readonly subjects: number;
}

const RATES = ["sensitivity", "precision", "f1", "f1Before2026", "falseAlarmsPer24h"] as const;

export type SubjectSpread = Readonly<Record<(typeof RATES)[number], Spread>>;

/** SzCORE's figures per subject: counts are summed over a subject's recordings, rates follow, then come mean and sd. */
export interface SubjectScores {
  readonly event: SubjectSpread;
  readonly sample: SubjectSpread;
  readonly perSubject: Readonly<Record<string, { readonly event: SzcoreRates; readonly sample: SzcoreRates }>>;
}

/** Counts of one recording with its subject. */
export interface SubjectCounts {
  readonly patient: string;
  readonly event: SzcoreCounts;
  readonly sample: SzcoreCounts;
}

function spreadOf(values: readonly number[]): Spread {
  const known = values.filter((value) => !Number.isNaN(value));
  const mean = known.reduce((sum, value) => sum + value, 0) / known.length;
  const variance = known.reduce((sum, value) => sum + (value - mean) ** 2, 0) / known.length;
  return { mean, sd: Math.sqrt(variance), subjects: known.length };
}

function spreads(rates: readonly SzcoreRates[]): SubjectSpread {
  const entries = RATES.map((name) => [name, spreadOf(rates.map((each) => each[name]))] as const);
  return Object.fromEntries(entries) as Record<(typeof RATES)[number], Spread>;
}

/** Rates of each subject, by name, and their mean and sd. */
export function summarizeSubjects(counts: readonly SubjectCounts[]): SubjectScores {
  const subjects = new Map<string, SubjectCounts[]>();
  for (const each of counts) {
    const own = subjects.get(each.patient);
    if (own) own.push(each);
    else subjects.set(each.patient, [each]);
  }
  const sorted = [...subjects].sort(([a], [b]) => (a < b ? -1 : 1));
  const perSubject = Object.fromEntries(
    sorted.map(([name, own]) => {
      const rates = (kind: "event" | "sample") => szcoreRates(addCounts(own.map((each) => each[kind])));
      return [name, { event: rates("event"), sample: rates("sample") }] as const;
    }),
  );
  const all = Object.values(perSubject);
  return {
    event: spreads(all.map(({ event }) => event)),
    sample: spreads(all.map(({ sample }) => sample)),
    perSubject,
  };
}
