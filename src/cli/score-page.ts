/** Scores as one HTML page that needs nothing else: key figures, figures, worst recordings, tables, receipt. */
import { dirname } from "node:path";
import { writeFileAtomic } from "@ictal/base/atomic-file";
import { escapeHtml } from "@ictal/base/html";
import { keyFiguresHtml } from "@ictal/jupyter/report/key-figures";
import type { Caption, Figure } from "../plots/figure.js";
import { detectedByGroup, latencyHistogram, patientForest } from "../plots/measures.js";
import { typeConfusionFigure } from "../plots/type-confusion.js";
import { scoreBreakdown } from "../scoring/breakdown.js";
import { type LatencyOptions, onsetLatencies } from "../scoring/onset-latency.js";
import { type TypedDetections, typeConfusion } from "../scoring/type-confusion.js";
import { projectCommit } from "../training/receipt.js";
import { figureHtml, htmlPage, receiptHtml } from "./page-html.js";
import { optimismHtml, scoreKeyFigures } from "./score-key-figures.js";
import { scoreTables } from "./score-tables.js";
import type { ScoreReport } from "./score-text.js";
import { worstHtml } from "./worst-recordings.js";

/** The figures of detected events: by type, length and patient, latency, and the confusion of types where the detector tells types. */
export function eventFigures(
  pairs: readonly TypedDetections[],
  caption: Caption,
  { lookAheadSeconds }: LatencyOptions,
): Figure[] {
  const { byType, byDuration, byPatient } = scoreBreakdown(pairs);
  const confusion = typeConfusion(pairs);
  const isTyped = confusion.columns.length > 2; // "missed" and one type say no more than the bars by type
  return [
    detectedByGroup(byType, "type", caption),
    detectedByGroup(byDuration, "length", caption),
    ...(isTyped ? [typeConfusionFigure(confusion, caption)] : []),
    latencyHistogram(onsetLatencies(pairs, { lookAheadSeconds }), caption),
    patientForest(byPatient, caption),
  ];
}

/** Writes the page; recordings link to `review/<id with -- for />.html` beside it where that file exists. */
export async function writeScorePage(
  file: string,
  report: ScoreReport,
  pairs: readonly TypedDetections[],
  inputs: Readonly<Record<string, string>>,
  latency: LatencyOptions,
): Promise<void> {
  const caption = { n: `${pairs.length} recordings`, commit: projectCommit() };
  const hours = pairs.reduce((sum, { durationSeconds }) => sum + durationSeconds, 0) / 3600;
  const size = `${pairs.length} recordings, ${hours.toFixed(2)} h`;
  const named = Object.entries(inputs).map((entry) => entry.join(" "));
  const parts = [
    `<header><h1>Scores</h1><p class="meta">${escapeHtml([size, ...named].join(" · "))}</p>${optimismHtml(report)}${keyFiguresHtml(scoreKeyFigures(report))}</header>`,
    "<h2>Figures</h2>",
    ...eventFigures(pairs, caption, latency).map(figureHtml),
    `<h2>Worst recordings</h2>${await worstHtml(pairs, dirname(file))}`,
    `<h2>All scores</h2>${scoreTables(report)}`,
    receiptHtml({ ...inputs, recordings: report.recordings, commit: caption.commit }),
  ];
  await writeFileAtomic(file, await htmlPage("Scores", parts));
}
