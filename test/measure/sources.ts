/** The source files of the project, parsed once by TypeScript's compiler. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";

/** Absolute path of the project, with a slash at its end. */
export const project = fileURLToPath(new URL("../../../", import.meta.url)); // from dist/test/measure/

/** A source file and its syntax tree. */
export interface Source {
  /** Path from the project, with slashes. */
  readonly path: string;
  readonly text: string;
  readonly tree: ts.SourceFile;
}

const SKIPPED = new Set(["dist", "node_modules"]);

/** Paths of the files under `dir` whose names end as `pattern` says, ascending. */
export function filesUnder(dir: string, pattern: RegExp, root = project): string[] {
  if (!existsSync(join(root, dir))) return [];
  return readdirSync(join(root, dir), { withFileTypes: true })
    .flatMap((entry) => {
      const path = join(dir, entry.name);
      if (entry.isDirectory()) return SKIPPED.has(entry.name) ? [] : filesUnder(path, pattern, root);
      return pattern.test(entry.name) ? [path] : [];
    })
    .sort();
}

/** Parse the file at `path`, from the project. */
export function parseSource(path: string, root = project): Source {
  const text = readFileSync(join(root, path), "utf8");
  return { path, text, tree: parseText(path, text) };
}

/** The syntax tree of `text`, whose parents are set. */
export function parseText(path: string, text: string): ts.SourceFile {
  return ts.createSourceFile(path, text, ts.ScriptTarget.ES2022, true);
}

/** Every node of a tree, parents first. */
export function* nodesOf(node: ts.Node): Generator<ts.Node> {
  const children: ts.Node[] = [];
  ts.forEachChild(node, (child) => void children.push(child));
  yield node;
  for (const child of children) yield* nodesOf(child);
}
