/** Which test files there are, and which of them make the fast set. */
import { readdirSync, readFileSync } from "node:fs";
import { join, relative, sep } from "node:path";
import { type Durations, durationOf } from "./durations.js";
import type { ImportGraph } from "./import-graph.js";

/** Modules by which a test leaves its process. */
const OUTSIDE = ["node:child_process", "child_process"];

/** Names of all test files of the sources, ascending; those of dist may have lost their source. */
export function testFiles(sources: string): string[] {
  return readdirSync(sources, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".test.ts"))
    .map((name) => name.split(sep).join("/"))
    .sort();
}

/** The compiled file of a test. */
export const compiledOf = (compiled: string, name: string): string => join(compiled, name.replace(/\.ts$/, ".js"));

/**
 * Whether a test file stays in its process: neither it, nor a helper of it under `compiled`, nor a module that one of these
 * imports starts another one.
 */
export function isPure(graph: ImportGraph, compiled: string, name: string): boolean {
  const leaves = (path: string) => graph.of(path).packages.some((module) => OUTSIDE.includes(module));
  const helpers = [...graph.reach(compiledOf(compiled, name), (path) => path.startsWith(compiled)).keys()];
  return !helpers.some((path) => leaves(path) || graph.of(path).files.some(leaves));
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
  compiled: string,
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
    const helpers = graph.reach(compiledOf(compiled, name), (path) => path.startsWith(compiled));
    return [...helpers.keys()].some(usesData);
  }).length;
}

/** `paths` as a person types them (`test/a.test.ts`, `dist/test/a.test.js`, `a.test.ts`), as names of test files. */
export function namesOf(paths: readonly string[], sources: string, known: readonly string[]): string[] {
  return paths.flatMap((path) => {
    const typed = relative(sources, join(process.cwd(), path)).startsWith("..")
      ? path
      : relative(sources, join(process.cwd(), path));
    const name = typed.replace(/^(dist\/)?test\//, "").replace(/\.js$/, ".ts");
    const found = known.filter((each) => each === name || each.startsWith(`${name.replace(/\/$/, "")}/`));
    if (found.length === 0) throw new RangeError(`no test file ${path}; expected one such as test/${known[0]}`);
    return found;
  });
}
