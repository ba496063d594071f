/*
 * `npm run mutate`: how many small faults of the compiled modules the nearest tests notice.
 *   --draw N [--seed S]   draw the set anew, N a layer, and keep it in test/mutate/set.json; named and equal ones stay
 *   --only TEXT           mutants whose module, kind or name holds TEXT; the score is not kept
 *   --seconds N           seconds of tests per mutant, by the table of durations (20)
 * Ends with 1 when the score is below 0.95, a line of the set is gone, or a test fails without any mutant.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { testFiles } from "../runner/choose.js";
import { durationOf, readDurations } from "../runner/durations.js";
import { ImportGraph } from "../runner/import-graph.js";
import { applyMutant, drawMutants, type Mutant, readSet, writeSet } from "./mutants.js";
import { Nearest } from "./nearest.js";
import { openWorkspace, type TestEnd, type Workspace } from "./workspace.js";

const project = fileURLToPath(new URL("../../../", import.meta.url)); // from dist/test/mutate/
const SET = join(project, "test/mutate/set.json");
const SCORE = join(project, "test/mutate/score.json");
const COMPILED = join(project, "dist/src");
const LAYERS = ["store", "recording", "signal", "cache", "dataset", "training", "scoring"];
const LANES = 2;
const AIM = 0.95;
/** A test that takes this many times its time, and then some seconds, has met an endless loop. */
const LATE_FACTOR = 10;
const LATE_SECONDS = 60;

/** What became of a mutant. */
interface Outcome {
  readonly mutant: Mutant;
  readonly result: "killed" | "survived" | "equal" | "gone" | "untested";
  /** The test file that noticed it, or how many did not. */
  readonly by?: string;
  readonly asked?: number;
}

const layerOf = ({ file }: Mutant): string => file.split("/")[0]!;
const describe = ({ file, kind, line, replacement, name }: Mutant): string =>
  `${file} ${name ?? kind}: ${line.slice(0, 100)}${replacement === ";" ? " left away" : ` -> ${replacement || "left side alone"}`}`;

function draw(count: number, seed: number): void {
  const { mutants: before } = readSet(SET);
  const named = before.filter(({ name }) => name !== undefined);
  const same = (a: Mutant, b: Mutant) =>
    a.file === b.file && a.line === b.line && a.occurrence === b.occurrence && a.from === b.from && a.kind === b.kind;
  const drawn = LAYERS.flatMap((layer) => drawMutants(COMPILED, layer, count, seed)).map(
    (mutant) => before.find((other) => same(mutant, other)) ?? mutant,
  );
  writeSet(SET, { seed, perLayer: count, mutants: [...named, ...drawn.filter(({ name }) => name === undefined)] });
}

/** Which tests pass without a mutant; asked once for all lanes. */
class CleanTests {
  readonly #known = new Map<string, Promise<boolean>>();
  /** Tests that fail without a mutant, and say nothing about one. */
  readonly failing: string[] = [];

  async has(name: string, run: () => Promise<TestEnd>): Promise<boolean> {
    const asked = this.#known.get(name) ?? run().then((end) => end === "passed");
    const isFirst = !this.#known.has(name);
    this.#known.set(name, asked);
    if (isFirst && !(await asked)) this.failing.push(name);
    return asked;
  }
}

/** Runs tests in one copy of the project. */
class Lane {
  readonly workspace: Workspace = openWorkspace(project);

  constructor(
    private readonly clean: CleanTests,
    private readonly secondsOf: (name: string) => number,
  ) {}

  #run(name: string): Promise<TestEnd> {
    return this.workspace.runTest(name, LATE_FACTOR * this.secondsOf(name) + LATE_SECONDS);
  }

  async try(mutant: Mutant, tests: readonly string[]): Promise<Outcome> {
    if (mutant.equal !== undefined) return { mutant, result: "equal" };
    const text = readFileSync(join(COMPILED, mutant.file), "utf8");
    const changed = applyMutant(text, mutant);
    if (changed === undefined) return { mutant, result: "gone" };
    let asked = 0;
    for (const name of tests) {
      if (!(await this.clean.has(name, () => this.#run(name)))) continue;
      asked += 1;
      const end = await this.workspace.withModule(mutant.file, changed, () => this.#run(name));
      if (end !== "passed")
        return { mutant, result: "killed", by: end === "timeout" ? `${name}, which did not end` : name };
    }
    return { mutant, result: asked > 0 ? "survived" : "untested", asked };
  }
}

/** Counts by layer, survivors in words, and the share that was noticed. */
function scoreOf(outcomes: readonly Outcome[]) {
  const counted = outcomes.filter(({ result }) => result !== "equal" && result !== "gone");
  const killed = counted.filter(({ result }) => result === "killed");
  const layers = [...new Set(outcomes.map(({ mutant }) => layerOf(mutant)))].sort();
  const byLayer = Object.fromEntries(
    layers.map((layer) => {
      const own = counted.filter(({ mutant }) => layerOf(mutant) === layer);
      return [layer, `${own.filter(({ result }) => result === "killed").length} of ${own.length}`];
    }),
  );
  const missed = counted.filter(({ result }) => result !== "killed");
  return {
    date: new Date().toISOString().slice(0, 10),
    score: Number((killed.length / counted.length).toFixed(4)),
    killed: killed.length,
    counted: counted.length,
    equal: outcomes.filter(({ result }) => result === "equal").length,
    byLayer,
    survivors: missed.map(({ mutant, result, asked = 0 }) => `${describe(mutant)} (${result}, ${asked} test files)`),
  };
}

async function runSet(mutants: readonly Mutant[], budgetSeconds: number): Promise<readonly Outcome[]> {
  const durations = readDurations(join(project, "test/durations.json"));
  const names = testFiles(join(project, "test")).filter((name) => !/^(runner|mutate)\//.test(name));
  const nearest = new Nearest(new ImportGraph(), join(project, "dist"), names, durations);
  const clean = new CleanTests();
  const lanes = Array.from({ length: LANES }, () => new Lane(clean, (name) => durationOf(durations, name).wall));
  const queue = mutants.entries();
  const outcomes: Outcome[] = [];
  const work = async (lane: Lane) => {
    for (const [number, mutant] of queue) {
      const outcome = await lane.try(mutant, nearest.of(mutant.file, budgetSeconds));
      outcomes.push(outcome);
      console.log(
        `${number + 1}/${mutants.length} ${outcome.result} ${describe(mutant)}${outcome.by ? ` (${outcome.by})` : ""}`,
      );
    }
  };
  try {
    await Promise.all(lanes.map(work));
  } finally {
    for (const lane of lanes) lane.workspace.remove();
  }
  const { failing } = clean;
  if (failing.length > 0) {
    console.error(`these tests fail without any mutant: ${failing.join(", ")}; mend them first`);
    process.exitCode = 1;
  }
  return outcomes;
}

const { values } = parseArgs({
  options: {
    draw: { type: "string" },
    seed: { type: "string", default: "1" },
    only: { type: "string" },
    seconds: { type: "string", default: "20" },
  },
});
if (values.draw !== undefined) draw(Number(values.draw), Number(values.seed));
else {
  const { mutants } = readSet(SET);
  const { only } = values;
  const chosen = mutants.filter((mutant) => only === undefined || JSON.stringify(mutant).includes(only));
  const outcomes = await runSet(chosen, Number(values.seconds));
  const gone = outcomes.filter(({ result }) => result === "gone");
  for (const { mutant } of gone)
    console.error(`no longer there: ${describe(mutant)}; draw the set again, or name its new line in ${SET}`);
  const score = scoreOf(outcomes);
  console.log(JSON.stringify(score, null, 2));
  if (only === undefined) writeFileSync(SCORE, `${JSON.stringify(score, null, 2)}\n`);
  if (score.score < AIM || gone.length > 0) process.exitCode = 1;
}
