/** Scores as one HTML page that needs nothing else: receipt, tables, figures, worst recordings. */
import { dirname } from "node:path";
import { writeFileAtomic } from "@ictal/base/atomic-file";
import { escapeHtml } from "@ictal/base/html";
import type { Caption, Figure } from "../plots/figure.js";
import { detectedByGroup, latencyHistogram, patientForest } from "../plots/measures.js";
import { typeConfusionFigure } from "../plots/type-confusion.js";
import { scoreBreakdown } from "../scoring/breakdown.js";
import { type LatencyOptions, onsetLatencies } from "../scoring/onset-latency.js";
import { type TypedDetections, typeConfusion } from "../scoring/type-confusion.js";
import { projectCommit } from "../training/receipt.js";
import { figureHtml, htmlPage, receiptHtml, worstHtml } from "./page-html.js";
import { type ScoreReport, scoreText } from "./score-text.js";

/** The figures of detected events: by type, length and patient, confusion, latency. */
export function eventFigures(
  pairs: readonly TypedDetections[],
  caption: Caption,
  { lookAheadSeconds }: LatencyOptions,
): Figure[] {
  const { byType, byDuration, byPatient } = scoreBreakdown(pairs);
  return [
    detectedByGroup(byType, "type", caption),
    detectedByGroup(byDuration, "length", caption),
    typeConfusionFigure(typeConfusion(pairs), caption),
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
  const parts = [
    `<h1>Scores</h1>${receiptHtml({ ...inputs, commit: caption.commit })}<pre>${escapeHtml(scoreText(report))}</pre>`,
    ...eventFigures(pairs, caption, latency).map(figureHtml),
    `<h2>Worst recordings (SzCORE events)</h2>${await worstHtml(pairs, dirname(file))}`,
  ];
  await writeFileAtomic(file, await htmlPage("Scores", parts));
}
