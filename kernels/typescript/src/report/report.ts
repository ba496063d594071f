import { basename } from "node:path";
import { writeFileAtomic } from "@ictal/base/atomic-file";
import { escapeHtml } from "@ictal/base/html";
import { cellMarks } from "../notebook/cell-marks.js";
import { type Cell, type CodeCell, hasTag, type Notebook } from "../notebook/notebook-file.js";
import { parameterLanguage } from "../parameters/parameters.js";
import { describeCellError } from "../runner/cell-error.js";
import { cellTitle } from "../runner/cell-title.js";
import { parseReceipt, type Receipt, receiptRows } from "../runner/receipt.js";
import { formatSeconds } from "../runner/terminal.js";
import { highlight } from "./highlight.js";
import { hasFigure, markdownToHtml, outputToHtml } from "./output-html.js";
import { plotlyScripts } from "./plotly-script.js";
import { STYLE } from "./style.js";

interface Entry {
  readonly level: number;
  readonly text: string;
  readonly anchor: string;
  readonly failed?: boolean;
}

const isFailed = (cell: Cell): boolean => cellMarks(cell).status === "failed";

/** Heading ids in rendered Markdown, and their entries for the table of contents. */
function anchorHeadings(html: string, cellNumber: number, contents: Entry[]): string {
  return html.replace(/<h([1-3])>([\s\S]*?)<\/h\1>/g, (_, level: string, inner: string) => {
    const anchor = `section-${cellNumber}-${contents.length + 1}`;
    contents.push({ level: Number(level), text: inner.replace(/<[^>]+>/g, ""), anchor });
    return `<h${level} id="${anchor}">${inner}</h${level}>`;
  });
}

/** The code of a cell, folded; none of a cell whose source is hidden, unless it failed. */
function codeHtml(cell: CodeCell, language: "typescript" | "python"): string {
  const { source_hidden: isHidden } = (cell.metadata.jupyter ?? {}) as { source_hidden?: unknown }; // compared below
  if (isHidden === true && !isFailed(cell)) return "";
  const lines = cell.source.split("\n").length;
  const label = `${language === "python" ? "Python" : "TypeScript"}, ${lines} line${lines === 1 ? "" : "s"}`;
  const open = isFailed(cell) ? " open" : "";
  return `<details${open}><summary>${label}</summary><pre><code>${highlight(cell.source, language)}</code></pre></details>`;
}

function timesHtml(cell: CodeCell): string {
  const { seconds, kernelPeakBytes, skipped } = cellMarks(cell);
  if (skipped) return "skipped";
  if (seconds === undefined) return "not run";
  const memory = kernelPeakBytes === undefined ? "" : ` · ${Math.round(kernelPeakBytes / 2 ** 20)} MB`;
  return `${formatSeconds(seconds)}${memory}`;
}

function codeCellHtml(notebook: Notebook, cell: CodeCell, number: number, contents: Entry[]): string {
  const failed = isFailed(cell);
  const anchor = `cell-${number}`;
  if (failed) contents.push({ level: 2, text: `Cell ${number} failed`, anchor, failed });
  const tags = ["injected-parameters", "raises-exception"].filter((tag) => hasTag(cell, tag)).map((tag) => ` · ${tag}`);
  const language = parameterLanguage(
    notebook.metadata.language_info?.name ?? notebook.metadata.kernelspec?.language ?? "typescript",
  );
  const outputs = cell.outputs.map(outputToHtml).join("\n");
  return `<section class="cell${failed ? " failed" : ""}" id="${anchor}">
<div class="bar"><span>[${number}] ${escapeHtml(cellTitle(notebook, cell))}${tags.join("")}</span><span>${timesHtml(cell)}</span></div>
${codeHtml(cell, language)}
<div class="outputs">${outputs}</div></section>`;
}

function receiptHtml(receipt: Receipt | undefined): string {
  if (!receipt) return "";
  const rows = receiptRows(receipt).map(
    ([name, value]) => `<tr><td>${escapeHtml(name)}</td><td>${escapeHtml(value)}</td></tr>`,
  );
  return `<section class="receipt"><h2 id="receipt">Receipt</h2><table>${rows.join("")}</table></section>`;
}

function bannerHtml(notebook: Notebook): string {
  const cells = notebook.cells.filter((cell) => cell.cell_type === "code");
  const index = cells.findIndex(isFailed);
  if (index < 0) return "";
  const error = cells[index]!.outputs.filter((output) => output.output_type === "error").at(-1);
  const message = error ? describeCellError(error) : "no error message was left";
  return `<p class="banner"><a href="#cell-${index + 1}">Cell ${index + 1} failed</a>: ${escapeHtml(message)}</p>`;
}

/** What was cut off when the run ended. */
function pendingHtml(notebook: Notebook): string {
  const pending = notebook.metadata.ictal?.pending;
  if (!Array.isArray(pending) || pending.length === 0) return "";
  return `<p class="banner">Still pending when the run ended: ${escapeHtml(pending.map(String).join("; "))}</p>`;
}

function contentsHtml(contents: readonly Entry[]): string {
  const items = contents.map(
    ({ level, text, anchor, failed }) =>
      `<li class="level-${level}${failed ? " failed" : ""}"><a href="#${anchor}">${text}</a></li>`,
  );
  return `<nav aria-label="Contents"><p>Contents</p><ol>${items.join("")}</ol></nav>`;
}

function titleOf(notebook: Notebook, path: string): string {
  const markdown = notebook.cells.filter((cell) => cell.cell_type === "markdown");
  const heading = markdown.map((cell) => /^#\s+(.+)$/m.exec(cell.source)?.[1]).find((text) => text !== undefined);
  return heading ?? basename(path).replace(/\.\w+$/, "");
}

function metaHtml(notebook: Notebook): string {
  const { start_time, duration, input_path, version } = (notebook.metadata.papermill ?? {}) as Record<string, unknown>;
  const ran = typeof start_time === "string" ? `run ${start_time.slice(0, 19).replace("T", " ")} UTC` : "not run";
  const took = typeof duration === "number" ? ` in ${formatSeconds(duration)}` : "";
  const kernel = notebook.metadata.kernelspec?.display_name ?? "unknown kernel";
  const parts = [input_path, `${ran}${took}`, kernel, version].filter((part) => typeof part === "string");
  return `<p class="meta">${parts.map((part) => escapeHtml(part as string)).join(" · ")}</p>`;
}

/**
 * The executed notebook as one HTML page that needs nothing else: code folded, outputs, figures drawn by a plotly.js
 * that is packed in once if there is any, receipt, times, contents, and a banner that leads to a failed cell.
 */
export async function renderReport(notebook: Notebook, path: string): Promise<string> {
  const contents: Entry[] = [];
  let number = 0;
  const receipt = parseReceipt(notebook.metadata.ictal?.receipt);
  const body = notebook.cells.map((cell, index) => {
    if (cell.cell_type === "raw") return "";
    if (cell.cell_type !== "code")
      return `<div class="prose">${anchorHeadings(markdownToHtml(cell.source), index + 1, contents)}</div>`;
    number += 1;
    return codeCellHtml(notebook, cell, number, contents);
  });
  if (receipt) contents.splice(Math.min(1, contents.length), 0, { level: 2, text: "Receipt", anchor: "receipt" });
  const figures = notebook.cells.some((cell) => cell.cell_type === "code" && cell.outputs.some(hasFigure));
  const title = titleOf(notebook, path);
  const opening = notebook.cells[0]?.cell_type === "markdown" ? body.shift()! : `<h1>${escapeHtml(title)}</h1>`; // receipt and banner follow it
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<title>${escapeHtml(title)}</title><style>${STYLE}</style></head>
<body><div class="page">${contentsHtml(contents)}<main>
<header>${opening}${metaHtml(notebook)}${bannerHtml(notebook)}${pendingHtml(notebook)}</header>
${receiptHtml(receipt)}
${body.join("\n")}
</main></div>
${figures ? await plotlyScripts() : ""}
</body></html>
`;
}

export interface ReportOptions {
  /** Aborting before the file is complete leaves the old one. */
  readonly signal?: AbortSignal | undefined;
}

/** Renders the report and writes it; returns its path. */
export async function writeReport(notebook: Notebook, path: string, { signal }: ReportOptions = {}): Promise<string> {
  signal?.throwIfAborted();
  await writeFileAtomic(path, await renderReport(notebook, path), { signal });
  return path;
}
