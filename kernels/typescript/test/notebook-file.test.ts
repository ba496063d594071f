import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { isIctalError } from "@ictal/base/errors";
import { formatNotebook } from "../src/notebook/notebook-file.js";
import { parseNotebook, readNotebook } from "../src/notebook/read-notebook.js";
import { notebookText, temporaryFolder } from "./make-notebook.js";

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

test("parseNotebook names cell and field of whatever is not nbformat 4, and never repairs it silently", () => {
  const wrong: readonly (readonly [cells: unknown, said: RegExp])[] = [
    [[null], /cell 1 is null; an object was expected/],
    [[{ cell_type: "code", source: 5 }], /cell 1: source is 5; text, or a list of lines, was expected/],
    [[{ cell_type: "code", source: ["a", 1] }], /cell 1: source is a list; text/],
    [[{ cell_type: "code" }], /cell 1: source is missing/],
    [[{ cell_type: "code", source: "", outputs: "x" }], /cell 1: outputs is the text "x"; a list was expected/],
    [[{ cell_type: "code", source: "", outputs: [null] }], /cell 1, output 1 is null/],
    [
      [{ cell_type: "code", source: "", outputs: [{ output_type: "pyout" }] }],
      /cell 1, output 1: output_type is the text "pyout"/,
    ],
    [[{ cell_type: "code", source: "", outputs: [{ output_type: "stream", text: 3 }] }], /output 1: text is 3/],
    [
      [{ cell_type: "code", source: "", outputs: [{ output_type: "display_data", data: { "text/plain": { a: 1 } } }] }],
      /cell 1, output 1, data: text\/plain is an object/,
    ],
    [
      [{ cell_type: "code", source: "", outputs: [{ output_type: "error", traceback: [1] }] }],
      /traceback is a list; a list of texts/,
    ],
    [
      [{ cell_type: "code", source: "", execution_count: "1" }],
      /execution_count is the text "1"; a whole number or null/,
    ],
    [[{ cell_type: "raw", source: "", metadata: null }], /cell 1: metadata is null/],
    [
      [{ cell_type: "raw", source: "", metadata: { tags: "parameters" } }],
      /cell 1, metadata: tags is the text "parameters"; a list/,
    ],
    [[{ cell_type: "raw", source: "", id: 7 }], /cell 1: id is 7; text was expected/],
    [{}, /cells is an object; a list was expected/],
  ];
  for (const [cells, said] of wrong)
    assert.throws(
      () => parseNotebook(JSON.stringify({ nbformat: 4, metadata: {}, cells }), "a.ipynb"),
      (error: Error) =>
        isIctalError(error, "FormatError") && error.message.startsWith("a.ipynb: ") && said.test(error.message),
      String(said),
    );
  const metadata = { nbformat: 4, cells: [], metadata: { kernelspec: { name: 5 } } };
  assert.throws(() => parseNotebook(JSON.stringify(metadata), "a.ipynb"), /metadata, kernelspec: name is 5; text/);
  assert.throws(() => parseNotebook('{"cells": []}', "a.ipynb"), /nbformat is missing.* this JSON file is no notebook/);
  assert.throws(() => parseNotebook("# Words", "a.ipynb"), /a\.ipynb:1: not JSON: an \.ipynb file, which begins with/);
  assert.throws(() => parseNotebook(" \n", "a.ipynb"), /the file is empty; a notebook was expected/);
  assert.throws(() => parseNotebook("[1]", "a.ipynb"), /the file is a list; an object was expected/);
});

test("parseNotebook gives a cell whose id is another's or not allowed one of its own, and tells", () => {
  const raw = JSON.parse(notebookText(["1", "2", "3"])) as { cells: { id: string | null }[] };
  raw.cells[1]!.id = raw.cells[0]!.id;
  raw.cells[2]!.id = "with blank";
  const told: string[] = [];
  const { cells } = parseNotebook(JSON.stringify(raw), "a.ipynb", (text) => told.push(text));
  assert.equal(new Set(cells.map(({ id }) => id)).size, 3);
  assert.match(
    told.join("\n"),
    /^cell 2 has the id "cell-0", which is another cell's too; .*\ncell 3 has the id "with blank", which is not 1 to 64/,
  );
});

test("readNotebook tells a folder, UTF-16 and bytes that are no text; a byte order mark is fine", async () => {
  const folder = await temporaryFolder();
  const path = join(folder, "a.ipynb");
  const text = notebookText(["1"]);
  await assert.rejects(readNotebook(folder), /is a folder; name a notebook in it/);
  await writeFile(path, Buffer.from(`\ufeff${text}`, "utf16le"));
  await assert.rejects(
    readNotebook(path),
    /FormatError: .*a\.ipynb at byte 0: the text is UTF-16; save the notebook as UTF-8/,
  );
  await writeFile(path, Buffer.from([0x7b, 0xff]));
  await assert.rejects(readNotebook(path), /the text is not UTF-8/);
  await writeFile(path, `\ufeff${text}`);
  assert.equal((await readNotebook(path)).cells.length, 1);
});

test("formatNotebook writes NaN as text and long integers digit by digit, and what it writes is read again", () => {
  const data = '{"application/json": {"rate": NaN, "id": 12345678901234567890}}';
  const cell = `{"cell_type": "code", "source": "", "outputs": [{"output_type": "display_data", "data": ${data}}]}`;
  const text = formatNotebook(parseNotebook(`{"nbformat": 4, "cells": [${cell}]}`, "a.ipynb"));
  assert.match(text, /"id": 12345678901234567890,\s+"rate": "NaN"/);
  assert.equal(formatNotebook(parseNotebook(text, "a.ipynb")), text);
});

test("parseNotebook names the line of broken JSON, a wrong format and a wrong cell type", () => {
  assert.throws(() => parseNotebook('{\n "cells": [,]\n}', "a.ipynb"), /^FormatError: a\.ipynb:2: not JSON/);
  assert.throws(() => parseNotebook('{"nbformat": 2}', "a.ipynb"), /nbformat is 2; version 4 was expected/);
  assert.throws(
    () => parseNotebook('{"nbformat": 4, "cells": [{"cell_type": "heading"}]}', "a.ipynb"),
    /cell 1 has cell_type "heading"/,
  );
});
