import assert from "node:assert/strict";
import { SourceMap, type SourceMapPayload } from "node:module";
import { join } from "node:path";
import { before, test } from "node:test";
import { createLanguageSession, type LanguageSession } from "../../src/kernel/language/session.js";
import { makeCellProject } from "./run-cells.js";

const INDEX = `/** Adds two numbers. @param a the first */
export function add(a: number, b: number): number { return a + b; }
export const count: number = 1;
`;

let language: LanguageSession;
let root: string;
let number = 0;

before(async () => {
  const project = await makeCellProject(INDEX, {
    "src/broken.ts": "export const x: number = 'text';\n",
    "notebooks/near.ts": "export const near = 1;\n",
  });
  root = project.root;
  language = createLanguageSession({ projectDir: root, notebookDir: project.notebooks, hidden: ["structuredClone"] });
});

function check(code: string) {
  number += 1;
  const checked = language.check(code, number);
  language.settle(number, checked.status === "ok");
  return checked;
}

const places = (code: string) =>
  check(code).diagnostics.map(({ line, column, length, code: id }) => [line, column, length, id]);

test("complaints name line, column and length in the cell, and nothing but the cell", () => {
  assert.deepEqual(places("const q: string = null"), [[1, 7, 1, 2322]]);
  assert.deepEqual(places("let n = 1;\n  missing + n"), [[2, 3, 7, 2304]]);
  assert.deepEqual(places("const f = (x) => x"), [[1, 12, 1, 7006]]);
  assert.deepEqual(places("const broken = ;"), [[1, 16, 1, 1109]]);
  assert.deepEqual(places("import { x } from '../src/broken.js'; x"), []);
  assert.deepEqual(places("const unused = 1; function never() { return 1; 2 }"), []);
  assert.deepEqual(places("let later;"), []);
});

test("an unclosed bracket is placed within the cell", () => {
  const [complaint] = check("const list = [1, 2").diagnostics;
  assert.equal(complaint?.line, 1);
  assert.equal(complaint?.source, "const list = [1, 2");
});

test("a message keeps its explanations, one to a line", () => {
  const [complaint] = check("const p: { a: { b: number } } = { a: { b: 'x' } as { b: string } }").diagnostics;
  assert.match(complaint!.message, /^Type .*\n/);
});

test("errors of other files are told by checkFiles, as they are on disk", () => {
  const file = join(root, "src/broken.ts");
  const [found, ...more] = language.checkFiles([file]);
  assert.deepEqual(more, []);
  assert.deepEqual([found?.file, found?.line, found?.column, found?.code], [file, 1, 14, 2322]);
  assert.equal(found?.source, "export const x: number = 'text';");
});

test("the source map leads from the JavaScript of a cell to its TypeScript", () => {
  const { javaScript, sourceMap } = check(
    "interface Gone { a: number }\n\nimport { count } from 'ictal';\nthrow new Error('here' + count)",
  );
  const lines = javaScript.split("\n");
  const line = lines.findIndex((text) => text.includes("throw"));
  const entry = new SourceMap(JSON.parse(sourceMap) as SourceMapPayload).findEntry(line, lines[line]!.indexOf("throw"));
  assert.ok("originalLine" in entry);
  assert.deepEqual([entry.originalLine, entry.originalColumn, entry.originalSource], [3, 0, `cell-${number}.ts`]);
  assert.match(javaScript, /\/\/# sourceURL=cell-\d+\.ts\n$/);
});

test("imports are told with their local names", () => {
  const { imports, declared } = check(
    "import ictal, * as all from 'ictal';\nimport { add, count as n } from 'ictal'; import 'node:fs'; import type { Stats } from 'fs'",
  );
  assert.deepEqual(imports, []);
  assert.ok(declared.includes("Stats"));
  assert.deepEqual(
    check(
      "import * as all from 'ictal';\nimport { add, count as n } from 'ictal'; import 'node:fs'; import type { Stats } from 'fs'",
    ).imports,
    [
      { local: "all", specifier: "ictal", exported: "*" },
      { local: "add", specifier: "ictal", exported: "add" },
      { local: "n", specifier: "ictal", exported: "count" },
    ],
  );
});

test("completion knows names of cells, members and paths, and counts in code points", () => {
  check("const detector = { threshold: 1, run() { return 1 } }");
  const names = language.complete("const face = '😀'; detec", 23);
  assert.deepEqual(
    names.matches.map(({ text, type }) => [text, type]),
    [["detector", "variable"]],
  );
  assert.deepEqual([names.cursorStart, names.cursorEnd], [18, 23]);
  const members = language.complete("detector.", 9);
  assert.deepEqual(
    members.matches.map(({ text, type }) => [text, type]),
    [
      ["run", "function"],
      ["threshold", "property"],
    ],
  );
  assert.match(members.matches[0]!.signature!, /run\(\): number/);
  const paths = language.complete("import x from './ne", 19).matches;
  assert.deepEqual(
    paths.map(({ text }) => text),
    ["near.js"],
  );
  const packages = language.complete("import x from 'csv-', 1", 19).matches;
  assert.ok(packages.some(({ text }) => text === "csv-parse"));
  assert.deepEqual(language.complete("structuredCl", 12).matches, []);
  assert.ok(language.complete("DETECT", 6).matches.some(({ text }) => text === "detector"));
});

const OPTIONS = `/** How to build. */
interface BuildOptions {
  /** Folder of the cache. More of it. @default "cache" */
  cacheDir?: string;
  /** The corpus. */
  catalogue: readonly string[];
}
/** Builds it. */
async function buildCache(options: BuildOptions, retries = 3) { return options.cacheDir ?? retries; }
const later = () => buildCache({ catalogue: [] });`;

test("options complete inside an object literal that breaks off, wherever it stands", () => {
  assert.deepEqual(check(OPTIONS).diagnostics, []);
  const texts = (code: string, cursor = code.length) => language.complete(code, cursor).matches.map(({ text }) => text);
  for (const code of [
    "await buildCache({ ",
    "buildCache({ ca",
    "const o: BuildOptions = { ",
    "f([buildCache({ c",
    "`${buildCache({ c",
  ])
    assert.deepEqual(texts(code), ["catalogue", "cacheDir"], `${code}: what is required comes first`);
  assert.deepEqual(texts("buildCache({ catalogue: [], })", 28), ["cacheDir"]);
  assert.deepEqual(texts("buildCache({ \nconst below = 1;\nbelow + 1;", 13).slice(0, 2), ["catalogue", "cacheDir"]);
  const [match] = language.complete("buildCache({ cac", 16).matches;
  assert.deepEqual(
    [match?.type, match?.signature],
    ["property", "(property) BuildOptions.cacheDir?: string | undefined"],
  );
  assert.match(match!.documentation!, /^Folder of the cache/);
});

test("a completion's kind is what the name stands for", () => {
  check("import { add, count } from 'ictal'; import * as paths from 'node:path'; class Band {} enum Side { left }");
  const kindOf = (name: string) => {
    const code = `let x: ${name}`; // types are offered only where one can stand
    const found = [name, code].flatMap((each) => language.complete(each, each.length).matches);
    return found.find(({ text }) => text === name)?.type;
  };
  const kinds = [
    "add",
    "count",
    "paths",
    "Band",
    "Side",
    "buildCache",
    "later",
    "BuildOptions",
    "parseInt",
    "JSON",
  ].map(kindOf);
  assert.deepEqual(kinds, [
    ...["function", "variable", "module", "class", "enum"],
    ...["function", "function", "interface", "function", "variable"],
  ]);
});

test("inspection lists the fields of options, at the function, in its brackets, and at the type", () => {
  for (const [code, cursor] of [
    ["buildCache", 4],
    ["buildCache(", 11],
    ["buildCache({ ", 13],
  ] as const) {
    const found = language.inspect(code, cursor, 0);
    assert.match(
      found!.text,
      /options: BuildOptions\n {2}cacheDir\?: string {2}— Folder of the cache\. \(default: "cache"\)\n/,
      code,
    );
    assert.match(found!.text, /\n {2}catalogue: readonly string\[\] {2}— The corpus\./);
    assert.match(found!.markdown, /- `cacheDir\?: string` Folder of the cache/);
  }
  assert.match(language.inspect("let x: BuildOptions", 12, 0)!.text, /BuildOptions\n {2}cacheDir\?: string/);
  assert.match(
    language.inspect("buildCache", 4, 1)!.text,
    /return options\.cacheDir \?\? retries/,
    "the cell's own source",
  );
  assert.doesNotMatch(language.inspect("JSON", 2, 0)!.text, /—/);
});

test("inspection shows signature and documentation, at a name, after it and within its brackets", () => {
  check("import { add } from 'ictal'");
  for (const cursor of [1, 3, 4]) {
    const found = language.inspect("add(", cursor, 0);
    assert.match(found!.text, /add\(a: number, b: number\): number/);
    assert.match(found!.text, /Adds two numbers/);
    assert.match(found!.markdown, /^```typescript\n/);
  }
  assert.match(language.inspect("add", 1, 1)!.text, /return a \+ b/);
  assert.equal(language.inspect("  ", 1, 0), undefined);
});

test("code is complete, incomplete with an indentation, or invalid", () => {
  const incomplete = [
    "foo(",
    "`a ${x",
    "/* x",
    "await",
    "a +",
    "if (x) {",
    "const f = () =>",
    "[1, {",
    "x.",
    "class A",
    "function f()",
  ];
  for (const code of incomplete) assert.equal(language.isComplete(code).status, "incomplete", code);
  for (const code of ["1", "", "const x = 1", "await f()", "if (x) { y }", "`a`", "// x"])
    assert.equal(language.isComplete(code).status, "complete", code);
  for (const code of ["let = = (", "const s = 'a", "}", "x y", "foo)"])
    assert.equal(language.isComplete(code).status, "invalid", code);
  assert.equal(language.isComplete("if (x) {\n  foo([").indent, "      ");
  assert.equal(language.isComplete("`a").indent, "");
});

test("the checking of a cell takes no longer after two hundred that declare things", () => {
  const times: number[] = [];
  for (let i = 0; i < 200; i++) {
    const start = performance.now();
    const { status } = check(
      `const v${i} = ${i > 0 ? `v${i - 1} + ` : ""}1; const f${i} = (x: number) => x * v${i}; const list${i} = [1, 2].map(f${i});`,
    );
    times.push(performance.now() - start);
    assert.equal(status, "ok");
  }
  const median = (values: readonly number[]) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;
  const [early, late] = [median(times.slice(10, 60)), median(times.slice(150))];
  assert.ok(late < 4 * early, `${late.toFixed(1)} ms against ${early.toFixed(1)} ms`);
});
