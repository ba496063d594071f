import { CHROMIUM_HINT, chromiumPath } from "../browser/chromium.js";
import { type FigurePainter, imageSize, openPainter } from "../browser/figure-painter.js";
import { FIGURE_MIME, type Figure, figureInHtml, type StillPictures, withStill } from "../figure-html.js";
import type { Notebook, Output } from "../notebook/notebook-file.js";
import { countOf } from "../views/format-value.js";
import { formatJson, parseFigure } from "../wire/exact-json.js";

/**
 * When figures get a still picture beside the live one: "auto" where Chromium is and the output has none yet; "always"
 * every figure; "never".
 */
export type StillImages = "auto" | "always" | "never";

/** Texts and pictures of a notebook together stay below this: larger ones are slow to open and not shown by GitHub. */
const LARGEST_NOTEBOOK_BYTES = 1_950_000;
/** Pixels per CSS pixel, and the largest picture taken at it; a larger one gives way to the next. WebP is what is seen. */
const SCALES = {
  png: [
    { scale: 1, bytes: 200_000 },
    { scale: 0.6, bytes: Number.POSITIVE_INFINITY },
  ],
  webp: [
    { scale: 2, bytes: 120_000 },
    { scale: 1, bytes: Number.POSITIVE_INFINITY },
  ],
} as const;

type DisplayOutput = Extract<Output, { data: unknown }>;

function figureOf({ data }: DisplayOutput): Figure | undefined {
  const json = data[FIGURE_MIME];
  const html = data["text/html"];
  if (json === undefined) return typeof html === "string" ? figureInHtml(html) : undefined;
  const value = parseFigure(json);
  return Array.isArray((value as Partial<Figure> | undefined)?.data) ? (value as Figure) : undefined; // its lists are checked where it is drawn
}

function figuresWithout(notebook: Notebook, mode: StillImages): { output: DisplayOutput; figure: Figure }[] {
  const outputs = notebook.cells.flatMap((cell) => (cell.cell_type === "code" ? cell.outputs : []));
  return outputs.flatMap((output) => {
    if (!("data" in output) || (mode === "auto" && output.data["image/png"] !== undefined)) return [];
    const figure = figureOf(output);
    return figure ? [{ output, figure }] : [];
  });
}

async function paintAs(painter: FigurePainter, figure: Figure, format: "png" | "webp"): Promise<string> {
  let picture: Uint8Array = new Uint8Array();
  for (const { scale, bytes } of SCALES[format]) {
    picture = await painter.paint(figure, { format, scale });
    if (picture.length <= bytes) break;
  }
  return Buffer.from(picture).toString("base64");
}

async function paint(painter: FigurePainter, figure: Figure): Promise<StillPictures> {
  const [png, webp] = [await paintAs(painter, figure, "png"), await paintAs(painter, figure, "webp")];
  return { png, webp, width: imageSize(figure).width };
}

/** Puts pictures into an output when they add no more than `room` bytes; returns how many they add. */
function addPictures(output: DisplayOutput, figure: Figure, pictures: StillPictures, room: number): number | undefined {
  if (pictures.png === undefined && typeof output.data["text/html"] !== "string") return undefined;
  const next = withStill(output.data, pictures);
  const added = formatJson(next).length - formatJson(output.data).length;
  if (added > room) return undefined;
  output.data = next;
  if (pictures.png !== undefined) output.metadata = { ...output.metadata, "image/png": imageSize(figure) };
  return added;
}

/** Puts pictures into outputs while they fit; returns how many, and why others have none. */
async function paintAll(painter: FigurePainter, notebook: Notebook, mode: StillImages) {
  const left: string[] = [];
  let painted = 0;
  let bytes = Buffer.byteLength(formatJson(notebook));
  for (const { output, figure } of figuresWithout(notebook, mode)) {
    try {
      const pictures = await paint(painter, figure);
      const room = LARGEST_NOTEBOOK_BYTES - bytes;
      const added =
        addPictures(output, figure, pictures, room) ??
        addPictures(output, figure, { ...pictures, png: undefined }, room);
      if (added === undefined) left.push("the notebook would grow above 2 MB");
      else painted += 1;
      bytes += added ?? 0;
    } catch (error) {
      left.push((error as Error).message.replace(/\n.*/s, ""));
    }
  }
  return { painted, left };
}

/**
 * Draws the figures in a notebook's outputs as still pictures, for viewers that run no scripts (GitHub), and puts them
 * into the outputs. Never throws: what could not be drawn, and why, is the text that it returns, as are the pictures made;
 * undefined when there was nothing to draw.
 */
export async function addStillImages(notebook: Notebook, mode: StillImages = "auto"): Promise<string | undefined> {
  const count = mode === "never" ? 0 : figuresWithout(notebook, mode).length;
  if (count === 0) return undefined;
  const executable = chromiumPath();
  if (!executable) return `${countOf(count, "figure")} without a still picture for GitHub: ${CHROMIUM_HINT}`;
  try {
    const painter = await openPainter(executable);
    try {
      const { painted, left } = await paintAll(painter, notebook, mode);
      const missing = left.length > 0 ? `; ${left.length} without: ${[...new Set(left)].join("; ")}` : "";
      return `${countOf(painted, "figure")} with a still picture${missing}`;
    } finally {
      await painter.close();
    }
  } catch (error) {
    return `figures without still pictures: ${(error as Error).message.split("\n")[0]}`;
  }
}
