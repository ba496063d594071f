/** The order of the folders of this package and of @ictal/base: imports, dynamic ones and worker files run one way. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { test } from "node:test";
import ts from "typescript";
import { packageDir } from "../src/project.js";

const SRC = join(packageDir, "src");
const BASE = join(packageDir, "../base/src");

function filesIn(dir: string): string[] {
  const names = readdirSync(dir, { recursive: true, encoding: "utf8" });
  return names.filter((name) => /\.m?ts$|\.mjs$/.test(name)).map((name) => join(dir, name));
}

/** Specifiers of a file's imports, those of `import()` and `new URL("…", import.meta.url)` among them. */
function importsOf(file: string): string[] {
  const text = readFileSync(file, "utf8");
  const imported = ts.preProcessFile(text, true, false).importedFiles.map(({ fileName }) => fileName);
  const located = [...text.matchAll(/new URL\("(\.[^"]+\.js)", import\.meta\.url\)/g)].flatMap(
    ([, path]) => path ?? [],
  );
  return [...imported, ...located];
}

const folderOf = (file: string): string => relative(SRC, dirname(file));

/** Folders that each folder imports from; modules directly in src are a door and shared leaves, and count by themselves. */
function folderGraph(): Map<string, Set<string>> {
  const graph = new Map<string, Set<string>>();
  const nodeOf = (file: string) => folderOf(file) || relative(SRC, file);
  for (const file of filesIn(SRC))
    for (const specifier of importsOf(file).filter((name) => name.startsWith("."))) {
      const [from, to] = [nodeOf(file), nodeOf(resolve(dirname(file), specifier).replace(/\.js$/, ".ts"))];
      if (from !== to) graph.set(from, (graph.get(from) ?? new Set()).add(to));
    }
  return graph;
}

function cyclesOf(graph: ReadonlyMap<string, ReadonlySet<string>>): string[] {
  const done = new Set<string>();
  const cycles: string[] = [];
  const walk = (node: string, path: readonly string[]): void => {
    if (path.includes(node)) return void cycles.push([...path.slice(path.indexOf(node)), node].join(" -> "));
    if (done.has(node)) return;
    for (const next of graph.get(node) ?? []) walk(next, [...path, node]);
    done.add(node);
  };
  for (const node of graph.keys()) walk(node, []);
  return cycles;
}

test("the folders of the package import each other in one direction", () => {
  const graph = folderGraph();
  assert.ok(graph.get("runner")?.has("resume"));
  assert.deepEqual(cyclesOf(graph), []);
});

test("the package imports its dependencies and Node's modules alone, and @ictal/base nothing but yaml", () => {
  const { dependencies } = JSON.parse(readFileSync(join(packageDir, "package.json"), "utf8")) as {
    dependencies: Record<string, string>;
  };
  const foreign = (dir: string, allowed: readonly string[]) =>
    filesIn(dir).flatMap((file) =>
      importsOf(file)
        .filter((name) => !name.startsWith(".") && !name.startsWith("node:"))
        .filter((name) => !allowed.some((known) => name === known || name.startsWith(`${known}/`)))
        .map((name) => `${relative(dir, file)}: ${name}`),
    );
  assert.deepEqual(foreign(SRC, Object.keys(dependencies)), []);
  assert.deepEqual(foreign(BASE, ["@ictal/base", "yaml"]), []);
});
