/** Which test files there are, and which of them make the fast set. */
import { readdirSync, readFileSync } from "node:fs";
import { join, relative, sep } from "node:path";
import { type Durations, durationOf } from "./durations.js";
import type { ImportGraph } from "./import-graph.js";

/** Modules by which a test leaves its process. */
const OUTSIDE = ["node:child_process", "child_process"];

/** The helper that runs verbs: what a verb starts is not seen from the imports of a test. */
const VERBS = "/dist/test/cli/verb-thread.js";

/** Where tests lie, by how their names begin; the workspaces come first. */
const ROOTS = [
  { prefix: "jupyter/", sources: "kernels/typescript/test", compiled: "kernels/typescript/dist/test" },
  { prefix: "", sources: "test", compiled: "dist/test" },
] as const;

const rootOf = (name: string) => ROOTS.find(({ prefix }) => name.startsWith(prefix))!; // the last takes every name

/** Names of all test files of the project's sources, ascending; those of dist may have lost their source. */
export function testFiles(project: string): string[] {
  return ROOTS.flatMap(({ prefix, sources }) =>
    readdirSync(join(project, sources), { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".test.ts"))
      .map((name) => prefix + name.split(sep).join("/")),
  ).sort();
}

/** The compiled file of a test. */
export function compiledOf(project: string, name: string): string {
  const { prefix, compiled } = rootOf(name);
  return join(project, compiled, name.slice(prefix.length).replace(/\.ts$/, ".js"));
}

/** The name of a test by its compiled file. */
export function nameOfCompiled(project: string, path: string): string {
  const root = ROOTS.find(({ compiled }) => path.startsWith(join(project, compiled) + sep))!; // all tests are in one
  return root.prefix + relative(join(project, root.compiled), path).split(sep).join("/").replace(/\.js$/, ".ts");
}

/** Whether a compiled file is a test or a helper of tests. */
const isOfTests = (path: string): boolean => path.includes("/dist/test/");

/**
 * Whether a test file stays in its process: neither it, nor a helper of it, nor a module that one of these
 * imports starts another one, nor a verb of the command runs, which may.
 */
export function isPure(graph: ImportGraph, project: string, name: string): boolean {
  const leaves = (path: string) => graph.of(path).packages.some((module) => OUTSIDE.includes(module));
  const helpers = [...graph.reach(compiledOf(project, name), isOfTests).keys()];
  return !helpers.some((path) => path.endsWith(VERBS) || leaves(path) || graph.of(path).files.some(leaves));
}

/**
 * The fast set: of `names` those that stay in their process, the shortest first, while they together take at most
 * `budgetSeconds` of processor time. One that was not measured yet is in.
 */
export function chooseFast(
  names: readonly string[],
  durations: Durations,
  pure: (name: string) => boolean,
  budgetSeconds: number,
): string[] {
  let spent = 0;
  const cost = (name: string) => Math.max(durationOf(durations, name).cpu, durationOf(durations, name).wall / 2);
  const isNew = (name: string) => durations[name] === undefined;
  return names
    .filter(pure)
    .sort((a, b) => Number(isNew(b)) - Number(isNew(a)) || cost(a) - cost(b))
    .filter((name) => {
      spent += cost(name);
      return isNew(name) || spent <= budgetSeconds;
    })
    .sort();
}

/** How many of `names` look for the shared data, themselves or through a helper. */
export function countUsingShared(
  graph: ImportGraph,
  project: string,
  names: readonly string[],
  word: RegExp = /shared\/data/,
): number {
  const uses = new Map<string, boolean>();
  const usesData = (path: string) => {
    const known = uses.get(path) ?? word.test(readFileSync(path, "utf8"));
    uses.set(path, known);
    return known;
  };
  return names.filter((name) => {
    const helpers = graph.reach(compiledOf(project, name), isOfTests);
    return [...helpers.keys()].some(usesData);
  }).length;
}

/** A path as typed, from the working folder or from the project, as a name or the beginning of names. */
function nameOfTyped(path: string, project: string): string {
  const inside = relative(project, join(process.cwd(), path)).split(sep).join("/");
  const typed = inside.startsWith("..") ? path : inside;
  const root = ROOTS.flatMap(({ prefix, sources, compiled }) => [
    { prefix, folder: sources },
    { prefix, folder: compiled },
  ]).find(({ folder }) => `${typed}/`.startsWith(`${folder}/`));
  const name = root === undefined ? typed : root.prefix + typed.slice(root.folder.length + 1);
  return name.replace(/\.js$/, ".ts");
}

/** `paths` as a person types them (`test/a.test.ts`, `dist/test/a.test.js`, `a.test.ts`), as names of test files. */
export function namesOf(paths: readonly string[], project: string, known: readonly string[]): string[] {
  return paths.flatMap((path) => {
    const name = nameOfTyped(path, project);
    const found = known.filter(
      (each) => each === name || name === "" || each.startsWith(`${name.replace(/\/$/, "")}/`),
    );
    if (found.length === 0) throw new RangeError(`no test file ${path}; expected one such as test/${known[0]}`);
    return found;
  });
}
