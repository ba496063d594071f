import { minMaxInto } from "../../min-max.js";
import type { NamedEvent } from "../recording.js";
import type { Derivation } from "../view/montages.js";
import type { ViewState } from "../view/state.js";
import { clock } from "../view/steps.js";
import { colours, LABEL_PIXELS, RIGHT_PIXELS, type Surface, shade } from "./canvas.mjs";
import type { Track } from "./tracks.mjs";

/** What one page of EEG is drawn from. */
export interface EegDrawing {
  readonly tracks: readonly Track[];
  readonly state: ViewState;
  readonly derivations: readonly Derivation[];
  /** Of each derivation, microvolts, over the page. */
  readonly traces: readonly Float32Array[];
  /** Said where there is nothing to draw. */
  readonly emptyText: string;
}

const HEAD_PIXELS = 4;
const AXIS_PIXELS = 22;
const CHAIN_GAP = 0.6;
/** The ECG is drawn at a tenth of the EEG's height, as its amplitude is ten times that of EEG. */
const HEART_FACTOR = 0.1;
const LANE_PIXELS = 14;
/** Solid edge of a lane; the rest is light, so that names are read on it. */
const EDGE_PIXELS = 3;
const GRID_STEPS = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 900, 1800, 3600];
const GRID_PIXELS = 64;
/** Seconds are drawn without a label where there is this much room. */
const SECOND_PIXELS = 14;
const BAR_PIXELS = [18, 60] as const;
const BARS_MICROVOLTS = [5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000];

/** Seconds between two labelled lines. */
export function gridStep(pageSeconds: number, width: number): number {
  return GRID_STEPS.find((step) => (step / pageSeconds) * width >= GRID_PIXELS) ?? GRID_STEPS.at(-1)!;
}

/** Where traces are: between `top` and `bottom`, each around its row. */
export interface Layout {
  readonly top: number;
  readonly bottom: number;
  readonly rows: readonly number[];
}

/** Vertical places of traces below the lanes of events: even, with a little more room between chains. */
export function layoutOf(
  { derivations, trackCount }: { readonly derivations: readonly Derivation[]; readonly trackCount: number },
  height: number,
): Layout {
  const top = HEAD_PIXELS + trackCount * (LANE_PIXELS + 2);
  const bottom = height - AXIS_PIXELS;
  let at = 0.5;
  const places = derivations.map(({ chain }, i) => {
    if (i > 0) at += chain === derivations[i - 1]!.chain ? 1 : 1 + CHAIN_GAP;
    return at;
  });
  return { top, bottom, rows: places.map((place) => top + (place / (at + 0.5)) * (bottom - top)) };
}

function drawTimes(
  { context, width, height }: Surface,
  state: ViewState,
  { top }: Layout,
  colour: Readonly<Record<string, string>>,
): void {
  const span = width - LABEL_PIXELS - RIGHT_PIXELS;
  const step = gridStep(state.pageSeconds, span);
  const end = state.startSeconds + state.pageSeconds;
  context.strokeStyle = colour.grid!;
  context.fillStyle = colour.faint!;
  context.lineWidth = 1;
  context.textAlign = "center";
  const fine = step > 1 && span / state.pageSeconds >= SECOND_PIXELS ? 1 : step;
  for (let k = Math.ceil(state.startSeconds / fine - 1e-9); k * fine <= end + 1e-9; k++) {
    const x = Math.round(LABEL_PIXELS + ((k * fine - state.startSeconds) / state.pageSeconds) * span) + 0.5;
    const isLabelled = Math.abs((k * fine) / step - Math.round((k * fine) / step)) < 1e-9;
    context.beginPath();
    context.moveTo(x, top);
    context.lineTo(x, height - AXIS_PIXELS);
    context.stroke();
    if (isLabelled && x < width - 24) context.fillText(clock(k * fine, step), x, height - AXIS_PIXELS / 2);
  }
}

/** Text of an event in its row. */
function nameOf({ label, confidence }: NamedEvent, { kind, name }: Track): string {
  if (kind === "reference") return name === "reference" ? label : `${name}: ${label}`;
  return confidence === undefined ? name : `${name}, confidence ${confidence.toFixed(2)}`;
}

/** Shades the events of a track (of the first reference and detector over the traces too), with a solid edge in its own lane on top and its name there. */
function drawEvents(
  surface: Surface,
  { state }: EegDrawing,
  { top, bottom }: Layout,
  track: Track,
  index: number,
): void {
  const { context, width } = surface;
  const colour = colours()[track.colour]!;
  const span = width - LABEL_PIXELS - RIGHT_PIXELS;
  const end = state.startSeconds + state.pageSeconds;
  const lane = HEAD_PIXELS + index * (LANE_PIXELS + 2);
  const place = (seconds: number) =>
    LABEL_PIXELS +
    ((Math.max(state.startSeconds, Math.min(end, seconds)) - state.startSeconds) / state.pageSeconds) * span;
  const text = colours().text;
  for (const event of track.events) {
    const { startSeconds, endSeconds } = event;
    if (startSeconds >= end || endSeconds <= state.startSeconds) continue;
    const [from, to] = [place(startSeconds), place(endSeconds)];
    const wide = Math.max(2, to - from);
    if (track.isMain) shade(context, [from, top, to - from, bottom - top], colour, track.kind === "detector");
    shade(context, [from, lane, wide, LANE_PIXELS], colour, false);
    context.fillStyle = colour;
    context.fillRect(from, lane, wide, EDGE_PIXELS);
    context.fillStyle = text;
    context.textAlign = "left";
    const name = nameOf(event, track);
    const room = wide - 8;
    const shown = context.measureText(name).width <= room ? name : (name.split(",")[0] ?? name);
    if (context.measureText(shown).width <= room) context.fillText(shown, from + 4, lane + EDGE_PIXELS + 6);
  }
}

/** One trace: a point per sample, or each pixel's extremes where there are more samples than that. */
function drawTrace(
  context: CanvasRenderingContext2D,
  trace: Float32Array,
  x0: number,
  span: number,
  y0: number,
  scale: number,
): void {
  const columns = Math.max(1, Math.floor(span));
  const dense = trace.length > 2 * columns;
  const points = dense ? new Float32Array(2 * columns) : trace;
  if (dense) minMaxInto(points, trace);
  const step = span / (dense ? columns : points.length);
  let isDown = false;
  context.beginPath();
  for (let i = 0; i < points.length; i++) {
    const value = points[i]!;
    if (Number.isNaN(value)) {
      isDown = false;
      continue;
    }
    const x = x0 + step * (dense ? (i >> 1) + 0.5 : i);
    const y = y0 + scale * value; // positive goes down: negative up
    if (isDown) context.lineTo(x, y);
    else context.moveTo(x, y);
    isDown = true;
  }
  context.stroke();
}

/** The amplitude bar beside the traces. */
function drawCalibration(
  { context, width }: Surface,
  state: ViewState,
  { bottom }: Layout,
  colour: Readonly<Record<string, string>>,
): void {
  const scale = state.pixelsPerMillimetre / state.microvoltsPerMillimetre;
  const bar = BARS_MICROVOLTS.find((value) => value * scale >= BAR_PIXELS[0]) ?? BARS_MICROVOLTS.at(-1)!;
  const tall = Math.min(bar * scale, 3 * BAR_PIXELS[1]);
  const x = width - RIGHT_PIXELS / 2;
  const foot = bottom - 4;
  context.strokeStyle = colour.text!;
  context.lineWidth = 2;
  context.beginPath();
  context.moveTo(x - 4, foot - tall);
  context.lineTo(x + 4, foot - tall);
  context.moveTo(x, foot - tall);
  context.lineTo(x, foot);
  context.moveTo(x - 4, foot);
  context.lineTo(x + 4, foot);
  context.stroke();
  context.fillStyle = colour.text!;
  context.textAlign = "center";
  context.fillText(`${bar} µV`, x, foot - tall - 9);
}

/** Draws a page of EEG. */
export function drawEeg(surface: Surface, drawing: EegDrawing): void {
  const { context, width, height } = surface;
  const { derivations, traces, state } = drawing;
  const colour = colours();
  const span = width - LABEL_PIXELS - RIGHT_PIXELS;
  const layout = layoutOf({ derivations, trackCount: drawing.tracks.length }, height);
  for (const [index, track] of drawing.tracks.entries()) drawEvents(surface, drawing, layout, track, index);
  drawTimes(surface, state, layout, colour);
  if (derivations.length === 0) {
    context.fillStyle = colour.text;
    context.textAlign = "center";
    context.fillText(drawing.emptyText, width / 2, height / 2);
    return;
  }
  const { rows, top, bottom } = layout;
  const scale = state.pixelsPerMillimetre / state.microvoltsPerMillimetre;
  context.save();
  context.beginPath();
  context.rect(LABEL_PIXELS, top, span, bottom - top);
  context.clip();
  context.lineWidth = 0.9;
  context.lineJoin = "bevel";
  for (const [i, { side }] of derivations.entries()) {
    context.strokeStyle = colour[side]!;
    drawTrace(context, traces[i]!, LABEL_PIXELS, span, rows[i]!, scale * (side === "heart" ? HEART_FACTOR : 1));
  }
  context.restore();
  context.textAlign = "right";
  for (const [i, { side, name }] of derivations.entries()) {
    context.fillStyle = colour[side]!;
    context.fillText(side === "heart" ? `${name} ÷10` : name, LABEL_PIXELS - 6, rows[i]!);
  }
  drawCalibration(surface, state, layout, colour);
}
