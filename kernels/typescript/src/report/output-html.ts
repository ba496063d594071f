import { escapeHtml } from "@ictal/base/html";
import MarkdownIt from "markdown-it";
import { FIGURE_MIME, figureInHtml } from "../figure-html.js";
import type { Output } from "../notebook/notebook-file.js";
import { RECEIPT_MIME } from "../runner/receipt.js";
import { formatExactJson } from "../wire/exact-json.js";
import type { MimeBundle } from "../wire/message.js";
import { ansiToHtml } from "./ansi.js";
import { figureHtml } from "./figure-place.js";

const markdown = new MarkdownIt({ html: false, linkify: true });

/** Markdown as HTML; HTML within it shows as text. */
export function markdownToHtml(source: string): string {
  return markdown.render(source);
}

function imageHtml(mime: string, data: unknown, data2: MimeBundle): string {
  const alt = typeof data2["text/plain"] === "string" ? data2["text/plain"] : "figure";
  const base64 = String(data).replace(/\s+/g, "");
  return `<img alt="${escapeHtml(alt)}" src="data:${mime};base64,${base64}">`;
}

/** SVG goes in as an image: its scripts do not run and its ids do not clash. */
function svgHtml(svg: string, bundle: MimeBundle): string {
  return imageHtml("image/svg+xml", Buffer.from(svg).toString("base64"), bundle);
}

/** HTML that a cell produced; fragments with scripts or styles stay, as in Jupyter, since the cell's own code wrote them. */
function rawHtml(html: string): string {
  const figure = figureInHtml(html);
  return figure === undefined ? `<div class="rich">${html}</div>` : figureHtml(figure);
}

function bundleHtml(data: MimeBundle): string {
  const text = (mime: string) => (typeof data[mime] === "string" ? (data[mime] as string) : undefined);
  if (data[FIGURE_MIME] !== undefined) return figureHtml(data[FIGURE_MIME]);
  const [html, markdown, svg, plain] = ["text/html", "text/markdown", "image/svg+xml", "text/plain"].map(text);
  if (html !== undefined) return rawHtml(html);
  if (markdown !== undefined) return `<div class="prose">${markdownToHtml(markdown)}</div>`;
  if (svg !== undefined) return svgHtml(svg, data);
  const image = ["image/png", "image/jpeg", "image/gif"].find((mime) => data[mime] !== undefined);
  if (image) return imageHtml(image, data[image], data);
  if (plain !== undefined) return `<pre class="text">${ansiToHtml(plain)}</pre>`;
  if (data[RECEIPT_MIME] !== undefined) return "";
  const json = Object.keys(data).find((mime) => /json$/.test(mime));
  if (json) return `<pre class="text">${escapeHtml(formatExactJson(data[json], { indent: 2 }))}</pre>`;
  return `<p class="note">output of type ${escapeHtml(Object.keys(data).join(", "))}</p>`;
}

/** One output of a cell as HTML. */
export function outputToHtml(output: Output): string {
  if (output.output_type === "stream") return `<pre class="${output.name}">${ansiToHtml(output.text)}</pre>`;
  if (output.output_type === "error") {
    const text = output.traceback.join("\n") || `${output.ename}: ${output.evalue}`;
    return `<pre class="error">${ansiToHtml(text)}</pre>`;
  }
  return bundleHtml(output.data);
}
