import assert from "node:assert/strict";
import { test } from "node:test";
import { withColours, withoutControls } from "@ictal/base/printable";
import type { CodeCell, Output } from "../src/notebook/notebook-file.js";
import { parseNotebook } from "../src/notebook/read-notebook.js";
import { ensureErrorOutput, errorLine } from "../src/runner/cell-error.js";
import { cellTitle } from "../src/runner/cell-title.js";
import { outputText } from "../src/runner/output-text.js";
import { notebookText } from "./make-notebook.js";

const stderr = (text: string): Output => ({ output_type: "stream", name: "stderr", text });

test("ensureErrorOutput takes a stack trace out of stderr and leaves what stood before it", () => {
  const outputs = [
    stderr(
      "a warning\n\u001b[31mTypeError: bad\nvalue\u001b[39m\n    at f (cell-3.ts:7:9)\n    at cell-3.ts:9:1 {\n  code: 5\n}\n",
    ),
  ];
  const error = ensureErrorOutput(outputs, undefined);
  assert.equal(error.ename, "TypeError");
  assert.equal(error.evalue, "bad\nvalue");
  assert.equal(errorLine(error), 7);
  assert.deepEqual(outputs[0], stderr("a warning\n"));
  assert.equal(outputs.length, 2);
});

test("ensureErrorOutput reads compiler complaints, a thrown text and silence", () => {
  const compile = ensureErrorOutput(
    [stderr("3:7 - Type 'a' is not assignable.\n4:1 - Cannot find name 'x'.\n")],
    undefined,
  );
  assert.deepEqual([compile.ename, errorLine(compile), compile.traceback.length], ["CompileError", 3, 2]);
  assert.equal(ensureErrorOutput([stderr("just text\n")], undefined).evalue, "just text");
  assert.match(ensureErrorOutput([], undefined).evalue, /no reason/);
});

test("ensureErrorOutput prefers an error message, then the reply", () => {
  const sent: Output = { output_type: "error", ename: "A", evalue: "b", traceback: [] };
  assert.equal(ensureErrorOutput([sent], { ename: "C", evalue: "d", traceback: [] }), sent);
  assert.equal(ensureErrorOutput([], { ename: "C", evalue: "d", traceback: [] }).ename, "C");
});

test("errorLine reads ipykernel's tracebacks, coloured or not", () => {
  const traceback = ["\u001b[0;31mZeroDivisionError\u001b[0m  Traceback", "Cell \u001b[0;32mIn [2], line 3\u001b[0m\n"];
  assert.equal(errorLine({ ename: "ZeroDivisionError", evalue: "", traceback }), 3);
});

test("errorLine takes the line in the cell itself, not in one whose function it called", () => {
  const error = { ename: "Error", evalue: "", traceback: ["Error", " at f (cell-1.ts:7:1)", " at cell-3.ts:2:5"] };
  assert.deepEqual([errorLine(error, 3), errorLine(error), errorLine(error, 2)], [2, 7, undefined]);
});

test("withColours keeps colours and drops what else could steer a terminal", () => {
  const text = "\u001b[1;31mred\u001b[0m\u001b[2J\u001b]52;c;aGk=\u0007\u001bP1$r\u001b\\\u0008\r\u009b5n\n\tend";
  assert.equal(withColours(text), "\u001b[1;31mred\u001b[0m\n\tend");
  assert.equal(withoutControls(text), "red\n\tend");
});

test("cellTitle takes the heading before, the first comment or the first line", () => {
  const notebook = parseNotebook(
    notebookText([
      { markdown: "Text\n## The `big` one" },
      "1",
      "// Load **it**\n2",
      "\nconst a_b_c = 60_000 * 2 * child_process;",
      "// \u001b]0;title\u0007\u001b[2Jcleared\n2",
      { markdown: "## Set `child_process` and _x_, 2 * 3 * 4" },
      "1",
    ]),
    "a.ipynb",
  );
  const cells = notebook.cells.filter((cell): cell is CodeCell => cell.cell_type === "code");
  assert.deepEqual(
    cells.map((cell) => cellTitle(notebook, cell)),
    [
      "The big one",
      "Load it",
      "const a_b_c = 60_000 * 2 * child_process;",
      "cleared",
      "Set child_process and x, 2 * 3 * 4",
    ],
  );
});

test("outputText gives one line for any bundle", () => {
  assert.equal(outputText({ "text/html": "<p>a</p>", "text/plain": "x\n y" }), "x y");
  assert.equal(outputText({ "text/html": "<style>p{}</style><b>1 &lt; 2</b><script>f()</script>" }), "1 < 2");
  assert.equal(outputText({ "text/plain": "\u001b[31ma\u001b[0m\u009b2J\u001b]52;c;x\u0007b" }), "ab");
  assert.equal(outputText({ "image/png": "A".repeat(4096) }), "[image/png, 4 kB]");
});
