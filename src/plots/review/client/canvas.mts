/** A canvas ready to be drawn on in CSS pixels, sharp on any screen, and empty. */
export interface Surface {
  readonly context: CanvasRenderingContext2D;
  readonly width: number;
  readonly height: number;
}

/** Dots of a CSS pixel on paper. */
const PAPER_RATIO = 3;

/**
 * Leaves an opaque picture on a canvas, with what lies over it: browsers print the strokes that made a canvas, and lose them where
 * there are many; readers of PDF differ over what shines through.
 */
export function flatten(canvas: HTMLCanvasElement, over?: HTMLCanvasElement): void {
  const copy = document.createElement("canvas");
  copy.width = canvas.width;
  copy.height = canvas.height;
  const [to, back] = [copy.getContext("2d")!, canvas.getContext("2d")!]; // every browser has 2d
  to.fillStyle = "#ffffff";
  to.fillRect(0, 0, copy.width, copy.height);
  to.drawImage(canvas, 0, 0);
  if (over) to.drawImage(over, 0, 0);
  back.reset();
  back.drawImage(copy, 0, 0);
}

/** Fits a canvas to its place on the page. */
export function surfaceOf(canvas: HTMLCanvasElement): Surface {
  const { width, height } = canvas.getBoundingClientRect();
  const ratio = document.documentElement.classList.contains("printing") ? PAPER_RATIO : devicePixelRatio || 1;
  const [w, h] = [Math.max(1, Math.round(width * ratio)), Math.max(1, Math.round(height * ratio))];
  if (canvas.width !== w) canvas.width = w;
  if (canvas.height !== h) canvas.height = h;
  const context = canvas.getContext("2d")!; // every browser has 2d
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  context.font = "11px system-ui, sans-serif";
  context.textBaseline = "middle";
  return { context, width, height };
}

/** The colours of the page's style sheet, which knows light and dark. */
export function colours(): Readonly<Record<string, string>> & { readonly text: string; readonly grid: string } {
  const style = getComputedStyle(document.documentElement);
  const names = [
    "text",
    "faint",
    "grid",
    "left",
    "right",
    "midline",
    "heart",
    "reference",
    "hypothesis",
    "line",
    "page",
    "mark",
    "other1",
    "other2",
    "other3",
  ];
  const entries = names.map((name) => [name, style.getPropertyValue(`--${name}`).trim()]);
  return Object.fromEntries(entries) as ReturnType<typeof colours>;
}

/** Width of the names at the left of every canvas, so that their time axes align. */
export const LABEL_PIXELS = 78;
/** Room for the amplitude bar at the right. */
export const RIGHT_PIXELS = 46;

const HATCH_PIXELS = 7;

/** Fills a rectangle lightly; `hatched` adds slanted lines, which distinguish two kinds without colour. */
export function shade(
  context: CanvasRenderingContext2D,
  [x, y, width, height]: readonly [number, number, number, number],
  colour: string,
  hatched: boolean,
): void {
  context.save();
  context.beginPath();
  context.rect(x, y, width, height);
  context.clip();
  context.fillStyle = colour;
  context.globalAlpha = 0.16;
  context.fillRect(x, y, width, height);
  if (hatched) {
    context.globalAlpha = 0.3;
    context.strokeStyle = colour;
    context.lineWidth = 1;
    context.beginPath();
    const first = Math.floor((x - height) / HATCH_PIXELS) * HATCH_PIXELS; // fixed to the page, so that neighbours join
    for (let at = first; at < x + width; at += HATCH_PIXELS) {
      context.moveTo(at, y + height);
      context.lineTo(at + height, y);
    }
    context.stroke();
  }
  context.restore();
}
