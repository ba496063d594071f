import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { CodeCell, Notebook } from "../src/notebook/notebook-file.js";
import { readNotebook } from "../src/notebook/read-notebook.js";
import { packageDir } from "../src/project.js";
import type { Receipt } from "../src/runner/receipt.js";
import { type CellSpec, makeNotebook, runCli, startCli } from "./make-notebook.js";
import { makeProject, type TestProject } from "./make-project.js";
import { patience } from "./patience.js";

const INDEX = `import { add } from "./add.js";
export { add };
/** Its type is exported, as tslab asks of every type that a cell's variable has. */
export interface Pair { readonly left: number; readonly right: number }
export function pair(left: number, right: number): Pair { return { left, right }; }
`;

let project: TestProject;

before(async () => {
  project = await makeProject(INDEX);
  await writeFile(
    join(project.root, "src/add.ts"),
    "export function add(a: number, b: number): number {\n  return a + b;\n}\n",
  );
});

async function exec(
  cells: readonly (string | CellSpec)[],
  options: { kernel?: string; words?: readonly string[] } = {},
) {
  const input = await makeNotebook(project.notebooks, cells, { kernel: options.kernel ?? "project" });
  const output = join(project.root, "out.ipynb");
  const run = await runCli(["notebook", "exec", input, "-o", output, ...(options.words ?? [])], {
    cwd: project.root,
    env: project.env,
  });
  const notebook = await readNotebook(output);
  return {
    ...run,
    notebook,
    cells: codeCells(notebook),
    report: await readFile(join(project.root, "out.html"), "utf8"),
  };
}

const codeCells = (notebook: Notebook) => notebook.cells.filter((cell): cell is CodeCell => cell.cell_type === "code");
const textOf = (cell: CodeCell) => cell.outputs.map((output) => ("text" in output ? output.text : "")).join("");
const isAlive = (pid: number) => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

async function untilGone(pid: number, milliseconds: number): Promise<boolean> {
  for (const deadline = Date.now() + milliseconds; Date.now() < deadline; await sleep(100))
    if (!isAlive(pid)) return true;
  return !isAlive(pid);
}

test("a notebook in notebooks/ runs on tslab: package and local imports, parameters, displays, a burst, tags", async () => {
  const { code, stdout, stderr, cells, report, notebook } = await exec(
    [
      { markdown: "# A walk\n\nWith words." },
      { code: "const seed = 1; // the seed", tags: ["parameters"] },
      'import { add, pair } from "ictal";\nconst p = pair(add(seed, 1), 2);\nconst made = { x: { y: 1 } };\nconsole.log(p.left)',
      'import { add as plus } from "../dist/src/add.js";\nconsole.log(plus(2, 3))',
      'import * as tslab from "tslab";\ntslab.display.html("<b>bold</b>");\ntslab.display.png(new Uint8Array([1, 2, 3]));\nconst live = tslab.newDisplay();\nlive.text("first");\nlive.text("second");',
      "// Many lines\nfor (let i = 0; i < 20000; i++) console.log('line ' + i);",
      { code: "\nthrow new RangeError('expected here')", tags: ["raises-exception"] },
      "const { x: { y: z } } = made;\nconst { left: l } = p;\nlet { right } = { right: 0 };\n({ right } = p);\nconsole.log({ seed, l, right, z })",
      { code: "throw new Error('never run')", tags: ["skip-execution"] },
      "for (let i = 0; i <= 20; i++) { process.stdout.write('\\r' + i + ' of 20'); await new Promise((r) => setTimeout(r, 5)); }",
      "const send = (globalThis as any)[Symbol.for('ictal.display-channel')].send;\nsend({ data: { 'application/vnd.ictal.receipt+json': { seed, artefacts: { checkpoint: 'a.safetensors' } }, 'text/plain': 'receipt' }, metadata: {} }, false);",
    ],
    { words: ["-p", "seed", "7"] },
  );
  assert.equal(code, 0, stderr);
  assert.equal(textOf(cells[1]!), "");
  assert.equal(cells[1]!.source, "// Parameters\nconst seed: number = 7;");
  assert.equal(textOf(cells[2]!), "8\n");
  assert.equal(textOf(cells[3]!), "5\n");
  assert.deepEqual(
    cells[4]!.outputs.map((output) => ("data" in output ? output.data : output)),
    [{ "text/html": "<b>bold</b>" }, { "image/png": "AQID" }, { "text/plain": "second" }],
  );
  const lines = textOf(cells[5]!).trimEnd().split("\n");
  assert.equal(lines.length, 20_000);
  assert.ok(lines.every((line, i) => line === `line ${i}`));
  const [error] = cells[6]!.outputs;
  assert.ok(
    error?.output_type === "error" &&
      error.ename === "RangeError" &&
      error.traceback.join("\n").includes("cell-7.ts:2"),
  );
  assert.equal(textOf(cells[7]!), "{ seed: 7, l: 8, right: 2, z: 1 }\n");
  assert.equal(cells[8]!.execution_count, null);
  assert.equal(textOf(cells[9]!), "20 of 20");
  const { cellSeconds, ...receipt } = (notebook.metadata.ictal?.receipt ?? {}) as Receipt;
  assert.deepEqual(receipt, { seed: 7, artefacts: { checkpoint: "a.safetensors" } });
  assert.ok(cellSeconds?.every((seconds) => seconds >= 0) && cellSeconds.length > 1);
  assert.ok(cells.filter((_, i) => i !== 8).every((cell) => cell.execution_count !== null && cell.metadata.papermill));
  assert.match(stdout, /\[3\/11\] import \{ add, pair \} from "ictal";\n8\ndone in /);
  assert.match(stdout, /executed notebook {2}out\.ipynb\nreport {13}out\.html\ncheckpoint {9}a\.safetensors/);
  assert.match(report, /<h1 id="section-1-1">A walk<\/h1>/);
});

test("display on tslab: bundles keep all their types, update in place, a last value shows itself, a receipt is announced", async () => {
  const notebook = join(packageDir, "dist/src");
  const {
    code,
    stderr,
    stdout,
    cells,
    notebook: done,
  } = await exec([
    `import { display, liveDisplay } from "${notebook}/display.js";\nconst showReceipt = (receipt: object) => display({ [Symbol.for("Jupyter.display")]: () => ({ "application/vnd.ictal.receipt+json": receipt, "text/plain": "receipt" }) });\nconst figure = (y: number) => { const plot = { data: [{ y: [y] }] }; return { ...plot, [Symbol.for("Jupyter.display")]: () => ({ "application/vnd.plotly.v1+json": plot }) }; };\nconst live = liveDisplay(figure(1));`,
    "live.update(figure(2));",
    "figure(3)",
    "display([{ a: 1 }])",
    'showReceipt({ seed: 3, artefacts: { checkpoint: "b.safetensors" } })',
  ]);
  assert.equal(code, 0, stderr);
  const bundles = cells.map((cell) => cell.outputs.map((output) => ("data" in output ? output.data : output)));
  const figureOf = (bundle: unknown) => (bundle as Record<string, unknown>)["application/vnd.plotly.v1+json"];
  assert.deepEqual(
    bundles.map((list) => list.length),
    [1, 0, 1, 1, 1],
  );
  assert.deepEqual(figureOf(bundles[0]![0]), { data: [{ y: [2] }] });
  assert.deepEqual(figureOf(bundles[2]![0]), { data: [{ y: [3] }] });
  assert.deepEqual(Object.keys(bundles[3]![0]!), ["text/html", "text/plain"]);
  const { cellSeconds, ...receipt } = (done.metadata.ictal?.receipt ?? {}) as Receipt;
  assert.deepEqual([receipt, cellSeconds?.length], [{ seed: 3, artefacts: { checkpoint: "b.safetensors" } }, 5]);
  assert.match(stdout, /checkpoint {9}b\.safetensors/);
});

test("a failed cell ends the run with exit 1, names cell and line, and keeps what ran", async () => {
  const { code, stderr, stdout, cells, report } = await exec(
    [
      "const before = 1;",
      "// The fault\ninterface Unused { a: number }\n\nfunction fail(value: number): never {\n  throw new TypeError('bad ' + value);\n}\nfail(before);",
      "console.log('later')",
    ],
    { words: ["--json"] },
  );
  assert.equal(code, 1);
  assert.match(stderr, /input\.ipynb, cell 2, line 5: TypeError: bad 1/);
  const json = JSON.parse(stdout) as { notebooks: { failedCell: number; cells: number; failure: { line: number } }[] };
  assert.deepEqual(
    [json.notebooks[0]!.failedCell, json.notebooks[0]!.cells, json.notebooks[0]!.failure.line],
    [2, 3, 5],
  );
  const error = cells[1]!.outputs.at(-1);
  assert.ok(error?.output_type === "error");
  assert.deepEqual(error.traceback, ["TypeError: bad 1", "    at fail (cell-2.ts:5:9)", "    at cell-2.ts:7:1"]);
  assert.deepEqual(cells[2]!.outputs, []);
  assert.match(report, /<a href="#cell-2">Cell 2 failed<\/a>: TypeError: bad 1/);
});

test("a cell that does not compile fails with the line of the first complaint", async () => {
  const { code, stderr } = await exec(["const a = 1;\n\nconst b: string = a;"]);
  assert.equal(code, 1);
  assert.match(stderr, /cell 1, line 3: does not compile: Type 'number' is not assignable to type 'string'/);
});

test("a timeout ends a cell that never yields: exit 4, its output kept, no kernel left", async () => {
  const { code, stderr, cells } = await exec(["console.log(process.pid);\nwhile (true) {}"], {
    words: ["--cell-timeout", "2"],
  });
  assert.equal(code, 4);
  assert.match(stderr, /cell 1 took longer than 2 s/);
  const pid = Number(textOf(cells[0]!));
  assert.ok(pid > 1 && !isAlive(pid));
});

test("the total timeout counts all cells", async () => {
  const wait = "await new Promise((r) => setTimeout(r, 60_000));";
  const { code, stderr } = await exec(["1", wait], { words: ["--timeout", "3"] });
  assert.equal(code, 4);
  assert.match(stderr, /the notebook took longer than 3 s/);
});

test("a kernel killed in a cell is exit 3 with the last of its stderr", async () => {
  const { code, stderr, cells } = await exec([
    "require('fs').writeSync(2, 'out of luck\\n');\nprocess.kill(process.pid, 'SIGKILL');\nawait new Promise(() => {});",
  ]);
  assert.equal(code, 3);
  assert.match(stderr, /cell 1: the kernel was ended by SIGKILL; its last words:\nout of luck/);
  assert.ok(cells[0]!.outputs.some((output) => output.output_type === "error" && output.ename === "DeadKernel"));
});

for (const [signal, expected] of [
  ["SIGINT", 130],
  ["SIGTERM", 143],
  ["SIGKILL", null],
] as const) {
  test(`${signal} to the runner leaves no kernel behind`, async () => {
    const input = await makeNotebook(
      project.notebooks,
      ["// Endless\nconsole.log('pid', process.pid, 'running');\nwhile (true) {}"],
      { kernel: "project" },
    );
    const output = join(project.root, "interrupted.ipynb");
    const run = startCli(["notebook", "exec", input, "-o", output], { cwd: project.root, env: project.env });
    await run.printed("running");
    run.child.kill(signal);
    const { code, stdout } = await run.done;
    assert.equal(code, expected);
    const pid = Number(/pid (\d+) running/.exec(stdout)?.[1]);
    assert.ok(pid > 1 && (await untilGone(pid, patience(6000))));
    if (signal === "SIGKILL") return;
    const [cell] = codeCells(await readNotebook(output));
    assert.match(textOf(cell!), /running/);
    assert.ok(cell!.outputs.some((error) => error.output_type === "error" && error.ename === "Interrupted"));
  });
}

test("stock tslab without our launcher: an error is never a success, nor swallows the cells after an expected one", async () => {
  const { code, stderr, cells } = await exec(
    [
      { code: "throw new Error('expected')", tags: ["raises-exception"] },
      "console.log('after')",
      "console.error('note');\nthrow new TypeError('real')",
    ],
    { kernel: "stock" },
  );
  assert.equal(code, 1);
  assert.match(stderr, /cell 3: TypeError: real/);
  assert.equal(textOf(cells[1]!), "after\n");
  const [note, error] = cells[2]!.outputs;
  assert.ok(note?.output_type === "stream" && note.text.startsWith("note\n"));
  assert.ok(error?.output_type === "error" && error.ename === "TypeError");
});

test("stock tslab without our launcher: lost output fails the cell", async () => {
  const { code, stderr, cells } = await exec(["for (let i = 0; i < 3000; i++) console.log(i);"], { kernel: "stock" });
  assert.equal(code, 1);
  assert.match(stderr, /cell 1: output was lost/);
  assert.ok(textOf(cells[0]!).split("\n").length < 3000);
});

test("wrong use is exit 2 and names what is known", async () => {
  const run = (...words: string[]) => runCli(["notebook", "exec", ...words], { cwd: project.root, env: project.env });
  const input = await makeNotebook(project.notebooks, [{ code: "const seed = 1;", tags: ["parameters"] }], {
    name: "wrong.ipynb",
    kernel: "project",
  });
  const broken = join(project.notebooks, "broken.ipynb");
  await writeFile(broken, '{\n"cells": [\n}');
  const cases: [string[], RegExp][] = [
    [["nowhere.ipynb"], /there is no notebook at nowhere\.ipynb/],
    [[broken], /broken\.ipynb:3: not JSON/],
    [[input, "-k", "projekt"], /no kernel called "projekt"; known kernels: .*project/],
    [[input, "-p", "sead", "2"], /no parameter called "sead"; its parameters are seed/],
    [[input, "-p", "seed"], /-p needs a name and a value/],
    [[input, "--tmeout", "3"], /unknown option --tmeout/],
    [[input, "-o", input], /the output .* is the notebook itself/],
  ];
  for (const [words, message] of cases) {
    const { code, stderr } = await run(...words);
    assert.equal(code, 2, words.join(" "));
    assert.match(stderr, message);
  }
});

test("a kernel compiles the project when sources are newer, and tells in the first cell when they do not compile", async () => {
  const own = await makeProject("export const answer: number = 41;\n");
  const input = await makeNotebook(own.notebooks, ['import { answer } from "ictal";\nconsole.log(answer);'], {
    kernel: "project",
  });
  const output = join(own.root, "out.ipynb");
  const run = async () => {
    const { code } = await runCli(["notebook", "exec", input, "-o", output, "--no-report"], {
      cwd: own.root,
      env: own.env,
    });
    return { code, text: textOf(codeCells(await readNotebook(output))[0]!) };
  };
  assert.deepEqual(await run(), { code: 0, text: "41\n" });
  await writeFile(join(own.root, "src/index.ts"), "export const answer: number = 42;\n");
  assert.deepEqual(await run(), { code: 0, text: "42\n" });
  await writeFile(join(own.root, "src/index.ts"), 'export const answer: number = "x";\n');
  const { text } = await run();
  assert.match(text, /do not compile[\s\S]*src\/index\.ts\(1,14\): error TS2322/);
});
