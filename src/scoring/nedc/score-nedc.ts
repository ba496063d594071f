/**
 * The five scorers of NEDC's eeg_eval v6.0.0, written from their rules and checked against numbers that the tool printed.
 * Rates are those of the seizure label: the tool's totals add background and are not what papers report.
 */
import { checkedEvents } from "../event-list.js";
import type { ScoredPair } from "../score.js";
import { cohensKappa } from "./agreement.js";
import { addNedcCounts, type NedcCounts, type NedcRates, nedcRates } from "./counts.js";
import { scoreAlignment } from "./dpalign.js";
import { addEpochTables, EPOCH_SECONDS, type EpochTable, epochCounts, epochTable } from "./epoch.js";
import { scoreOverlap } from "./overlap.js";
import { scoreTaes } from "./taes.js";

/** Seizure label by scorer; TAES counts are fractions, EPOCH and IRA count epochs of 0.25 s. */
export interface NedcScores {
  readonly ovlp: NedcRates;
  readonly taes: NedcRates;
  readonly epoch: NedcRates;
  readonly dpalign: NedcRates;
  /** The epoch counts with Cohen's kappa. */
  readonly ira: NedcRates & { readonly kappa: number };
}

/** Pooled scores (counts summed over recordings) and those of each recording by id. */
export interface NedcReport extends NedcScores {
  readonly perRecording: Readonly<Record<string, NedcScores>>;
}

interface Tally {
  readonly ovlp: NedcCounts;
  readonly taes: NedcCounts;
  readonly dpalign: NedcCounts;
  readonly epochs: EpochTable;
  readonly seconds: number;
}

/** NEDC scores per recording and pooled. Overlapping events of one side are united; faulty times are FormatErrors. */
export function scoreNedc(pairs: readonly ScoredPair[]): NedcReport {
  const tallies: Tally[] = [];
  const perRecording = new Map<string, NedcScores>();
  for (const pair of pairs) {
    const tally = tallyOf(pair);
    tallies.push(tally);
    perRecording.set(pair.id, ratesOf(tally));
  }
  return { ...ratesOf(pool(tallies)), perRecording: Object.fromEntries(perRecording) };
}

function tallyOf({ id, durationSeconds, reference, hypothesis }: ScoredPair): Tally {
  const ref = checkedEvents(reference, durationSeconds, `${id} (reference)`);
  const hyp = checkedEvents(hypothesis, durationSeconds, `${id} (hypothesis)`);
  return {
    ovlp: scoreOverlap(ref, hyp),
    taes: scoreTaes(ref, hyp),
    dpalign: scoreAlignment(ref, hyp, durationSeconds),
    epochs: epochTable(ref, hyp, durationSeconds),
    seconds: durationSeconds,
  };
}

function pool(tallies: readonly Tally[]): Tally {
  return {
    ovlp: addNedcCounts(tallies.map(({ ovlp }) => ovlp)),
    taes: addNedcCounts(tallies.map(({ taes }) => taes)),
    dpalign: addNedcCounts(tallies.map(({ dpalign }) => dpalign)),
    epochs: addEpochTables(tallies.map(({ epochs }) => epochs)),
    seconds: tallies.reduce((sum, { seconds }) => sum + seconds, 0),
  };
}

function ratesOf({ ovlp, taes, dpalign, epochs, seconds }: Tally): NedcScores {
  const epoch = nedcRates(epochCounts(epochs), seconds, EPOCH_SECONDS);
  return {
    ovlp: nedcRates(ovlp, seconds),
    taes: nedcRates(taes, seconds),
    epoch,
    dpalign: nedcRates(dpalign, seconds),
    ira: { ...epoch, kappa: cohensKappa(epochs) },
  };
}
