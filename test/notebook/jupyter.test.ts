// Against Debian's Jupyter: packages jupyter-nbconvert, python3-nbformat, python3-ipykernel (.ci/run installs them).
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { listKernelspecs } from "@ictal/jupyter/kernelspec";
import { readNotebook } from "@ictal/jupyter/notebook/read-notebook";
import { makeNotebook, runCli, temporaryFolder } from "@ictal/jupyter/test/make-notebook";
import { makeProject } from "@ictal/jupyter/test/make-project";

const hasNbconvert = spawnSync("jupyter", ["nbconvert", "--version"]).status === 0;
const hasNbformat = spawnSync("/usr/bin/python3", ["-c", "import nbformat"]).status === 0;
const hasPythonKernel = (await listKernelspecs()).some((spec) => spec.name === "python3" && spec.origin === "jupyter");

test("kernel install writes a kernelspec with absolute paths, list finds it, remove takes it away", async () => {
  const prefix = await temporaryFolder();
  const env = { JUPYTER_PATH: join(prefix, "share/jupyter") };
  const run = (...words: string[]) => runCli(["kernel", ...words], { cwd: prefix, env });
  const installed = await run("install", "tslab", "--prefix", prefix, "--name", "My-TS", "--json");
  assert.equal(installed.code, 0, installed.stderr);
  const directory = (JSON.parse(installed.stdout) as { directory: string }).directory;
  assert.equal(directory, join(prefix, "share/jupyter/kernels/my-ts"));
  const { argv } = JSON.parse(await readFile(join(directory, "kernel.json"), "utf8")) as { argv: string[] };
  assert.deepEqual([argv[0], argv[2]], [process.execPath, "{connection_file}"]);
  assert.match(argv[1]!, /^\/.*kernels\/tslab\/launcher\.mjs$/);
  assert.ok((await readdir(directory)).includes("logo-svg.svg"));
  const listed = JSON.parse((await run("list", "--json")).stdout) as { kernels: { name: string }[] };
  assert.ok(listed.kernels.some((kernel) => kernel.name === "my-ts"));
  assert.equal((await run("remove", "my-ts", "--prefix", prefix)).code, 0);
  const again = await run("remove", "my-ts", "--prefix", prefix);
  assert.deepEqual([again.code, /no kernel called "my-ts"/.test(again.stderr)], [2, true]);
  assert.equal((await run("install", "nope")).code, 2);
  assert.equal((await run("install", "tslab", "--user", "--prefix", prefix)).code, 2);
});

test("jupyter nbconvert --execute runs a notebook on our tslab kernel", {
  skip: hasNbconvert ? false : "jupyter nbconvert is not installed",
}, async () => {
  const project = await makeProject("export const answer: number = 42;\n");
  const cells = [
    'import { answer } from "ictal";\nconsole.log(answer)',
    { code: "throw new Error('expected')", tags: ["raises-exception"] },
    "for (let i = 0; i < 3000; i++) console.log(i)",
  ];
  const input = await makeNotebook(project.notebooks, cells, { kernel: "project" });
  const env = { ...process.env, ...project.env };
  execFileSync("jupyter", ["nbconvert", "--to", "notebook", "--execute", input, "--output", "done.ipynb"], {
    env,
    stdio: "pipe",
  });
  const notebook = await readNotebook(join(project.notebooks, "done.ipynb"));
  const texts = notebook.cells.map((cell) =>
    cell.cell_type === "code"
      ? cell.outputs.map((output) => ("text" in output ? output.text : output.output_type)).join("")
      : "",
  );
  assert.equal(texts[0], "42\n");
  assert.equal(texts[1], "error");
  assert.equal(texts[2]!.trimEnd().split("\n").length, 3000);
  await makeNotebook(project.notebooks, ["interface A {}\nthrow new Error('fault')"], { kernel: "project" });
  const failed = spawnSync("jupyter", ["nbconvert", "--to", "notebook", "--execute", input, "--output", "bad.ipynb"], {
    env,
    encoding: "utf8",
  });
  assert.equal(failed.status, 1);
  assert.match(failed.stderr, /Error: fault\s+at cell-1\.ts:2:7/);
});

test("a Python notebook runs with typed parameters, and its failed line is named", {
  skip: hasPythonKernel ? false : "ipykernel is not installed",
}, async () => {
  const folder = await temporaryFolder();
  const cells = [
    { code: "n = 1\nname = 'a'", tags: ["parameters"] },
    "print(n + 1, name)",
    "n * 2",
    "x = 1\ny = x / 0",
  ];
  const input = await makeNotebook(folder, cells, { kernel: "python3" });
  const { code, stderr } = await runCli(
    ["notebook", "exec", input, "-p", "n", "4", "-p", "name", "5", "-o", "out.ipynb"],
    { cwd: folder },
  );
  assert.equal(code, 1);
  assert.match(stderr, /cell 5, line 2: ZeroDivisionError: division by zero/);
  const notebook = await readNotebook(join(folder, "out.ipynb"));
  assert.equal(notebook.cells[1]!.source, '# Parameters\nn = 4\nname = "5"');
  const outputs = notebook.cells.map((cell) => (cell.cell_type === "code" ? cell.outputs[0] : undefined));
  assert.deepEqual(outputs[2], { output_type: "stream", name: "stdout", text: "5 5\n" });
  assert.ok(outputs[3]?.output_type === "execute_result" && outputs[3].data["text/plain"] === "8");
  if (hasNbformat)
    execFileSync("/usr/bin/python3", [
      "-c",
      "import nbformat, sys; nbformat.validate(nbformat.read(sys.argv[1], 4))",
      join(folder, "out.ipynb"),
    ]);
});

test("an executed notebook of ours is valid nbformat 4.5", {
  skip: hasNbformat ? false : "python3-nbformat is not installed",
}, async () => {
  const project = await makeProject("export const answer: number = 42;\n");
  const input = await makeNotebook(project.notebooks, ["console.log(1)", "throw new Error('x')"], {
    kernel: "project",
  });
  const { code } = await runCli(["notebook", "exec", input, "-o", "out.ipynb"], {
    cwd: project.root,
    env: project.env,
  });
  assert.equal(code, 1);
  const script =
    "import nbformat, sys; nb = nbformat.read(sys.argv[1], nbformat.NO_CONVERT); nbformat.validate(nb); assert nb.nbformat_minor == 5";
  execFileSync("/usr/bin/python3", ["-c", script, join(project.root, "out.ipynb")], { stdio: "pipe" });
});
