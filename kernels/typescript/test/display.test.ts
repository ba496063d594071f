import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { DataFrame } from "danfojs-node";
import { bundleOf, DISPLAY, type DisplayChannel, display, liveDisplay } from "../src/display.js";
import { createDisplayProgress } from "../src/display-progress.js";
import { FIGURE_MIME } from "../src/figure-html.js";
import type { MimeBundle } from "../src/wire/message.js";

const CHANNEL = Symbol.for("ictal.display-channel");
const host = globalThis as { [CHANNEL]?: DisplayChannel };

function record() {
  const sent: { data: MimeBundle; id: string | undefined; update: boolean }[] = [];
  host[CHANNEL] = { send: ({ data, transient }, update) => sent.push({ data, id: transient?.display_id, update }) };
  return sent;
}

afterEach(() => {
  delete host[CHANNEL];
});

test("display(value) shows what Symbol.for('Jupyter.display') says, and update replaces it under the same id", () => {
  const sent = record();
  const handle = liveDisplay({ [DISPLAY]: () => ({ "text/html": "<b>1</b>", "text/plain": "1" }) });
  handle.update("2");
  assert.deepEqual(sent, [
    { data: { "text/html": "<b>1</b>", "text/plain": "1" }, id: handle.id, update: false },
    { data: { "text/plain": "2" }, id: handle.id, update: true },
  ]);
});

test("display(value) waits for a bundle that comes as a promise", async () => {
  const sent = record();
  display({ [DISPLAY]: async () => ({ "text/plain": "later" }) });
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(
    sent.map(({ data }) => data),
    [{ "text/plain": "later" }],
  );
});

test("a figure that comes as JSON alone gets HTML and a sentence", () => {
  const figure = { data: [{ y: [1] }], layout: { title: "One" } };
  const bundle = bundleOf({ ...figure, [DISPLAY]: () => ({ [FIGURE_MIME]: figure }) }) as MimeBundle;
  assert.match(String(bundle["text/html"]), /type="application\/vnd\.plotly\.v1\+json"/);
  assert.equal(bundle["text/plain"], "Figure: One (1 trace)");
});

test("an array of records becomes a table with an aligned text twin", () => {
  const bundle = bundleOf([
    { id: "a<b", n: 1 },
    { id: "c", n: 0.123456789, ok: true },
  ]) as MimeBundle;
  assert.equal(bundle["text/plain"], "id          n  ok\na<b         1\nc    0.123457  true");
  assert.match(String(bundle["text/html"]), /<td>a&lt;b<\/td><td style="text-align:right">1<\/td>/);
});

test("a long table shows its first and last ten rows and says how many it leaves out", () => {
  const bundle = bundleOf(Array.from({ length: 100 }, (_, n) => ({ n }))) as MimeBundle;
  const lines = String(bundle["text/plain"]).split("\n");
  assert.deepEqual([lines.length, lines[11], lines.at(-1)], [22, "… 80 more rows …", "99"]);
});

test("a danfojs DataFrame becomes a table with its index", () => {
  const frame = new DataFrame(
    [
      [1, "x"],
      [2, "y"],
    ],
    { columns: ["n", "s"] },
  );
  const bundle = bundleOf(frame) as MimeBundle;
  assert.equal(bundle["text/plain"], "   n  s\n0  1  x\n1  2  y");
});

test("other values show as Node inspects them", () => {
  assert.deepEqual(bundleOf([1, 2]), { "text/plain": "[ 1, 2 ]" });
  assert.deepEqual(bundleOf({ a: new Float32Array(2) }), { "text/plain": "{ a: Float32Array(2) [ 0, 0 ] }" });
});

test("progress updates one display in place", () => {
  const sent = record();
  const progress = createDisplayProgress();
  progress.update({ label: "cache", done: 1, total: 4, unit: "recordings" });
  progress.update({ label: "cache", done: 4, total: 4, unit: "recordings" });
  progress.finish("done");
  assert.deepEqual(
    sent.map(({ update }) => update),
    [false, true],
  );
  assert.match(String(sent[1]!.data["text/plain"]), /cache 4\/4 recordings \| 100 %.*done/);
});

test("display(value) outside a kernel prints its text without what could steer the terminal", (context) => {
  const printed: string[] = [];
  const write = context.mock.method(process.stdout, "write", (text: string) => printed.push(text) > 0);
  try {
    display({ [DISPLAY]: () => ({ "text/plain": "sub-01\u001b]0;title\u0007\u001b[2J\u202e.edf\tok\nline" }) });
    display({ [DISPLAY]: () => ({ "x/\u001b[2Jy": "1" }) });
  } finally {
    write.mock.restore();
  }
  assert.deepEqual(printed, ["sub-01\\u202e.edf\tok\nline\n", "[x/y]\n"]);
});
