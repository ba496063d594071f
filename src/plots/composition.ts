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
  const names = Object.keys(sets);
  const totals = names.map((name) => CLASSES.reduce((sum, [key]) => sum + (sets[name]![key] ?? 0), 0));
  const data: Data[] = CLASSES.filter(([key]) => names.some((name) => (sets[name]![key] ?? 0) > 0)).map(
    ([key, color]) => ({
      type: "bar",
      orientation: "h",
      name: key,
      y: names.map((name, i) => `${name}<br>${totals[i]}`),
      x: names.map((name, i) => (totals[i]! > 0 ? (100 * (sets[name]![key] ?? 0)) / totals[i]! : 0)),
      text: names.map((name) => String(sets[name]![key] ?? 0)),
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
      height: 150 + 48 * names.length,
      xaxis: axis("share of windows (%)", { range: [0, 100] }),
      yaxis: axis("", { autorange: "reversed" }),
    },
    caption,
  );
}
