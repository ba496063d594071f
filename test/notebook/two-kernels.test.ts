import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { parseNotebook } from "@ictal/jupyter/notebook/read-notebook";
import { makeNotebook, runCli, temporaryFolder } from "@ictal/jupyter/test/make-notebook";
import { projectDir } from "../../src/base/project.js";

test("a notebook prints the same on both kernels: imports, types, await, displays, an expected error", async () => {
  const folder = await temporaryFolder();
  const cells = [
    'import { sha256 } from "ictal";\nimport { auroc } from "ictal/scoring";\nimport { readFileSync } from "node:fs";\nconst values: number[] = [3, 1, 2];',
    "interface Row { readonly name: string }\nconst rows: Row[] = values.map((value) => ({ name: String(value) }));",
    "console.log(rows.length, await Promise.resolve(values.length), typeof readFileSync, typeof sha256, auroc(Float32Array.of(0.1, 0.9), [0, 1]));",
    { code: 'throw new RangeError("expected");', tags: ["raises-exception"] },
    'import { display } from "ictal";\ndisplay([{ a: 1, b: "x" }]);',
    'console.error("to stderr");',
  ];
  const shown = [];
  for (const kernel of ["ictal", "tslab"]) {
    const input = await makeNotebook(folder, cells, { name: `${kernel}.ipynb`, kernel });
    const options = { cwd: folder, env: { ICTAL_KERNEL_PROJECT: projectDir } }; // the folder is of no project
    const { code, stderr } = await runCli(["notebook", "exec", input, "-o", `${kernel}-out.ipynb`], options);
    assert.equal(code, 0, `${kernel}: ${stderr}`);
    const executed = parseNotebook(readFileSync(join(folder, `${kernel}-out.ipynb`), "utf8"), kernel);
    shown.push(
      executed.cells.map((cell) =>
        (cell.cell_type === "code" ? cell.outputs : []).map((output) => {
          if (output.output_type === "stream") return [output.name, output.text];
          if (output.output_type === "error") return [output.ename, output.evalue];
          return [output.output_type, output.data["text/html"]];
        }),
      ),
    );
  }
  assert.deepEqual(shown[0], shown[1]);
  assert.deepEqual(shown[0]![2], [["stdout", "3 3 function function 1\n"]]);
});
