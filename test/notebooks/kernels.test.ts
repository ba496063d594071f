import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { type Notebook, newCellId } from "@ictal/jupyter/notebook/notebook-file";
import { parseNotebook } from "@ictal/jupyter/notebook/read-notebook";
import { projectPath } from "../../src/base/project.js";
import { runVerb } from "../cli/verb-thread.js";

/** test/notebook/course.test.ts runs these on kernel ictal and says the same of them. */
const COURSE = /^0[1-4]-/;
process.chdir(projectPath("."));
const folder = mkdtempSync(join(tmpdir(), "ictal-kernels-"));
after(() => rmSync(folder, { recursive: true }));

const notebooks = readdirSync(projectPath("notebooks")).filter((name) => name.endsWith(".ipynb"));
/** Recordings, some of every split: every cell has something to show, and trains and scores it in seconds. */
const RECORDINGS = 12;

/** The smoke test's configuration with fewer recordings and one epoch, and with a cache and results of this kernel alone. */
function configOf(kernel: string): string {
  const changes: [RegExp, string][] = [
    [/cache_dir: .*/, `cache_dir: ${join(folder, kernel, "cache")}`],
    [/output_dir: .*/, `output_dir: ${join(folder, kernel, "results")}`],
    [/limit_files: \d+/, `limit_files: ${RECORDINGS}`],
    [/epochs: \d+/, "epochs: 1"],
  ];
  const text = readFileSync(projectPath("configs/smoke_test.yaml"), "utf8");
  const path = join(folder, `${kernel}.yaml`);
  for (const [pattern] of changes) assert.match(text, pattern);
  writeFileSync(
    path,
    changes.reduce((changed, [pattern, line]) => changed.replace(pattern, line), text),
  );
  return path;
}

/** Real EEG where it is present: a short training on kernel ictal, the baselines alone on the other. */
function realEegParameters(config: string): Readonly<Record<string, string>> {
  const place = config.replace(/\.yaml$/, "-newborns");
  return config.includes("tslab") ? { place, train: "false" } : { place, epochs: "1", folds: "2" };
}

/** The notebook's own parameters, in place of which the test gives some. */
function parametersOf(name: string, config: string): string[] {
  const { cells } = parseNotebook(readFileSync(projectPath(`notebooks/${name}`), "utf8"), name);
  const declared = cells.find((cell) => cell.metadata.tags?.includes("parameters"))?.source ?? "";
  const own = name.startsWith("07-") ? realEegParameters(config) : { config };
  const values: Readonly<Record<string, string>> = { ...own, limit: String(RECORDINGS) };
  return Object.entries(values).flatMap(([key, value]) =>
    new RegExp(`^let ${key} =`, "m").test(declared) ? ["-p", key, value] : [],
  );
}

function execute(notebook: string, kernel: string, output: string, words: readonly string[]): Notebook {
  const { status, stdout, stderr } = runVerb([
    ...["notebook", "exec", notebook, "--kernel", kernel, "--output", output, "--no-report"],
    ...words,
  ]);
  assert.equal(status, 0, stdout + stderr);
  return parseNotebook(readFileSync(output, "utf8"), output);
}

function assertRan(cells: Notebook["cells"]): void {
  const code = cells.filter((cell) => cell.cell_type === "code");
  assert.ok(code.length > 0);
  for (const cell of code) assert.notEqual(cell.execution_count, null);
}

const ictalConfig = configOf("ictal");
for (const name of notebooks.filter((each) => !COURSE.test(each))) {
  test(`${name} runs on kernel ictal, every cell of it`, () => {
    const path = `notebooks/${name}`;
    const output = join(folder, `ictal-${name}`);
    const { cells, metadata } = execute(path, "ictal", output, parametersOf(name, ictalConfig));
    assert.equal(metadata.kernelspec?.name, "ictal");
    assertRan(cells);
  });
}

/** Where the notebooks' cells one after another are run: below the project, whose names they import. */
const inside = mkdtempSync(projectPath("dist/test/notebooks/joined-"));
after(() => rmSync(inside, { recursive: true }));

/** All notebooks with their parameters as one, each under a heading with its name; tslab lets a later cell declare a name again. */
function joinNotebooks(config: string): string {
  const cells = notebooks.flatMap((name) => {
    const prepared = join(folder, `prepared-${name}`);
    const words = ["--prepare-only", ...parametersOf(name, config)];
    const own = execute(`notebooks/${name}`, "tslab", prepared, words).cells;
    const isOther = (tag: string) => tag !== "parameters" && tag !== "injected-parameters";
    const untagged = own.map((cell) => ({ ...cell, metadata: { tags: cell.metadata.tags?.filter(isOther) ?? [] } }));
    return [{ cell_type: "markdown", id: newCellId(), metadata: {}, source: name }, ...untagged];
  });
  const path = join(inside, "joined.ipynb");
  writeFileSync(path, JSON.stringify({ cells, metadata: {}, nbformat: 4, nbformat_minor: 5 }));
  return path;
}

let joined: Notebook | undefined;
// That a notebook needs nothing of another is seen on kernel ictal, where each has a kernel of its own.
test("the cells of all notebooks run on kernel tslab, one notebook after another", () => {
  joined = execute(joinNotebooks(configOf("tslab")), "tslab", join(folder, "tslab.ipynb"), []);
  assert.equal(joined.metadata.kernelspec?.name, "tslab");
});

for (const [index, name] of notebooks.entries()) {
  test(`${name} runs on kernel tslab, every cell of it`, () => {
    assert.ok(joined, "the run of all notebooks failed");
    const starts = notebooks.map((each) => joined!.cells.findIndex(({ source }) => source === each));
    assertRan(joined.cells.slice(starts[index], starts[index + 1]));
  });
}

test("07-real-eeg.ipynb says in a sentence that the recordings are absent, and ends well", () => {
  const words = ["--output", join(folder, "absent.ipynb"), "--no-report", "-p", "source", join(folder, "nothing")];
  const { status, stdout, stderr } = runVerb(["notebook", "exec", "notebooks/07-real-eeg.ipynb", ...words]);
  assert.equal(status, 0, stdout + stderr);
  assert.match(stdout, /no recordings at .*: give source the BIDS folder of the newborns; the whole set is at Zenodo/);
});
