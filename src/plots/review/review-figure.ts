import { requireNumbers } from "@ictal/base/options";
import type { Annotations, Data, Layout, Shape } from "plotly.js";
import { axis, COLORS, type Figure, makeFigure, packed } from "../figure.js";
import { minMaxInto } from "../min-max.js";
import { eventBands } from "../seizure-labels.js";
import { type PageTracesOptions, pageTraces } from "./page-traces.js";
import type { ReviewRecording } from "./recording.js";
import type { Derivation } from "./view/montages.js";
import { PIXELS_PER_MILLIMETRE } from "./view/steps.js";

/** Options as on the review page. */
export interface ReviewFigureOptions extends PageTracesOptions {
  /** At 96 pixels an inch. @default 7 */
  readonly microvoltsPerMillimetre?: number | undefined;
}

const POINTS = 2000;
const ROW_PIXELS = 24;
/** Drawn whole numbers between two traces. */
const STEPS = 800;
const HEART_FACTOR = 0.1;
const SIDE_COLORS = { left: COLORS.blue, right: COLORS.vermilion, midline: COLORS.grey, heart: COLORS.purple };
/** Share of the height for the EEG when there is a probability below it. */
const EEG_SHARE = 0.84;

function traceOf(
  values: Float32Array,
  { name, side }: Derivation,
  row: number,
  seconds: number,
  options: { start: number; scale: number },
): Data {
  const points = Math.min(POINTS, 2 * values.length) & ~1;
  const dense = values.length > points;
  const shown = dense ? new Float32Array(points) : values;
  if (dense) minMaxInto(shown, values);
  const scale = options.scale * (side === "heart" ? HEART_FACTOR : 1);
  const drawn = Float32Array.from(shown, (value) => -Math.round(scale * value) - STEPS * row); // negative up
  return {
    type: "scatter",
    mode: "lines",
    name,
    x0: options.start,
    dx: seconds / shown.length,
    y: shown.some(Number.isNaN)
      ? Array.from(drawn, (value) => (Number.isNaN(value) ? null : value))
      : packed(Int16Array.from(drawn, (value) => Math.max(-32_768, Math.min(32_767, value)))),
    line: { width: 0.8, color: SIDE_COLORS[side] },
    hovertemplate: `${name} at %{x:.2f} s<extra></extra>`,
    showlegend: false,
  } as unknown as Data; // @types/plotly.js has no packed arrays
}

function calibration(
  end: number,
  pageSeconds: number,
  row: number,
  scale: number,
): { shapes: Partial<Shape>[]; annotation: Partial<Annotations> } {
  const bar = [20, 50, 100, 200, 500, 1000, 2000].find((value) => value * scale >= 0.8 * STEPS) ?? 5000;
  const wide = pageSeconds > 60 ? 10 : 1;
  const x = end - 0.01 * pageSeconds;
  const foot = -STEPS * (row - 0.4);
  const line = { type: "line", xref: "x", yref: "y", line: { width: 2, color: COLORS.grey } } as const;
  return {
    shapes: [
      { ...line, x0: x, x1: x, y0: foot, y1: foot + bar * scale },
      { ...line, x0: x - wide, x1: x, y0: foot, y1: foot },
    ],
    annotation: {
      x: x - wide,
      y: foot,
      xanchor: "right",
      text: `${bar} µV, ${wide} s`,
      showarrow: false,
      font: { size: 10 },
    },
  };
}

function probabilityTrace(
  { probability, rateHz }: NonNullable<ReviewRecording["detector"]>,
  start: number,
  end: number,
): Data {
  const first = Math.max(0, Math.floor(start * rateHz));
  const values = probability.subarray(first, Math.ceil(end * rateHz));
  return {
    type: "scatter",
    mode: "lines",
    name: "probability",
    x0: (first + 0.5) / rateHz,
    dx: 1 / rateHz,
    y: Array.from(values, (value) => Math.round(1000 * value) / 1000),
    line: { color: COLORS.blue, width: 1.3 },
    fill: "tozeroy",
    yaxis: "y2",
    showlegend: false,
  } as unknown as Data; // as above
}

/** A line at the threshold at which detections begin. */
function thresholdLine(level: number): Partial<Shape> {
  const across = { type: "line", xref: "paper", yref: "y2", x0: 0, x1: 1, y0: level, y1: level } as const;
  return { ...across, line: { color: COLORS.grey, width: 1, dash: "dash" } };
}

/** Reference and hypothesis as bands over the page, with one legend entry each. */
function bandsOf(recording: ReviewRecording, start: number, end: number): { shapes: Partial<Shape>[]; legend: Data[] } {
  const kinds = [
    ["reference", recording.reference, COLORS.orange],
    ["detected", recording.detector?.hypothesis ?? [], COLORS.green],
  ] as const;
  const shapes = kinds.flatMap(([, events, color]) => {
    const inside = events
      .filter((event) => event.startSeconds < end && event.endSeconds > start)
      .map((event) => ({
        startSeconds: Math.max(start, event.startSeconds),
        endSeconds: Math.min(end, event.endSeconds),
      }));
    return eventBands(inside, color, { yref: "y domain" } as Partial<Shape>);
  });
  const legend = kinds.map(
    ([name, , color]) =>
      ({
        type: "scatter",
        mode: "markers",
        name,
        x: [null],
        y: [null],
        marker: { symbol: "square", size: 11, color, opacity: 0.5 },
      }) as Data,
  );
  return { shapes, legend };
}

/**
 * A page of the review as a figure for a cell: the same montages, filters, sensitivity, shading and probability as the page
 * of `reviewPage`. Throws a RangeError on a start outside the recording and a montage without its electrodes.
 */
export function reviewFigure(recording: ReviewRecording, options: ReviewFigureOptions = {}): Figure {
  const { signals, detector, id } = recording;
  const { microvoltsPerMillimetre = 7 } = options;
  requireNumbers({ microvoltsPerMillimetre }, { above: 0 });
  const { derivations, traces, startSeconds: start, pageSeconds, filters } = pageTraces(recording, options);
  const { highPassHz, lowPassHz, notchHz } = filters;
  const scale = ((PIXELS_PER_MILLIMETRE / microvoltsPerMillimetre) * STEPS) / ROW_PIXELS;
  const end = start + pageSeconds;
  const bands = bandsOf(recording, start, end);
  const bar = calibration(end, pageSeconds, derivations.length, scale);
  const eeg = traces.map((values, row) => traceOf(values, derivations[row]!, row, pageSeconds, { start, scale }));
  const bottom = detector ? 1 - EEG_SHARE + 0.03 : 0;
  const top = lowPassHz && lowPassHz < signals.sampleRateHz / 2 ? lowPassHz : signals.sampleRateHz / 2;
  const seen = [
    `${microvoltsPerMillimetre} µV/mm, negative up`,
    `${highPassHz ?? 0} to ${top} Hz${notchHz ? `, notch ${notchHz} Hz` : ""}`,
  ].join("; ");
  const layout = {
    height: 150 + (ROW_PIXELS * (derivations.length + 1.5)) / (1 - bottom),
    shapes: [...bands.shapes, ...bar.shapes, ...(detector ? [thresholdLine(detector.onThreshold)] : [])],
    annotations: [bar.annotation],
    xaxis: axis("time (s)", { range: [start, end], anchor: detector ? "y2" : "y" }),
    yaxis: axis(seen, {
      domain: [bottom, 1],
      range: [-STEPS * derivations.length, STEPS * 1.5],
      tickvals: derivations.map((_, row) => -STEPS * row),
      ticktext: derivations.map(({ name: text, side }) => (side === "heart" ? `${text} ÷10` : text)),
      tickfont: { size: 9 },
      showgrid: false,
    }),
    ...(detector
      ? {
          yaxis2: axis("p", {
            domain: [0, 1 - EEG_SHARE - 0.03],
            range: [0, 1.02],
            tickvals: [0, detector.onThreshold, 1],
            tickformat: ".2f",
            tickfont: { size: 9 },
          }),
        }
      : {}),
  };
  return makeFigure(
    id,
    [...bands.legend, ...(detector ? [probabilityTrace(detector, start, end)] : []), ...eeg],
    layout as unknown as Partial<Layout>, // @types/plotly.js has no domain in yref
    recording.caption,
  );
}
