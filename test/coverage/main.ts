/*
 * `npm run coverage`: which lines, branches and functions the fast tests reach, layer by layer, by Node's own tool.
 *   FILE…          these test files or folders alone
 *   --files LAYER  the files of a layer too, the least covered first
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { chooseFast, compiledOf, isPure, namesOf, testFiles } from "../runner/choose.js";
import { readDurations } from "../runner/durations.js";
import { ImportGraph } from "../runner/import-graph.js";
import { FAST_SECONDS } from "../runner/main.js";

const project = fileURLToPath(new URL("../../../", import.meta.url)).replace(/\/$/, ""); // from dist/test/coverage/

const { values, positionals } = parseArgs({ options: { files: { type: "string" } }, allowPositionals: true });
const all = testFiles(project);
const graph = new ImportGraph();
const durations = readDurations(join(project, "test/durations.json"));
const names =
  positionals.length > 0
    ? namesOf(positionals, project, all)
    : chooseFast(all, durations, (name) => isPure(graph, project, name), FAST_SECONDS);

const child = spawn(
  process.execPath,
  [
    "--test",
    "--experimental-test-coverage",
    "--test-concurrency=2",
    `--test-reporter=${new URL("./reporter.js", import.meta.url)}`,
    ...names.map((name) => compiledOf(project, name)),
  ],
  { cwd: project, stdio: "inherit", env: { ...process.env, ICTAL_COVERAGE_FILES: values.files ?? "" } },
);
const [code] = await once(child, "close");
process.exitCode = typeof code === "number" ? code : 1;
