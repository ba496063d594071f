import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { injectedSource, injectParameters, pythonLiteral } from "../../src/notebook/runner/inject.js";
import { hasTag } from "../../src/notebook/runner/notebook-file.js";
import { resolveParameters } from "../../src/notebook/runner/parameter-values.js";
import { readParameters } from "../../src/notebook/runner/parameters.js";
import { parseNotebook } from "../../src/notebook/runner/read-notebook.js";
import { notebookText, temporaryFolder } from "./make-notebook.js";

const SOURCE = `import { x } from "y";
const config = "configs/smoke_test.yaml"; // which config
let seed: number = 42;
const rates = [256, -0.5];
const options: { a: number } = { a: 1 };
const both: string | null = null, flag = true;
const derived = seed + 1;`;

const notebookOf = (source: string) =>
  parseNotebook(notebookText([{ code: source, tags: ["parameters"] }, "seed"]), "a.ipynb");

test("readParameters lists names, types, defaults and help of a TypeScript cell", () => {
  const parameters = readParameters(notebookOf(SOURCE), "typescript");
  assert.deepEqual(
    parameters.map(({ name, type, defaultValue, keyword, help }) => [name, type, defaultValue, keyword, help]),
    [
      ["config", "string", "configs/smoke_test.yaml", "const", "which config"],
      ["seed", "number", 42, "let", ""],
      ["rates", "number[]", [256, -0.5], "const", ""],
      ["options", "{ a: number }", { a: 1 }, "const", ""],
      ["both", "string | null", null, "const", ""],
      ["flag", "boolean", true, "const", ""],
      ["derived", "unknown", undefined, "const", ""],
    ],
  );
  assert.equal(parameters.at(-1)!.defaultText, "seed + 1");
});

test("readParameters reads a Python cell", () => {
  const parameters = readParameters(
    notebookOf('alpha = 0.1  # step\nn: int = 3\nname = "a"\nflag = True\nnone = None'),
    "python",
  );
  assert.deepEqual(
    parameters.map(({ name, type, defaultValue, help }) => [name, type, defaultValue, help]),
    [
      ["alpha", "float", 0.1, "step"],
      ["n", "int", 3, ""],
      ["name", "str", "a", ""],
      ["flag", "bool", true, ""],
      ["none", "None", null, ""],
    ],
  );
});

test("resolveParameters types each value by its parameter; later kinds win", async () => {
  const known = readParameters(notebookOf(SOURCE), "typescript");
  const file = join(await temporaryFolder(), "p.yaml");
  await writeFile(file, "seed: 1\nflag: false\n");
  const values = await resolveParameters(
    {
      files: [file],
      yaml: ["seed: 2"],
      typed: [
        ["seed", "3"],
        ["config", "7"],
        ["rates", "[1, 2]"],
        ["derived", "true"],
      ],
      raw: [["both", "5"]],
    },
    known,
    "a.ipynb",
  );
  assert.deepEqual(values, { seed: 3, flag: false, config: "7", rates: [1, 2], derived: true, both: "5" });
});

test("resolveParameters refuses an unknown name, naming the known ones, and a text of the wrong type", async () => {
  const known = readParameters(notebookOf(SOURCE), "typescript");
  await assert.rejects(
    resolveParameters({ typed: [["sede", "1"]] }, known, "a.ipynb"),
    /no parameter called "sede"; its parameters are config, seed.*did you mean seed/,
  );
  await assert.rejects(resolveParameters({ yaml: ["nope: 1"] }, known, "a.ipynb"), /no parameter called "nope"/);
  await assert.rejects(
    resolveParameters({ typed: [["seed", "many"]] }, known, "a.ipynb"),
    /seed is of type number; the value "many" is not/,
  );
  await assert.rejects(
    resolveParameters({ typed: [["seed", "1"]] }, [], "a.ipynb"),
    /no cell of it is tagged "parameters"/,
  );
});

test("injectParameters puts typed declarations after the tagged cell and replaces an earlier injection", () => {
  const notebook = notebookOf(SOURCE);
  const parameters = readParameters(notebook, "typescript");
  injectParameters(notebook, { seed: 1 }, parameters, "typescript");
  injectParameters(notebook, { seed: 7, config: 'a"b', options: { a: 2 }, flag: false }, parameters, "typescript");
  assert.deepEqual(
    notebook.cells.map((cell) => hasTag(cell, "injected-parameters")),
    [false, true, false],
  );
  assert.equal(
    notebook.cells[1]!.source,
    '// Parameters\nlet seed: number = 7;\nconst config: string = "a\\"b";\nconst options: { a: number } = {"a":2};\nconst flag: boolean = false;',
  );
  injectParameters(notebook, {}, parameters, "typescript");
  assert.equal(notebook.cells.length, 2);
});

test("injected Python is Python", () => {
  assert.equal(injectedSource({ a: null, b: [true, "x"] }, [], "python"), '# Parameters\na = None\nb = [True, "x"]');
  assert.equal(pythonLiteral({ k: 1.5 }), '{"k": 1.5}');
});
