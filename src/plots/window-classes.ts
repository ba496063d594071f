import type { Data } from "plotly.js";
import { axis, type Caption, COLORS, type Figure, makeFigure } from "./figure.js";

/** Windows by class. */
export interface ClassCounts {
  readonly partial: number;
  readonly full: number;
  readonly none: number;
  readonly unknown?: number;
}

const CLASSES = [
  ["partial", COLORS.orange],
  ["full", COLORS.vermilion],
  ["none", COLORS.sky],
  ["unknown", COLORS.grey],
] as const;

/** Window classes of several sets side by side, as shares with their counts. */
export function windowClasses(sets: Readonly<Record<string, ClassCounts>>, caption: Caption = {}): Figure {
  const rows = Object.entries(sets).map(([name, counts]) => ({
    ...{ name, counts },
    total: CLASSES.reduce((sum, [key]) => sum + (counts[key] ?? 0), 0),
  }));
  const data: Data[] = CLASSES.filter(([key]) => rows.some(({ counts }) => (counts[key] ?? 0) > 0)).map(
    ([key, color]) => ({
      type: "bar",
      orientation: "h",
      name: key,
      y: rows.map(({ name, total }) => `${name}<br>${total}`),
      x: rows.map(({ counts, total }) => (total > 0 ? (100 * (counts[key] ?? 0)) / total : 0)),
      text: rows.map(({ counts }) => String(counts[key] ?? 0)),
      textposition: "inside",
      insidetextanchor: "middle",
      textangle: 0,
      marker: { color },
      hovertemplate: `${key}: %{text} windows, %{x:.1f} %<extra>%{y}</extra>`,
    }),
  );
  return makeFigure(
    "Windows by class",
    data,
    {
      barmode: "stack",
      height: 150 + 48 * rows.length,
      xaxis: axis("share of windows (%)", { range: [0, 100] }),
      yaxis: axis("", { autorange: "reversed" }),
    },
    caption,
  );
}
