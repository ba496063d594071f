import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
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

for (const kernel of ["ictal", "tslab"]) {
  const config = configOf(kernel);
  for (const name of notebooks.filter((each) => kernel !== "ictal" || !COURSE.test(each))) {
    test(`${name} runs on kernel ${kernel}, every cell of it`, () => {
      const output = join(folder, `${kernel}-${name}`);
      const words = ["--kernel", kernel, "--output", output, "--no-report", ...parametersOf(name, config)];
      const { status, stdout, stderr } = runVerb(["notebook", "exec", `notebooks/${name}`, ...words]);
      assert.equal(status, 0, stdout + stderr);
      const { cells, metadata } = parseNotebook(readFileSync(output, "utf8"), output);
      assert.equal(metadata.kernelspec?.name, kernel);
      for (const cell of cells) if (cell.cell_type === "code") assert.notEqual(cell.execution_count, null);
    });
  }
}

test("07-real-eeg.ipynb says in a sentence that the recordings are absent, and ends well", () => {
  const words = ["--output", join(folder, "absent.ipynb"), "--no-report", "-p", "source", join(folder, "nothing")];
  const { status, stdout, stderr } = runVerb(["notebook", "exec", "notebooks/07-real-eeg.ipynb", ...words]);
  assert.equal(status, 0, stdout + stderr);
  assert.match(stdout, /no recordings at .*: give source the BIDS folder of the newborns; the whole set is at Zenodo/);
});
