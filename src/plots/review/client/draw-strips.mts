import type { Interval } from "../../../base/events.js";
import { minMaxInto } from "../../min-max.js";
import type { PageData } from "../page-data.js";
import { clock } from "../view/steps.js";
import { colours, LABEL_PIXELS, RIGHT_PIXELS, type Surface, shade } from "./canvas.mjs";
import { gridStep } from "./draw-eeg.mjs";
import type { LoadedPage } from "./load.mjs";
import { otherColour, tracksOf } from "./tracks.mjs";

const LANE_PIXELS = 12;

/** A stretch of time over the width of a strip. */
export interface Stretch {
  readonly startSeconds: number;
  readonly seconds: number;
}

type Palette = Readonly<Record<string, string>>;

function placeOf({ width }: Surface, { startSeconds, seconds }: Stretch): (at: number) => number {
  const span = width - LABEL_PIXELS - RIGHT_PIXELS;
  const inside = (at: number) => Math.max(0, Math.min(1, (at - startSeconds) / seconds));
  return (at) => LABEL_PIXELS + inside(at) * span;
}

function drawProbability(
  surface: Surface,
  { startSeconds, seconds }: Stretch,
  probability: Float32Array,
  rateHz: number,
  [top, height]: readonly [number, number],
  line: string,
): void {
  const { context, width } = surface;
  const span = width - LABEL_PIXELS - RIGHT_PIXELS;
  const first = Math.max(0, Math.floor(startSeconds * rateHz));
  const values = probability.subarray(first, Math.ceil((startSeconds + seconds) * rateHz));
  const columns = Math.floor(span);
  const dense = values.length > 2 * columns;
  const points = dense ? new Float32Array(2 * columns) : values;
  if (dense) minMaxInto(points, values);
  const per = dense ? values.length / points.length : 1;
  const x = (i: number) => LABEL_PIXELS + (((first + i * per) / rateHz - startSeconds) / seconds) * span;
  context.save();
  context.beginPath();
  context.rect(LABEL_PIXELS, top - 1, span, height + 2);
  context.clip();
  context.beginPath();
  for (let i = 0; i < points.length; i++) {
    const y = top + height * (1 - points[i]!);
    context.lineTo(x(i), y);
    context.lineTo(x(i + 1), y); // a value holds for its whole cell
  }
  context.strokeStyle = line;
  context.lineWidth = 1.3;
  context.stroke();
  context.lineTo(x(points.length), top + height);
  context.lineTo(x(0), top + height);
  context.fillStyle = line;
  context.globalAlpha = 0.15;
  context.fill();
  context.restore();
}

function drawThresholds(
  { context, width }: Surface,
  levels: readonly number[],
  [top, height]: readonly [number, number],
  colour: Palette,
): void {
  context.save();
  context.strokeStyle = colour.faint!;
  context.lineWidth = 1;
  for (const [i, level] of levels.entries()) {
    const y = Math.round(top + height * (1 - level)) + 0.5;
    context.setLineDash(i === 0 ? [5, 3] : [2, 3]);
    context.beginPath();
    context.moveTo(LABEL_PIXELS, y);
    context.lineTo(width - RIGHT_PIXELS, y);
    context.stroke();
  }
  context.restore();
}

function labels({ context }: Surface, rows: readonly (readonly [string, number, string])[]): void {
  context.textAlign = "right";
  for (const [text, y, colour] of rows) {
    context.fillStyle = colour;
    context.fillText(text, LABEL_PIXELS - 6, y);
  }
}

/** The probability below a page of EEG, on the same time axis. */
export function drawPageStrip(surface: Surface, page: LoadedPage, stretch: Stretch): void {
  const { data, probability } = page;
  const { context, width, height } = surface;
  const colour = colours();
  const area = [4, height - 8] as const;
  context.lineWidth = 1;
  context.strokeStyle = colour.grid;
  context.strokeRect(LABEL_PIXELS + 0.5, area[0] + 0.5, width - LABEL_PIXELS - RIGHT_PIXELS - 1, area[1] - 1);
  const { detector } = data;
  if (!detector) {
    context.fillStyle = colour.faint!;
    context.textAlign = "left";
    context.fillText("no predictions were given for this recording", LABEL_PIXELS + 8, height / 2);
    return;
  }
  drawThresholds(surface, [detector.onThreshold, detector.offThreshold], area, colour);
  for (const [index, other] of data.others.entries()) {
    const values = page.otherProbabilities[index];
    if (values && other.rateHz)
      drawProbability(surface, stretch, values, other.rateHz, area, colour[otherColour(index)]!);
  }
  drawProbability(surface, stretch, probability, detector.rateHz, area, colour.line!);
  const { onThreshold } = detector;
  const line = area[0] + area[1] * (1 - onThreshold);
  const text = `on at ${+onThreshold.toFixed(3)}`;
  const [right, middle] = [width - RIGHT_PIXELS - 4, onThreshold > 0.5 ? line + 9 : line - 8];
  context.fillStyle = colour.page!;
  context.globalAlpha = 0.8;
  context.fillRect(right - context.measureText(text).width - 3, middle - 7, context.measureText(text).width + 6, 14);
  context.globalAlpha = 1;
  context.fillStyle = colour.text;
  context.textAlign = "right";
  context.fillText(text, right, middle);
  labels(surface, [
    ["1", area[0] + 5, colour.faint!],
    ["probability", height / 2, colour.text],
    ["0", height - 9, colour.faint!],
  ]);
}

/** As much of a name as the column at the left holds. */
function shortened({ context }: Surface, name: string): string {
  let shown = name;
  while (shown.length > 1 && context.measureText(shown).width > LABEL_PIXELS - 10) shown = `${shown.slice(0, -2)}…`;
  return shown;
}

function drawLane(
  surface: Surface,
  stretch: Stretch,
  events: readonly Interval[],
  [y, tall]: readonly [number, number],
  colour: string,
): void {
  const place = placeOf(surface, stretch);
  surface.context.fillStyle = colour;
  for (const { startSeconds, endSeconds } of events) {
    const x = place(startSeconds);
    surface.context.fillRect(x, y, Math.max(2, place(endSeconds) - x), tall);
  }
}

/** Triangles over missed seizures, crosses over false alarms: distinguished by shape, not only by colour. */
function drawMarks(surface: Surface, stretch: Stretch, data: PageData, y: number, colour: Palette): void {
  const { context } = surface;
  const place = placeOf(surface, stretch);
  const middle = ({ startSeconds, endSeconds }: Interval) => place((startSeconds + endSeconds) / 2);
  for (const miss of data.detector?.misses ?? []) {
    const x = middle(miss);
    context.fillStyle = colour.text!;
    context.beginPath();
    context.moveTo(x - 5, y - 4);
    context.lineTo(x + 5, y - 4);
    context.lineTo(x, y + 5);
    context.fill();
  }
  context.strokeStyle = colour.text!;
  context.lineWidth = 1.8;
  for (const alarm of data.detector?.falseAlarms ?? []) {
    const x = middle(alarm);
    context.beginPath();
    context.moveTo(x - 4, y - 4);
    context.lineTo(x + 4, y + 4);
    context.moveTo(x - 4, y + 4);
    context.lineTo(x + 4, y - 4);
    context.stroke();
  }
}

/** The whole recording: probability, lanes of reference and detections, marks of what went wrong, and the page shown. */
export function drawOverview(surface: Surface, { data, probability }: LoadedPage, shown: Stretch): void {
  const { context, width, height } = surface;
  const colour = colours();
  const { durationSeconds, gaps } = data.signals;
  const whole = { startSeconds: 0, seconds: durationSeconds };
  const span = width - LABEL_PIXELS - RIGHT_PIXELS;
  const tracks = tracksOf(data);
  const lanes = tracks.map((_, i) => 18 + LANE_PIXELS * i);
  const first = 16 + LANE_PIXELS * tracks.length;
  const area = [first, height - first - 18] as const;
  const step = gridStep(durationSeconds, span);
  context.fillStyle = colour.faint!;
  context.strokeStyle = colour.grid;
  context.lineWidth = 1;
  context.textAlign = "center";
  for (let at = 0; at <= durationSeconds; at += step) {
    const x = Math.round(placeOf(surface, whole)(at)) + 0.5;
    context.beginPath();
    context.moveTo(x, 14);
    context.lineTo(x, height - 16);
    context.stroke();
    if (x < width - 20) context.fillText(clock(at, step), x, height - 8);
  }
  for (const gap of gaps) {
    const x = placeOf(surface, whole)(gap.startSeconds);
    shade(context, [x, 14, placeOf(surface, whole)(gap.endSeconds) - x, height - 30], colour.faint!, true);
  }
  for (const [i, track] of tracks.entries())
    drawLane(surface, whole, track.events, [lanes[i]! - 4, 8], colour[track.colour]!);
  drawMarks(surface, whole, data, 8, colour);
  if (data.detector) {
    const { onThreshold, offThreshold, rateHz } = data.detector;
    drawThresholds(surface, [onThreshold, offThreshold], area, colour);
    drawProbability(surface, whole, probability, rateHz, area, colour.line!);
  }
  labels(surface, [
    ...tracks.map(({ name, colour: own }, i) => [shortened(surface, name), lanes[i]!, colour[own]!] as const),
    ["probability", (area[0] + height - 18) / 2, colour.text],
  ]);
  const left = placeOf(surface, whole)(shown.startSeconds);
  const right = placeOf(surface, whole)(shown.startSeconds + shown.seconds);
  context.strokeStyle = colour.text;
  context.lineWidth = 1.5;
  context.strokeRect(left - 1, 13, Math.max(3, right - left) + 2, height - 28);
}

/** The time under a horizontal place of a canvas. */
export function timeAt(canvas: HTMLCanvasElement, clientX: number, { startSeconds, seconds }: Stretch): number {
  const { left, width } = canvas.getBoundingClientRect();
  const share = (clientX - left - LABEL_PIXELS) / (width - LABEL_PIXELS - RIGHT_PIXELS);
  return startSeconds + Math.max(0, Math.min(1, share)) * seconds;
}
