import assert from "node:assert/strict";
import { test } from "node:test";
import { gunzipSync } from "node:zlib";
import { FIGURE_MIME, figureBundle, figureInHtml } from "../src/figure-html.js";
import type { CodeCell, Output } from "../src/notebook/notebook-file.js";
import { parseNotebook } from "../src/notebook/read-notebook.js";
import { ansiToHtml } from "../src/report/ansi.js";
import { highlight } from "../src/report/highlight.js";
import { renderReport } from "../src/report/report.js";
import { notebookText } from "./make-notebook.js";

const FIGURE = {
  data: [{ type: "scatter", x: [1, 2], y: [3, 4], name: "</script>" }],
  layout: { title: { text: "Two <b>points</b>" } },
};

async function reportOf(outputs: Output[], markdown = "# Title") {
  const notebook = parseNotebook(notebookText([{ markdown }, "const a = 1;"]), "a.ipynb");
  (notebook.cells[1] as CodeCell).outputs = outputs;
  return { notebook, html: await renderReport(notebook, "a.html") };
}

const shown = (data: Record<string, unknown>): Output => ({ output_type: "display_data", data, metadata: {} });

test("figureBundle gives HTML that holds the figure once, a sentence, and the JSON", () => {
  const bundle = figureBundle(FIGURE, { altPngBase64: "AAAA" });
  assert.deepEqual(bundle[FIGURE_MIME], FIGURE);
  assert.equal(bundle["text/plain"], "Figure: Two points (1 trace)");
  assert.equal(bundle["image/png"], "AAAA");
  const html = String(bundle["text/html"]);
  assert.deepEqual(figureInHtml(html), FIGURE);
  assert.ok(
    html.length < 4000 && html.match(/<\/script>/g)?.length === 2,
    "the text in the data must not end its script",
  );
});

test("figureBundle stores a large figure in its HTML alone", () => {
  const data = [{ y: Array.from({ length: 20_000 }, (_, i) => i) }];
  const bundle = figureBundle({ data });
  assert.equal(bundle[FIGURE_MIME], undefined);
  assert.deepEqual(figureInHtml(String(bundle["text/html"])), { data });
});

test("renderReport packs plotly.js in once however many figures there are, and not at all without", async () => {
  const { html } = await reportOf([
    shown(figureBundle(FIGURE)),
    shown({ [FIGURE_MIME]: FIGURE }),
    shown({ [FIGURE_MIME]: JSON.stringify(FIGURE) }),
  ]);
  assert.equal(html.match(/class="figure"/g)?.length, 3);
  const packed = [...html.matchAll(/id="plotly-gzip">([^<]+)</g)];
  assert.equal(packed.length, 1);
  assert.match(gunzipSync(Buffer.from(packed[0]![1]!, "base64")).subarray(0, 200).toString(), /plotly\.js v/);
  assert.ok(html.length < 3_000_000);
  assert.doesNotMatch(html, /src="http/);
  const plain = await reportOf([shown({ "text/html": "<table><tr><td>1</td></tr></table>" })]);
  assert.ok(plain.html.length < 20_000 && plain.html.includes("<td>1</td>"));
});

test("renderReport shows streams, images, errors, receipt and contents, and no HTML out of Markdown or text", async () => {
  const { notebook } = await reportOf([], "# A & B\n\n<script>alert(1)</script>");
  const cell = notebook.cells[1] as CodeCell;
  cell.metadata.papermill = { status: "failed" };
  cell.metadata.ictal = { seconds: 1.5, kernelPeakBytes: 200 * 2 ** 20 };
  cell.outputs = [
    { output_type: "stream", name: "stdout", text: "\u001b[31mred\u001b[0m <b>" },
    shown({ "image/png": "iVBO\nRw0K" }),
    shown({ "image/svg+xml": "<svg onload='x()'></svg>" }),
    {
      output_type: "error",
      ename: "TypeError",
      evalue: "bad <i>",
      traceback: ["TypeError: bad <i>", "    at cell-1.ts:1:1"],
    },
  ];
  notebook.metadata.ictal = {
    receipt: { seed: 1, metrics: { devAuroc: 0.9 }, artefacts: { checkpoint: "a.safetensors" } },
  };
  const html = await renderReport(notebook, "a.html");
  assert.match(html, /<span style="color:var\(--ansi-1\)">red<\/span> &lt;b&gt;/);
  assert.match(html, /src="data:image\/png;base64,iVBORw0K"/);
  assert.match(html, /src="data:image\/svg\+xml;base64,/);
  assert.match(html, /<pre class="error">TypeError: bad &lt;i&gt;/);
  assert.match(html, /<a href="#cell-1">Cell 1 failed<\/a>: TypeError: bad &lt;i&gt;/);
  assert.match(html, /<td>metrics\.devAuroc<\/td><td>0\.9<\/td>/);
  assert.match(html, /1\.50 s · 200 MB/);
  assert.match(html, /<li class="level-1"><a href="#section-1-1">A &amp; B<\/a>/);
  assert.match(html, /&lt;script&gt;alert/);
  assert.match(html, /<details class="code" open><summary>TypeScript, 1 line<\/summary>/);
});

test("ansiToHtml maps 16, 256 and true colours, weights and resets, and drops other sequences", () => {
  assert.equal(
    ansiToHtml("\u001b[1;32mok\u001b[39m b\u001b[0m."),
    '<span style="color:var(--ansi-2);font-weight:700">ok</span><span style="font-weight:700"> b</span>.',
  );
  assert.equal(
    ansiToHtml("\u001b[38;5;196ma\u001b[48;2;1;2;3mb"),
    '<span style="color:rgb(255,0,0)">a</span><span style="color:rgb(255,0,0);background:rgb(1,2,3)">b</span>',
  );
  assert.equal(ansiToHtml("\u001b[2K\u001b]0;title\u0007x & y"), "x &amp; y");
});

test("highlight marks words, strings, numbers, comments and calls, and escapes the rest", () => {
  assert.equal(
    highlight('const a = f("<b>", 0x1f); // x < y', "typescript"),
    '<span class="word">const</span> a = <span class="call">f</span>(<span class="string">&quot;&lt;b&gt;&quot;</span>, <span class="number">0x1f</span>); <span class="comment">// x &lt; y</span>',
  );
  assert.equal(
    highlight("def f(): # x", "python"),
    '<span class="word">def</span> <span class="call">f</span>(): <span class="comment"># x</span>',
  );
});
