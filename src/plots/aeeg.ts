import type { Data } from "plotly.js";
import type { Aeeg } from "../signal/aeeg.js";
import { axis, type Caption, COLORS, type Figure, makeFigure } from "./figure.js";
import { hemisphereOf } from "./hemisphere.js";
import { eventBands } from "./seizure-labels.js";

const SIDE_COLORS = { left: COLORS.blue, right: COLORS.vermilion, midline: COLORS.grey } as const;
const TICKS = [0, 5, 10, 25, 50, 100, 200];
const LINEAR_LIMIT = 10; // µV; linear below, logarithmic above, as on aEEG monitors

const scaled = (microvolts: number) =>
  microvolts <= LINEAR_LIMIT ? microvolts / LINEAR_LIMIT : 1 + Math.log10(microvolts / LINEAR_LIMIT);
const rounded = (value: number) => Math.round(value * 1000) / 1000;

/**
 * Trends of one or more derivations by name: a band from lower to upper margin with its median, peak-to-peak µV on a scale
 * that is linear to 10 µV and logarithmic above; reference seizures shaded. Derivations are coloured by their side.
 */
export function aeegFigure(
  trends: Readonly<Record<string, Aeeg>>,
  seizures: readonly { readonly startSeconds: number; readonly endSeconds: number }[] = [],
  caption: Caption = {},
): Figure {
  const data = Object.entries(trends).flatMap(([name, { timesSeconds, lower, median, upper }]): Data[] => {
    const color = SIDE_COLORS[hemisphereOf(name)];
    const x = Array.from(timesSeconds, (seconds) => rounded(seconds / 60));
    const y = (values: Float64Array) => Array.from(values, (value) => rounded(scaled(value)));
    const edge = { type: "scatter", mode: "lines", x, line: { width: 0, color }, showlegend: false } as const;
    const text = Array.from(median, (_, i) => `${Math.round(lower[i]!)} to ${Math.round(upper[i]!)} µV`);
    return [
      { ...edge, y: y(lower), hoverinfo: "skip" },
      { ...edge, y: y(upper), fill: "tonexty", fillcolor: `${color}55`, hoverinfo: "skip" },
      {
        ...({ type: "scatter", mode: "lines", name, x, y: y(median), text, line: { color, width: 1.5 } } as const),
        hovertemplate: `${name} at %{x:.1f} min: %{text}<extra></extra>`,
      },
    ];
  });
  const minutes = seizures.map(({ startSeconds, endSeconds }) => ({
    ...{ startSeconds: startSeconds / 60, endSeconds: endSeconds / 60 },
  }));
  const layout = {
    shapes: eventBands(minutes, COLORS.orange),
    xaxis: axis("time (min)"),
    yaxis: axis("10th to 90th percentile (µV)", {
      tickvals: TICKS.map(scaled),
      ticktext: TICKS.map(String),
      rangemode: "tozero",
    }),
  };
  return makeFigure("Amplitude-integrated EEG", data, layout, caption);
}
