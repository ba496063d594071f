import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { type CodeCell, hasTag, type Notebook } from "@ictal/jupyter/notebook/notebook-file";
import { parseNotebook } from "@ictal/jupyter/notebook/read-notebook";
import { notebookCodeHash } from "@ictal/jupyter/runner/run-metadata";
import { notebookText } from "@ictal/jupyter/test/make-notebook";

const checkout = fileURLToPath(new URL("../../", import.meta.url)); // from dist/test/, with a slash at its end
const LARGEST_BYTES = 2_000_000;

/** An absolute path into some checkout: the one that made the outputs need not be this one. */
const CHECKOUT_PATH =
  /(?<![\w.:/-])(?:file:\/\/)?\/(?:[\w.@+-]+\/)+(?:node_modules|dist|src|notebooks|kernels|configs)\//;

const isCode = (cell: Notebook["cells"][number]): cell is CodeCell => cell.cell_type === "code";

function outputFaults(cell: CodeCell, number: number, root: string): string[] {
  const faults: string[] = [];
  if (cell.outputs.some((output) => output.output_type === "error")) faults.push(`cell ${number} ended in an error`);
  for (const output of cell.outputs) {
    const text = JSON.stringify(output);
    const found = text.includes(root) ? root : CHECKOUT_PATH.exec(text)?.[0];
    if (found !== undefined)
      faults.push(`an output of cell ${number} holds the path ${found}; print paths relative to it`);
  }
  return faults;
}

/** Why the text of a notebook should not be committed; empty when it may. `root` is the checkout without a last slash. */
function notebookFaults(text: string, name: string, root: string): string[] {
  const notebook = parseNotebook(text, name);
  const code = notebook.cells.filter(isCode);
  const faults = code.flatMap((cell, index) => outputFaults(cell, index + 1, root));
  const bytes = Buffer.byteLength(text);
  if (bytes > LARGEST_BYTES) faults.push(`${bytes} bytes; at most ${LARGEST_BYTES} may be committed`);
  const kernel = notebook.metadata.kernelspec?.name;
  if (kernel !== "ictal") faults.push(`the kernel is ${kernel}; ictal was expected`);
  const tagged = notebook.cells.filter((cell) => hasTag(cell, "parameters")).length;
  if (tagged !== 1) faults.push(`${tagged} cells are tagged parameters; exactly one was expected`);
  if (code.some(({ outputs, execution_count }) => outputs.length > 0 || execution_count !== null)) {
    const stored = notebook.metadata.ictal?.codeHash;
    if (stored === undefined) faults.push("the outputs do not come from the runner; run `npm run notebook:exec`");
    else if (stored !== notebookCodeHash(notebook)) faults.push("code changed after its outputs; run it again");
  }
  return faults;
}

test("every notebook under notebooks/ may be committed: its outputs come from its code, hold no error and no local path", () => {
  const folder = join(checkout, "notebooks");
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter(
    (name) => name.endsWith(".ipynb") && !name.includes(".ipynb_checkpoints"),
  );
  assert.ok(names.length > 0, `no notebook in ${folder}`);
  const faults = names.flatMap((name) =>
    notebookFaults(readFileSync(join(folder, name), "utf8"), name, checkout.slice(0, -1)).map(
      (fault) => `${name}: ${fault}`,
    ),
  );
  assert.deepEqual(faults, []);
});

/** Faults of a sound executed notebook after `change`. */
function faultsAfter(change: (notebook: Notebook, cell: CodeCell) => void): string[] {
  const notebook = parseNotebook(
    notebookText([{ code: "let a = 1;", tags: ["parameters"] }, "a + 1;"], "ictal"),
    "a.ipynb",
  );
  const cell = notebook.cells[1] as CodeCell;
  cell.execution_count = 2;
  cell.outputs = [
    { output_type: "stream", name: "stdout", text: "results/a.html, s3://bucket/src/a, see https://a.b/c/src/d\n" },
  ];
  notebook.metadata.ictal = { codeHash: notebookCodeHash(notebook) };
  change(notebook, cell);
  return notebookFaults(JSON.stringify(notebook), "a.ipynb", "/home/me/ictal");
}

test("notebookFaults finds each reason why a notebook may not be committed, and none in a sound one", () => {
  const print = (text: string) => (_: Notebook, cell: CodeCell) => {
    cell.outputs = [{ output_type: "stream", name: "stdout", text }];
  };
  const cases: [RegExp | undefined, (notebook: Notebook, cell: CodeCell) => unknown][] = [
    [undefined, () => {}],
    [/code changed after its outputs/, (_, cell) => Object.assign(cell, { source: "a + 2;" })],
    [/do not come from the runner/, (notebook) => Object.assign(notebook.metadata, { ictal: {} })],
    [
      /cell 2 ended in an error/,
      (_, cell) => cell.outputs.push({ output_type: "error", ename: "E", evalue: "", traceback: [] }),
    ],
    [/at most 2000000/, print("x".repeat(2_000_000))],
    [/holds the path \/home\/me\/ictal;/, print("see /home/me/ictal/results/a.html")],
    [/holds the path \/other\/ictal\/dist\//, print("at file (/other/ictal/dist/src/index.js:1:2)")],
    [/holds the path file:\/\/\/other\/ictal\/src\//, print("at file:///other/ictal/src/index.ts")],
    [/0 cells are tagged/, (notebook) => Object.assign(notebook.cells[0]!.metadata, { tags: [] })],
    [/2 cells are tagged/, (_, cell) => Object.assign(cell.metadata, { tags: ["parameters"] })],
    [/the kernel is python3/, (notebook) => Object.assign(notebook.metadata, { kernelspec: { name: "python3" } })],
  ];
  for (const [expected, change] of cases) {
    const faults = faultsAfter(change);
    assert.equal(faults.length, expected ? 1 : 0, `${expected}: ${faults.join("; ")}`);
    if (expected) assert.match(faults[0]!, expected);
  }
});
