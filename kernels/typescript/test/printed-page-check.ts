/** A report page as it comes out of a printer that gets it the moment it is open. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { FIGURE_MIME } from "../src/figure-html.js";
import { pdfPages } from "./pdf-text.js";

const ENTITIES: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', "#39": "'" };

/** Text without marks, white space and ligatures. */
const bare = (html: string) =>
  html
    .replace(/<[^>]*>/g, "")
    .replace(/&(\w+|#39);/g, (whole, name: string) => ENTITIES[name] ?? whole)
    .normalize("NFKC")
    .replace(/\s+/g, "");

interface Axis {
  readonly title?: { readonly text?: string };
}

/** Title and axis titles of a figure, which are there only when it was drawn. */
function figureTexts(json: string): string[] {
  const { layout } = JSON.parse(json) as { layout: Record<string, Axis> };
  const axes = Object.entries(layout).filter(([name]) => name === "title" || /^[xy]axis\d*$/.test(name));
  return axes.flatMap(([, { title, ...rest }]) => bare((title ?? (rest as Axis["title"]))?.text ?? ""));
}

const matches = (html: string, pattern: RegExp) => [...html.matchAll(pattern)].map((match) => match[1] ?? "");

/** Asserts that a PDF of the page shows each of its figures with its axes and each cell of its tables; gives the counts. */
export function checkPrinted(pdf: Buffer, html: string): { figures: number; tables: number; pages: number } {
  const pages = pdfPages(pdf);
  const text = pages.join("");
  const figures = matches(
    html,
    new RegExp(`<script type="${FIGURE_MIME.replace(/[.+]/g, "\\$&")}">(.*?)</script>`, "gs"),
  );
  for (const words of figures.flatMap(figureTexts)) assert.ok(text.includes(words), `a figure's “${words}”`);
  const tables = matches(
    html.replace(/<details class="configuration">.*?<\/details>/gs, ""),
    /<table>(.*?)<\/table>/gs,
  );
  for (const cell of tables.flatMap((table) => matches(table, /<t[dh][^>]*>(.*?)<\/t[dh]>/gs)))
    assert.ok(text.includes(bare(cell)), `a table's “${bare(cell)}”`);
  return { figures: figures.length, tables: tables.length, pages: pages.length };
}

/** The PDF that `chromium --headless --print-to-pdf` makes of the page, without waiting or scrolling. */
export function printPlainly(executable: string, path: string): Buffer {
  const folder = mkdtempSync(join(tmpdir(), "ictal-print-"));
  try {
    const out = join(folder, "out.pdf");
    const flags = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"];
    const words = [`--user-data-dir=${join(folder, "profile")}`, "--no-pdf-header-footer", `--print-to-pdf=${out}`];
    const { stderr } = spawnSync(executable, [...flags, ...words, pathToFileURL(path).href], {
      encoding: "utf8",
      timeout: 60_000,
    });
    assert.match(stderr, /bytes written to file/);
    return readFileSync(out);
  } finally {
    rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  }
}
