import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import ts from "typescript";

const src = fileURLToPath(new URL("../../src/", import.meta.url));
const order = [
  "base",
  "store",
  "recording",
  "corpus",
  "signal",
  "cache",
  "dataset",
  "tensor",
  "model",
  "training",
  "scoring",
  "config",
  "plots",
  "cluster",
  "notebook",
  "cli",
];
/** Folders that may import only these (and themselves), whatever stands to their left. */
const only: Record<string, string[]> = {
  signal: ["base"],
  tensor: ["base"],
  scoring: ["base"],
  model: ["base", "tensor"],
  notebook: ["base"],
};

interface Import {
  readonly file: string;
  readonly target: string;
  readonly typeOnly: boolean;
}

function sourceFiles(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return sourceFiles(path);
    return entry.name.endsWith(".ts") ? [path] : [];
  });
}

function importsOf(file: string): { specifier: string; typeOnly: boolean }[] {
  const found: { specifier: string; typeOnly: boolean }[] = [];
  const source = ts.createSourceFile(file, readFileSync(file, "utf8"), ts.ScriptTarget.ES2022, true);
  const visit = (node: ts.Node): void => {
    if ((ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) && node.moduleSpecifier) {
      const specifier = (node.moduleSpecifier as ts.StringLiteral).text;
      const typeOnly = ts.isImportDeclaration(node) ? node.importClause?.isTypeOnly === true : node.isTypeOnly;
      found.push({ specifier, typeOnly });
    }
    if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      const argument = node.arguments[0];
      if (argument && ts.isStringLiteral(argument)) found.push({ specifier: argument.text, typeOnly: false });
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

const files = sourceFiles(src);
const imports: Import[] = files.flatMap((file) =>
  importsOf(file)
    .filter(({ specifier }) => specifier.startsWith("."))
    .map(({ specifier, typeOnly }) => ({
      file: relative(src, file),
      target: relative(src, resolve(dirname(file), specifier)).replace(/\.js$/, ".ts"),
      typeOnly,
    })),
);
const layerOf = (path: string) => path.split("/")[0]!;

test("every source file lies in a known layer", () => {
  const strays = files
    .map((file) => relative(src, file))
    .filter((file) => !order.includes(layerOf(file)) && file !== "index.ts");
  assert.deepEqual(strays, []);
});

test("a folder imports only from its left, and leaves import only what they may", () => {
  const wrong = imports.filter(({ file, target, typeOnly }) => {
    const from = layerOf(file);
    const to = layerOf(target);
    if (from === to || file === "index.ts") return false;
    if (target === "index.ts" || target.startsWith("..")) return true;
    const allowed = only[from];
    if (allowed && !allowed.includes(to)) return true;
    if (from === "plots" && to !== "base" && !typeOnly) return true;
    return order.indexOf(to) >= order.indexOf(from);
  });
  assert.deepEqual(wrong, []);
});

test("imports form no cycle, those of types neither", () => {
  const graph = new Map<string, string[]>();
  for (const { file, target } of imports) graph.set(file, [...(graph.get(file) ?? []), target]);
  const state = new Map<string, "open" | "done">();
  const cycles: string[] = [];
  const walk = (node: string, path: string[]): void => {
    if (state.get(node) === "done") return;
    if (state.get(node) === "open") {
      cycles.push([...path.slice(path.indexOf(node)), node].join(" -> "));
      return;
    }
    state.set(node, "open");
    for (const next of graph.get(node) ?? []) walk(next, [...path, node]);
    state.set(node, "done");
  };
  for (const file of graph.keys()) walk(file, []);
  assert.deepEqual(cycles, []);
});

test("scoring and the option tables load no schema library", () => {
  const reached = new Set<string>();
  const reach = (file: string): void => {
    if (reached.has(file)) return;
    reached.add(file);
    for (const { target } of imports.filter((each) => each.file === file && !each.typeOnly)) reach(target);
  };
  const tables = files.map((file) => relative(src, file)).filter((file) => /-options\.ts$/.test(file));
  for (const file of ["scoring/score.ts", ...tables]) if (!["config", "cli"].includes(layerOf(file))) reach(file);
  const heavy = [...reached].filter((file) => /from "zod"/.test(readFileSync(join(src, file), "utf8")));
  assert.deepEqual(heavy, []);
});

test("tensorflow.js is imported only in tensor, model and training", () => {
  const allowed = new Set(["tensor", "model", "training"]);
  const wrong = files.filter(
    (file) => !allowed.has(layerOf(relative(src, file))) && /from "@tensorflow\//.test(readFileSync(file, "utf8")),
  );
  assert.deepEqual(wrong, []);
});
