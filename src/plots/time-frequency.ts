/** Spectrogram and topography. */
import type { Data } from "plotly.js";
import type { Spectrogram } from "../signal/spectrum.js";
import { axis, type Caption, COLORS, type Figure, makeFigure } from "./figure.js";

const COLUMNS = 1200;

/** Power over time and frequency in decibels, up to `highHz`; at most 1200 columns, others are skipped. */
export function spectrogramFigure(
  { timesSeconds, frequenciesHz, power }: Spectrogram,
  {
    title = "Spectrogram",
    unit = "dB re 1 µV²/Hz",
    highHz = 40,
  }: { title?: string | undefined; unit?: string | undefined; highHz?: number | undefined } = {},
  caption: Caption = {},
): Figure {
  const rows = Array.from(frequenciesHz.keys()).filter((i) => i > 0 && frequenciesHz[i]! <= highHz);
  const step = Math.max(1, Math.ceil(timesSeconds.length / COLUMNS));
  const columns = Array.from(timesSeconds.keys()).filter((i) => i % step === 0);
  const width = frequenciesHz.length;
  const decibels = (value: number) => Math.round(100 * Math.log10(Math.max(value, 1e-12))) / 10;
  const data: Data[] = [
    {
      type: "heatmap",
      x: columns.map((i) => timesSeconds[i]!),
      y: rows.map((i) => frequenciesHz[i]!),
      z: rows.map((f) => columns.map((t) => decibels(power[t * width + f]!))),
      colorscale: "Cividis",
      colorbar: { title: { text: unit, side: "right" }, thickness: 12 },
      hovertemplate: "%{x:.1f} s, %{y:.1f} Hz: %{z:.1f} dB<extra></extra>",
    },
  ];
  return makeFigure(title, data, { xaxis: axis("time (s)"), yaxis: axis("frequency (Hz)") }, caption);
}

/** Position of an electrode, and its value. */
export interface ScalpValue {
  readonly electrode: string;
  /** Unit vector: right ear +x, nose +y, vertex +z. */
  readonly position: readonly [number, number, number];
  readonly value: number;
}

const HEAD = 1.15; // relative to the circle of the lowest electrodes
const CELLS = 61;

/** Azimuthal equidistant projection: the vertex in the centre, the level of the ears on the unit circle. */
function projected([x, y, z]: readonly [number, number, number]): [number, number] {
  const angle = Math.acos(Math.max(-1, Math.min(1, z))) / (Math.PI / 2);
  const flat = Math.hypot(x, y);
  return flat < 1e-9 ? [0, 0] : [(angle * x) / flat, (angle * y) / flat];
}

/** Values over the scalp, such as band power, interpolated by inverse squared distance; seen from above, nose up. */
export function topography(
  values: readonly ScalpValue[],
  { title, unit }: { readonly title: string; readonly unit: string },
  caption: Caption = {},
): Figure {
  const places = values.map(({ position, value }) => ({ at: projected(position), value }));
  const grid = Array.from({ length: CELLS }, (_, i) => HEAD * ((2 * i) / (CELLS - 1) - 1));
  const at = (x: number, y: number) => {
    if (Math.hypot(x, y) > HEAD) return null;
    let weights = 0;
    let sum = 0;
    for (const {
      at: [px, py],
      value,
    } of places) {
      const weight = 1 / ((x - px) ** 2 + (y - py) ** 2 + 1e-6);
      weights += weight;
      sum += weight * value;
    }
    return Math.round((1000 * sum) / weights) / 1000;
  };
  const data: Data[] = [
    {
      ...({
        type: "heatmap",
        x: grid,
        y: grid,
        z: grid.map((y) => grid.map((x) => at(x, y))),
        zsmooth: "best",
      } as const),
      colorscale: "Cividis",
      colorbar: { title: { text: unit, side: "right" }, thickness: 12 },
      hoverinfo: "skip",
    },
    {
      ...({ type: "scatter", mode: "text+markers", textposition: "top center" } as const),
      x: places.map(({ at: [x] }) => x),
      y: places.map(({ at: [, y] }) => y),
      text: values.map(({ electrode }) => electrode),
      customdata: values.map(({ value }) => value),
      hovertemplate: `%{text}: %{customdata:.3g} ${unit}<extra></extra>`,
      textfont: { size: 10, color: "#fff", shadow: "0 0 2px #000, 0 0 3px #000, 0 0 4px #000" } as object,
      marker: { size: 5, color: "#fff", line: { color: "#000", width: 1 } },
    },
  ];
  const edge = { line: { color: COLORS.grey, width: 2 } };
  const layout = {
    height: 460,
    showlegend: false,
    shapes: [
      { ...edge, type: "circle", x0: -HEAD, y0: -HEAD, x1: HEAD, y1: HEAD },
      { ...edge, type: "path", path: `M -0.12 ${HEAD * 0.99} L 0 ${HEAD * 1.12} L 0.12 ${HEAD * 0.99}` },
    ] as object[],
    xaxis: { visible: false, range: [-1.35, 1.35] },
    yaxis: { visible: false, range: [-1.25, 1.35], scaleanchor: "x" as const },
  };
  return makeFigure(title, data, layout, caption);
}
