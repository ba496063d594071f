import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import ts from "typescript";
import { withLoopChecks } from "../../src/kernel/modules/loop-checks.js";
import { tokensOf } from "../../src/kernel/modules/tokens.js";
import { packageDir } from "../../src/project.js";
import { checkout } from "../make-notebook.js";

/** True when the loop awaits; with `inside`, also when only a function within it does. */
function awaits(node: ts.Node, inside: boolean): boolean {
  if (ts.isAwaitExpression(node) || (ts.isForOfStatement(node) && node.awaitModifier !== undefined)) return true;
  if (!inside && (ts.isFunctionLike(node) || ts.isClassLike(node))) return false;
  return ts.forEachChild(node, (child) => awaits(child, inside) || undefined) ?? false;
}

/** Where the bodies of loops begin by TypeScript's own parser: of those that must ask and of those that may. */
function bodiesOf(text: string): { must: number[]; may: Set<number> } {
  const file = ts.createSourceFile("module.js", text, ts.ScriptTarget.Latest, true, ts.ScriptKind.JS);
  const must: number[] = [];
  const may = new Set<number>();
  const visit = (node: ts.Node): void => {
    if (ts.isIterationStatement(node, false)) {
      const at = ts.isDoStatement(node) ? node.getStart() + 2 : node.statement.pos;
      if (awaits(node, false)) must.push(at);
      if (awaits(node, true)) may.add(at);
    }
    ts.forEachChild(node, visit);
  };
  visit(file);
  return { must, may };
}

function positionsOf(text: string): number[] {
  const starts = [0, ...[...text.matchAll(/\n/g)].map(({ index }) => index + 1)];
  return withLoopChecks(text).insertions.map(({ line, column }) => starts[line - 1]! + column - 1);
}

function syntaxErrorsOf(text: string): readonly ts.Diagnostic[] {
  const compilerOptions = { target: ts.ScriptTarget.ESNext, module: ts.ModuleKind.ESNext, allowJs: true };
  return ts.transpileModule(text, { fileName: "module.js", reportDiagnostics: true, compilerOptions }).diagnostics!; // asked for
}

test("withLoopChecks(text) finds in every compiled module the loops that TypeScript's parser finds", () => {
  const files = [join(packageDir, "dist"), join(checkout, "dist")].flatMap((dir) =>
    readdirSync(dir, { recursive: true, encoding: "utf8" })
      .filter((path) => /^(?:src|test)\b.*\.js$/.test(path))
      .map((path) => join(dir, path)),
  );
  let count = 0;
  for (const file of files) {
    const text = readFileSync(file, "utf8");
    if (!/\bawait\b/.test(text)) continue;
    assert.ok(tokensOf(text), file);
    const { must, may } = bodiesOf(text);
    const found = positionsOf(text);
    assert.deepEqual(
      must.filter((position) => !found.includes(position)),
      [],
      file,
    );
    assert.deepEqual(
      found.filter((position) => !may.has(position)),
      [],
      file,
    );
    count += found.length;
  }
  assert.ok(count > 200, `${count} loops`);
});

const MODULES: readonly (readonly [text: string, loops: number])[] = [
  ["for (;;) await f();", 1],
  ["while (await f());", 1],
  ["do await f(); while (more)\nconst next = 1;", 1],
  ["do { x(); } while (await f());\ng();", 1],
  ["for await (const x of xs) g(x);", 1],
  ["outer: for (const x of xs) for (const y of ys) if (await f(x, y)) continue outer; else break;", 2],
  ["for (const x of xs) try { await f(x); } catch { g(); } finally { h(); }\nfor (const x of xs) g(x);", 1],
  ["for (let i = 0; i < n; i++) sum += i;\nawait f();", 0],
  [`const text = \`for (;;) \${await f(\`while (1) {\`)} await\`;`, 0],
  ["const pattern = /while (.*) await/; if (a) /for (`/.test(b); await f();", 0],
  ["async function h() { while (1) { y = await (z) / 3; w = 1 / 2; } }\nx = (await f()) / 2;", 1],
  ["x = a / b; while (c) { y = d / e; await f(); }", 1],
  ["const o = { for: 1, while: 2, do: 3 }; Symbol.for(await f()); o.do (await f());", 0],
  ["// for (;;) await\nconst s = 'while (1) await'; await f();", 0],
  ["for (const x of xs) switch (x) { case 1: await f(); break; default: g(); }", 1],
];

test("withLoopChecks(text) puts its question before bodies of every kind and leaves valid modules valid", () => {
  for (const [text, loops] of MODULES) {
    const checked = withLoopChecks(text);
    assert.equal(checked.insertions.length, loops, text);
    assert.deepEqual(syntaxErrorsOf(checked.text), [], checked.text);
    assert.deepEqual(
      positionsOf(text),
      bodiesOf(text).must.sort((a, b) => a - b),
      text,
    );
  }
});

test("withLoopChecks(text) leaves a text that cannot be read as it is", () => {
  for (const text of ["for (;;) { await f(;", "while (1) await `${", "for (;;) await f())"]) {
    assert.deepEqual(withLoopChecks(text), { text, insertions: [] });
  }
});
