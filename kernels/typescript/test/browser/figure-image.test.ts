import assert from "node:assert/strict";
import { chmod, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { chromiumPath } from "../../src/browser/chromium.js";
import { figureImage } from "../../src/browser/figure-image.js";
import { openPage } from "../../src/browser/page.js";
import { compareOutputs } from "../../src/check/compare.js";
import { FIGURE_MIME, figureBundle, figureInHtml } from "../../src/figure-html.js";
import type { CodeCell, Notebook } from "../../src/notebook/notebook-file.js";
import { parseNotebook } from "../../src/notebook/read-notebook.js";
import { addStillImages } from "../../src/runner/still-images.js";
import { imageKind } from "../../src/views/image.js";
import { notebookText, temporaryFolder } from "../make-notebook.js";
import { HANGS_MILLISECONDS } from "../patience.js";

const skip = chromiumPath() === undefined && "Chromium is not installed";
const figure = { data: [{ y: [1, 3, 2] }], layout: { title: { text: "Three values" }, width: 300, height: 200 } };

function notebookWith(...figures: (typeof figure)[]): Notebook {
  const notebook = parseNotebook(notebookText(figures.map(() => "figure")), "figures.ipynb");
  for (const [index, shown] of figures.entries())
    (notebook.cells[index] as CodeCell).outputs = [
      { output_type: "display_data", data: figureBundle(shown), metadata: {} },
    ];
  return notebook;
}

function shownIn(notebook: Notebook, index = 0) {
  const output = (notebook.cells[index] as CodeCell).outputs[0]!;
  assert.ok("data" in output);
  return output;
}

async function withChromium<T>(path: string, work: () => Promise<T>): Promise<T> {
  const before = process.env.ICTAL_CHROMIUM;
  process.env.ICTAL_CHROMIUM = path;
  try {
    return await work();
  } finally {
    if (before === undefined) delete process.env.ICTAL_CHROMIUM;
    else process.env.ICTAL_CHROMIUM = before;
  }
}

test("figureImage draws a PNG of the size asked for and an SVG whose text is text", {
  skip,
  timeout: HANGS_MILLISECONDS,
}, async () => {
  const png = await figureImage(figure, { width: 200, height: 150, scale: 1.5 });
  assert.deepEqual(imageKind(png), { mime: "image/png", width: 300, height: 225 });
  const svg = new TextDecoder().decode(await figureImage(figure, { format: "svg" }));
  assert.match(svg, /^<svg [^>]*width="300" height="200"/);
  assert.match(svg, />Three values</);
  assert.match(svg, /rgb\(255, 255, 255\)|#fff/);
});

test("without Chromium figureImage says what to install", async () => {
  await withChromium("/nowhere/chromium", () =>
    assert.rejects(figureImage(figure), /UnsupportedError|cannot be drawn as images here; install Chromium/),
  );
});

test("a run stores each figure as a still picture beside the live one, in the bundle and in its HTML", {
  skip,
  timeout: HANGS_MILLISECONDS,
}, async () => {
  const notebook = notebookWith(figure, { ...figure, layout: { ...figure.layout, title: { text: "Again" } } });
  const before = structuredClone(notebook);
  assert.equal(await addStillImages(notebook), "2 figures with a still picture");
  const { data, metadata } = shownIn(notebook);
  const png = String(data["image/png"]);
  assert.deepEqual(imageKind(Buffer.from(png, "base64")), { mime: "image/png", width: 300, height: 200 });
  assert.deepEqual(metadata["image/png"], { width: 300, height: 200 });
  assert.deepEqual(data[FIGURE_MIME], figure);
  const html = String(data["text/html"]);
  assert.match(
    html,
    /<div style="min-height:200px"><img width="300" alt="Figure: Three values \(1 trace\)" style="max-width:100%" src="data:image\/webp;base64,/,
  );
  assert.deepEqual(figureInHtml(html), figure);
  assert.equal(await addStillImages(notebook), undefined, "what has a picture is not drawn again");
  assert.equal(await addStillImages(notebook, "always"), "2 figures with a still picture");
  assert.equal(String(shownIn(notebook).data["text/html"]).match(/<img/g)?.length, 1);
  const how = { sanitize: (text: string) => text, tolerance: 0 };
  const outputsOf = (of: Notebook) => (of.cells[0] as CodeCell).outputs;
  assert.deepEqual(compareOutputs(outputsOf(before), outputsOf(notebook), how), []);
  assert.deepEqual(compareOutputs(outputsOf(notebook), outputsOf(before), how), []);
});

test("a figure that plotly.js refuses, and pictures that would make the notebook too large, are left out and said", {
  skip,
  timeout: HANGS_MILLISECONDS,
}, async () => {
  const broken = { ...figure, layout: { ...figure.layout, width: -1 } };
  const notebook = notebookWith(broken, figure);
  (notebook.cells[1] as CodeCell).outputs.push({ output_type: "stream", name: "stdout", text: "x".repeat(1_949_000) });
  const told = await addStillImages(notebook);
  assert.match(told!, /^0 figures with a still picture; 2 without: .*; the notebook would grow above 2 MB$/);
  assert.equal(shownIn(notebook, 1).data["image/png"], undefined);
});

test("no Chromium, or one that ends at once, leaves the notebook as it was and says so", async () => {
  const notebook = notebookWith(figure);
  const before = structuredClone(notebook);
  const none = await withChromium("/nowhere/chromium", () => addStillImages(notebook));
  assert.match(none!, /^1 figure without a still picture for GitHub: install Chromium/);
  const broken = join(await temporaryFolder(), "chromium");
  await writeFile(broken, "#!/bin/sh\nexit 3\n");
  await chmod(broken, 0o755);
  const ended = await withChromium(broken, () => addStillImages(notebook));
  assert.match(ended!, /^figures without still pictures: /);
  assert.equal(await addStillImages(notebook, "never"), undefined);
  assert.deepEqual(notebook, before);
});

test("where scripts run the live figure takes the picture's place; where they do not the picture stays", {
  skip,
  timeout: HANGS_MILLISECONDS,
}, async () => {
  const notebook = notebookWith(figure);
  await addStillImages(notebook);
  const html = String(shownIn(notebook).data["text/html"]);
  const stub = "<script>Plotly = { newPlot(place) { place.dataset.drawn = 'yes'; } }</script>";
  const page = await openPage(chromiumPath()!);
  const stateOf = async (name: string, text: string) => {
    const path = join(page.folder, name);
    await writeFile(path, `<!doctype html><meta charset="utf-8">${text}`);
    await page.open(pathToFileURL(path).href);
    return page.evaluate(
      `({ pictures: document.images.length, width: document.images[0]?.clientWidth, drawn: !!document.querySelector("[data-drawn]") })`,
    );
  };
  try {
    assert.deepEqual(await stateOf("live.html", stub + html), { pictures: 0, drawn: true });
    const silent = html.replace(/<script[\s\S]*?<\/script>/g, "");
    assert.deepEqual(await stateOf("still.html", silent), { pictures: 1, width: 300, drawn: false });
  } finally {
    await page.close();
  }
});
