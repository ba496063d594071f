import type { Data, Shape } from "plotly.js";
import { axis, type Caption, COLORS, type Figure, makeFigure } from "./figure.js";
import { eventBands } from "./seizure-labels.js";

type TimeRange = { readonly startSeconds: number; readonly endSeconds: number };

/** Probability, events and thresholds of one recording. */
export interface DetectionTrack {
  readonly id: string;
  readonly rateHz: number;
  readonly probability: Float32Array;
  readonly reference: readonly TimeRange[];
  readonly hypothesis: readonly TimeRange[];
  readonly onThreshold: number;
  readonly offThreshold: number;
}

function eventRow(name: string, events: readonly TimeRange[], color: string): Data {
  return {
    type: "bar",
    orientation: "h",
    name,
    y: events.map(() => name),
    base: events.map(({ startSeconds }) => startSeconds),
    x: events.map(({ startSeconds, endSeconds }) => endSeconds - startSeconds),
    marker: { color },
    yaxis: "y2",
    width: 0.7,
    hovertemplate: `${name} %{base:.1f} s, %{x:.1f} s long<extra></extra>`,
  } as Data; // @types/plotly.js has no `base` of numbers for bars
}

/** Probability over time with thresholds, reference shaded, and a row each for reference and hypothesis. */
export function detectionFigure(track: DetectionTrack, caption: Caption = {}): Figure {
  const { rateHz, probability, reference, hypothesis, onThreshold, offThreshold } = track;
  const duration = probability.length / rateHz;
  const level = (y: number): Partial<Shape> => ({
    type: "line",
    xref: "x",
    yref: "y",
    x0: 0,
    x1: duration,
    y0: y,
    y1: y,
    line: { width: 1, dash: "dot", color: COLORS.grey },
  });
  const data: Data[] = [
    {
      type: "scatter",
      mode: "lines",
      name: "probability",
      x0: 0.5 / rateHz,
      dx: 1 / rateHz,
      y: Array.from(probability, (value) => Math.round(value * 1000) / 1000),
      line: { color: COLORS.blue, width: 1.3 },
    },
    eventRow("reference", reference, COLORS.orange),
    eventRow("hypothesis", hypothesis, COLORS.green),
  ];
  return makeFigure(
    track.id,
    data,
    {
      barmode: "overlay",
      height: 380,
      shapes: [
        ...eventBands(reference, COLORS.orange, { yref: "y domain" } as Partial<Shape>),
        level(onThreshold),
        level(offThreshold),
      ],
      xaxis: axis("time (s)", { range: [0, duration], anchor: "y2" }),
      yaxis: axis("seizure probability", { range: [0, 1.02], domain: [0.3, 1] }),
      yaxis2: axis("", {
        domain: [0, 0.2],
        categoryorder: "array",
        categoryarray: ["hypothesis", "reference"],
        type: "category",
        showgrid: false,
      }),
    },
    caption,
  );
}
