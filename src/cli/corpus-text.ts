import type { CorpusReport, SplitSummary } from "../corpus/check.js";

const PRINTED_FINDINGS = 20;
const PRINTED_DIFFERENCES = 8;

/** A corpus report as text. */
export function corpusText(report: CorpusReport): string {
  return [
    `${report.url}: ${report.release ?? `no known release${nearest(report)}`}`,
    `layout ${report.layout}, fingerprint ${report.fingerprint}`,
    "",
    ...splitTable(report),
    "",
    `with seizures: ${percent(report.prevalence.recordings)} of labelled recordings, ${percent(report.prevalence.time)} of their time (TUSZ v2.0.3: ${percent(report.prevalence.reference.recordings)}, ${percent(report.prevalence.reference.time)})`,
    listed("types", report.byType, ({ seizures, seconds }) => `${seizures} (${seconds.toFixed(0)} s)`),
    durations(report),
    listed("rates", report.rates, String, " Hz"),
    listed("montages", report.montages, String),
    ...bipolar(report),
    listed("recordings without an electrode", report.missingElectrodes, String),
    listed("header diagnostics", report.diagnostics, ({ recordings, severity }) => `${recordings} (${severity})`),
    ...differences(report),
    ...leftOut(report),
    ...findings(report),
  ].join("\n");
}

function bipolar({ bipolarRecordings, recordings, electrodeSets }: CorpusReport): string[] {
  if (bipolarRecordings === 0) return [];
  const set = electrodeSets.find(({ electrodes }) => electrodes.some((name) => name.includes("-")))?.electrodes ?? [];
  const shown = `${set.slice(0, 4).join(", ")}${set.length > 4 ? `, … (${set.length})` : ""}`;
  return [
    `bipolar: ${bipolarRecordings} of ${recordings} recordings are pairs of electrodes: ${shown}; train on them with preprocessing.reference: double_banana, or with data.channels`,
  ];
}

function nearest({ comparison }: CorpusReport): string {
  return comparison.nearest === null ? "" : ` (nearest: ${comparison.nearest})`;
}

function percent(share: number): string {
  return Number.isNaN(share) ? "n/a" : `${(100 * share).toFixed(1)} %`;
}

function duration(seconds: number): string {
  return Number.isNaN(seconds) ? "n/a" : `${Math.round(seconds)} s`;
}

function durations({ durations: found }: CorpusReport): string {
  return `durations: ${duration(found.shortest)} to ${duration(found.longest)}, median ${duration(found.median)}; ${found.underOneMinute} under a minute`;
}

function listed<T>(title: string, counts: Readonly<Record<string, T>>, text: (value: T) => string, unit = ""): string {
  const parts = Object.entries(counts).map(([name, value]) => `${name}${unit} ${text(value)}`);
  return `${title}: ${parts.length > 0 ? parts.join(", ") : "none"}`;
}

function splitTable(report: CorpusReport): string[] {
  const columns: [string, (split: SplitSummary) => string][] = [
    ["recordings", (split) => String(split.recordings)],
    ["sessions", (split) => String(split.sessions)],
    ["patients", (split) => String(split.patients)],
    ["hours", (split) => split.hours.toFixed(2)],
    ["seizures", (split) => String(split.seizures)],
    ["seizure s", (split) => split.seizureSeconds.toFixed(0)],
    ["with seizures", (split) => String(split.recordingsWithSeizures)],
    ["unknown", (split) => String(split.unknown)],
  ];
  const head = ["split", ...columns.map(([name]) => name)];
  const rows = [
    head,
    ...Object.entries(report.bySplit).map(([name, split]) => [name, ...columns.map(([, text]) => text(split))]),
  ];
  const widths = head.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join("  "),
  );
}

function differences({ comparison }: CorpusReport): string[] {
  if (comparison.differences.length === 0) return [];
  const shown = comparison.differences.slice(0, PRINTED_DIFFERENCES);
  return [
    "",
    `differs from ${comparison.nearest} (${comparison.source}):`,
    ...shown.map(
      ({ split, what, found, expected }) => `  ${split} ${what}: ${Number(found.toFixed(2))}, expected ${expected}`,
    ),
    ...more(comparison.differences.length - shown.length),
  ];
}

function leftOut({ leftOut: recordings }: CorpusReport): string[] {
  if (recordings.length === 0) return [];
  const shown = recordings.slice(0, PRINTED_FINDINGS);
  return [
    "",
    `excluded: ${recordings.length}`,
    ...shown.map(({ id, reason }) => `  ${id}: ${reason}`),
    ...more(recordings.length - shown.length),
  ];
}

function findings({ findings: found }: CorpusReport): string[] {
  const order = ["error", "warning", "info"];
  const count = (severity: string) => found.filter((finding) => finding.severity === severity).length;
  const shown = [...found]
    .sort((a, b) => order.indexOf(a.severity) - order.indexOf(b.severity))
    .slice(0, PRINTED_FINDINGS);
  return [
    "",
    `findings: ${count("error")} errors, ${count("warning")} warnings, ${count("info")} notes`,
    ...shown.flatMap(({ file, line, code, severity, message, action }) => [
      `  ${file}${line === undefined ? "" : `:${line}`}: ${severity} ${code}: ${message}`,
      `    ${action}`,
    ]),
    ...more(found.length - shown.length),
  ];
}

function more(count: number): string[] {
  return count > 0 ? [`  and ${count} more; --json lists all`] : [];
}
