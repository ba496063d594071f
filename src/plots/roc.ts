import type { Data } from "plotly.js";
import type { Curves } from "../scoring/curves.js";
import { axis, type Caption, COLORS, type Figure, makeFigure } from "./figure.js";

const POINTS = 400;
const TEXT_EDGE = "#222";

function thinned(length: number): number[] {
  const step = Math.max(1, Math.floor(length / POINTS));
  const picked = Array.from({ length: Math.ceil(length / step) }, (_, i) => i * step);
  if (picked.at(-1) !== length - 1) picked.push(length - 1);
  return picked;
}

/** null, which plotly does not draw, for a rate without a denominator. */
const known = (value: number) => (Number.isNaN(value) ? null : value);

const areaText = (area: number) => (Number.isNaN(area) ? "n/a" : area.toFixed(3));

/** A threshold to mark on the curves. */
export interface MarkedThreshold {
  readonly name: string;
  readonly threshold: number;
}

/** Indices of the thresholds on the curves, with one name for those of equal index; a threshold above all scores has none. */
function markedIndices({ threshold }: Curves, marks: readonly MarkedThreshold[]): { at: number; name: string }[] {
  const names = new Map<number, string[]>();
  for (const mark of marks) {
    const reached = threshold.filter((value) => value >= mark.threshold).length - 1; // thresholds descend
    if (reached >= 0) names.set(reached, [...(names.get(reached) ?? []), mark.name]);
  }
  return [...names].map(([at, all]) => ({ at, name: all.join(", ") }));
}

function markers(curves: Curves, marks: readonly MarkedThreshold[]): Data[] {
  const found = markedIndices(curves, marks);
  if (found.length === 0) return [];
  const { truePositiveRate, falsePositiveRate, precision, threshold } = curves;
  const trace = (x: Float64Array, y: Float64Array, more: object): Data => ({
    ...({
      type: "scatter",
      mode: "markers",
      x: found.map(({ at }) => x[at]!),
      y: found.map(({ at }) => y[at]!),
    } as const),
    text: found.map(({ at, name }) => `${name}: threshold ${threshold[at]!.toFixed(3)}`),
    hovertemplate: "%{text}<extra></extra>",
    marker: { color: COLORS.orange, size: 9, symbol: "diamond", line: { color: TEXT_EDGE, width: 1 } },
    ...more,
  });
  return [
    trace(falsePositiveRate, truePositiveRate, { name: "operating points" }),
    trace(truePositiveRate, precision, { xaxis: "x2", yaxis: "y2", showlegend: false }),
  ];
}

/** ROC and precision-recall curves of pooled samples side by side, with operating points where thresholds are given. */
export function rocFigure(curves: Curves, caption: Caption = {}, marks: readonly MarkedThreshold[] = []): Figure {
  const picked = thinned(curves.threshold.length);
  const at = (values: Float64Array) => picked.map((i) => known(Math.round(values[i]! * 10_000) / 10_000));
  const prevalence = curves.positives / (curves.positives + curves.negatives);
  const data: Data[] = [
    {
      type: "scatter",
      mode: "lines",
      name: `ROC, area ${areaText(curves.auroc)}`,
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
      name: `precision-recall, area ${areaText(curves.auprc)}`,
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
    ...markers(curves, marks),
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
