import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { promisify } from "node:util";
import { projectPath } from "../../src/base/project.js";
import { parseNotebook } from "../../src/notebook/runner/read-notebook.js";

const run = promisify(execFile);
const folder = mkdtempSync(join(tmpdir(), "ictal-kernels-"));
after(() => rmSync(folder, { recursive: true }));

const notebooks = readdirSync(projectPath("notebooks")).filter((name) => name.endsWith(".ipynb"));

for (const name of notebooks) {
  for (const kernel of ["ictal", "tslab"]) {
    test(`${name} runs on kernel ${kernel}, every cell of it`, async () => {
      const output = join(folder, `${kernel}-${name}`);
      const words = ["--kernel", kernel, "--output", output, "--no-report"];
      const args = ["src/cli/ictal.mjs", "notebook", "exec", `notebooks/${name}`, ...words];
      await run(process.execPath, args, { cwd: projectPath("."), maxBuffer: 64 * 2 ** 20 }); // rejects with what was printed
      const { cells, metadata } = parseNotebook(readFileSync(output, "utf8"), output);
      assert.equal(metadata.kernelspec?.name, kernel);
      for (const cell of cells) if (cell.cell_type === "code") assert.notEqual(cell.execution_count, null);
    });
  }
}
