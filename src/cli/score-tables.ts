/** A score report as HTML tables; `score-text.ts` has the same for terminals. */
import { escapeHtml } from "@ictal/base/html";
import type { Breakdown, GroupScore } from "../scoring/breakdown.js";
import type { NedcRates } from "../scoring/nedc/counts.js";
import type { NedcReport } from "../scoring/nedc/score-nedc.js";
import type { Measure } from "../scoring/patient-counts.js";
import type { Estimate } from "../scoring/patient-interval.js";
import type { SzcoreReport } from "../scoring/score.js";
import type { Comparison, ScoreIntervals } from "../scoring/score-intervals.js";
import type { SzcoreRates } from "../scoring/szcore.js";
import type { SubjectScores, SubjectSpread } from "../scoring/szcore-subjects.js";
import { expertTables } from "./expert-tables.js";
import { numberText as number, type Table, tableHtml } from "./html-table.js";
import { decimalsOf, MEASURE_NAMES } from "./measure-names.js";
import { missingLines, resolutionLines, type ScoreReport, severalNames } from "./score-text.js";
import { szcoreCountsNote } from "./szcore-counts-note.js";

const entriesOf = <T>(measures: Readonly<Record<Measure, T>>) => Object.entries(measures) as [Measure, T][]; // as written

const rangeOf = ({ lower, upper }: Estimate, decimals: number) =>
  Number.isNaN(lower) ? "n/a" : `${number(lower, decimals)} to ${number(upper, decimals)}`;

function szcoreTable({ event, sample }: SzcoreReport): Table {
  const row = (name: string, { refTrue, tp, fp, sensitivity, precision, f1, falseAlarmsPer24h }: SzcoreRates) => {
    const shares = [sensitivity, precision, f1].map((value) => number(value, 3));
    return [name, `${refTrue}`, `${tp}`, `${fp}`, ...shares, number(falseAlarmsPer24h, 1)];
  };
  const columns = [
    "",
    "reference",
    "detected",
    "false alarms",
    "sensitivity",
    "precision",
    "F1",
    "false alarms per 24 h",
  ];
  return {
    caption: "SzCORE, all recordings together",
    columns,
    rows: [row("events", event), row("seconds", sample)],
  };
}

function subjectTable(caption: string, { event, sample }: SubjectScores): Table {
  const row = (name: string, { sensitivity, precision, f1, falseAlarmsPer24h }: SubjectSpread) => {
    const cell = ({ mean, sd, subjects }: SubjectSpread["f1"], decimals: number) =>
      `${number(mean, decimals)} ± ${number(sd, decimals)} (${subjects})`;
    return [name, ...[sensitivity, precision, f1].map((each) => cell(each, 3)), cell(falseAlarmsPer24h, 1)];
  };
  return {
    caption,
    columns: ["", "sensitivity", "precision", "F1", "false alarms per 24 h"],
    rows: [row("events", event), row("seconds", sample)],
    note: "Mean ± standard deviation over subjects, and in brackets how many have the measure.",
  };
}

function nedcTable({ ovlp, taes, epoch, dpalign, ira }: NedcReport): Table {
  const row = (name: string, scores: NedcRates, decimals: number) => {
    const { targets, hits, misses, falseAlarms, sensitivity, falseAlarmsPer24h } = scores;
    const counts = [targets, hits, misses, falseAlarms].map((value) => number(value, decimals));
    return [name, ...counts, number(sensitivity, 3), number(falseAlarmsPer24h, 1)];
  };
  return {
    caption: "NEDC, the seizure label alone",
    columns: ["", "reference", "detected", "missed", "false alarms", "sensitivity", "false alarms per 24 h"],
    rows: [
      row("any overlap (OVLP)", ovlp, 0),
      row("time-aligned events (TAES)", taes, 2),
      row("quarters of a second (EPOCH)", epoch, 0),
      row("aligned events (DPALIGN)", dpalign, 0),
    ],
    note: `Agreement of the quarters of a second (IRA): Cohen's kappa ${number(ira.kappa, 3)}.`,
  };
}

function intervalTable({ patients, level, measures }: ScoreIntervals): Table {
  return {
    caption: `Intervals (${100 * level} %) by patient, ${patients} patients`,
    columns: ["measure", "value", "interval", "patients"],
    rows: entriesOf(measures).map(([name, estimate]) => {
      const decimals = decimalsOf(name);
      const { value, patients: own } = estimate;
      return [MEASURE_NAMES[name], number(value, decimals), rangeOf(estimate, decimals), `${own}`];
    }),
  };
}

function comparisonTable({ patients, level, differences }: Comparison): Table {
  return {
    caption: `Two detectors, ${patients} patients; difference with ${100 * level} % interval, p of exchanging them patient by patient`,
    columns: ["measure", "first", "second", "difference", "interval", "p", "least possible p", "patients"],
    rows: entriesOf(differences).map(([name, difference]) => {
      const decimals = decimalsOf(name);
      const { first, second, value, p, leastP, patients: own } = difference;
      const values = [first, second, value].map((each) => number(each, decimals));
      return [MEASURE_NAMES[name], ...values, rangeOf(difference, decimals), number(p, 4), number(leastP, 4), `${own}`];
    }),
  };
}

function breakdownTables({ byType, byDuration, byPatient }: Breakdown): Table[] {
  const row = (name: string, { seizures, detected, sensitivity }: GroupScore) => [
    name,
    `${seizures}`,
    `${detected}`,
    number(sensitivity, 3),
  ];
  const columns = ["", "seizures", "detected", "sensitivity"];
  const groups = (groups: Readonly<Record<string, GroupScore>>) =>
    Object.entries(groups).map(([name, group]) => row(name, group));
  return [
    { caption: "Seizures by type, any overlap", columns, rows: groups(byType) },
    { caption: "Seizures by length, any overlap", columns, rows: groups(byDuration) },
    {
      caption: "By patient, any overlap",
      columns: [...columns, "false alarms", "false alarms per 24 h", "hours"],
      rows: byPatient.map((patient) => [
        ...row(patient.patient, patient),
        `${patient.falseAlarms}`,
        number(patient.falseAlarmsPer24h, 1),
        number(patient.hours, 2),
      ]),
    },
  ];
}

/** All tables of the report, and sentences for what is not a table. */
export function scoreTables(report: ScoreReport): string {
  const { szcore, szcore1Hz, nedc, intervals, breakdown, comparison, experts, resolution, missing, refused } = report;
  const tables: Table[] = [];
  if (intervals) tables.push(intervalTable(intervals));
  if (comparison) tables.push(comparisonTable(comparison));
  if (szcore) tables.push({ ...szcoreTable(szcore), note: szcoreCountsNote(report) });
  if (nedc) tables.push(nedcTable(nedc));
  if (szcore?.subjects) tables.push(subjectTable("SzCORE, by subject", szcore.subjects));
  if (szcore1Hz)
    tables.push(subjectTable("SzCORE by subject, events cut to whole seconds (szcore-evaluation)", szcore1Hz));
  if (breakdown) tables.push(...breakdownTables(breakdown));
  const cut = szcore1Hz?.mismatched ?? [];
  const notes = [
    ...(resolution ? resolutionLines(resolution) : []),
    ...(cut.length > 0
      ? [`${cut.length} hypotheses of other length (counted as no detections): ${severalNames(cut)}`]
      : []),
    ...(refused.length > 0
      ? [`not scored because of errors in the labels: ${severalNames(refused.map(({ id }) => id))}`]
      : []),
    ...missingLines(missing, "hypothesis"),
    ...missingLines(comparison?.missing ?? [], "second hypothesis"),
  ].filter((line) => line !== "");
  if (experts) tables.push(...expertTables(experts));
  return [...tables.map(tableHtml), ...notes.map((line) => `<p class="note">${escapeHtml(line)}</p>`)].join("\n");
}
