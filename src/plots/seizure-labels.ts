import { ownValue } from "@ictal/base/records";
import type { Data, Shape } from "plotly.js";
import { axis, type Caption, COLORS, type Figure, lengthAxis, makeFigure } from "./figure.js";

/** Fields of a recording that the figures of labels need; seizure labels are the type names of TUSZ. */
export interface LabelledRow {
  readonly id: string;
  readonly split: string;
  readonly durationSeconds: number;
  readonly status: string;
  readonly seizures: readonly { readonly startSeconds: number; readonly endSeconds: number; readonly label: string }[];
}

const TYPE_COLORS: Readonly<Record<string, string>> = {
  fnsz: COLORS.blue,
  gnsz: COLORS.vermilion,
  cpsz: COLORS.green,
  spsz: COLORS.sky,
  absz: COLORS.orange,
  tcsz: COLORS.purple,
  tnsz: "#7B3F61",
  cnsz: "#5B4A8A",
  mysz: "#B59B00",
  atsz: "#6B6B6B",
  seiz: COLORS.grey,
};

/** The colour of a seizure type, the same in every figure. */
export function typeColor(label: string): string {
  return ownValue(TYPE_COLORS, label) ?? COLORS.grey;
}

function typesOf(rows: readonly LabelledRow[]): string[] {
  return [...new Set(rows.flatMap(({ seizures }) => seizures.map(({ label }) => label)))].sort();
}

/** The shortest seizure of the clinical definition (ACNS 2021); many corpora label shorter ones. */
const SHORTEST_SECONDS = 10;

/** Duration of every seizure by type: a box plot with all points. Seconds on a log axis. */
export function seizureLengths(rows: readonly LabelledRow[], caption: Caption = {}): Figure {
  const data: Data[] = typesOf(rows).map((type) => {
    const lengths = rows.flatMap(({ seizures }) =>
      seizures
        .filter(({ label }) => label === type)
        .map(({ startSeconds, endSeconds }) => round(endSeconds - startSeconds)),
    );
    return {
      type: "box",
      name: `${type}<br>n = ${lengths.length}`,
      y: lengths,
      boxpoints: "all",
      jitter: 0.5,
      pointpos: 0,
      marker: { color: typeColor(type), size: 5, opacity: 0.7 },
      line: { color: typeColor(type) },
      fillcolor: "rgba(0,0,0,0)",
    };
  });
  const lengths = rows.flatMap(({ seizures }) => seizures.map((each) => each.endSeconds - each.startSeconds));
  const short = lengths.filter((seconds) => seconds < SHORTEST_SECONDS).length;
  const share = lengths.length > 0 ? ` (${((100 * short) / lengths.length).toFixed(1)} %)` : "";
  return makeFigure(
    `${short} of ${lengths.length} seizures${share} last under ${SHORTEST_SECONDS} s`,
    data,
    { showlegend: false, shapes: [shortestLine()], xaxis: axis(""), yaxis: lengthAxis("duration (s)") },
    caption,
  );
}

function shortestLine(): Partial<Shape> {
  const across = {
    type: "line",
    xref: "paper",
    yref: "y",
    x0: 0,
    x1: 1,
    y0: SHORTEST_SECONDS,
    y1: SHORTEST_SECONDS,
  } as const;
  return { ...across, line: { color: COLORS.grey, width: 1, dash: "dot" } };
}

/** Share of recorded time that is seizure, background or unlabelled, per split. */
export function timeShare(rows: readonly LabelledRow[], caption: Caption = {}): Figure {
  const splits = [...new Set(rows.map(({ split }) => split))];
  const hours = (split: string, kind: "seizure" | "background" | "unlabelled") =>
    rows
      .filter((row) => row.split === split)
      .reduce((sum, { durationSeconds, status, seizures }) => {
        const seizure = seizures.reduce((total, { startSeconds, endSeconds }) => total + endSeconds - startSeconds, 0);
        const unlabelled = status === "unknown" ? durationSeconds : 0;
        if (kind === "seizure") return sum + seizure;
        return sum + (kind === "unlabelled" ? unlabelled : durationSeconds - unlabelled - seizure);
      }, 0) / 3600;
  const kinds = [
    ["seizure", COLORS.vermilion],
    ["background", COLORS.sky],
    ["unlabelled", COLORS.grey],
  ] as const;
  const totals = splits.map((split) => ({ split, total: kinds.reduce((sum, [kind]) => sum + hours(split, kind), 0) }));
  const data: Data[] = kinds.map(([kind, color]) => ({
    type: "bar",
    orientation: "h",
    name: kind,
    y: totals.map(({ split, total }) => `${split}<br>${total.toFixed(2)} h`),
    x: totals.map(({ split, total }) => round((100 * hours(split, kind)) / total)),
    text: totals.map(({ split, total }) => `${((100 * hours(split, kind)) / total).toFixed(1)} %`),
    textposition: "inside",
    insidetextanchor: "middle",
    textangle: 0,
    marker: { color },
  }));
  return makeFigure(
    "Recorded time by label",
    data,
    {
      barmode: "stack",
      height: 150 + 46 * splits.length,
      xaxis: axis("share of recorded time (%)", { range: [0, 100] }),
      yaxis: axis("", { autorange: "reversed" }),
    },
    caption,
  );
}

/** One row per recording, its duration as a line, its seizures as bars coloured by type. */
export function labelTimeline(rows: readonly LabelledRow[], caption: Caption = {}): Figure {
  const labels = rows.map(({ id }) => id);
  const backbone: Data = {
    type: "bar",
    orientation: "h",
    name: "recorded",
    y: labels,
    x: rows.map(({ durationSeconds }) => round(durationSeconds)),
    marker: {
      color: rows.map(({ status }) => (status === "unknown" ? "rgba(138,143,152,0.12)" : "rgba(86,180,233,0.28)")),
    },
    hovertemplate: "%{y}<br>%{x} s<extra></extra>",
    width: 0.5,
  };
  const data: Data[] = [backbone];
  for (const type of typesOf(rows)) {
    const events = rows.flatMap(({ id, seizures }) =>
      seizures.filter(({ label }) => label === type).map((seizure) => ({ id, ...seizure })),
    );
    data.push({
      type: "bar",
      orientation: "h",
      name: type,
      y: events.map(({ id }) => id),
      base: events.map(({ startSeconds }) => round(startSeconds)),
      x: events.map(({ startSeconds, endSeconds }) => round(endSeconds - startSeconds)),
      marker: { color: typeColor(type) },
      hovertemplate: `${type} %{base} s, %{x} s long<br>%{y}<extra></extra>`,
      width: 0.8,
    } as Data); // @types/plotly.js has no `base` of numbers for bars
  }
  return makeFigure(
    "Seizures of each recording",
    data,
    {
      barmode: "overlay",
      height: 150 + 17 * rows.length,
      xaxis: axis("time (s)"),
      yaxis: axis("", { autorange: "reversed", tickfont: { size: 9 } }),
    },
    caption,
  );
}

/** Shaded bands for events, for any figure whose x axis is seconds. */
export function eventBands(
  events: readonly { readonly startSeconds: number; readonly endSeconds: number }[],
  color: string,
  more: Partial<Shape> = {},
): Partial<Shape>[] {
  return events.map(({ startSeconds, endSeconds }) => ({
    type: "rect",
    xref: "x",
    yref: "paper",
    x0: startSeconds,
    x1: endSeconds,
    y0: 0,
    y1: 1,
    fillcolor: color,
    opacity: 0.2,
    line: { width: 0 },
    layer: "below",
    ...more,
  }));
}

function round(value: number): number {
  return Math.round(value * 1000) / 1000;
}
