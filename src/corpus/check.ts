import { countNames } from "@ictal/base/records";
import { totalSeconds } from "../base/events.js";
import { quantileOf } from "../base/quantile.js";
import type { Severity } from "../recording/diagnostics.js";
import type { EdfHeader } from "../recording/edf-header.js";
import type { Finding } from "../recording/finding.js";
import type { Store } from "../store/store.js";
import { type Catalogue, type CatalogueOptions, readCatalogue } from "./catalogue.js";
import { duplicateFinding } from "./catalogue-findings.js";
import { type DuplicateOptions, findDuplicates } from "./duplicates.js";
import { type Inspected, type InspectOptions, inspectRecordings } from "./inspect.js";
import { compareReleases, type KnownCounts, type ReleaseComparison, TUSZ_PREVALENCE } from "./releases.js";
import { readSyntheticName } from "./synthetic-name.js";

/** Counts of one split, or of all; hours and seizures are those of readable recordings. */
export interface SplitSummary {
  readonly recordings: number;
  readonly sessions: number;
  readonly patients: number;
  readonly hours: number;
  readonly seizures: number;
  readonly seizureSeconds: number;
  readonly recordingsWithSeizures: number;
  readonly patientsWithSeizures: number;
  /** Recordings whose labels are unknown. */
  readonly unknown: number;
}

/** Shares of recordings and of time with seizures, among labelled ones; NaN without any. */
export interface Prevalence {
  readonly recordings: number;
  readonly time: number;
}

/** Summary of a corpus. */
export interface CorpusReport {
  readonly url: string;
  readonly layout: string;
  /** Name of the known release that the counts match, or null. */
  readonly release: string | null;
  /** The closest known release and the differences from it. */
  readonly comparison: ReleaseComparison;
  readonly recordings: number;
  readonly patients: number;
  readonly hours: number;
  readonly seizures: number;
  readonly fingerprint: string;
  readonly bySplit: Readonly<Record<string, SplitSummary>>;
  readonly prevalence: Prevalence & { readonly reference: Prevalence };
  /** Seizures and their seconds by type. */
  readonly byType: Readonly<Record<string, { readonly seizures: number; readonly seconds: number }>>;
  readonly durations: {
    readonly shortest: number;
    readonly median: number;
    readonly longest: number;
    readonly underOneMinute: number;
  };
  /** Recordings by sample rate of their electrodes, Hz. */
  readonly rates: Readonly<Record<string, number>>;
  readonly montages: Readonly<Record<string, number>>;
  /** Recordings whose signals are pairs of electrodes, and no electrodes. */
  readonly bipolarRecordings: number;
  /** Of the others, recordings that lack each of the 19 electrodes of the 10-20 system; only those that some lack. */
  readonly missingElectrodes: Readonly<Record<string, number>>;
  /** Sets of electrodes, or of pairs, that occur, the most frequent first. */
  readonly electrodeSets: readonly ElectrodeSet[];
  /** Recordings by diagnostic of their header. */
  readonly diagnostics: Readonly<Record<string, { readonly severity: Severity; readonly recordings: number }>>;
  readonly leftOut: readonly { readonly id: string; readonly reason: string }[];
  readonly findings: readonly Finding[];
}

/** Recordings that have exactly these electrodes. */
export interface ElectrodeSet {
  /** Sorted: the 10-20 system first, then others by name. */
  readonly electrodes: readonly string[];
  readonly recordings: number;
  /** One of them. */
  readonly example: string;
}

export interface CheckCorpusOptions extends CatalogueOptions, InspectOptions {
  /** Results of inspecting the catalogue's recordings, in its order. @default inspectRecordings */
  readonly inspect?: typeof inspectRecordings | undefined;
}

/** The 10-20 electrodes that a 19-channel detector reads. */
const TEN_TWENTY = "FP1 F3 C3 P3 O1 F7 T3 T5 FZ CZ PZ FP2 F4 C4 P4 O2 F8 T4 T6".split(" ");

/**
 * Check a corpus: list it, read every header and annotation file, count, and compare with the known releases. Recordings
 * that cannot be read are in `leftOut`. NotFoundError when there is no corpus; errors of files are findings.
 */
export async function checkCorpus(store: Store, options: CheckCorpusOptions = {}): Promise<CorpusReport> {
  const catalogue = await readCatalogue(store, options);
  const inspected = await (options.inspect ?? inspectRecordings)(store, catalogue, options);
  const summary = summarizeCorpus(catalogue, inspected);
  const report = {
    ...summary,
    findings: [...summary.findings, ...(await duplicateFindings(store, catalogue, options))],
  };
  const synthetic = report.release === null ? await readSyntheticName(store, catalogue) : undefined;
  if (!synthetic) return report;
  return {
    ...report,
    release: synthetic,
    comparison: { release: synthetic, nearest: null, source: null, differences: [] },
  };
}

/** Same bytes under two names, beyond what the ETags of the listing show. */
async function duplicateFindings(store: Store, { recordings, findings }: Catalogue, { signal }: DuplicateOptions) {
  const known = new Set(findings.filter(({ code }) => code === "duplicate-content").map(({ file }) => file));
  const groups = await findDuplicates(store, recordings, signal ? { signal } : {});
  return groups.filter(([first]) => first && !known.has(first.edfKey)).map((group) => duplicateFinding(group));
}

/** The report of a catalogue whose recordings were inspected. */
export function summarizeCorpus(catalogue: Catalogue, inspected: readonly Inspected[]): CorpusReport {
  const splits = summarizeSplits(inspected);
  const all = summarize(inspected);
  const bySplit = { ...splits, all };
  const isWhole = catalogue.recordings.length === catalogue.listed.all?.recordings;
  const counts: Record<string, KnownCounts> = isWhole ? bySplit : { ...catalogue.listed };
  const comparison = compareReleases(catalogue.layout, counts);
  const headers = inspected.flatMap(({ header }) => header ?? []);
  const unreadable = inspected.filter(({ header }) => !header);
  return {
    ...{ url: catalogue.url, layout: catalogue.layout, release: comparison.release, comparison },
    ...{ recordings: all.recordings, patients: all.patients, hours: all.hours, seizures: all.seizures },
    fingerprint: catalogue.fingerprint,
    bySplit: Object.keys(splits).length > 0 ? splits : { all },
    prevalence: { ...prevalenceOf(inspected), reference: TUSZ_PREVALENCE },
    byType: typesOf(inspected),
    durations: durationsOf(headers),
    rates: tally(headers.flatMap(electrodeRate)),
    montages: tally(inspected.map(({ entry }) => entry.montage)),
    bipolarRecordings: headers.filter(isBipolar).length,
    missingElectrodes: tally(headers.filter((header) => !isBipolar(header)).flatMap(missingElectrodes)),
    electrodeSets: electrodeSetsOf(inspected),
    diagnostics: diagnosticsOf(headers),
    leftOut: [
      ...catalogue.excluded,
      ...unreadable.map(({ entry, labels }) => ({ id: entry.id, reason: labels.findings[0]?.message ?? "unreadable" })),
    ],
    findings: [...catalogue.findings, ...inspected.flatMap(({ labels }) => labels.findings)],
  };
}

function summarizeSplits(inspected: readonly Inspected[]): Record<string, SplitSummary> {
  const names = [...new Set(inspected.map(({ entry }) => entry.split))].sort();
  const splits = names.map((name) => [name, summarize(inspected.filter(({ entry }) => entry.split === name))] as const);
  return Object.fromEntries(splits.filter(([name]) => name !== "all"));
}

function distinct<T>(items: readonly T[], key: (item: T) => string): number {
  return new Set(items.map(key)).size;
}

/** A sum without floating-point error: times have four decimals. */
function sum<T>(items: readonly T[], value: (item: T) => number): number {
  return Math.round(1e6 * items.reduce((total, item) => total + value(item), 0)) / 1e6;
}

function summarize(inspected: readonly Inspected[]): SplitSummary {
  const withSeizures = inspected.filter(({ labels }) => labels.seizures.length > 0);
  return {
    recordings: inspected.length,
    sessions: distinct(inspected, ({ entry }) => `${entry.patient}/${entry.session}`),
    patients: distinct(inspected, ({ entry }) => entry.patient),
    hours: sum(inspected, ({ labels }) => labels.durationSeconds) / 3600,
    seizures: sum(inspected, ({ labels }) => labels.seizures.length),
    seizureSeconds: sum(inspected, ({ labels }) => totalSeconds(labels.seizures)),
    recordingsWithSeizures: withSeizures.length,
    patientsWithSeizures: distinct(withSeizures, ({ entry }) => entry.patient),
    unknown: inspected.filter(({ labels }) => labels.status === "unknown").length,
  };
}

function prevalenceOf(inspected: readonly Inspected[]): Prevalence {
  const labelled = inspected.flatMap(({ labels }) => (labels.status === "labelled" ? [labels] : []));
  const withSeizures = labelled.filter(({ seizures }) => seizures.length > 0);
  return {
    recordings: withSeizures.length / labelled.length,
    time:
      sum(withSeizures, ({ seizures }) => totalSeconds(seizures)) /
      sum(labelled, ({ durationSeconds }) => durationSeconds),
  };
}

function typesOf(inspected: readonly Inspected[]): CorpusReport["byType"] {
  const types = new Map<string, { seizures: number; seconds: number }>();
  const seizures = inspected.flatMap(({ labels }) => labels.seizures);
  for (const label of [...new Set(seizures.map((seizure) => seizure.label))].sort()) {
    const ofType = seizures.filter((seizure) => seizure.label === label);
    const seconds = sum(ofType, ({ startSeconds, endSeconds }) => endSeconds - startSeconds);
    types.set(label, { seizures: ofType.length, seconds });
  }
  return Object.fromEntries(types);
}

function durationsOf(headers: readonly EdfHeader[]): CorpusReport["durations"] {
  const seconds = headers.map(({ durationSeconds }) => durationSeconds).sort((a, b) => a - b);
  return {
    shortest: seconds[0] ?? Number.NaN,
    median: quantileOf(seconds, 0.5),
    longest: seconds.at(-1) ?? Number.NaN,
    underOneMinute: seconds.filter((duration) => duration < 60).length,
  };
}

/** The rate that most electrodes of a file have, as text. */
function electrodeRate({ signals }: EdfHeader): string[] {
  const rates = tally(
    signals.flatMap(({ electrode, pair, sampleRateHz }) =>
      (electrode ?? pair) && Number.isFinite(sampleRateHz) ? [String(sampleRateHz)] : [],
    ),
  );
  const most = Object.entries(rates).sort(([, a], [, b]) => b - a)[0];
  return most ? [most[0]] : [];
}

function isBipolar({ signals }: EdfHeader): boolean {
  const pairs = signals.filter(({ pair }) => pair !== undefined).length;
  return pairs > signals.filter(({ electrode }) => electrode !== undefined).length;
}

function missingElectrodes({ signals }: EdfHeader): string[] {
  const present = new Set(signals.map(({ electrode }) => electrode));
  return TEN_TWENTY.filter((name) => !present.has(name));
}

function electrodeSetsOf(inspected: readonly Inspected[]): ElectrodeSet[] {
  const rank = (name: string) => (TEN_TWENTY.includes(name) ? TEN_TWENTY.indexOf(name) : TEN_TWENTY.length);
  const sets = new Map<string, { electrodes: string[]; recordings: number; example: string }>();
  for (const { entry, header } of inspected) {
    if (!header) continue;
    const names = [...new Set(header.signals.flatMap(({ electrode, pair }) => electrode ?? pair ?? []))];
    const electrodes = names.sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1));
    const key = electrodes.join(" ");
    const set = sets.get(key);
    if (set) set.recordings += 1;
    else sets.set(key, { electrodes, recordings: 1, example: entry.id });
  }
  return [...sets.values()].sort((a, b) => b.recordings - a.recordings || (a.example < b.example ? -1 : 1));
}

function tally(names: readonly string[]): Record<string, number> {
  return Object.fromEntries(Object.entries(countNames(names)).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function diagnosticsOf(headers: readonly EdfHeader[]): CorpusReport["diagnostics"] {
  const counts: Record<string, { severity: Severity; recordings: number }> = {};
  for (const { diagnostics } of headers) {
    for (const [code, severity] of new Map(diagnostics.map((found) => [found.code, found.severity]))) {
      counts[code] = { severity, recordings: (counts[code]?.recordings ?? 0) + 1 };
    }
  }
  return Object.fromEntries(Object.entries(counts).sort(([a], [b]) => (a < b ? -1 : 1)));
}
