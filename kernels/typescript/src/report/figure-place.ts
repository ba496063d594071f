import { escapeHtml, scriptJson } from "@ictal/base/html";
import { FIGURE_MIME } from "../figure-html.js";
import { parseFigure } from "../wire/exact-json.js";

function labelOf(title: unknown): string {
  const text = typeof title === "string" ? title : (title as { text?: unknown } | undefined)?.text;
  if (typeof text !== "string") return "";
  return ` role="group" aria-label="Figure: ${escapeHtml(text.replace(/<[^>]*>/g, ""))}"`;
}

/** A figure's place on a page, as high as the figure; the page's script (`plotlyScripts`) draws it there. */
export function figureHtml(figure: unknown): string {
  const value = parseFigure(figure);
  if (value === undefined) return `<p class="note">a figure that cannot be read</p>`;
  const { height, title } = (value as { layout?: { height?: unknown; title?: unknown } | null }).layout ?? {};
  const style = typeof height === "number" ? ` style="height:${height}px"` : "";
  return `<div class="figure"${labelOf(title)}${style}><script type="${FIGURE_MIME}">${scriptJson(value)}</script></div>`;
}
