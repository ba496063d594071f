import type { Mark } from "../view/marks.js";
import { colours, LABEL_PIXELS, RIGHT_PIXELS, type Surface } from "./canvas.mjs";
import { layoutOf } from "./draw-eeg.mjs";
import type { Shown } from "./measure.mjs";

const BAND_PIXELS = 15;

/** Draws a reader's marks as a dashed frame over the traces, named at the foot. */
export function drawMarks(surface: Surface, shown: Shown, marks: readonly Mark[]): void {
  const { context, width, height } = surface;
  const { startSeconds, pageSeconds } = shown.state;
  const { top, bottom } = layoutOf(shown, height);
  const colour = colours();
  const span = width - LABEL_PIXELS - RIGHT_PIXELS;
  const place = (seconds: number) =>
    LABEL_PIXELS + Math.max(0, Math.min(1, (seconds - startSeconds) / pageSeconds)) * span;
  context.lineWidth = 1.5;
  for (const mark of marks) {
    if (mark.startSeconds >= startSeconds + pageSeconds || mark.endSeconds <= startSeconds) continue;
    const [from, to] = [place(mark.startSeconds), place(mark.endSeconds)];
    context.strokeStyle = colour.mark!;
    context.setLineDash([6, 3]);
    context.strokeRect(from, top + 0.5, to - from, bottom - top - 1);
    context.setLineDash([]);
    context.save();
    context.beginPath();
    context.rect(from, bottom - BAND_PIXELS, to - from, BAND_PIXELS);
    context.clip();
    context.globalAlpha = 0.85;
    context.fillStyle = colour.page!;
    context.fillRect(from, bottom - BAND_PIXELS, to - from, BAND_PIXELS);
    context.globalAlpha = 1;
    context.fillStyle = colour.mark!;
    context.textAlign = "left";
    context.fillText([mark.label, mark.note].filter(Boolean).join(": "), from + 4, bottom - BAND_PIXELS / 2);
    context.restore();
  }
}
