import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { readFile, symlink, unlink } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { checkout } from "../make-notebook.js";
import { addFiles, makeCellProject, resultOf, runCells } from "./run-cells.js";

const LEAF = "export const leaf = (): string => 'leaf-1';\n";
const FILES = {
  "src/deep/leaf.ts": LEAF,
  "src/deep/middle.ts": "export * from './leaf.js';\n",
  "src/dir/index.ts": "export const dir: number = 1;\n",
  "src/with.dot.ts": "export const dot: number = 2;\n",
  "src/hidden.ts": "interface Hidden { a: number }\nexport const make = (): Hidden => ({ a: 3 });\n",
  "src/data.json": '{ "k": [4] }',
  "src/cycle-a.ts":
    "import { odd } from './cycle-b.js';\nexport const even = (n: number): boolean => n === 0 || odd(n - 1);\n",
  "src/cycle-b.ts":
    "import { even } from './cycle-a.js';\nexport const odd = (n: number): boolean => n !== 0 && even(n - 1);\n",
  "notebooks/helper.ts": "import { leaf } from '../src/deep/leaf.js';\nexport const help = () => 'help ' + leaf();\n",
  "notebooks/common.cjs": "exports.one = 1;\nexports.part = require('./part.cjs');\n",
  "notebooks/part.cjs": "module.exports = 5;\n",
};
const INDEX = `export { leaf } from "./deep/middle.js";
export const later = await Promise.resolve(7);
export const url = import.meta.url;
export const lazy = () => import("./dir/index.js");
`;

const makeTree = () => makeCellProject(INDEX, FILES);
const resultsOf = async (project: Awaited<ReturnType<typeof makeTree>>, steps: Parameters<typeof runCells>[1]) =>
  (await runCells(project, steps)).map(resultOf);

test("local files are found by path, as TypeScript does, and are typed", async () => {
  const results = await resultsOf(await makeTree(), [
    "import { leaf } from '../src/deep/leaf.js'; leaf()",
    "import { leaf as same } from '../src/deep/leaf'; same === leaf",
    "import { dir } from '../src/dir'; dir",
    "import { dot } from '../src/with.dot'; dot",
    "import { make } from '../src/hidden.js'; export const made = make(); made.a",
    "made.b",
    "import data from '../src/data.json' with { type: 'json' }; data.k[0]",
    "import plain from '../src/data.json'; plain.k.length",
    "import { help } from './helper.js'; help()",
    "import { even } from '../src/cycle-a.js'; even(10)",
    "import common, { one } from './common.cjs'; common.part + one",
    "import { nothing } from '../src/deep/leaf.js'",
    "const text: number = leaf()",
  ]);
  assert.deepEqual(results.slice(0, 5), ["leaf-1", true, 1, 2, 3]);
  assert.match(String(results[5]), /1:6 Property 'b' does not exist on type 'Hidden'/);
  assert.deepEqual(results.slice(6, 11), [4, 1, "help leaf-1", true, 6]);
  assert.match(String(results[11]), /has no exported member 'nothing'/);
  assert.match(String(results[12]), /Type 'string' is not assignable to type 'number'/);
});

test("a kernel that starts in the project's root imports from ./src", async () => {
  const { root } = await makeTree();
  const results = await runCells({ root, notebooks: root }, ["import { leaf } from './src/deep/leaf.js'; leaf()"]);
  assert.deepEqual(results.map(resultOf), ["leaf-1"]);
});

test("the project is found by its name, by exports and by tsconfig paths", async () => {
  const project = await makeTree();
  const read = async (name: string) => JSON.parse(await readFile(join(project.root, name), "utf8"));
  const manifest = await read("package.json");
  manifest.exports["./leaf"] = { types: "./dist/src/deep/leaf.d.ts", default: "./dist/src/deep/leaf.js" };
  const config = await read("tsconfig.json");
  config.compilerOptions.paths = { "@/*": ["./src/*"] };
  await addFiles(project.root, { "package.json": JSON.stringify(manifest), "tsconfig.json": JSON.stringify(config) });
  const results = await resultsOf(project, [
    "import * as all from 'ictal'; all.later + (await all.lazy()).dir",
    "all.url.endsWith('/dist/src/index.js')",
    "import { leaf } from 'ictal/leaf'; leaf === all.leaf",
    "import { leaf as third } from '@/deep/leaf.js'; third === leaf",
    "const wrong: number = third()",
    "(await import('ictal')).later",
  ]);
  assert.deepEqual(results.slice(0, 4), [8, true, true, true]);
  assert.match(String(results[4]), /not assignable to type 'number'/);
  assert.equal(results[5], 7);
});

/** Gives the project packages of its own beside those of this one. */
async function addPackages(root: string): Promise<void> {
  await unlink(join(root, "node_modules"));
  await addFiles(root, {
    "node_modules/esm-only/package.json":
      '{ "name": "esm-only", "type": "module", "exports": { ".": { "import": { "types": "./index.d.ts", "default": "./index.js" } } } }',
    "node_modules/esm-only/index.js": "export const open = () => 'opened';\nexport default 1;\n",
    "node_modules/esm-only/index.d.ts":
      "export declare const open: () => string;\ndeclare const one: number;\nexport default one;\n",
    "node_modules/old-style/package.json": '{ "name": "old-style", "main": "main.js" }',
    "node_modules/old-style/main.js":
      "const all = {};\nfor (const name of ['first', 'second']) all[name] = name;\nmodule.exports = all;\n",
  });
  await symlink(join(checkout, "node_modules/@types"), join(root, "node_modules/@types"));
}

test("packages that are only ES modules, CommonJS packages and Node's modules are imported", async () => {
  const project = await makeTree();
  await addPackages(project.root);
  const results = await resultsOf(project, [
    "import one, { open } from 'esm-only'; open() + one",
    "(await import('esm-only')).open()",
    "import all, { second } from 'old-style'; all.first + second",
    "import { sep } from 'path'; import { sep as same } from 'node:path'; sep === same",
    "import { nothing } from 'no-such-package'",
    "import { display, newDisplay } from 'tslab'; typeof display.html + typeof newDisplay().raw",
  ]);
  assert.deepEqual(results.slice(0, 4), ["opened1", "opened", "firstsecond", true]);
  assert.match(String(results[4]), /Cannot find module 'no-such-package'/);
});

test("an edit is seen by the next cell through any chain of imports, and only what it concerns is loaded again", async () => {
  const project = await makeTree();
  const outcomes = await runCells(project, [
    "import { leaf } from 'ictal'; import { help } from './helper.js'; import { dir } from '../src/dir/index.js'; leaf()",
    { write: "src/deep/leaf.ts", text: LEAF.replace("leaf-1", "leaf-2") },
    "leaf() + help()",
    "leaf()",
    {
      write: "src/deep/leaf.ts",
      text: `// a remark\n${LEAF.replace("leaf-1", "leaf-3").replace("string", "string | number")}`,
    },
    "const text: string = leaf()",
    "import * as direct from '../src/deep/leaf.js'; direct.leaf()",
  ]);
  assert.deepEqual(outcomes.map(resultOf).slice(0, 3), ["leaf-1", "leaf-2help leaf-2", "leaf-2"]);
  assert.deepEqual([...outcomes[1]!.reloaded].sort(), [
    "notebooks/helper.ts",
    "src/deep/leaf.ts",
    "src/deep/middle.ts",
    "src/index.ts",
  ]);
  assert.equal(outcomes[1]!.reloaded[0], "src/deep/leaf.ts");
  assert.deepEqual(outcomes[2]!.reloaded, []);
  assert.match(String(resultOf(outcomes[3]!)), /'string \| number' is not assignable to type 'string'/);
  assert.equal(resultOf(outcomes[4]!), "leaf-3");
  const compiled = await readFile(join(project.root, "dist/src/deep/leaf.js"), "utf8");
  assert.match(compiled, /leaf-3/, "threads and child processes load the compiled file");
  assert.ok(!existsSync(join(project.root, "dist/.build.lock")));
});

test("in a compiled project an edit's types are seen too, and a build afterwards changes nothing", async () => {
  const project = await makeTree();
  const built = join(project.root, "src/cli/ensure-built.mjs");
  const { ensureBuilt } = (await import(built)) as { ensureBuilt(root: string): string | undefined };
  assert.equal(ensureBuilt(project.root), undefined);
  const steps = [
    "import { leaf } from 'ictal'; const text: string = leaf(); text",
    { write: "src/deep/leaf.ts", text: "export const leaf = (): number => 2;\n" },
    "const wrong: string = leaf()",
    "const right: number = leaf(); right",
  ];
  const results = await resultsOf(project, steps);
  assert.equal(results[0], "leaf-1");
  assert.match(String(results[1]), /Type 'number' is not assignable to type 'string'/);
  assert.equal(results[2], 2);
  assert.equal(ensureBuilt(project.root), undefined);
  assert.deepEqual(
    await resultsOf(project, ["import { leaf } from 'ictal'; const right: number = leaf(); right"]),
    [2],
  );
});

test("a module that cannot be loaded again leaves the old one in use and is told of once, with file and line", async () => {
  const project = await makeTree();
  const outcomes = await runCells(project, [
    "import { leaf } from 'ictal'; leaf()",
    { write: "src/deep/leaf.ts", text: "export const leaf = (): string => ;\n" },
    "leaf()",
    "leaf()",
    { write: "src/deep/leaf.ts", text: "\nthrow new Error('at load');\nexport const leaf = (): string => 'x';\n" },
    "leaf()",
    { write: "src/deep/leaf.ts", text: "export const loaf = 1;\n" },
    "1",
    { write: "src/deep/leaf.ts", text: LEAF.replace("leaf-1", "leaf-4") },
    "leaf()",
  ]);
  assert.deepEqual(outcomes.map(resultOf), ["leaf-1", "leaf-1", "leaf-1", "leaf-1", 1, "leaf-4"]);
  assert.match(outcomes[1]!.failed.join(), /src\/deep\/leaf\.ts:1 Expression expected/);
  assert.deepEqual(outcomes[2]!.failed, []);
  assert.match(outcomes[3]!.failed.join(), /src\/deep\/leaf\.ts:2 Error: at load/);
  assert.match(outcomes[4]!.failed.join(), /src\/index\.ts:1 "\.\/deep\/middle\.js" has no export named leaf/);
});

test("deleted and renamed files, new files, JSON and CommonJS files are followed", async () => {
  const outcomes = await runCells(await makeTree(), [
    "import { even } from '../src/cycle-a.js'; import common from './common.cjs'; import data from '../src/data.json'; even(2)",
    { rename: "src/cycle-b.ts", to: "src/cycle-c.ts" },
    "even(2)",
    {
      write: "src/cycle-a.ts",
      text: "import { odd } from './cycle-c.js';\nexport const even = (n: number): boolean => !odd(n);\n",
    },
    { write: "src/cycle-c.ts", text: "export const odd = (n: number): boolean => n % 2 === 1;\n" },
    "even(3)",
    { write: "notebooks/part.cjs", text: "module.exports = 50;\n" },
    { write: "src/data.json", text: '{ "k": [40] }' },
    "[common.part, data.k[0]]",
    "import { fresh } from './fresh.js'",
    { write: "notebooks/fresh.ts", text: "export const fresh: number = 9;\n" },
    "import { fresh } from './fresh.js'; fresh",
  ]);
  assert.match(outcomes[1]!.failed.join(), /src\/cycle-a\.ts:1 there is no file for the import of "\.\/cycle-b\.js"/);
  assert.deepEqual(outcomes.map(resultOf).slice(0, 4), [true, true, false, [50, 40]]);
  assert.match(String(resultOf(outcomes[4]!)), /Cannot find module '\.\/fresh\.js'/);
  assert.equal(resultOf(outcomes[5]!), 9);
});

test("compiled code outside node_modules is followed when it is built again, its types too", async () => {
  const project = await makeTree();
  const library = (value: string, type: string) => ({
    "lib/index.js": `export const value = ${value};\n`,
    "lib/index.d.ts": `export declare const value: ${type};\n`,
  });
  await addFiles(project.root, library("1", "number"));
  const next = library("'two'", "string");
  const results = await resultsOf(project, [
    "import { value } from '../lib/index.js'; const one: number = value; one",
    { write: "lib/index.js", text: next["lib/index.js"] },
    { write: "lib/index.d.ts", text: next["lib/index.d.ts"] },
    "import { value } from '../lib/index.js'; const two: string = value; two",
  ]);
  assert.deepEqual(results, [1, "two"]);
});
