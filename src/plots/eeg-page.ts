import { requireCounts, requireNumber } from "@ictal/base/options";
import type { Data, Layout, Shape } from "plotly.js";
import type { EegPanel } from "../recording/eeg-panel.js";
import { axis, type Caption, COLORS, type Figure, makeFigure, packed } from "./figure.js";
import { hemisphereOf } from "./hemisphere.js";
import { minMaxInto } from "./min-max.js";
import { eventBands } from "./seizure-labels.js";

export interface EegPageOptions {
  readonly caption?: Caption | undefined;
  /** Distance between channels in the unit of the samples. @default 8 */
  readonly spacing?: number | undefined;
  /** Points per channel and panel after decimation. @default 800 */
  readonly pointsPerChannel?: number | undefined;
  /** Unit of the samples, for the hover text. @default "SD" */
  readonly unit?: string | undefined;
  /** Panels side by side. @default 2 */
  readonly columns?: number | undefined;
}

const SPACING_STEPS = 800; // drawn integers between two channels

const SIDE_COLORS = { left: COLORS.blue, right: COLORS.vermilion, midline: COLORS.grey };

/** Left electrodes carry odd numbers, right ones even, the midline a Z. */
export function sideColor(channel: string): string {
  return SIDE_COLORS[hemisphereOf(channel)];
}

interface TraceSettings {
  readonly spacing: number;
  readonly pointsPerChannel: number;
  readonly unit: string;
}

function channelTrace(
  panel: EegPanel,
  channel: number,
  name: string,
  axisNumber: number,
  settings: TraceSettings,
): Data {
  const sampleCount = panel.samples.length / panel.channels.length;
  const points = Math.min(settings.pointsPerChannel, 2 * sampleCount) & ~1;
  const extremes = new Float32Array(points);
  minMaxInto(extremes, panel.samples.subarray(channel * sampleCount, (channel + 1) * sampleCount));
  const step = SPACING_STEPS / settings.spacing;
  const drawn = Int16Array.from(extremes, (value) =>
    Math.max(-32768, Math.min(32767, -step * value - SPACING_STEPS * channel)),
  ); // negative up
  return {
    type: "scatter",
    mode: "lines",
    name,
    x0: panel.startSeconds,
    dx: sampleCount / panel.sampleRateHz / points,
    y: packed(drawn),
    line: { width: 0.8, color: sideColor(name) },
    hovertemplate: `${name} at %{x:.2f} s; ${settings.spacing} ${settings.unit} between channels<extra></extra>`,
    xaxis: axisNumber === 1 ? "x" : `x${axisNumber}`,
    yaxis: axisNumber === 1 ? "y" : `y${axisNumber}`,
    showlegend: false,
  } as unknown as Data; // @types/plotly.js has no packed arrays
}

/**
 * Panels of EEG in a grid, channels from top to bottom as listed, negative up, left blue, right red, midline grey, seizures
 * shaded. An hour of 19 channels is reduced to its extremes per pixel before it is drawn.
 */
export function eegPage(title: string, panels: readonly EegPanel[], options: EegPageOptions = {}): Figure {
  const { spacing = 8, pointsPerChannel = 800, unit = "SD", columns: most = 2 } = options;
  requireNumber("spacing", spacing, { above: 0 });
  requireCounts({ pointsPerChannel, columns: most });
  const settings = { spacing, pointsPerChannel, unit };
  const columns = Math.min(most, panels.length);
  const rows = Math.ceil(panels.length / columns);
  const data: Data[] = [];
  const shapes: Partial<Shape>[] = [];
  const annotations: object[] = [];
  const layout: Record<string, unknown> = {};
  panels.forEach((panel, index) => {
    const number = index + 1;
    const suffix = number === 1 ? "" : String(number);
    const sampleCount = panel.samples.length / panel.channels.length;
    const end = panel.startSeconds + sampleCount / panel.sampleRateHz;
    for (const [channel, name] of panel.channels.entries())
      data.push(channelTrace(panel, channel, name, number, settings));
    const clipped = panel.seizures
      .filter(({ startSeconds, endSeconds }) => startSeconds < end && endSeconds > panel.startSeconds)
      .map(({ startSeconds, endSeconds }) => ({
        startSeconds: Math.max(startSeconds, panel.startSeconds),
        endSeconds: Math.min(endSeconds, end),
      }));
    shapes.push(
      ...eventBands(clipped, COLORS.orange, { xref: `x${suffix}`, yref: `y${suffix} domain` } as Partial<Shape>),
    );
    const last = index + columns >= panels.length;
    layout[`xaxis${suffix}`] = axis(last ? "time (s)" : "", { range: [panel.startSeconds, end], anchor: `y${suffix}` });
    layout[`yaxis${suffix}`] = axis("", {
      tickvals: panel.channels.map((_, channel) => -SPACING_STEPS * channel),
      ticktext: [...panel.channels],
      tickfont: { size: 8 },
      range: [-SPACING_STEPS * (panel.channels.length + 0.5), SPACING_STEPS * 1.5],
      showgrid: false,
      anchor: `x${suffix}`,
    });
    annotations.push({
      text: panel.title,
      showarrow: false,
      xref: `x${suffix} domain`,
      yref: `y${suffix} domain`,
      x: 0,
      y: 1,
      xanchor: "left",
      yanchor: "bottom",
      font: { size: 10 },
    });
  });
  const height = rows * 340 + 110;
  const grid = { rows, columns, pattern: "independent", xgap: 0.08, ygap: rows > 1 ? 0.16 : 0 };
  return makeFigure(
    title,
    data,
    { ...layout, grid, shapes, annotations, height } as unknown as Partial<Layout>, // @types/plotly.js has no numbered axes
    options.caption,
  );
}
