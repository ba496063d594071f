import type { Finding } from "../recording/finding.js";
import type { Breakdown, GroupScore } from "../scoring/breakdown.js";
import type { NedcRates } from "../scoring/nedc/counts.js";
import type { NedcReport } from "../scoring/nedc/score-nedc.js";
import { latencyText, type OnsetLatency } from "../scoring/onset-latency.js";
import type { Measure } from "../scoring/patient-counts.js";
import { type Estimate, LEAST_PATIENTS } from "../scoring/patient-interval.js";
import type { AlarmResolutions } from "../scoring/resolution.js";
import type { SzcoreReport } from "../scoring/score.js";
import type { Comparison, ScoreIntervals } from "../scoring/score-intervals.js";
import type { SzcoreRates } from "../scoring/szcore.js";
import type { SzcoreEvaluationReport } from "../scoring/szcore-evaluation.js";
import type { Spread, SubjectScores, SubjectSpread } from "../scoring/szcore-subjects.js";
import { type ExpertScores, expertLines } from "./experts-text.js";
import { MEASURE_NAMES } from "./measure-names.js";
import type { RefusedRecording } from "./score-tree.js";
import { szcoreCountsNote } from "./szcore-counts-note.js";

/** The document of `score --json`; a scorer that was not asked for is absent. */
export interface ScoreReport {
  readonly recordings: number;
  /** What was chosen on the scored data, where that is known; null where nothing is known to be. */
  readonly optimism?: string | null;
  /** Recordings without a hypothesis; they count as without detections. */
  readonly missing: readonly string[];
  /** Recordings that are not scored, since reference or hypothesis is in doubt. */
  readonly refused: readonly RefusedRecording[];
  /** Files that were ignored, and rows that were clipped or count for some scorers only. */
  readonly notes: readonly Finding[];
  readonly szcore?: SzcoreReport;
  /** By szcore-evaluation's path, as the SzCORE leaderboard has it. */
  readonly szcore1Hz?: SzcoreEvaluationReport;
  readonly nedc?: NedcReport;
  /** What the hours resolve of the pooled rates of false alarms, of the scorers that were asked for. */
  readonly resolution?: AlarmResolutions;
  /** With several --ref: kappa between the experts and with the detector. */
  readonly experts?: ExpertScores;
  /** With --intervals. */
  readonly intervals?: ScoreIntervals;
  /** With --breakdown. */
  readonly breakdown?: Breakdown;
  readonly latency?: OnsetLatency;
  /** With --compare; `missing` as above, of the second detector. */
  readonly comparison?: Comparison & { readonly missing: readonly string[] };
}

/** The pooled scores as tables for people; rates without a denominator read n/a. */
export function scoreText(report: ScoreReport): string {
  const { recordings, missing, szcore, szcore1Hz, nedc, intervals, comparison } = report;
  const { optimism } = report;
  const lines = [`pooled over ${recordings} ${recordings === 1 ? "recording" : "recordings"}`];
  if (optimism) lines.push(optimism);
  if (isSilent(report))
    lines.push("no detection in any of them: for a detector of Ictal choose a threshold with ictal threshold");
  if (szcore) {
    const { event, sample } = szcore;
    const head = row("SzCORE", "reference", "tp", "fp", "sensitivity", "precision", "f1", "fp/day");
    lines.push("", head, szcoreRow("event", event), szcoreRow("sample", sample, " s"));
    lines.push("sample: seconds, its fp/day too");
    if (szcore.subjects) lines.push("", "SzCORE", ...subjectLines(szcore.subjects));
  }
  if (szcore1Hz)
    lines.push("", "SzCORE, events cut to whole seconds (szcore-evaluation)", ...evaluationLines(szcore1Hz));
  if (nedc) {
    const { ovlp, taes, epoch, dpalign, ira } = nedc;
    lines.push("", row("NEDC", "targets", "hits", "misses", "false alarms", "sensitivity", "FA/24h"));
    lines.push(nedcRow("ovlp", ovlp, 0), nedcRow("taes", taes, 2), nedcRow("epoch", epoch, 0));
    lines.push(nedcRow("dpalign", dpalign, 0), `ira     Cohen's kappa ${number(ira.kappa, 4)}`);
    lines.push("seizure label only; epoch counts quarters of a second, not events");
    const counts = szcoreCountsNote(report);
    if (counts !== undefined) lines.push(counts);
  }
  if (report.resolution) lines.push(...resolutionLines(report.resolution));
  if (report.experts) lines.push(...expertLines(report.experts));
  if (intervals) lines.push(...intervalLines(intervals));
  if (report.breakdown) lines.push(...breakdownLines(report.breakdown));
  if (report.latency) lines.push(...latencyLines(report.latency));
  if (comparison) lines.push(...comparisonLines(comparison));
  const refused = new Set(report.refused.map(({ id }) => id));
  if (refused.size > 0) lines.push("", `not scored because of errors in the labels: ${severalNames([...refused])}`);
  lines.push(...missingLines(missing, "hypothesis"), ...missingLines(comparison?.missing ?? [], "second hypothesis"));
  return lines.join("\n");
}

/** True where the hypotheses hold no event at all. */
function isSilent({ szcore, nedc, recordings }: ScoreReport): boolean {
  const event = szcore && szcore.event.tp + szcore.event.fp === 0;
  const ovlp = nedc && nedc.ovlp.hits + nedc.ovlp.falseAlarms === 0;
  return recordings > 0 && (event ?? ovlp ?? false);
}

function subjectLines({ event, sample }: SubjectScores): string[] {
  const spread = (name: string, { sensitivity, precision, f1, falseAlarmsPer24h }: SubjectSpread, unit = "") => {
    const cell = ({ mean, sd, subjects }: Spread, decimals: number, suffix = "") =>
      `${number(mean, decimals)}${suffix} (${number(sd, decimals)}) n=${subjects}`.padStart(22);
    const shares = [sensitivity, precision, f1].map((each) => cell(each, 3));
    return row(name, ...shares, cell(falseAlarmsPer24h, 1, unit));
  };
  const heads = ["sensitivity", "precision", "f1", "fp/day"].map((name) => name.padStart(22));
  const note = "mean (sd) of the n subjects that have the measure";
  return [`${row("", ...heads)}   ${note}`, spread("event", event), spread("sample", sample, " s")];
}

function evaluationLines(report: SzcoreEvaluationReport): string[] {
  const { mismatched } = report;
  const note = `${mismatched.length} hypotheses of other length (counted as no detections): ${severalNames(mismatched)}`;
  return [...subjectLines(report), ...(mismatched.length > 0 ? [note] : [])];
}

/** At most ten of the names. */
export function severalNames(names: readonly string[]): string {
  return `${names.slice(0, 10).join(", ")}${names.length > 10 ? ", ..." : ""}`;
}

/** Which recordings have none, after an empty line; nothing where all have. */
export function missingLines(missing: readonly string[], what: string): string[] {
  if (missing.length === 0) return [];
  return ["", `no ${what} for ${missing.length} recordings (counted as no detections): ${severalNames(missing)}`];
}

const range = ({ lower, upper }: Estimate) => `${number(lower, 3)} to ${number(upper, 3)}`;

const patientCount = (patients: number) => `${patients} ${patients === 1 ? "patient" : "patients"}`;

const NAME_WIDTH = Math.max(...Object.values(MEASURE_NAMES).map(({ length }) => length));
const measureText = (name: string) => MEASURE_NAMES[name as Measure].padEnd(NAME_WIDTH); // keys of a record of measures

const TOO_FEW = `n/a: intervals and tests take at least ${LEAST_PATIENTS} patients that differ`;

function notAvailable(estimates: readonly Estimate[]): string[] {
  return estimates.some(({ value, lower }) => !Number.isNaN(value) && Number.isNaN(lower)) ? [TOO_FEW] : [];
}

/** What the hours resolve, after an empty line. */
export function resolutionLines({ szcoreEvent, ovlp }: AlarmResolutions): string[] {
  const rates = [
    ["SzCORE events", szcoreEvent],
    ["OVLP", ovlp],
  ] as const;
  const known = rates.flatMap(([name, rate]) => (rate ? [{ name, ...rate }] : []));
  const [first] = known;
  if (!first) return [];
  const least = `false alarms: ${number(first.hours, 2)} h resolve ${number(first.leastFalseAlarmsPer24h, 1)} per 24 h, one alarm in all`;
  const upper = known.map(({ name, upperFalseAlarmsPer24h: rate }) => `${name} at most ${number(rate, 1)} per 24 h`);
  return ["", `${least}; ${upper.join(", ")} (95 % upper bound, Poisson)`];
}

function intervalLines({ patients, level, measures }: ScoreIntervals): string[] {
  const head = `${100 * level} % intervals by patient, ${patientCount(patients)}; at the right those that have the measure`;
  const rows = Object.entries(measures).map(
    ([name, estimate]) =>
      `${measureText(name)} ${number(estimate.value, 3).padStart(8)}   ${range(estimate).padEnd(18)}   ${patientCount(estimate.patients)}`,
  );
  return ["", head, ...rows, ...notAvailable(Object.values(measures))];
}

function comparisonLines({ patients, level, differences }: Comparison): string[] {
  const head = `first, second, difference with ${100 * level} % interval, p of exchanging the detectors patient by patient (least possible p); ${patientCount(patients)}`;
  const rows = Object.entries(differences).map(([name, difference]) => {
    const values = [difference.first, difference.second, difference.value].map((v) => number(v, 3).padStart(8));
    const p = `p ${pText(difference.p)} (${pText(difference.leastP)})`;
    return `${measureText(name)} ${values.join(" ")}   ${range(difference).padEnd(18)}   ${p}   ${patientCount(difference.patients)}`;
  });
  return ["", head, ...rows, ...notAvailable(Object.values(differences))];
}

const pText = (p: number) => number(p, p < 0.001 ? 4 : 3);

function breakdownLines({ byType, byDuration, byPatient }: Breakdown): string[] {
  const group = ([name, { seizures, detected, sensitivity }]: [string, GroupScore]) =>
    `${name.padEnd(16)} ${`${detected}/${seizures}`.padStart(10)} ${number(sensitivity, 3).padStart(7)}`;
  const patients = byPatient.map(
    (score) => `${group([score.patient, score])} ${number(score.falseAlarmsPer24h, 1).padStart(8)} FA/24h`,
  );
  return [
    ...["", "detected seizures, any overlap, by type", ...Object.entries(byType).map(group)],
    ...["", "by length", ...Object.entries(byDuration).map(group), "", "by patient", ...patients],
  ];
}

function latencyLines(latency: OnsetLatency): string[] {
  const { medianSeconds, lowerQuartileSeconds, upperQuartileSeconds } = latency;
  const range = `${number(lowerQuartileSeconds, 1)} to ${number(upperQuartileSeconds, 1)}`;
  return ["", `onset latency: median ${number(medianSeconds, 1)} s (quartiles ${range}), ${latencyText(latency)}`];
}

function number(value: number, decimals: number): string {
  return Number.isNaN(value) ? "n/a" : value.toFixed(decimals);
}

function row(name: string, ...cells: readonly string[]): string {
  return `${name.padEnd(7)}${cells.map((cell) => ` ${cell.padStart(12)}`).join("")}`;
}

function szcoreRow(
  name: string,
  { refTrue, tp, fp, sensitivity, precision, f1, falseAlarmsPer24h }: SzcoreRates,
  unit = "",
): string {
  const rates = [sensitivity, precision, f1].map((value) => number(value, 3));
  return row(name, `${refTrue}`, `${tp}`, `${fp}`, ...rates, `${number(falseAlarmsPer24h, 1)}${unit}`);
}

function nedcRow(name: string, scores: NedcRates, decimals: number): string {
  const { targets, hits, misses, falseAlarms, sensitivity, falseAlarmsPer24h } = scores;
  const counts = [targets, hits, misses, falseAlarms].map((value) => number(value, decimals));
  return row(name, ...counts, number(sensitivity, 3), number(falseAlarmsPer24h, 1));
}
