/** A trained run as one HTML page: receipt, scores, figures, worst recordings, configuration. */

import { escapeHtml } from "@ictal/base/html";
import type { Config } from "../config/schema.js";
import type { Caption } from "../plots/figure.js";
import { falseAlarmCurve, patientReliability, reliabilityDiagram } from "../plots/measures.js";
import { rocFigure } from "../plots/roc.js";
import { trainingCurve } from "../plots/training-curve.js";
import type { AurocInterval } from "../scoring/auroc-interval.js";
import type { Calibration } from "../scoring/calibration.js";
import { type Curves, prevalenceOf } from "../scoring/curves.js";
import type { PatientCalibration } from "../scoring/fit-calibration.js";
import type { OperatingPoint } from "../scoring/operating-points.js";
import type { RateSensitivity } from "../scoring/rate-sensitivity.js";
import type { TypedDetections } from "../scoring/type-confusion.js";
import type { RunCurve } from "../training/read-curve.js";
import { figureHtml, htmlPage, receiptHtml, worstHtml } from "./page-html.js";
import { eventFigures } from "./score-page.js";
import { type ScoreReport, scoreText } from "./score-text.js";
import { rateLines } from "./threshold.js";

/** What the page shows. */
export interface RunReport {
  readonly config: Config;
  readonly training: Pick<RunCurve, "steps" | "validations"> | undefined;
  readonly pairs: readonly TypedDetections[];
  readonly sample: Curves;
  readonly auroc: AurocInterval;
  readonly calibration: Calibration;
  /** Reliability by patient, the largest gap first. */
  readonly patientCalibration: readonly PatientCalibration[];
  /** Absent where thresholds were not searched. */
  readonly points?: readonly OperatingPoint[];
  readonly rates?: readonly RateSensitivity[];
  readonly scores: ScoreReport;
  readonly receipt: Readonly<Record<string, string | number | undefined>>;
  readonly caption: Caption;
}

function trainingHtml({ training, config, caption }: RunReport): string[] {
  if (!training) return [];
  const metric = training.validations.at(-1)?.metricName ?? config.training.early_stopping.metric;
  const { n: _, ...trainCaption } = caption; // the number of scored recordings says nothing about training
  const validations = training.validations.flatMap(({ step, metrics }) => {
    const value = metrics[metric];
    return typeof value === "number" ? [{ step, value }] : [];
  });
  return [
    "<h2>Training</h2>",
    figureHtml(trainingCurve(training.steps, validations, metric, { ...trainCaption, split: "train" })),
  ];
}

function sampleText({ auroc, sample, calibration }: RunReport): string {
  const number = (value: number) => (Number.isNaN(value) ? "n/a" : value.toFixed(3));
  return [
    `AUROC ${number(auroc.auroc)} (${number(auroc.lower)} to ${number(auroc.upper)}; ${auroc.patients} patients)`,
    `average precision ${number(sample.auprc)}; prevalence of seizure ${number(prevalenceOf(sample))}, which chance would give`,
    `expected calibration error ${number(calibration.expectedError)}`,
  ].join("\n");
}

function searchedHtml({ points, rates, config, caption }: RunReport): string[] {
  if (!points || !rates)
    return ["<p>Thresholds were not searched on this split: choose them on dev with <code>ictal threshold</code>.</p>"];
  return [
    `<h2>Sensitivity at rates of false alarms</h2><p>Thresholds searched on these recordings.</p><pre>${escapeHtml(rateLines(rates).join("\n"))}</pre>`,
    figureHtml(falseAlarmCurve({ [config.model.name || "detector"]: points }, caption)),
  ];
}

/** The page as text; recordings link to `review/…` in `folder`. */
export async function reportPage(report: RunReport, folder: string): Promise<string> {
  const { config, caption, pairs, sample, scores, receipt, rates = [] } = report;
  const title = `Run ${config.experiment.name}`;
  const configured = { name: "configured", threshold: config.postprocessing.hysteresis.tau_on };
  const marks = [
    ...rates
      .filter(({ isResolved }) => isResolved)
      .map((rate) => ({ name: `${rate.maxFalseAlarmsPer24h} FA in 24 h`, threshold: rate.threshold })),
    configured,
  ];
  const description = config.experiment.description ? `<p>${escapeHtml(config.experiment.description)}</p>` : "";
  return htmlPage(title, [
    `<h1>${escapeHtml(title)}</h1>${description}${receiptHtml(receipt)}`,
    `<h2>Scores</h2><pre>${escapeHtml(sampleText(report))}\n\n${escapeHtml(scoreText(scores))}</pre>`,
    ...searchedHtml(report),
    "<h2>Seconds</h2>",
    figureHtml(rocFigure(sample, caption, marks)),
    figureHtml(reliabilityDiagram(report.calibration, caption)),
    figureHtml(patientReliability(report.patientCalibration, caption)),
    "<h2>Events</h2>",
    ...eventFigures(pairs, caption, { lookAheadSeconds: scores.latency?.lookAheadSeconds }).map(figureHtml),
    `<h2>Worst recordings (SzCORE events)</h2>${await worstHtml(pairs, folder)}`,
    ...trainingHtml(report),
    `<details><summary>Configuration</summary><pre>${escapeHtml(JSON.stringify(config, null, 2))}</pre></details>`,
  ]);
}
