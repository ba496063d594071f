import assert from "node:assert/strict";
import { test } from "node:test";
import { formatNotebook } from "../../src/notebook/runner/notebook-file.js";
import { parseNotebook } from "../../src/notebook/runner/read-notebook.js";
import { notebookText } from "./make-notebook.js";

test("parseNotebook(formatNotebook(notebook)) gives the notebook back, lines split in the file and joined in memory", () => {
  const notebook = parseNotebook(notebookText(["const a = 1;\na", { markdown: "# Title\n" }]), "a.ipynb");
  const cell = notebook.cells[0]!;
  assert.ok(cell.cell_type === "code");
  cell.outputs.push({ output_type: "stream", name: "stdout", text: "1\n2\n" });
  cell.outputs.push({
    output_type: "display_data",
    data: { "text/html": "<b>\n</b>", "application/json": [1, 2], "image/png": "AA" },
    metadata: {},
  });
  const text = formatNotebook(notebook);
  assert.match(text, /"1\\n",\n\s+"2\\n"/);
  assert.deepEqual(parseNotebook(text, "a.ipynb"), notebook);
});

test("parseNotebook raises format 4.2 to 4.5 by giving each cell an id", () => {
  const raw = JSON.parse(notebookText(["1"])) as { nbformat_minor: number; cells: { id?: string }[] };
  raw.nbformat_minor = 2;
  delete raw.cells[0]!.id;
  const notebook = parseNotebook(JSON.stringify(raw), "a.ipynb");
  assert.equal(notebook.nbformat_minor, 5);
  assert.match(notebook.cells[0]!.id, /^[\w-]{1,64}$/);
});

test("parseNotebook names the line of broken JSON, a wrong format and a wrong cell type", () => {
  assert.throws(() => parseNotebook('{\n "cells": [,]\n}', "a.ipynb"), /^FormatError: a\.ipynb:2: not JSON/);
  assert.throws(() => parseNotebook('{"nbformat": 3}', "a.ipynb"), /nbformat is 3; version 4 was expected/);
  assert.throws(
    () => parseNotebook('{"nbformat": 4, "cells": [{"cell_type": "heading"}]}', "a.ipynb"),
    /cell 1 has cell_type "heading"/,
  );
});
