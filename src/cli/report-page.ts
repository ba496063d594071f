/** A trained run as one HTML page: key figures, figures, worst recordings, scores, training, receipt. */

import { escapeHtml } from "@ictal/base/html";
import { keyFiguresHtml } from "@ictal/jupyter/report/key-figures";
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
import { numberText, tableHtml } from "./html-table.js";
import { figureHtml, htmlPage, receiptHtml } from "./page-html.js";
import { rateTable } from "./rate-table.js";
import { aurocFigure, optimismHtml, scoreKeyFigures } from "./score-key-figures.js";
import { eventFigures } from "./score-page.js";
import { scoreTables } from "./score-tables.js";
import type { ScoreReport } from "./score-text.js";
import { worstHtml } from "./worst-recordings.js";

/** What the page shows. */
export interface RunReport {
  readonly config: Config;
  /** Why the detector found nothing, where it did. */
  readonly silence: string | undefined;
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

function secondsHtml({ sample, calibration }: RunReport): string {
  const chance = `the prevalence of seizure, which chance would give, is ${numberText(prevalenceOf(sample), 3)}`;
  const error = numberText(calibration.expectedError, 3);
  return `<h2>Seconds</h2><p>Average precision ${numberText(sample.auprc, 3)}; ${chance}. Expected calibration error ${error}.</p>`;
}

function headerHtml(title: string, report: RunReport): string {
  const { config, scores, receipt } = report;
  const { split, recordings, patients, hours } = receipt;
  const description = config.experiment.description ? `<p>${escapeHtml(config.experiment.description)}</p>` : "";
  const base = [`${split}: ${recordings}`, `${patients} patients, ${hours} h`, `detector ${config.model.name}`];
  const silence = report.silence === undefined ? "" : `<p class="banner">${escapeHtml(report.silence)}</p>`;
  return `<header><h1>${escapeHtml(title)}</h1>${description}<p class="meta">${escapeHtml(base.join(" · "))}</p>${silence}${optimismHtml(scores)}${keyFiguresHtml([aurocFigure(report.auroc), ...scoreKeyFigures(scores)])}</header>`;
}

function searchedHtml({ points, rates, config, caption }: RunReport): string[] {
  const heading = "<h2>Sensitivity at rates of false alarms</h2>";
  if (!points || !rates) {
    const choose = "choose them on dev with <code>ictal threshold</code>";
    return [`${heading}<p>Thresholds were not searched on this split: ${choose}.</p>`];
  }
  return [
    heading,
    figureHtml(falseAlarmCurve({ [config.model.name || "detector"]: points }, caption)),
    tableHtml(rateTable(rates)),
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
  return htmlPage(title, [
    headerHtml(title, report),
    ...searchedHtml(report),
    secondsHtml(report),
    figureHtml(rocFigure(sample, caption, marks)),
    figureHtml(reliabilityDiagram(report.calibration, caption)),
    figureHtml(patientReliability(report.patientCalibration, caption)),
    "<h2>Events</h2>",
    ...eventFigures(pairs, caption, { lookAheadSeconds: scores.latency?.lookAheadSeconds }).map(figureHtml),
    `<h2>Worst recordings</h2>${await worstHtml(pairs, folder)}`,
    `<h2>All scores</h2>${scoreTables(scores)}`,
    ...trainingHtml(report),
    receiptHtml(receipt),
    `<details class="configuration"><summary>Configuration</summary><pre>${escapeHtml(JSON.stringify(config, null, 2))}</pre></details>`,
  ]);
}
