import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { chromiumPath } from "../../src/notebook/browser/chromium.js";
import { bundleOf } from "../../src/notebook/display.js";
import { renderReport } from "../../src/notebook/report/report.js";
import { type CodeCell, parseNotebook } from "../../src/notebook/runner/notebook-file.js";
import { allPlots } from "./all-plots.js";
import { checkFigurePage } from "./figure-page-check.js";
import { notebookText, temporaryFolder } from "./make-notebook.js";

/** The report of a notebook with one cell per plot. */
async function reportOfAllPlots(): Promise<{ html: string; names: string[] }> {
  const plots = allPlots();
  const names = Object.keys(plots);
  const cells = names.map((name) => `ictal.display(ictal.${name}(rows, caption));`);
  const notebook = parseNotebook(notebookText([{ markdown: "# Every plot" }, ...cells]), "plots.ipynb");
  for (const [index, name] of names.entries()) {
    const data = await bundleOf(plots[name]);
    (notebook.cells[index + 1] as CodeCell).outputs = [{ output_type: "display_data", data, metadata: {} }];
  }
  return { html: await renderReport(notebook, "plots.html"), names };
}

const executable = chromiumPath();

test("a report with every plot draws off line, whole and without errors, wide and narrow, light and dark", {
  skip: executable === undefined && "Chromium is not installed",
  timeout: 60_000,
}, async () => {
  const folder = await temporaryFolder();
  const path = join(folder, "plots.html");
  const { html, names } = await reportOfAllPlots();
  await writeFile(path, html);
  try {
    await checkFigurePage(executable!, path, names.length);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
