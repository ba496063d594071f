import { CHROMIUM_HINT, chromiumPath } from "../browser/chromium.js";
import { type FigurePainter, imageSize, openPainter } from "../browser/figure-painter.js";
import { FIGURE_MIME, type Figure, figureInHtml, withStill } from "../figure-html.js";
import { countOf } from "../views/format-value.js";
import type { Notebook, Output } from "./notebook-file.js";

/**
 * When figures get a still picture beside the live one: "auto" where Chromium is and the output has none yet; "always"
 * every figure; "never".
 */
export type StillImages = "auto" | "always" | "never";

/** Texts and pictures of a notebook together stay below this: larger ones are slow to open and not shown by GitHub. */
const LARGEST_NOTEBOOK_BYTES = 1_950_000;
/** A sharp picture that is larger than this gives way to one of half the resolution. */
const SHARP_BYTES = 120_000;

type DisplayOutput = Extract<Output, { data: unknown }>;

function figureOf({ data }: DisplayOutput): Figure | undefined {
  const json = data[FIGURE_MIME];
  const html = data["text/html"];
  if (json === undefined) return typeof html === "string" ? figureInHtml(html) : undefined;
  const value = typeof json === "string" ? (JSON.parse(json) as unknown) : json; // stock tslab sends JSON as text
  return Array.isArray((value as Partial<Figure>)?.data) ? (value as Figure) : undefined;
}

function figuresWithout(notebook: Notebook, mode: StillImages): { output: DisplayOutput; figure: Figure }[] {
  const outputs = notebook.cells.flatMap((cell) => (cell.cell_type === "code" ? cell.outputs : []));
  return outputs.flatMap((output) => {
    if (!("data" in output) || (mode === "auto" && output.data["image/png"] !== undefined)) return [];
    const figure = figureOf(output);
    return figure ? [{ output, figure }] : [];
  });
}

async function paint(painter: FigurePainter, figure: Figure): Promise<string> {
  const sharp = await painter.paint(figure, { scale: 2 });
  const bytes = sharp.length <= SHARP_BYTES ? sharp : await painter.paint(figure, { scale: 1 });
  return Buffer.from(bytes).toString("base64");
}

/** Puts pictures into outputs while they fit; returns how many, and why others have none. */
async function paintAll(painter: FigurePainter, notebook: Notebook, mode: StillImages) {
  const left: string[] = [];
  let painted = 0;
  let bytes = Buffer.byteLength(JSON.stringify(notebook));
  for (const { output, figure } of figuresWithout(notebook, mode)) {
    try {
      const next = withStill(output.data, await paint(painter, figure));
      const added = JSON.stringify(next).length - JSON.stringify(output.data).length;
      if (bytes + added > LARGEST_NOTEBOOK_BYTES) {
        left.push("the notebook would grow above 2 MB");
        continue;
      }
      bytes += added;
      output.data = next;
      output.metadata = { ...output.metadata, "image/png": imageSize(figure) };
      painted += 1;
    } catch (error) {
      left.push((error as Error).message.split("\n")[0]!);
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
