import { basename } from "node:path";
import { writeFileAtomic } from "@ictal/base/atomic-file";
import { escapeHtml } from "@ictal/base/html";
import { cellMarks } from "../notebook/cell-marks.js";
import { type Cell, type CodeCell, hasTag, type Notebook } from "../notebook/notebook-file.js";
import { parameterLanguage } from "../parameters/parameters.js";
import { describeCellError } from "../runner/cell-error.js";
import { cellName } from "../runner/cell-title.js";
import { parseReceipt, type Receipt, receiptRows } from "../runner/receipt.js";
import { formatSeconds } from "../runner/terminal.js";
import { highlight } from "./highlight.js";
import { foldedTable, keyFiguresHtml, roundedText, wordsOf } from "./key-figures.js";
import { markdownToHtml, outputToHtml } from "./output-html.js";
import { anchorHeadings, type ContentsEntry, pageHtml } from "./page.js";

const isFailed = (cell: Cell): boolean => cellMarks(cell).status === "failed";

/** The code of a cell, folded; none of a cell whose source is hidden, unless it failed. */
function codeHtml(cell: CodeCell, language: "typescript" | "python"): string {
  const { source_hidden: isHidden } = (cell.metadata.jupyter ?? {}) as { source_hidden?: unknown }; // compared below
  if (isHidden === true && !isFailed(cell)) return "";
  const lines = cell.source.split("\n").length;
  const label = `${language === "python" ? "Python" : "TypeScript"}, ${lines} line${lines === 1 ? "" : "s"}`;
  const open = isFailed(cell) ? " open" : "";
  return `<details class="code"${open}><summary>${label}</summary><pre><code>${highlight(cell.source, language)}</code></pre></details>`;
}

function timesHtml(cell: CodeCell): string {
  const { seconds, kernelPeakBytes, skipped } = cellMarks(cell);
  if (skipped) return "skipped";
  if (seconds === undefined) return "not run";
  const memory = kernelPeakBytes === undefined ? "" : ` · ${Math.round(kernelPeakBytes / 2 ** 20)} MB`;
  return `${formatSeconds(seconds)}${memory}`;
}

function codeCellHtml(notebook: Notebook, cell: CodeCell, number: number, contents: ContentsEntry[]): string {
  const failed = isFailed(cell);
  const anchor = `cell-${number}`;
  if (failed) contents.push({ level: 2, text: `Cell ${number} failed`, anchor, failed });
  const tags = ["injected-parameters", "raises-exception"].filter((tag) => hasTag(cell, tag)).map((tag) => ` · ${tag}`);
  const language = parameterLanguage(
    notebook.metadata.language_info?.name ?? notebook.metadata.kernelspec?.language ?? "typescript",
  );
  const outputs = cell.outputs.map(outputToHtml).join("\n");
  return `<section class="cell${failed ? " failed" : ""}" id="${anchor}">
<div class="bar"><span>[${number}] ${escapeHtml(cellName(notebook, cell) ?? "")}${tags.join("")}</span><span>${timesHtml(cell)}</span></div>
${codeHtml(cell, language)}
<div class="outputs">${outputs}</div></section>`;
}

function receiptHtml(receipt: Receipt | undefined): string {
  return receipt ? foldedTable("Receipt of the run", receiptRows(receipt), "receipt") : "";
}

/** The numbers of the receipt's member `metrics` as the page's first line. */
function metricsHtml(receipt: Receipt | undefined): string {
  const metrics = typeof receipt?.metrics === "object" && receipt.metrics !== null ? receipt.metrics : {};
  const numbers = Object.entries(metrics).filter((entry): entry is [string, number] => typeof entry[1] === "number");
  return keyFiguresHtml(numbers.map(([name, value]) => ({ name: wordsOf(name), value: roundedText(value) })));
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
 * that is packed in once if there is any, the receipt's metrics first and the receipt last, times, contents, and a banner that leads to
 * a failed cell.
 */
export async function renderReport(notebook: Notebook, path: string): Promise<string> {
  const contents: ContentsEntry[] = [];
  let number = 0;
  const receipt = parseReceipt(notebook.metadata.ictal?.receipt);
  const body = notebook.cells.map((cell, index) => {
    if (cell.cell_type === "raw") return "";
    if (cell.cell_type !== "code")
      return `<div class="prose">${anchorHeadings(markdownToHtml(cell.source), `section-${index + 1}`, contents)}</div>`;
    number += 1;
    return codeCellHtml(notebook, cell, number, contents);
  });
  if (receipt) contents.push({ level: 2, text: "Receipt of the run", anchor: "receipt" });
  const title = titleOf(notebook, path);
  const opening = notebook.cells[0]?.cell_type === "markdown" ? body.shift()! : `<h1>${escapeHtml(title)}</h1>`; // times, banner and key figures follow it
  const main = `<header>${opening}${metaHtml(notebook)}${bannerHtml(notebook)}${pendingHtml(notebook)}${metricsHtml(receipt)}</header>
${body.join("\n")}
${receiptHtml(receipt)}`;
  return pageHtml({ title, main, contents });
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
