import type { Data } from "plotly.js";
import type { Curves } from "../scoring/curves.js";
import { axis, type Caption, COLORS, type Figure, makeFigure } from "./figure.js";

const POINTS = 400;

function thinned(length: number): number[] {
  const step = Math.max(1, Math.floor(length / POINTS));
  const picked = Array.from({ length: Math.ceil(length / step) }, (_, i) => i * step);
  if (picked.at(-1) !== length - 1) picked.push(length - 1);
  return picked;
}

/** ROC and precision-recall curves of pooled samples side by side. */
export function rocFigure(curves: Curves, caption: Caption = {}): Figure {
  const picked = thinned(curves.threshold.length);
  const at = (values: Float64Array) => picked.map((i) => Math.round(values[i]! * 10_000) / 10_000);
  const prevalence = curves.positives / (curves.positives + curves.negatives);
  const data: Data[] = [
    {
      type: "scatter",
      mode: "lines",
      name: `ROC, area ${curves.auroc.toFixed(3)}`,
      x: [0, ...at(curves.falsePositiveRate)],
      y: [0, ...at(curves.truePositiveRate)],
      line: { color: COLORS.blue },
    },
    {
      type: "scatter",
      mode: "lines",
      x: [0, 1],
      y: [0, 1],
      line: { color: COLORS.grey, dash: "dot", width: 1 },
      showlegend: false,
      hoverinfo: "skip",
    },
    {
      type: "scatter",
      mode: "lines",
      name: `precision-recall, area ${curves.auprc.toFixed(3)}`,
      x: at(curves.truePositiveRate),
      y: at(curves.precision),
      xaxis: "x2",
      yaxis: "y2",
      line: { color: COLORS.vermilion },
    },
    {
      type: "scatter",
      mode: "lines",
      x: [0, 1],
      y: [prevalence, prevalence],
      xaxis: "x2",
      yaxis: "y2",
      line: { color: COLORS.grey, dash: "dot", width: 1 },
      showlegend: false,
      hoverinfo: "skip",
    },
  ];
  return makeFigure(
    "Sample measures",
    data,
    {
      height: 400,
      grid: { rows: 1, columns: 2, pattern: "independent", xgap: 0.22 },
      xaxis: axis("false positive rate", { range: [0, 1] }),
      yaxis: axis("true positive rate", { range: [0, 1.02] }),
      xaxis2: axis("recall", { range: [0, 1], anchor: "y2" }),
      yaxis2: axis("precision", { range: [0, 1.02], anchor: "x2" }),
    },
    caption,
  );
}
