import { escapeHtml } from "@ictal/base/html";
import { projectRelative } from "../base/project.js";
import type { TrainMetrics, ValidationResult } from "./run.js";
import type { RunOverview } from "./run-overview.js";

/** The present state of a run, as shown. */
export interface TrainingView {
  readonly runDir: string;
  readonly state: "starting" | "training" | "validating" | "stopping" | "done" | "failed";
  /** Steps done. */
  readonly step: number;
  /** Of the steps of this process; thinned out when there are many. */
  readonly metrics: readonly TrainMetrics[];
  readonly validations: readonly ValidationResult[];
  readonly warnings: readonly string[];
  /** Name of the metric that decides which checkpoint is the best. */
  readonly metricName: string;
  /** What runs the steps and why. */
  readonly executor: string | undefined;
  /** What the run is about to do; undefined until its process has opened data and device. */
  readonly overview?: RunOverview | undefined;
  /** Weights of the newest checkpoint. */
  readonly checkpoint: string | undefined;
  /** Why it failed. */
  readonly failure: string | undefined;
}

function clock(seconds: number): string {
  if (!Number.isFinite(seconds)) return "n/a";
  const whole = Math.max(0, Math.round(seconds));
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}

/** Label and value of each line shown. */
function rowsOf(view: TrainingView): [label: string, value: string][] {
  const last = view.metrics.at(-1);
  const validation = view.validations.at(-1);
  const rows: [string, string][] = [["state", view.state]];
  if (last) {
    rows.push(
      ["step", `${last.step} of ${last.totalSteps}, epoch ${last.epoch}`],
      ["loss", last.loss.toPrecision(4)],
      ["learning rate", last.learningRate.toExponential(2)],
      ["gradient norm", last.gradientNorm.toPrecision(3)],
      ["speed", `${last.windowsPerSecond.toFixed(1)} windows/s, ${clock(last.secondsLeft)} left`],
      ["memory", `${(last.memoryBytes / 1e9).toFixed(2)} GB`],
    );
  }
  if (validation) {
    const metrics = Object.entries(validation.metrics).map(([name, value]) => `${name} ${value.toPrecision(4)}`);
    rows.push([`validation at step ${validation.step}`, metrics.join(", ")]);
  }
  if (view.executor) rows.push(["executor", view.executor]);
  if (view.checkpoint) rows.push(["checkpoint", projectRelative(view.checkpoint)]);
  for (const warning of view.warnings) rows.push(["warning", warning]);
  if (view.failure) rows.push(["failure", view.failure]);
  return rows;
}

/** The state as lines of text. */
export function textOf(view: TrainingView): string {
  const rows = rowsOf(view);
  const width = Math.max(...rows.map(([label]) => label.length));
  return [
    `Training in ${projectRelative(view.runDir)}`,
    ...rows.map(([label, value]) => `  ${label.padEnd(width)}  ${value}`),
  ].join("\n");
}

const CURVE = { width: 150, height: 48, points: 150 };

/** What is drawn over the steps. */
const CURVES: readonly { readonly title: string; readonly color: string; of(metrics: TrainMetrics): number }[] = [
  { title: "loss", color: "#1f77b4", of: ({ loss }) => loss },
  { title: "learning rate", color: "#7f7f7f", of: ({ learningRate }) => learningRate },
  { title: "gradient norm", color: "#d55e00", of: ({ gradientNorm }) => gradientNorm },
  { title: "windows/s", color: "#009e73", of: ({ windowsPerSecond }) => windowsPerSecond },
  { title: "memory (GB)", color: "#cc79a7", of: ({ memoryBytes }) => memoryBytes / 1e9 },
];

/** One quantity over the steps as a line between its extremes, thinned to what the width can show. */
function curve({ title, color, of }: (typeof CURVES)[number], metrics: readonly TrainMetrics[]): string {
  const finite = metrics.map(of).filter(Number.isFinite);
  const every = Math.max(1, Math.ceil(finite.length / CURVE.points));
  const shown = finite.filter((_, i) => i % every === 0);
  if (shown.length < 2) return "";
  const { width, height } = CURVE;
  const low = shown.reduce((a, b) => Math.min(a, b));
  const high = shown.reduce((a, b) => Math.max(a, b));
  const points = shown.map((value, i) => {
    const y = high === low ? height / 2 : height * (1 - (value - low) / (high - low));
    return `${((i * width) / (shown.length - 1)).toFixed(1)},${y.toFixed(1)}`;
  });
  const range = `${low.toPrecision(3)} to ${high.toPrecision(3)}`;
  return (
    `<figure style="display:inline-block;margin:4px 12px 4px 0"><figcaption style="font-size:smaller">${title}: ${range}</figcaption>` +
    `<svg width="${width}" height="${height + 4}" viewBox="0 -2 ${width} ${height + 4}" role="img" aria-label="${title} by step, ${range}">` +
    `<polyline points="${points.join(" ")}" fill="none" stroke="${color}" stroke-width="1.5"/></svg></figure>`
  );
}

/** The state as a small table with the curves of its numbers. */
export function htmlOf(view: TrainingView): string {
  const rows = rowsOf(view).map(
    ([label, value]) =>
      `<tr><th style="text-align:left">${escapeHtml(label)}</th><td style="text-align:left">${escapeHtml(value)}</td></tr>`,
  );
  return `<div><b>Training in ${escapeHtml(projectRelative(view.runDir))}</b><table>${rows.join("")}</table><div>${CURVES.map((each) => curve(each, view.metrics)).join("")}</div></div>`;
}
