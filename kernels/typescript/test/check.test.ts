import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { before, test } from "node:test";
import { compareOutputs } from "../src/check/compare.js";
import { createSanitizer } from "../src/check/sanitize.js";
import { listKernelspecs } from "../src/kernelspec.js";
import { formatNotebook, type Output } from "../src/notebook/notebook-file.js";
import { readNotebook } from "../src/notebook/read-notebook.js";
import { makeNotebook, runCli, temporaryFolder } from "./make-notebook.js";

const skip = (await listKernelspecs()).some((spec) => spec.name === "python3")
  ? false
  : "ipykernel is not installed (Debian: python3-ipykernel)";
let folder: string;

before(async () => {
  folder = await temporaryFolder();
});

test("the built-in sanitizers take out what differs from run to run and leave results alone", async () => {
  const sanitize = await createSanitizer();
  const cases: [string, string][] = [
    ["run 2026-11-23T21:21:59.099Z at 21:21", "run <time> at <time>"],
    ["done in 1 min 12.5 s, 72.1 MB/s", "done in <duration>, <rate>"],
    ["saved /home/me/ictal/out.ipynb and file:///tmp/a b", "saved <path> and <path> b"],
    ["digest ce1071f67a437522, commit 67d9394", "digest <digest>, commit <digest>"],
    ["<Model at 0x7f3a2c4d5e10>", "<Model at <address>>"],
    ["id 8b6f9c1e-1a2b-4c3d-8e9f-001122334455", "id <uuid>"],
    ["AUROC 0.9989, 50 recordings, s3://bucket/tusz/a/b", "AUROC 0.9989, 50 recordings, s3://bucket/tusz/a/b"],
  ];
  for (const [text, expected] of cases) assert.equal(sanitize(text), expected);
});

test("a file of sanitizers adds rules and selects built-ins; what is wrong in it is named", async () => {
  const file = join(folder, "rules.yaml");
  await writeFile(file, "builtins: [uuids]\nrules:\n  - { pattern: 'PORT \\d+', replace: <port>, flags: i }\n");
  assert.equal((await createSanitizer([file]))("port 8080 in 3 s"), "<port> in 3 s");
  const cases: [string, RegExp][] = [
    ["builtins: [dates]", /unknown built-in dates; known: uuids, addresses/],
    ["rules: [{ pattern: '(' }]", /rules\[0\]: Invalid regular expression/],
    ["rule: []", /unknown key rule; builtins and rules were expected/],
    ["rules: [3]", /rules\[0\] is 3; a pattern/],
    ["a: [", /not YAML/],
  ];
  for (const [text, message] of cases) {
    await writeFile(file, text);
    await assert.rejects(createSanitizer([file]), message);
  }
});

const how = { sanitize: (text: string) => text, tolerance: 0 };
const stdout = (text: string): Output => ({ output_type: "stream", name: "stdout", text });
const display = (data: Record<string, unknown>): Output => ({ output_type: "display_data", data, metadata: {} });

test("compareOutputs joins streams, compares JSON by place, and lets numbers differ within the tolerance", () => {
  assert.deepEqual(compareOutputs([stdout("a\n"), stdout("b\n")], [stdout("a\nb\n")], how), []);
  assert.deepEqual(compareOutputs([stdout("a\nloss 1.0\nc")], [stdout("a\nloss 1.1\nc")], how), [
    "stdout differs:",
    "    a",
    "  - loss 1.0",
    "  + loss 1.1",
    "    c",
  ]);
  assert.deepEqual(compareOutputs([stdout("loss 1.0 x")], [stdout("loss 1.0001 x")], { ...how, tolerance: 1e-3 }), []);
  const figure = (y: number) => display({ "application/json": { data: [{ y: [1, y] }] }, "image/png": String(y) });
  assert.deepEqual(compareOutputs([figure(2)], [figure(3)], how), [
    "display 1: application/json differs:",
    "  data.0.y.1: stored 2, now 3",
  ]);
  assert.deepEqual(compareOutputs([figure(2)], [figure(2.001)], { ...how, tolerance: 0.01 }), []);
  assert.deepEqual(compareOutputs([figure(2)], [], how), ["displays differ: 1 stored, 0 now"]);
  assert.deepEqual(compareOutputs([display({ "text/plain": "a" })], [display({ "text/html": "a" })], how), [
    "display 1: text/html is there only now",
    "display 1: text/plain is there only stored",
  ]);
});

test("--check passes what is as stored, names cell and lines of what is not, and overwrites nothing", {
  skip,
}, async () => {
  const cells = [
    "import time, uuid\nprint(uuid.uuid4(), f'{time.time() % 9:.6f} s')",
    "print('one')\nprint('two')",
    { code: "print(uuid.uuid4().int)", tags: ["ignore-output"] },
    { code: "1 / 0", tags: ["raises-exception", "check-output"] },
  ];
  const input = await makeNotebook(folder, cells, { kernel: "python3" });
  const check = (path: string, ...words: string[]) =>
    runCli(["notebook", "exec", path, "--check", ...words], { cwd: folder });
  const never = await check(input);
  assert.equal(never.code, 2);
  assert.match(never.stderr, /holds no outputs to compare with; run it first/);
  const stored = join(folder, "stored.ipynb");
  assert.equal((await runCli(["notebook", "exec", input, "-o", stored, "--no-report"], { cwd: folder })).code, 0);
  const same = await check(stored);
  assert.equal(same.code, 0, same.stdout);
  assert.match(same.stdout, /3 cells compared, 1 left out; as stored/);
  const notebook = await readNotebook(stored);
  const output = notebook.cells[1]!.cell_type === "code" ? notebook.cells[1]!.outputs[0] : undefined;
  assert.ok(output?.output_type === "stream");
  output.text = "one\n2\n";
  const text = formatNotebook(notebook);
  await writeFile(stored, text);
  const other = await check(stored, "--json");
  assert.equal(other.code, 1);
  assert.match(other.stderr, /cell 2 \(print\('one'\)\):\n {2}stdout differs:\n {6}one\n {4}- 2\n {4}\+ two\n/);
  const json = JSON.parse(other.stdout) as { notebooks: { output: null; check: { different: { cell: number }[] } }[] };
  assert.deepEqual([json.notebooks[0]!.output, json.notebooks[0]!.check.different[0]!.cell], [null, 2]);
  assert.equal(await readFile(stored, "utf8"), text);
  const tagged = await runCli(["notebook", "exec", stored, "--check-tagged"], { cwd: folder });
  assert.match(tagged.stdout, /1 cells compared, 3 left out; as stored/);
  assert.equal(tagged.code, 0);
});
