/*
 * The tests behind `npm test` and `npm run test:fast`. A file that takes five minutes and five times what was measured is killed.
 *   --fast              those that stay in their process, the shortest first, up to two minutes on two cores
 *   --keep-durations    write what each file took to test/durations.json; on a quiet machine of two cores
 *   FILE…               these files or folders alone
 */
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { chooseFast, compiledOf, countUsingShared, isPure, nameOfCompiled, namesOf, testFiles } from "./choose.js";
import { type Duration, type Durations, durationOf, keepDurations, limitOf, readDurations } from "./durations.js";
import { ImportGraph } from "./import-graph.js";
import { Reporter } from "./report.js";
import { type Capacity, idleCoresMeter, type Job, runJobs } from "./schedule.js";

const project = fileURLToPath(new URL("../../..", import.meta.url)).replace(/\/$/, ""); // from dist/test/runner/
const TABLE = join(project, "test/durations.json");
/** The tests are measured on two cores; more than eight would only wait for the longest file. */
const CORES = Math.min(8, Math.max(2, availableParallelism()));
/** Files that wait run beside those that work, each with some 0.3 GB. */
const CAPACITY: Capacity = { cores: CORES, lanes: CORES + 5 };
/** A file that was not measured starts with the long ones: last, it could keep one core busy alone. */
const UNMEASURED: Job = { seconds: 60, load: 0.8 };
/** Processor time of the fast set: two cores for two minutes, less the compilation and what a slower machine needs. */
export const FAST_SECONDS = 130;

/**
 * For every process of a run, those included that the tests start. The cores are busy with other files: four helper threads of V8 in
 * each process (its default) only take time from each other; a notebook kernel starts with a fifth less processor time with one.
 */
const V8_THREADS = "--v8-pool-size=1";

/** Have the files' processes note what they took in `log`. */
function noteDurations(log: string): void {
  const measure = new URL("./measure.js", import.meta.url).href;
  const inherited = `${V8_THREADS} ${process.env.NODE_OPTIONS ?? ""}`.trim(); // what a person sets comes last, and counts
  process.env.ICTAL_TEST_NODE_OPTIONS = inherited;
  process.env.NODE_OPTIONS = `${inherited} --import=${measure}`;
  process.env.ICTAL_TEST_DURATIONS = log;
}

function notedDurations(log: string): Durations {
  if (!existsSync(log)) return {};
  const lines = readFileSync(log, "utf8").trimEnd().split("\n");
  return Object.fromEntries(
    lines.map((line) => {
      const { file, wall, cpu } = JSON.parse(line) as Duration & { file: string };
      return [nameOfCompiled(project, file), { wall, cpu }];
    }),
  );
}

/** What a run leaves beside its numbers: the longest files, and what could not be checked whole. */
function tellRest(reporter: Reporter, names: readonly string[], durations: Durations, graph: ImportGraph): void {
  const processor = Object.values(durations).reduce((sum, { cpu }) => sum + cpu, 0);
  reporter.tell(
    `processor time: ${processor.toFixed(0)} s, ${(processor / reporter.seconds).toFixed(1)} of ${CORES} cores`,
  );
  const longest = Object.entries(durations)
    .sort(([, a], [, b]) => b.wall - a.wall)
    .slice(0, 5)
    .map(([name, { wall, cpu }]) => `${name} ${wall.toFixed(0)} s (processor ${cpu.toFixed(0)} s)`);
  if (longest.length > 0) reporter.tell(`longest: ${longest.join(", ")}`);
  const shared = join(project, "../shared/data");
  const smaller = existsSync(shared) ? 0 : countUsingShared(graph, project, names);
  if (smaller > 0) reporter.tell(`shared data absent: ${smaller} test files check less; expected it at ../shared/data`);
}

/** Run the test files that `words` ask for, report them, and set the exit code. */
export async function runTests(words: readonly string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args: [...words],
    options: { fast: { type: "boolean" }, "keep-durations": { type: "boolean" } },
    allowPositionals: true,
  });
  const all = testFiles(project);
  const graph = new ImportGraph();
  const kept = readDurations(TABLE);
  const asked = positionals.length > 0 ? namesOf(positionals, project, all) : all;
  const names = values.fast ? chooseFast(asked, kept, (name) => isPure(graph, project, name), FAST_SECONDS) : asked;
  const folder = mkdtempSync(join(tmpdir(), "ictal-durations-"));
  const log = join(folder, "log.jsonl");
  noteDurations(log);
  process.setMaxListeners(0); // each file's run listens to the process
  const stop = new AbortController();
  process.once("SIGINT", () => stop.abort());
  const reporter = new Reporter();
  const jobs = names.map((name) => {
    const { wall, cpu } = durationOf(kept, name);
    return { name, ...(name in kept ? { seconds: wall, load: cpu / wall } : UNMEASURED) };
  });
  try {
    const run = ({ name }: (typeof jobs)[number]) =>
      reporter.runFile(compiledOf(project, name), stop.signal, limitOf(kept, name));
    await runJobs(jobs, CAPACITY, run, { isStopped: () => stop.signal.aborted, idleCores: idleCoresMeter() });
    const noted = notedDurations(log);
    tellRest(reporter, names, noted, graph);
    if (values["keep-durations"]) {
      const present = new Set(all);
      const merged = Object.entries({ ...kept, ...noted }).filter(([name]) => present.has(name));
      keepDurations(TABLE, Object.fromEntries(merged));
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  await reporter.close();
  if (!reporter.isGood || stop.signal.aborted) process.exitCode = 1;
}
