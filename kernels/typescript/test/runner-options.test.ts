import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { listKernelspecs } from "../src/kernelspec.js";
import { readNotebook } from "../src/notebook/read-notebook.js";
import { type CellSpec, makeNotebook, runCli, temporaryFolder } from "./make-notebook.js";
import { assertValidNotebooks } from "./validate.js";

const skip = (await listKernelspecs()).some((spec) => spec.name === "python3")
  ? false
  : "ipykernel is not installed (Debian: python3-ipykernel)";
const made: string[] = [];
let folder: string;

before(async () => {
  folder = await temporaryFolder();
});
after(() => assertValidNotebooks(made));

async function exec(cells: readonly (string | CellSpec)[], words: readonly string[]) {
  const input = await makeNotebook(folder, cells, { kernel: "python3" });
  return runCli(["notebook", "exec", input, ...words], { cwd: folder });
}

const PARAMETERS = { code: "seed = 1  # of the run\nname = 'a'", tags: ["parameters"] };

test("--prepare-only writes the parameters into the path that they name and starts no kernel", { skip }, async () => {
  const base64 = Buffer.from("name: q/r\n").toString("base64");
  const { code, stdout } = await exec(
    [PARAMETERS, { code: "raise 1", tags: ["papermill-error-cell-tag"] }, "seed"],
    ["--prepare-only", "-b", base64, "-p", "seed", "7", "-o", "run-{seed}-{name}.ipynb"],
  );
  assert.equal(code, 0);
  assert.match(stdout, /^prepared .*run-7-q-r\.ipynb\n$/);
  const path = join(folder, "run-7-q-r.ipynb");
  made.push(path);
  const { cells } = await readNotebook(path);
  assert.deepEqual(
    cells.map((cell) => cell.source),
    [PARAMETERS.code, '# Parameters\nname = "q/r"\nseed = 7', "seed"],
    "parameters injected, papermill's error marker gone",
  );
  const unknown = await exec([PARAMETERS], ["-o", "{sede}.ipynb"]);
  assert.equal(unknown.code, 2);
  assert.match(unknown.stderr, /names \{sede\}, which no parameter gives a value; known: seed, name/);
});

test("flags that do nothing together, and two notebooks for one output, are wrong use", { skip }, async () => {
  const wrong: readonly (readonly [words: readonly string[], said: RegExp])[] = [
    [["--resume", "--check"], /--resume and --check exclude each other/],
    [["--prepare-only", "--resume"], /--prepare-only and --resume exclude each other/],
    [["--prepare-only", "--check-tagged"], /--prepare-only and --check-tagged exclude each other/],
    [["--tolerance", "0.1"], /--tolerance is about comparing outputs; give --check/],
    [["--sanitize", "rules.yaml"], /--sanitize is about comparing outputs; give --check/],
  ];
  for (const [words, said] of wrong) {
    const { code, stderr } = await exec([PARAMETERS], words);
    assert.equal(code, 2, stderr);
    assert.match(stderr, said);
    assert.equal(stderr.trim().split("\n").length, 1, "one message");
  }
  const input = await makeNotebook(folder, [PARAMETERS], { kernel: "python3" });
  const twice = await runCli(["notebook", "exec", input, input], { cwd: folder });
  assert.equal(twice.code, 2);
  assert.match(twice.stderr, /would both be written to results\/notebooks\//);
});

test("a broken notebook among several is told before the first runs", { skip }, async () => {
  const good = await makeNotebook(folder, ["1"], { kernel: "python3" });
  const bad = join(folder, "bad.ipynb");
  await writeFile(bad, "{ broken");
  const { code, stdout, stderr } = await runCli(["notebook", "exec", good, bad], { cwd: folder });
  assert.deepEqual([code, stdout], [2, ""]);
  assert.match(stderr, /bad\.ipynb:\d+: not JSON/);
});

test("--help-notebook lists the parameters, as notebook params does", { skip }, async () => {
  const { code, stdout } = await exec([PARAMETERS], ["--help-notebook"]);
  assert.deepEqual([code, stdout], [0, "seed: int = 1  — of the run\nname: str = 'a'\n"]);
});

test("--log appends one JSON object per event, and cells carry time, processor time and peak memory", {
  skip,
}, async () => {
  const words = ["-o", "out.ipynb", "--log", "logs/run.jsonl"];
  const busy = "import time\nend = time.process_time() + 1.3\nwhile time.process_time() < end: pass\nprint('done')";
  const { code } = await exec([busy, "import sys\n1 + 1", "1 / 0"], words);
  made.push(join(folder, "out.ipynb"));
  assert.equal(code, 1);
  const text = await readFile(join(folder, "logs/run.jsonl"), "utf8");
  const events = text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  const kinds = new Set(events.map(({ event }) => event));
  for (const kind of [
    "notebook-start",
    "kernel-ready",
    "cell-start",
    "stream",
    "display",
    "error",
    "resources",
    "save",
  ])
    assert.ok(kinds.has(kind), kind);
  const ends = events.filter(({ event }) => event === "cell-end");
  assert.deepEqual(
    ends.map(({ cell, status }) => [cell, status]),
    [
      [1, "completed"],
      [2, "completed"],
      [3, "failed"],
    ],
  );
  assert.ok(Number(ends[0]!.cpuSeconds) >= 1.2, `${ends[0]!.cpuSeconds} s of processor time`);
  const last = events.at(-2)!; // the last save follows the end
  assert.deepEqual(
    [last.event, (last.failure as { cell: number; line: number }).cell, (last.failure as { line: number }).line],
    ["notebook-end", 3, 1],
  );
  const { cells } = await readNotebook(join(folder, "out.ipynb"));
  const { seconds, cpuSeconds, peakBytes, kernelPeakBytes } = cells[0]!.metadata.ictal as Record<string, number>;
  assert.ok(seconds! > 1.2 && cpuSeconds! >= 1.2 && peakBytes! >= kernelPeakBytes! && kernelPeakBytes! > 1e7);
  await exec(["1"], words);
  assert.ok((await readFile(join(folder, "logs/run.jsonl"), "utf8")).startsWith(text), "a second run is appended");
});

test("several notebooks run in order and the first failure ends the row", { skip }, async () => {
  const first = await makeNotebook(folder, ["print('one')"], { name: "a.ipynb", kernel: "python3" });
  const second = await makeNotebook(folder, ["1 / 0"], { name: "b.ipynb", kernel: "python3" });
  const third = await makeNotebook(folder, ["print('three')"], { name: "c.ipynb", kernel: "python3" });
  const { code, stdout, stderr } = await runCli(
    ["notebook", "exec", first, second, third, "-o", "row", "--json", "--no-report"],
    { cwd: folder },
  );
  assert.equal(code, 1);
  assert.match(stderr, /b\.ipynb, cell 1, line 1: ZeroDivisionError: division by zero/);
  const { notebooks } = JSON.parse(stdout) as { notebooks: { output: string; failedCell: number | null }[] };
  assert.deepEqual(
    notebooks.map(({ output, failedCell }) => [output, failedCell]),
    [
      [join(folder, "row/a.ipynb"), null],
      [join(folder, "row/b.ipynb"), 1],
    ],
  );
});

test("a log that cannot be opened is told before anything runs", { skip }, async () => {
  await writeFile(join(folder, "file"), "");
  const { code, stderr } = await exec(["1"], ["-o", "x.ipynb", "--log", "file/run.jsonl"]);
  assert.equal(code, 1);
  assert.match(stderr, /file/);
});
