import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { type CellProcess, makeCellProject, openCells, resultOf } from "./run-cells.js";

/** One process for all tests: each declares names of its own, or declares one again. */
let cells: CellProcess;
before(async () => {
  cells = openCells(
    await makeCellProject("export const answer: number = 42;\nexport interface Shape { side: number }\n"),
  );
});
after(() => cells.close());

/** Cells that have run. */
let cellCount = 0;

async function resultsOf(steps: readonly string[]): Promise<unknown[]> {
  cellCount += steps.length;
  return (await cells.run(steps)).map(resultOf);
}

test("values, functions and types of a cell are there for later cells, whatever they are declared with", async () => {
  const results = await resultsOf([
    "let threshold = 0.5; const detect = (x: number) => x > threshold; detect(0.6)",
    "threshold = 0.7; detect(0.6)",
    "function pair<T>(x: T): [T, T] { return [x, x]; }\nenum Level { Low = 3, High }\nnamespace Space { export const size = 5; }",
    "interface Point { x: number }\ntype Points = Point[];\nclass Box<T> { constructor(private readonly value: T) {} get() { return this.value; } }",
    "const points: Points = [{ x: Level.High }]; pair(points[0].x)[1] + Space.size + new Box(1).get()",
    "abstract class Base { abstract size(): number }\nclass Derived extends Base { size() { return 2 } }",
    "new Derived().size()",
  ]);
  assert.deepEqual(results, [true, false, undefined, undefined, 10, undefined, 2]);
});

test("a name can be declared again in any way, and earlier closures see the latest value", async () => {
  const results = await resultsOf([
    "const a = 1; const read = () => a; a",
    "let a = 2; read()",
    "function a() { return 3 } a()",
    "class a { static size = 4 } a.size",
    "var a = 5; a",
    "enum a { six = 6 } a.six",
    "import { answer as a } from 'ictal'; a",
    "for (var a = 0; a < 7; a++) {} a",
    "const a = 8; a",
    "read()",
  ]);
  assert.deepEqual(results, [1, 2, 3, 4, 5, 6, 42, 7, 8, 8]);
});

test("await, for await and generators work at the top of a cell", async () => {
  const results = await resultsOf([
    "const first = await Promise.resolve(1); first",
    "let total = 0; for await (const x of (async function* () { yield 1; yield 2; })()) total += x; total",
    "const { sep } = await import('node:path'); sep.length",
    "await Promise.all([1, 2].map(async (x) => x * 2))",
  ]);
  assert.deepEqual(results, [1, 3, 1, [2, 4]]);
});

test("a cell has a value only when it ends in an expression", async () => {
  const results = await resultsOf([
    "const x = 1; x",
    "const y = 2;",
    "for (let i = 0; i < 3; i++) i;",
    "({ a: 1 })",
    "'text'",
    "if (x) { 5 }",
    "export default x + 1",
    "x; // a remark",
    "null",
  ]);
  assert.deepEqual(results, [1, undefined, undefined, { a: 1 }, "text", undefined, 2, 1, null]);
});

test("an import is there for later cells though its own cell does not use it, and types leave no trace", async () => {
  const results = await resultsOf([
    "import { answer, Shape } from 'ictal';\nimport { join, type ParsedPath } from 'path';\nimport fs, * as all from 'node:fs';",
    "const shape: Shape = { side: answer }; shape.side",
    "let parsed: ParsedPath | undefined; join('a', 'b')",
    "typeof fs.readFileSync + typeof all.readFileSync",
    "import type { Stats } from 'node:fs'; let stats: Stats | undefined; stats",
    "export { answer as exported } from 'ictal'; 1",
  ]);
  assert.deepEqual(results, [undefined, 42, "a/b", "functionfunction", undefined, 1]);
});

test("a cell that does not compile, or throws, declares nothing; the names of before stay", async () => {
  const results = await resultsOf([
    "let size = 1;",
    "let size: string = 2;",
    "size",
    "let size = (() => { throw new Error('no') })();",
    "size",
    "const other: number = 'x'",
    "other",
  ]);
  assert.equal(results[1], "1:5 Type 'number' is not assignable to type 'string'.");
  assert.equal(results[2], 1);
  const number = cellCount - results.length + 4;
  assert.match(String(results[3]), new RegExp(`^Error: no\\n\\s+at .*cell-${number}\\.ts`));
  assert.equal(results[4], 1);
  assert.equal(results[6], "1:1 Cannot find name 'other'.");
});

test("decorators, parameter properties and var in blocks run", async () => {
  const results = await resultsOf([
    "function twice<T extends (...a: never[]) => number>(f: T, _: ClassMethodDecoratorContext) { return function (this: unknown, ...a: never[]) { return 2 * f.apply(this, a) } as T }\nclass Sum { @twice add(a: number, b: number) { return a + b } }",
    "new Sum().add(1, 2)",
    "{ var [inner, { deep = 4 }] = [1, {} as { deep?: number }] } inner + deep",
    "var twiceDeclared = 1; var twiceDeclared = 2; twiceDeclared",
    "let seen = ''; for (var key in { k: 1 }) { seen = key } seen",
    "import.meta.dirname.endsWith('notebooks')",
  ]);
  assert.deepEqual(results, [undefined, 6, 5, 2, "k", true]);
});

test("a top-level loop runs about as fast as the same loop in a module, with await beside it too", async () => {
  const loop = (name: string, before: string) =>
    `${before}const ${name}Start = performance.now(); let ${name} = 0; for (let i = 0; i < 2e7; i++) ${name} += i % 7; performance.now() - ${name}Start`;
  const results = await resultsOf([
    loop("plain", ""),
    loop("awaited", "await 1; "),
    "function run() { const start = performance.now(); let sum = 0; for (let i = 0; i < 2e7; i++) sum += i % 7; return performance.now() - start }\nrun()",
  ]);
  const [plain, awaited, inFunction] = results as number[]; // tslab's way takes 340 times as long
  assert.ok(Math.min(plain!, awaited!) < 20 * inFunction!, `${plain} and ${awaited} ms against ${inFunction} ms`);
});
