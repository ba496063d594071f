/** Cycles among files that import each other. */
import type { Import } from "./imports.js";

/** Each cycle once, as "a -> b -> a". Files that are only started, as workers, do not count as imported. */
export function cyclesOf(imports: readonly Import[]): string[] {
  const graph = new Map<string, string[]>();
  for (const { file, target } of imports.filter(({ isFile, isStarted }) => isFile && !isStarted))
    graph.set(file, [...(graph.get(file) ?? []), target]);
  const state = new Map<string, "open" | "done">();
  const cycles: string[] = [];
  const walk = (node: string, path: readonly string[]): void => {
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
  return cycles;
}
