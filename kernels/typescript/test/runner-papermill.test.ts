// What papermill's users reach for: folders, paths, streams in files, failed cells allowed, pipes, several at a time, values.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdir, readFile, realpath, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { before, test } from "node:test";
import { fileURLToPath } from "node:url";
import type { CodeCell } from "../src/notebook/notebook-file.js";
import { parseNotebook, readNotebook } from "../src/notebook/read-notebook.js";
import { type CellSpec, makeNotebook, notebookText, runCli, temporaryFolder } from "./make-notebook.js";
import { assertValidNotebooks } from "./validate.js";

const CLI = fileURLToPath(new URL("./cli.js", import.meta.url));
let folder: string;
before(async () => {
  folder = await realpath(await temporaryFolder());
});

const make = (name: string, cells: readonly (string | CellSpec)[]) =>
  makeNotebook(folder, cells, { name, kernel: "ictal" });
const notebook = (...words: string[]) => runCli(["notebook", ...words], { cwd: folder });
const codeOf = (file: string) => readNotebook(join(folder, file)).then(({ cells }) => cells as CodeCell[]);

test("--cwd, --inject-paths, --stdout-file and --stderr-file do what papermill's do", async () => {
  await mkdir(join(folder, "elsewhere"));
  await writeFile(join(folder, "elsewhere/near.ts"), "export const near = 'near';\n");
  const cells = [
    { code: "const seed = 1;", tags: ["parameters"] },
    "import { near } from './near.js';\nconsole.log(process.cwd(), near, seed);\nconsole.error('warned');",
    "console.log(PAPERMILL_INPUT_PATH, PAPERMILL_OUTPUT_PATH)",
  ];
  const input = await make("paths.ipynb", cells);
  const words = [
    "--cwd",
    "elsewhere",
    "--inject-paths",
    "--stdout-file",
    "logs/out.txt",
    "--stderr-file",
    "logs/err.txt",
  ];
  const run = await notebook("exec", input, "-o", "paths-{seed}.ipynb", "-p", "seed", "4", "--no-report", ...words);
  assert.equal(run.code, 0, run.stderr + run.stdout);
  assert.deepEqual((await readFile(join(folder, "logs/out.txt"), "utf8")).split("\n"), [
    `${join(folder, "elsewhere")} near 4`,
    `${input} ${join(folder, "paths-4.ipynb")}`,
    "",
  ]);
  assert.equal(await readFile(join(folder, "logs/err.txt"), "utf8"), "warned\n");
  const wrong = await notebook("exec", input, "--cwd", "nowhere");
  assert.deepEqual([wrong.code, /there is no folder nowhere/.test(wrong.stderr)], [2, true], wrong.stderr);
});

test("--allow-errors goes on after a failed cell and passes; --report-mode hides the code", async () => {
  const input = await make("fails.ipynb", [
    "let x = 1;",
    "throw new Error('expected here')",
    "console.log('after', x)",
  ]);
  const { code, stdout } = await notebook(
    "exec",
    input,
    "-o",
    "failed.ipynb",
    "--allow-errors",
    "--report-mode",
    "--json",
  );
  assert.equal(code, 0);
  const [run] = (JSON.parse(stdout) as { notebooks: { failedCell: unknown; allowedFailures: { cell: number }[] }[] })
    .notebooks;
  assert.deepEqual([run?.failedCell, run?.allowedFailures.map(({ cell }) => cell)], [null, [2]]);
  const cells = await codeOf("failed.ipynb");
  assert.deepEqual(
    cells.map(({ metadata }) => [(metadata.papermill as { status: string }).status, metadata.jupyter]),
    ["completed", "failed", "completed"].map((status) => [status, { source_hidden: true }]),
  );
  const html = await readFile(join(folder, "failed.html"), "utf8");
  assert.equal(html.match(/<details/g)?.length, 1, "only the code of the failed cell is there");
});

test("several notebooks run at a time, record values, and are listed as a table", async () => {
  const cells = (name: string) => [
    { code: "const seed = 1;", tags: ["parameters"] },
    `import { output } from "@ictal/jupyter";\noutput("auroc", 0.5 + seed / 10);\noutput("name", "${name}");\noutput("auroc", 0.9 + seed / 100);`,
  ];
  const inputs = [await make("one.ipynb", cells("a,b")), await make("two.ipynb", cells("c"))];
  const run = await notebook(
    "exec",
    ...inputs,
    "--jobs",
    "2",
    "-o",
    "both",
    "-p",
    "seed",
    "2",
    "--no-report",
    "--json",
  );
  assert.equal(run.code, 0, run.stderr);
  const { notebooks } = JSON.parse(run.stdout) as { notebooks: { input: string; values: unknown }[] };
  assert.deepEqual(
    notebooks.map(({ input, values }) => [input, values]),
    [
      [inputs[0], { auroc: 0.92, name: "a,b" }],
      [inputs[1], { auroc: 0.92, name: "c" }],
    ],
  );
  assert.match(run.stderr, /^one: done in /m);
  const outputs = ["both/one.ipynb", "both/two.ipynb"];
  const { metadata } = await readNotebook(join(folder, outputs[0]!));
  assert.deepEqual(metadata.ictal?.values, { auroc: 0.92, name: "a,b" });
  const { stdout } = await notebook("table", ...outputs);
  assert.match(stdout, /^notebook +status +seconds +seed +auroc +name\none\.ipynb +done +[\d.]+ +2 +0\.92 +a,b\n/);
  await notebook("table", ...outputs, "-o", "table.csv");
  assert.match(
    await readFile(join(folder, "table.csv"), "utf8"),
    /^notebook,.*\r\none\.ipynb,done,[\d.]+,2,0\.92,"a,b"\r\n/,
  );
  const differ = await notebook("diff", ...outputs);
  assert.equal(differ.code, 1);
  assert.match(differ.stdout, /^cell 3:\n {2}source differs:\n/);
  assertValidNotebooks(outputs.map((name) => join(folder, name)));
});

test("the executed notebook holds the state of its controls, for readers without a kernel", async () => {
  const input = await make("controls.ipynb", [
    'import { controls } from "@ictal/jupyter";\nconst s = controls.slider({ min: 0, max: 10 });\nconst gone = controls.text(); gone.close();\ns',
    "s.value = 7",
  ]);
  assert.equal((await notebook("exec", input, "-o", "controlled.ipynb", "--no-report")).code, 0);
  const { metadata, cells } = await readNotebook(join(folder, "controlled.ipynb"));
  const stored = (metadata.widgets as Record<string, { state: Record<string, { model_name: string; state: object }> }>)[
    "application/vnd.jupyter.widget-state+json"
  ];
  const models = Object.entries(stored!.state);
  assert.deepEqual(models.map(([, { model_name: name }]) => name).sort(), [
    "IntSliderModel",
    "LayoutModel",
    "SliderStyleModel",
  ]);
  const [id, { state }] = models.find(([, { model_name: name }]) => name === "IntSliderModel")!;
  assert.equal((state as { value: number }).value, 7);
  assert.match(JSON.stringify((cells[0] as CodeCell).outputs), new RegExp(`"model_id":"${id}"`));
});

test("a notebook from standard input goes to standard output", async () => {
  const child = spawn(process.execPath, [CLI, "notebook", "exec", "-", "-p", "seed", "3"], { cwd: folder });
  let stdout = "";
  child.stdout.on("data", (chunk: Buffer) => {
    stdout += chunk.toString();
  });
  child.stdin.end(notebookText([{ code: "let seed = 1", tags: ["parameters"] }, "[seed, process.cwd()]"], "ictal"));
  const code = await new Promise((resolve) => child.once("close", resolve));
  assert.equal(code, 0);
  const executed = parseNotebook(stdout, "-");
  assert.match(JSON.stringify(executed.cells.at(-1)), new RegExp(`\\[ 3, '${folder}' \\]`));
  assert.equal(executed.metadata.papermill?.input_path, "-");
  const both = await notebook("exec", await make("x.ipynb", ["1"]), "-o", "-", "--json");
  assert.match(both.stderr, /--output - and --json exclude each other/);
  const address = await notebook("exec", "s3://bucket/a.ipynb");
  assert.deepEqual(
    [address.code, /s3:\/\/ is not supported for notebooks: files and - are/.test(address.stderr)],
    [2, true],
  );
});
