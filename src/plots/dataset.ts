import type { Data } from "plotly.js";
import { axis, type Caption, COLORS, type Figure, makeFigure, seriesColor } from "./figure.js";
import type { ClassCounts } from "./window-classes.js";

/** Histogram of the seizure fraction of windows, for one or more sets of windows; NaN (unknown) and 0 are not drawn. */
export function seizureShares(sets: Readonly<Record<string, ArrayLike<number>>>, caption: Caption = {}): Figure {
  const colors = [COLORS.sky, COLORS.vermilion, COLORS.green];
  const data: Data[] = Object.entries(sets).map(([name, shares], i) => {
    const counts = new Array<number>(20).fill(0);
    for (const share of Array.from(shares)) if (share > 0) counts[Math.min(19, Math.floor(share * 20))]! += 1;
    return {
      type: "bar",
      name,
      x: counts.map((_, bin) => 5 * bin + 2.5),
      y: counts,
      marker: { color: seriesColor(colors, i) },
      hovertemplate: `${name}: %{y} windows, %{x} %<extra></extra>`,
    };
  });
  const layout = {
    barmode: "group",
    xaxis: axis("seizure fraction of the window (%)"),
    yaxis: axis("number of windows"),
  } as const;
  return makeFigure("Seizure fraction of windows", data, layout, caption);
}

const KNOWN = [
  ["partial", COLORS.orange],
  ["full", COLORS.vermilion],
  ["none", COLORS.sky],
] as const;

/** Number of windows per patient in a set, in descending order. At most 40 patients are drawn, the rest summed. */
export function patientShares(
  patients: readonly { readonly patient: string; readonly selected: ClassCounts }[],
  caption: Caption = {},
): Figure {
  const total = ({ partial, full, none }: ClassCounts) => partial + full + none;
  const sorted = [...patients].sort((a, b) => total(b.selected) - total(a.selected));
  const rest = sorted.slice(40);
  const sum = (name: "partial" | "full" | "none") => rest.reduce((all, { selected }) => all + selected[name], 0);
  const others = {
    patient: `${rest.length} others`,
    selected: { partial: sum("partial"), full: sum("full"), none: sum("none") },
  };
  const rows = [...sorted.slice(0, 40), ...(rest.length > 0 ? [others] : [])];
  const data: Data[] = KNOWN.map(([name, color]) => ({
    type: "bar",
    orientation: "h",
    name,
    y: rows.map(({ patient }) => patient),
    x: rows.map(({ selected }) => selected[name]),
    marker: { color },
  }));
  const yaxis = axis("", { autorange: "reversed", tickfont: { size: 9 }, type: "category" });
  const layout = { barmode: "stack", height: 150 + 16 * rows.length, xaxis: axis("number of windows"), yaxis } as const;
  return makeFigure("Windows per patient", data, layout, caption);
}

/** Number of recordings of a split in a cache. */
export interface Coverage {
  readonly split: string;
  readonly labelled: number;
  readonly unlabelled: number;
  readonly excluded: number;
}

/** Recordings of a corpus by split: cached with labels, cached without labels, excluded. */
export function cacheCoverage(rows: readonly Coverage[], caption: Caption = {}): Figure {
  const kinds = [
    ["labelled", "cached", COLORS.blue],
    ["unlabelled", "cached, no labels", COLORS.grey],
    ["excluded", "excluded", COLORS.vermilion],
  ] as const;
  const data: Data[] = kinds.map(([key, name, color]) => ({
    type: "bar",
    orientation: "h",
    name,
    y: rows.map(({ split }) => split),
    x: rows.map((row) => row[key]),
    text: rows.map((row) => (row[key] > 0 ? String(row[key]) : "")),
    textposition: "inside",
    insidetextanchor: "middle",
    textangle: 0,
    marker: { color },
  }));
  const yaxis = axis("", { autorange: "reversed" });
  const layout = { barmode: "stack", height: 150 + 44 * rows.length, xaxis: axis("recordings"), yaxis } as const;
  return makeFigure("Recordings in the cache, by split", data, layout, caption);
}
