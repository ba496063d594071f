import assert from "node:assert/strict";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { CodeCell } from "../src/notebook/notebook-file.js";
import { readNotebook } from "../src/notebook/read-notebook.js";
import { neededCells } from "../src/resume/needed-cells.js";
import { recordPath } from "../src/resume/record.js";
import { type CellSpec, makeNotebook, runCli, startCli } from "./make-notebook.js";
import { makeProject, type TestProject } from "./make-project.js";
import { assertValidNotebooks } from "./validate.js";

/** Numbers of the finished cells that run again; all but the last of `cells` have finished. */
const again = (...cells: string[]) => neededCells(cells, cells.length - 1).map(({ index }) => index + 1);

test("neededCells names the cells that define what the rest uses, and what those use in turn", () => {
  assert.deepEqual(again("const a = 1;", "const b = a + 1;", "const c = 3;", "console.log(b)"), [1, 2]);
  assert.deepEqual(again("const a = 1;", "console.log(a)", "console.log(2)"), []);
  assert.deepEqual(again('import { f } from "x";', "const o = { f: 1 };", "f(o.f)"), [1, 2]);
  assert.deepEqual(again("interface A { b: number }", "const unused = 1;", "let a: A = { b: 1 };"), [1]);
  assert.deepEqual(again("const { x, y: [z] } = made();", "z"), [1]);
  assert.deepEqual(again("const o = { a: 1 };", "const a = 2;", "o.a"), [1]);
});

test("neededCells names the cells that may change a needed value: assigned, by a method, by a call for its effect, by another name", () => {
  const list = "const list = [1];";
  assert.deepEqual(again(list, "list.push(2);", "list"), [1, 2]);
  assert.deepEqual(again(list, "list[0] = 2;", "list"), [1, 2]);
  assert.deepEqual(again(list, "const sum = list.map((x) => x + 1);", "list"), [1]);
  assert.deepEqual(again(list, "for (const x of list) console.log(x);", "list"), [1]);
  assert.deepEqual(again(list, "const other = list;", "other.push(3);", "list"), [1, 2, 3]);
  assert.deepEqual(again("let n = 0;", "n++;", "const m = n;", "n"), [1, 2]);
  assert.deepEqual(again('import * as lib from "lib";', list, "await lib.shuffle(list);", "list"), [1, 2, 3]);
  assert.deepEqual(again('import * as lib from "lib";', list, "lib.display(list);", "list"), [2]);
  assert.deepEqual(again(list, "function add() { list.push(1); }", "add();", "list"), [1, 2, 3]);
  assert.deepEqual(
    again(list, "const grow = (to: number[]) => { to.push(1); };", "const n = grow(list);", "list"),
    [1, 2, 3],
  );
  assert.deepEqual(again("const out = make();", "const done = await readInto(out);", "out"), [1, 2]);
});

test("neededCells names the cells that act on modules and globals", () => {
  assert.deepEqual(again('import * as tf from "tf";', 'await tf.setBackend("cpu");', "1"), [1, 2]);
  assert.deepEqual(again('process.env.A = "b";', "1"), [1]);
  assert.deepEqual(again("globalThis.setting = 1;", "1"), [1]);
  assert.deepEqual(again('import "./register.js";', "1"), [1]);
  assert.deepEqual(again('console.log(1); process.stdout.write("x");', "1"), []);
});

let project: TestProject;
const output = () => join(project.root, "out.ipynb");
const LIBRARY = 'import { two } from "./two.js";\nexport const four: number = two * 2;\n';

before(async () => {
  project = await makeProject(LIBRARY);
  await writeFile(join(project.root, "src/two.ts"), "export const two: number = 2;\n");
  await writeFile(join(project.root, "package-lock.json"), "{}");
});
after(() => assertValidNotebooks([output()]));

async function exec(cells: readonly (string | CellSpec)[], ...words: string[]) {
  const input = await makeNotebook(project.notebooks, cells, { kernel: "project" });
  const run = await runCli(["notebook", "exec", input, "-o", output(), "--no-report", ...words], {
    cwd: project.root,
    env: project.env,
  });
  return { ...run, cells: await stored() };
}

async function stored(): Promise<CodeCell[]> {
  return (await readNotebook(output())).cells.filter((cell): cell is CodeCell => cell.cell_type === "code");
}

const textOf = (cell: CodeCell) => cell.outputs.map((shown) => ("text" in shown ? shown.text : "")).join("");
const stamp = "console.log('at', process.hrtime.bigint());";
const CELLS: (string | CellSpec)[] = [
  { code: "const seed = 1;", tags: ["parameters"] },
  `import { four } from "ictal";\nconst state = four + seed;\n${stamp}`,
  `${stamp}\nconst shown = 'a long night';`,
  "if (state > 0) throw new Error('bad ' + state);",
  "console.log('end', state);",
];
const repaired = [...CELLS.slice(0, 3), "console.log('good', state);", CELLS[4]!];

test("--resume keeps what finished, runs again what the rest needs, and tells which and why", async () => {
  const first = await exec(CELLS);
  assert.equal(first.code, 1);
  const second = await exec(repaired, "--resume");
  assert.equal(second.code, 0, second.stderr);
  assert.match(second.stdout, /resuming at cell 4 \(cell 4 changed\); outputs kept of cells 3\n/);
  assert.match(second.stdout, /cell 1 runs again: defines seed\n {2}cell 2 runs again: defines state\n/);
  assert.match(second.stdout, /\[3\/5\] kept: /);
  assert.equal(textOf(second.cells[2]!), textOf(first.cells[2]!));
  assert.notEqual(textOf(second.cells[1]!), textOf(first.cells[1]!));
  assert.deepEqual([textOf(second.cells[3]!), textOf(second.cells[4]!)], ["good 5\n", "end 5\n"]);
  const third = await exec(repaired, "--resume");
  assert.match(third.stdout, /all 5 cells have run with this code.*nothing to do/);
  assert.deepEqual([third.code, third.cells.map(textOf)], [0, second.cells.map(textOf)]);
});

test("--resume starts over and says why when a source, the lockfile, a parameter, the kernel or the record is another", async () => {
  const change = async (path: string, text: string) => writeFile(join(project.root, path), text);
  const cases: [RegExp, () => Promise<unknown>, string[]][] = [
    [
      /files behind the finished cells changed: src\/two\.ts; starting over/,
      () => change("src/two.ts", "export const two: number = 3;\n"),
      [],
    ],
    [/files behind the finished cells changed: package-lock\.json/, () => change("package-lock.json", "{ }"), []],
    [/parameters differ: seed was the default, is 9/, async () => {}, ["-p", "seed", "9"]],
    [/\.out\.ipynb\.resume\.json, which records .*is missing/, () => rm(recordPath(output())), ["-p", "seed", "9"]],
    [/there is no executed notebook at /, () => rm(output()), ["-p", "seed", "9"]],
  ];
  for (const [reason, make, words] of cases) {
    await make();
    const { stdout, code } = await exec(repaired, "--resume", ...words);
    assert.equal(code, 0);
    assert.match(stdout, new RegExp(`cannot resume: .*${reason.source}`));
  }
});

test("after kill -9 of the runner in a cell a run with --resume goes on from the saved cells", async () => {
  const slow = [
    ...repaired.slice(0, 3),
    "console.log('waiting'); await new Promise((done) => setTimeout(done, 60_000));",
  ];
  const input = await makeNotebook(project.notebooks, slow, { kernel: "project" });
  const run = startCli(["notebook", "exec", input, "-o", output(), "--no-report", "--save-interval", "0.2"], {
    cwd: project.root,
    env: project.env,
  });
  await run.printed("waiting"); // the code is printed before its output, so look into the file as well
  const savedText = async () => textOf((await stored())[3]!);
  for (let tries = 0; tries < 1800 && !/waiting/.test(await savedText()); tries++) await sleep(100);
  run.child.kill("SIGKILL");
  await run.done;
  const before = await stored();
  assert.match(textOf(before[3]!), /waiting/);
  const { code, stdout, cells } = await exec([...slow.slice(0, 3), "console.log('over');"], "--resume");
  assert.equal(code, 0);
  assert.match(stdout, /resuming at cell 4 \(cell 4 changed\); outputs kept of cells 1, 2, 3/);
  assert.equal(textOf(cells[1]!), textOf(before[1]!));
  assert.equal(textOf(cells[3]!), "over\n");
});
