import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { scriptJson } from "@ictal/base/html";
import { onAbort } from "@ictal/base/on-abort";
import { requireNumbers } from "@ictal/base/options";
import { type Figure, plotlyLibrary } from "../figure-html.js";
import { openPage } from "./page.js";

/** How a figure is drawn as an image. */
export interface ImageOptions {
  /** @default "png" */
  readonly format?: "png" | "webp" | "svg" | undefined;
  /** CSS pixels. @default the layout's, else 960 */
  readonly width?: number | undefined;
  /** CSS pixels. @default the layout's, else 450 */
  readonly height?: number | undefined;
  /** Pixels per CSS pixel, SVG apart. @default 2 */
  readonly scale?: number | undefined;
  /** Aborting ends the drawing. */
  readonly signal?: AbortSignal | undefined;
}

/** A browser that draws figures. */
export interface FigurePainter {
  /** The bytes of the image file; rejects when plotly.js refuses the figure or takes longer than 30 s. */
  paint(figure: Figure, options?: ImageOptions): Promise<Uint8Array>;
  close(): Promise<void>;
}

const PAINT_MILLISECONDS = 30_000;
const CLEAR = /^(?:transparent|rgba\(.*,\s*0(?:\.0*)?\))$/;

/** Width and height of a figure's image in CSS pixels. */
export function imageSize(figure: Figure, options: ImageOptions = {}): { width: number; height: number } {
  const size = (key: "width" | "height", otherwise: number) => {
    const own = figure.layout?.[key];
    return options[key] ?? (typeof own === "number" ? own : otherwise);
  };
  return { width: size("width", 960), height: size("height", 450) };
}

/** The layout on white paper where its own lets the page shine through: an image has no page that it could fit. */
function onPaper(layout: Figure["layout"]): Record<string, unknown> {
  const paper = layout?.paper_bgcolor;
  const isClear = typeof paper !== "string" || CLEAR.test(paper);
  return { ...layout, ...(isClear ? { paper_bgcolor: "#fff" } : {}) };
}

async function withinTime<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  let release = () => {};
  const late = new Promise<never>((_, reject) => {
    const error = new Error(`drawing took longer than ${PAINT_MILLISECONDS / 1000} s`);
    timer = setTimeout(() => reject(error), PAINT_MILLISECONDS);
    release = onAbort(signal, () => reject(signal?.reason));
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
    release();
  }
}

/** Starts the browser `executable`, cut off from any network, and loads the installed plotly.js into it. */
export async function openPainter(executable: string): Promise<FigurePainter> {
  const page = await openPage(executable);
  try {
    const path = join(page.folder, "paint.html");
    const library = pathToFileURL(plotlyLibrary().path).href;
    await writeFile(path, `<!doctype html><meta charset="utf-8"><body><script src="${library}"></script></body>`);
    await page.open(pathToFileURL(path).href);
  } catch (error) {
    await page.close();
    throw error;
  }
  return {
    async paint(figure, options = {}) {
      const { format = "png", scale = 2, width, height } = options;
      requireNumbers({ width, height, scale }, { above: 0 });
      const drawn = {
        data: figure.data,
        layout: onPaper(figure.layout),
        config: { ...figure.config, staticPlot: true },
      };
      const settings = { format, scale: format === "svg" ? 1 : scale, ...imageSize(figure, options) };
      const expression = `Plotly.toImage(${scriptJson(drawn)}, ${JSON.stringify(settings)})`;
      const url = await withinTime(page.evaluate<string>(expression), options.signal);
      const text = url.slice(url.indexOf(",") + 1);
      return format === "svg" ? Buffer.from(decodeURIComponent(text)) : Buffer.from(text, "base64");
    },
    close: () => page.close(),
  };
}
