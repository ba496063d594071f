/** Which test files are likely to notice a change of a module, and cheap enough to ask. */
import { basename } from "node:path";
import { compiledOf, isPure } from "../runner/choose.js";
import { type Durations, durationOf } from "../runner/durations.js";
import type { ImportGraph } from "../runner/import-graph.js";
import { modulePath } from "./workspace.js";

/** Of a test file's reach: where it stands from a module. */
interface Near {
  readonly name: string;
  readonly steps: number;
  readonly isNamesake: boolean;
  readonly seconds: number;
}

/** A test that imports what imports the module is about it. */
const NEAR_STEPS = 3;
const FOREIGN_FACTOR = 3;

const layerOf = (path: string): string => path.split("/")[0]!;

/** Finds the test files of modules; each file's imports are followed once. */
export class Nearest {
  readonly #reach = new Map<string, ReadonlyMap<string, number>>();
  readonly #pure: ReadonlySet<string>;

  constructor(
    graph: ImportGraph,
    /** The project's folder. */
    private readonly project: string,
    private readonly names: readonly string[],
    private readonly durations: Durations,
  ) {
    this.#pure = new Set(names.filter((name) => isPure(graph, project, name)));
    for (const name of names) this.#reach.set(name, graph.reach(compiledOf(project, name)));
  }

  /**
   * Test files that reach the module `file`, such as `cache/reuse.js`: its namesake first, then those that import it
   * themselves, then those near it, the shortest first, those of other layers as if they were longer, while they take at most
   * `budgetSeconds` together. Files that start processes come last.
   */
  of(file: string, budgetSeconds: number): string[] {
    const path = modulePath(this.project, file);
    const near = this.names.flatMap((name): Near[] => {
      const steps = this.#reach.get(name)!.get(path);
      if (steps === undefined) return [];
      const isNamesake = basename(name, ".test.ts") === basename(file, ".js");
      return [{ name, steps, isNamesake, seconds: durationOf(this.durations, name).wall }];
    });
    const group = ({ name, isNamesake, steps }: Near) =>
      isNamesake ? 0 : steps === 1 ? 1 : (steps <= NEAR_STEPS ? 2 : 3) + (this.#pure.has(name) ? 0 : 2);
    const length = ({ name, seconds }: Near) => seconds * (layerOf(name) === layerOf(file) ? 1 : FOREIGN_FACTOR);
    let spent = 0;
    return near
      .sort((a, b) => group(a) - group(b) || length(a) - length(b))
      .filter(({ seconds }) => {
        if (spent + seconds > budgetSeconds) return false;
        spent += seconds;
        return true;
      })
      .map(({ name }) => name);
  }
}
