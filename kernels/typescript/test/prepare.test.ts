import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { readNotebook } from "../src/notebook/read-notebook.js";
import { prepareNotebook } from "../src/parameters/prepare.js";
import { executeNotebook } from "../src/runner/execute.js";
import { makeNotebook, notebookText, temporaryFolder } from "./make-notebook.js";

const tagged = (code: string) => ({ code, tags: ["parameters"] });

test("two cells tagged parameters are told, and refused as soon as a value is given", async () => {
  const folder = await temporaryFolder();
  const input = await makeNotebook(folder, [tagged("const n = 1"), "n", tagged("const n = 2")], { kernel: "ictal" });
  const prepared = await prepareNotebook({ input, output: undefined });
  assert.match(prepared.notices.join(), /^cells 1 and 3 are all tagged "parameters"/);
  const parameters = { typed: [["n", "3"]] } as const;
  await assert.rejects(
    prepareNotebook({ input, output: undefined, parameters }),
    /ConfigError: .*cells 1 and 3 are all tagged/,
  );
});

test("a run's times and sizes are checked before anything is read", async () => {
  for (const name of [
    "cellTimeoutSeconds",
    "timeoutSeconds",
    "startTimeoutSeconds",
    "saveIntervalSeconds",
    "maximumOutput",
  ])
    for (const value of [Number.NaN, -1, 0, Number.NEGATIVE_INFINITY])
      await assert.rejects(
        executeNotebook({ input: "/nowhere.ipynb", output: undefined, [name]: value }),
        (error: Error) => error instanceof RangeError && error.message.startsWith(`invalid ${name}: ${value};`),
      );
});

test("outputs stored with a skipped cell are not kept, and told", async () => {
  const folder = await temporaryFolder();
  const raw = JSON.parse(notebookText([{ code: "1", tags: ["skip-execution"] }], "ictal")) as {
    cells: { outputs: object[] }[];
  };
  raw.cells[0]!.outputs = [{ output_type: "stream", name: "stdout", text: "x" }];
  const input = join(folder, "a.ipynb");
  await writeFile(input, JSON.stringify(raw));
  const { notices } = await prepareNotebook({ input, output: undefined });
  assert.deepEqual(notices, ["cell 1 is tagged skip-execution; 1 stored output left out"]);
});

test("an output path names parameters alone, and those that are one word", async () => {
  const folder = await temporaryFolder();
  const input = await makeNotebook(folder, [tagged("const list = [1]; const rate = NaN;")], { kernel: "ictal" });
  const at = (name: string) => prepareNotebook({ input, output: join(folder, `{${name}}.ipynb`) });
  await assert.rejects(at("constructor"), /names \{constructor\}, which no parameter gives a value/);
  await assert.rejects(at("list"), /names \{list\}, whose value is a list or a map/);
  assert.equal((await at("rate")).output, join(folder, "NaN.ipynb"));
});

test("papermill's metadata holds every value without loss: NaN as text, long integers by their digits", async () => {
  const folder = await temporaryFolder();
  const source = "const a: number[] = []; const b = 1n; const c: number | null = null; const d = -0;";
  const input = await makeNotebook(folder, [tagged(source)], { kernel: "ictal" });
  const output = join(folder, "out.ipynb");
  const parameters = { yaml: ["a: [.nan, -.inf, 1]\nb: 12345678901234567890"] };
  const notices: string[] = [];
  await executeNotebook({
    input,
    output,
    parameters,
    prepareOnly: true,
    listeners: [{ notice: (text) => notices.push(text) }],
  });
  const { papermill } = (await readNotebook(output)).metadata;
  assert.deepEqual(papermill?.parameters, { a: ["NaN", "-Infinity", 1], b: 12345678901234567890n });
  assert.deepEqual(papermill?.default_parameters, { a: [], b: 1, c: null, d: -0 });
  assert.deepEqual(notices, []);
});
