import assert from "node:assert/strict";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { sha256 } from "@ictal/base/canonical";
import { chromiumPath } from "@ictal/jupyter/browser/chromium";
import { openPage } from "@ictal/jupyter/browser/page";
import { bundleOf } from "@ictal/jupyter/display";
import type { CodeCell } from "@ictal/jupyter/notebook/notebook-file";
import { parseNotebook } from "@ictal/jupyter/notebook/read-notebook";
import { renderReport } from "@ictal/jupyter/report/report";
import { collectReceipt } from "@ictal/jupyter/runner/receipt";
import { checkFigurePage } from "@ictal/jupyter/test/figure-page-check";
import { notebookText, temporaryFolder } from "@ictal/jupyter/test/make-notebook";
import { HANGS_MILLISECONDS } from "@ictal/jupyter/test/patience";
import { checkPrinted, printPlainly } from "@ictal/jupyter/test/printed-page-check";
import { createReceipt } from "../../src/training/receipt.js";
import { allPlots } from "./all-plots.js";

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

test("a report with every plot draws off line, whole and without errors, wide and narrow, light and dark, and on paper at once", {
  skip: executable === undefined && "Chromium is not installed",
  timeout: HANGS_MILLISECONDS,
}, async () => {
  const folder = await temporaryFolder();
  const path = join(folder, "plots.html");
  const { html, names } = await reportOfAllPlots();
  await writeFile(path, html);
  try {
    await checkFigurePage(executable!, path, names.length);
    assert.equal(checkPrinted(printPlainly(executable!, path), html).figures, names.length);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

const HASH = sha256("weights");

/** The report of a notebook that ends with a receipt, which stands at the cell and, folded, at the end of the page. */
async function reportOfReceipt(): Promise<string> {
  const receipt = createReceipt({
    ...{ seed: 1, configHash: "c", corpusFingerprint: HASH, cacheKey: "k", executor: "cpu", rebuiltRecordings: 0 },
    ...{ metrics: { falseAlarmsPerDay: 1 }, results: { checkpoint: HASH, predictions: HASH } },
  });
  const notebook = parseNotebook(notebookText([{ markdown: "# Run" }, "receipt;"]), "run.ipynb");
  const data = await bundleOf(receipt);
  (notebook.cells[1] as CodeCell).outputs = [{ output_type: "display_data", data, metadata: {} }];
  notebook.metadata.ictal = { receipt: collectReceipt(notebook) };
  return renderReport(notebook, "run.html");
}

/** Of each table: how far its content runs past its edge, and its text. */
const TABLES = `[...document.querySelectorAll("table")].map((table) => [table.scrollWidth - table.clientWidth, table.innerText])`;

test("both receipts of a report show their hashes whole, on a phone too", {
  skip: executable === undefined && "Chromium is not installed",
  timeout: HANGS_MILLISECONDS,
}, async () => {
  const page = await openPage(executable!);
  try {
    const path = join(page.folder, "run.html");
    await writeFile(path, await reportOfReceipt());
    for (const width of [360, 1280]) {
      await page.send("Emulation.setDeviceMetricsOverride", {
        width,
        height: 800,
        deviceScaleFactor: 1,
        mobile: false,
      });
      await page.open(pathToFileURL(path).href);
      await page.evaluate(`for (const folded of document.querySelectorAll("details.receipt")) folded.open = true`);
      const tables = await page.evaluate<[number, string][]>(TABLES);
      assert.equal(tables.length, 2);
      for (const [beyond, text] of tables) {
        assert.equal(beyond, 0, `${width}: ${text}`);
        assert.equal(text.split(HASH).length, 4, text);
      }
    }
  } finally {
    await page.close();
  }
});
