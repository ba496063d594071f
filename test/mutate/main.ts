/*
 * `npm run mutate`: how many small faults of the compiled modules the nearest tests notice.
 *   --draw N [--seed S]   draw the set anew, N a layer, and keep it in test/mutate/set.json; named and equal ones stay
 *   --renew               draw one for each whose line is gone, and keep the others
 *   --layer NAME          mutants of a layer; what became of them replaces its part of test/mutate/score.json
 *   --survivors           only those that nothing killed before: after tests were added
 *   --only TEXT           mutants whose module, kind or name holds TEXT; the score is not kept
 *   --seconds N           seconds of tests per mutant, by the table of durations (20)
 * Ends with 1 when the score is below 0.95, a line of the set is gone, a layer is missing, or a test fails without any mutant.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { testFiles } from "../runner/choose.js";
import { durationOf, readDurations } from "../runner/durations.js";
import { ImportGraph } from "../runner/import-graph.js";
import { applyMutant, drawMutants, isSame, layerOf, type Mutant, readSet, writeSet } from "./mutants.js";
import { Nearest } from "./nearest.js";
import { describe, type Outcome, outcomesIn, type Score, scoreOf, writeScore } from "./score.js";
import { modulePath, openWorkspace, type TestEnd, type Workspace } from "./workspace.js";

const project = fileURLToPath(new URL("../../../", import.meta.url)); // from dist/test/mutate/
const SET = join(project, "test/mutate/set.json");
const SCORE = join(project, "test/mutate/score.json");
const COMPILED = join(project, "dist/src");
const LAYERS = ["store", "recording", "signal", "cache", "dataset", "training", "scoring"];
const LANES = 2;
const AIM = 0.95;
/**
 * A test that takes this many times its time, by the table or without a mutant just now, whichever is longer, and then some
 * seconds, has met an endless loop: a loaded machine alone is no mutant's doing.
 */
const LATE_FACTOR = 10;
const LATE_SECONDS = 60;

function draw(count: number, seed: number): void {
  const { mutants: before } = readSet(SET);
  const named = before.filter(({ name }) => name !== undefined);
  const drawn = LAYERS.flatMap((layer) => drawMutants(COMPILED, layer, count, seed)).map(
    (mutant) => before.find((other) => isSame(mutant, other)) ?? mutant,
  );
  writeSet(SET, { seed, perLayer: count, mutants: [...named, ...drawn.filter(({ name }) => name === undefined)] });
}

const isGone = (mutant: Mutant): boolean => {
  const path = modulePath(project, mutant.file);
  return !existsSync(path) || applyMutant(readFileSync(path, "utf8"), mutant) === undefined;
};

/** Of each layer the first drawn ones that the set has not take the places of those whose line is gone. */
function renew(): void {
  const { seed, perLayer, mutants } = readSet(SET);
  const fresh = new Map<string, Iterator<Mutant>>();
  const next = (layer: string): Mutant | undefined => {
    const known = fresh.get(layer) ?? drawMutants(COMPILED, layer, 2 * perLayer, seed).values();
    fresh.set(layer, known);
    for (let step = known.next(); !step.done; step = known.next())
      if (!mutants.some((other) => isSame(step.value, other))) return step.value;
    return undefined;
  };
  const renewed = mutants.map((mutant) =>
    mutant.name === undefined && isGone(mutant) ? (next(layerOf(mutant)) ?? mutant) : mutant,
  );
  writeSet(SET, { seed, perLayer, mutants: renewed });
}

/** Which tests pass without a mutant, and how long they took; asked once for all lanes. */
class CleanTests {
  readonly #known = new Map<string, Promise<number | undefined>>();
  /** Tests that fail without a mutant, and say nothing about one. */
  readonly failing: string[] = [];

  /** Seconds of `name` without a mutant; undefined when it does not pass. */
  async secondsOf(name: string, run: () => Promise<TestEnd>): Promise<number | undefined> {
    const known = this.#known.get(name);
    if (known) return known;
    const asked = this.#ask(run);
    this.#known.set(name, asked);
    if ((await asked) === undefined) this.failing.push(name);
    return asked;
  }

  async #ask(run: () => Promise<TestEnd>): Promise<number | undefined> {
    const start = performance.now();
    return (await run()) === "passed" ? (performance.now() - start) / 1000 : undefined;
  }
}

/** Runs tests in one copy of the project. */
class Lane {
  readonly workspace: Workspace = openWorkspace(project);

  constructor(
    private readonly clean: CleanTests,
    private readonly secondsOf: (name: string) => number,
  ) {}

  #run(name: string, cleanSeconds = 0): Promise<TestEnd> {
    const seconds = Math.max(this.secondsOf(name), cleanSeconds);
    return this.workspace.runTest(name, LATE_FACTOR * seconds + LATE_SECONDS);
  }

  async try(mutant: Mutant, tests: readonly string[]): Promise<Outcome> {
    if (mutant.equal !== undefined) return { mutant, result: "equal" };
    if (isGone(mutant)) return { mutant, result: "gone" };
    const changed = applyMutant(readFileSync(modulePath(project, mutant.file), "utf8"), mutant)!;
    let asked = 0;
    for (const name of tests) {
      const clean = await this.clean.secondsOf(name, () => this.#run(name));
      if (clean === undefined) continue;
      asked += 1;
      const end = await this.workspace.withModule(mutant.file, changed, () => this.#run(name, clean));
      if (end !== "passed")
        return { mutant, result: "killed", by: end === "timeout" ? `${name}, which did not end` : name };
    }
    return { mutant, result: asked > 0 ? "survived" : "untested", asked };
  }
}

async function runSet(mutants: readonly Mutant[], budgetSeconds: number): Promise<readonly Outcome[]> {
  const durations = readDurations(join(project, "test/durations.json"));
  const names = testFiles(project).filter((name) => !/^(runner|mutate|jupyter)\//.test(name));
  const nearest = new Nearest(new ImportGraph(), project.replace(/\/$/, ""), names, durations);
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
    renew: { type: "boolean", default: false },
    layer: { type: "string" },
    survivors: { type: "boolean", default: false },
    only: { type: "string" },
    seconds: { type: "string", default: "20" },
  },
});
if (values.draw !== undefined) draw(Number(values.draw), Number(values.seed));
else if (values.renew) renew();
else {
  const { mutants } = readSet(SET);
  const { only, layer, survivors } = values;
  const isChosen = (mutant: Mutant) =>
    (layer === undefined || layerOf(mutant) === layer) && (only === undefined || JSON.stringify(mutant).includes(only));
  const chosen = mutants.filter(isChosen);
  if (chosen.length === 0) throw new RangeError("no mutant of the set is chosen; look at --layer and --only");
  const kept = () => (existsSync(SCORE) ? (JSON.parse(readFileSync(SCORE, "utf8")) as Score) : undefined); // our own file
  let score: Score | undefined;
  const all: Outcome[] = [];
  for (const name of new Set(chosen.map(layerOf))) {
    const done = survivors
      ? (outcomesIn(mutants, name, kept()) ?? []).filter(
          ({ mutant, result }) => result === "killed" && isChosen(mutant),
        )
      : [];
    const open = chosen.filter((mutant) => layerOf(mutant) === name && !done.some((other) => other.mutant === mutant));
    const outcomes = [...done, ...(await runSet(open, Number(values.seconds)))];
    all.push(...outcomes);
    score = only === undefined ? scoreOf(mutants, outcomes, kept()) : scoreOf(chosen, all); // another layer may run beside
    if (only === undefined) writeScore(SCORE, score);
  }
  const gone = all.filter(({ result }) => result === "gone");
  for (const { mutant } of gone)
    console.error(`no longer there: ${describe(mutant)}; give it a new line in ${SET}, or draw another with --renew`);
  const { layers, ...sums } = score!; // there is a layer
  console.log(JSON.stringify(sums, null, 2));
  for (const [name, { killed, counted, survivors: left }] of Object.entries(layers))
    console.log([`${name}: ${killed} of ${counted}`, ...left].join("\n  "));
  const isWhole = sums.missing.length === 0;
  if (!isWhole) console.error(`not run with this set: ${sums.missing.join(", ")}`);
  if (sums.score < AIM || gone.length > 0 || !isWhole) process.exitCode = 1;
}
