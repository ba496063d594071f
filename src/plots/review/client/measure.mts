import type { Interval } from "../../../base/events.js";
import type { Derivation } from "../view/montages.js";
import type { ViewState } from "../view/state.js";
import { colours, LABEL_PIXELS, RIGHT_PIXELS, type Surface } from "./canvas.mjs";
import { type Layout, layoutOf } from "./draw-eeg.mjs";

/** What the page shows, as the measuring cursor needs it. */
export interface Shown {
  readonly state: ViewState;
  readonly derivations: readonly Derivation[];
  /** Of each derivation, microvolts, over the page. */
  readonly traces: readonly Float32Array[];
  readonly trackCount: number;
}

/** Two points of one trace; the same one twice where nothing is dragged. */
export interface Measurement extends Interval {
  readonly row: number;
}

/** What two points of a trace say; undefined where there is no trace. */
export interface Reading {
  readonly channel: string;
  readonly seconds: number;
  /** One period between the points. */
  readonly hertz: number;
  /** At the first point. */
  readonly microvolts: number;
  /** From the first point to the second. */
  readonly difference: number;
  /** Largest less smallest value between the points. */
  readonly peakToPeak: number;
}

/** Reads a measurement from the traces. */
export function readingOf({ state, derivations, traces }: Shown, measured: Measurement): Reading | undefined {
  const [trace, derivation] = [traces[measured.row], derivations[measured.row]];
  if (!trace || !derivation || trace.length === 0) return undefined;
  const at = (seconds: number) =>
    Math.max(
      0,
      Math.min(trace.length - 1, Math.round(((seconds - state.startSeconds) / state.pageSeconds) * trace.length)),
    );
  const [from, to] = [at(measured.startSeconds), at(measured.endSeconds)];
  const between = trace.subarray(Math.min(from, to), Math.max(from, to) + 1);
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of between) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  const seconds = Math.abs(measured.endSeconds - measured.startSeconds);
  return {
    ...{ channel: derivation.name, seconds, hertz: 1 / seconds },
    microvolts: trace[from] ?? Number.NaN,
    difference: (trace[to] ?? Number.NaN) - (trace[from] ?? Number.NaN),
    peakToPeak: high - low,
  };
}

/** A reading in words. */
export function readingText({ channel, seconds, hertz, microvolts, difference, peakToPeak }: Reading): string {
  if (seconds === 0) return `${channel} ${microvolts.toFixed(0)} µV`;
  const time = seconds < 1 ? `${(1000 * seconds).toFixed(0)} ms` : `${seconds.toFixed(2)} s`;
  return `${channel}: ${time}, ${hertz.toFixed(hertz < 10 ? 2 : 1)} Hz, difference ${difference.toFixed(0)} µV, peak to peak ${peakToPeak.toFixed(0)} µV`;
}

/** The trace whose baseline is nearest to a height. */
export function rowAt({ rows }: Layout, y: number): number {
  return rows.reduce((best, row, i) => (Math.abs(row - y) < Math.abs((rows[best] ?? 0) - y) ? i : best), 0);
}

/** Draws the measurement over the traces, with its reading. */
export function drawMeasurement(surface: Surface, shown: Shown, measured: Measurement): void {
  const { context, width, height } = surface;
  const { top, bottom } = layoutOf(shown, height);
  const colour = colours();
  const span = width - LABEL_PIXELS - RIGHT_PIXELS;
  const place = (seconds: number) =>
    LABEL_PIXELS + ((seconds - shown.state.startSeconds) / shown.state.pageSeconds) * span;
  const [from, to] = [place(measured.startSeconds), place(measured.endSeconds)];
  context.strokeStyle = colour.text;
  context.lineWidth = 1;
  context.setLineDash([4, 3]);
  context.beginPath();
  for (const x of from === to ? [from] : [from, to]) {
    context.moveTo(x, top);
    context.lineTo(x, bottom);
  }
  context.stroke();
  context.setLineDash([]);
  if (from !== to) {
    context.globalAlpha = 0.08;
    context.fillStyle = colour.text;
    context.fillRect(Math.min(from, to), top, Math.abs(to - from), bottom - top);
    context.globalAlpha = 1;
  }
  const reading = readingOf(shown, measured);
  if (!reading || Number.isNaN(reading.microvolts)) return;
  const text = readingText(reading);
  const wide = context.measureText(text).width;
  const x = Math.max(LABEL_PIXELS + 4, Math.min(Math.max(from, to) + 6, width - RIGHT_PIXELS - wide - 8));
  context.fillStyle = colour.page!;
  context.globalAlpha = 0.88;
  context.fillRect(x - 3, top + 3, wide + 6, 18);
  context.globalAlpha = 1;
  context.fillStyle = colour.text;
  context.textAlign = "left";
  context.fillText(text, x, top + 12);
}
