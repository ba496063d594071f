import assert from "node:assert/strict";
import { test } from "node:test";
import { diffNotebooks } from "../src/check/diff-notebooks.js";
import { formatNotebook } from "../src/notebook/notebook-file.js";
import { parseNotebook } from "../src/notebook/read-notebook.js";
import { notebookText } from "./notebook-text.js";

const OLD = {
  nbformat: 3,
  nbformat_minor: 0,
  metadata: { name: "Old", signature: "sha256:0" },
  worksheets: [
    {
      cells: [
        { cell_type: "heading", level: 2, metadata: {}, source: ["Sei", "zures"] },
        { cell_type: "markdown", metadata: {}, source: "text" },
        {
          cell_type: "code",
          language: "python",
          collapsed: true,
          metadata: {},
          prompt_number: 4,
          input: ["1 +\n", " 1"],
          outputs: [
            { output_type: "stream", stream: "stderr", text: ["a\n", "b"] },
            { output_type: "pyout", prompt_number: 4, metadata: {}, text: ["2"], html: ["<b>2</b>"], png: "AAAA" },
            { output_type: "pyerr", ename: "E", evalue: "v", traceback: ["t"] },
          ],
        },
      ],
    },
    { cells: [{ cell_type: "raw", metadata: {}, source: "raw" }] },
  ],
};

test("a notebook of nbformat 3 is read as nbformat 4, and that is told", () => {
  const told: string[] = [];
  const notebook = parseNotebook(JSON.stringify(OLD), "old.ipynb", (text) => told.push(text));
  assert.match(told.join(), /of nbformat 3; it is read as nbformat 4/);
  const cells = notebook.cells.map(({ id, ...cell }) => cell);
  assert.deepEqual(cells[0], { cell_type: "markdown", metadata: {}, source: "## Seizures" });
  assert.deepEqual(cells[2], {
    cell_type: "code",
    metadata: { collapsed: true },
    source: "1 +\n 1",
    execution_count: 4,
    outputs: [
      { output_type: "stream", name: "stderr", text: "a\nb" },
      {
        output_type: "execute_result",
        execution_count: 4,
        data: { "text/plain": "2", "text/html": "<b>2</b>", "image/png": "AAAA" },
        metadata: {},
      },
      { output_type: "error", ename: "E", evalue: "v", traceback: ["t"] },
    ],
  });
  assert.deepEqual([cells[3]?.source, notebook.metadata.language_info?.name], ["raw", "python"]);
  assert.deepEqual(parseNotebook(formatNotebook(notebook), "new.ipynb"), notebook);
});

test("what is not of nbformat 3 is refused with its cell", () => {
  const wrong = { ...OLD, worksheets: [{ cells: [{ cell_type: "code", outputs: [{ output_type: "odd" }] }] }] };
  assert.throws(
    () => parseNotebook(JSON.stringify(wrong), "old.ipynb"),
    /cell 1, output 1: output_type is the text "odd"/,
  );
  assert.throws(() => parseNotebook('{"nbformat": 3}', "old.ipynb"), /worksheets is missing or empty/);
  assert.throws(() => parseNotebook('{"nbformat": 2}', "old.ipynb"), /nbformat is 2; version 4 was expected/);
});

const HOW = { sanitize: (text: string) => text, tolerance: 1e-6, outputs: true };

test("two notebooks are compared cell by cell, by id or source", () => {
  const parse = (cells: readonly string[]) => parseNotebook(notebookText(cells), "a.ipynb");
  const before = parse(["a", "b", "c"]);
  assert.deepEqual(diffNotebooks(before, before, HOW), []);
  const changed = parse(["a", "b + 1", "c"]);
  assert.deepEqual(diffNotebooks(before, changed, HOW), [
    { kind: "changed", before: 2, after: 2, lines: ["source differs:", "  - b", "  + b + 1"] },
  ]);
  const renamed = parse(["a", "x", "c"]);
  renamed.cells.forEach((cell, i) => {
    cell.id = `other-${i}`;
  });
  assert.deepEqual(
    diffNotebooks(before, renamed, HOW).map(({ kind, before, after }) => [kind, before, after]),
    [["changed", 2, 2]],
  );
  const longer = parse(["a", "b", "c", "d"]);
  assert.deepEqual(diffNotebooks(before, longer, HOW), [{ kind: "added", after: 4, lines: ["+ d"] }]);
  assert.deepEqual(diffNotebooks(longer, before, HOW), [{ kind: "removed", before: 4, lines: ["- d"] }]);
});

test("outputs count unless they are left out", () => {
  const [before, after] = [1, 2].map((n) => {
    const notebook = parseNotebook(notebookText(["a"]), "a.ipynb");
    const [cell] = notebook.cells;
    if (cell?.cell_type === "code") cell.outputs.push({ output_type: "stream", name: "stdout", text: `loss ${n}\n` });
    return notebook;
  });
  assert.match(
    diffNotebooks(before!, after!, HOW)[0]!.lines.join("\n"),
    /stdout differs:\n {2}- loss 1\n {2}\+ loss 2/,
  );
  assert.deepEqual(diffNotebooks(before!, after!, { ...HOW, outputs: false }), []);
});
