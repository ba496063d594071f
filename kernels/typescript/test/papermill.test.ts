// Stock papermill, of the Python that ICTAL_TEST_PYTHON names, on the kernel `ictal`, in an environment of the test's own.
import assert from "node:assert/strict";
import { execFile, spawnSync } from "node:child_process";
import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { before, test } from "node:test";
import { promisify } from "node:util";
import { pythonOf } from "@ictal/base/python";
import { readNotebook } from "../src/notebook/read-notebook.js";
import { installPapermillTranslator } from "../src/papermill.js";
import { notebookText, runCli, temporaryFolder } from "./make-notebook.js";

const outer = process.env.ICTAL_TEST_PYTHON ?? "python3";
const skip =
  spawnSync(outer, ["-c", "import papermill"]).status === 0
    ? false
    : `${outer} has no papermill (pip install papermill)`;
const run = promisify(execFile);

let home: string;
let python: string;

/** An environment that sees the packages of the outer one. */
before(async () => {
  if (skip) return;
  home = await temporaryFolder();
  const venv = join(home, "venv");
  await run(outer, ["-m", "venv", "--without-pip", venv]);
  python = pythonOf(venv);
  const where = async (which: string) =>
    (await run(which, ["-c", "import sysconfig; print(sysconfig.get_path('purelib'))"])).stdout.trim();
  await writeFile(join(await where(python), "outer.pth"), `${await where(outer)}\n`);
});

const words = [
  "-p",
  "seed",
  "7",
  "-y",
  '{text: "a\\"b\\nü", rates: [.nan, 2.5], nothing: null, nested: {deep: [true]}}',
];

const CELLS = [
  { code: "const seed = 1; // of the run\nconst text = 'x';\nconst rates: number[] = [];", tags: ["parameters"] },
  "if (seed === 3) console.log('three');\nJSON.stringify([seed + 1, text, rates.map(String), nothing, nested.deep])",
];

test("kernel install --papermill makes stock papermill execute a TypeScript notebook with parameters", {
  skip,
}, async () => {
  const install = ["kernel", "install", "--prefix", home, "--papermill", python, "--json"];
  const installed = await runCli(install, { cwd: home });
  assert.equal(installed.code, 0, installed.stderr);
  const { papermill } = JSON.parse(installed.stdout) as { papermill: string };
  const infos = (await readdir(papermill)).filter((name) => name.startsWith("ictal_papermill-"));
  assert.equal(infos.length, 1);
  const input = join(home, "input.ipynb");
  const named = { name: "ictal", display_name: "TypeScript", language: "typescript" };
  await writeFile(input, notebookText(CELLS).replace(/"kernelspec":\{.*?\}/, `"kernelspec":${JSON.stringify(named)}`));
  const output = join(home, "out.ipynb");
  const env = { ...process.env, JUPYTER_PATH: join(home, "share/jupyter"), ICTAL_HISTORY: "off" };
  await run(python, ["-m", "papermill", input, output, "--no-progress-bar", ...words], {
    env,
    cwd: home,
  });
  const { cells } = await readNotebook(output);
  assert.equal(
    cells[1]?.source,
    '// Parameters\nlet text = "a\\"b\\n\\u00fc";\nlet rates = [NaN, 2.5];\nlet nothing = null;\nlet nested = { ["deep"]: [true] };\nlet seed = 7;\n',
  );
  const [shown] = cells[2]?.cell_type === "code" ? cells[2].outputs : [];
  assert.ok(shown && "data" in shown, JSON.stringify(cells[2]));
  assert.match(String(shown.data["text/plain"]), /\[8,"a\\"b\\nü",\["NaN","2.5"\],null,\[true\]\]/);
  const help = await run(python, ["-m", "papermill", "--help-notebook", input], { env, cwd: home });
  assert.match(help.stdout, /seed: Unknown type \(default 1\)\s+of the run/);
  assert.match(help.stdout, /rates: number\[\] \(default \[\]\)/);
});

test("a Python that is none, or has no papermill, is refused with what to do", { skip }, async () => {
  await assert.rejects(installPapermillTranslator(join(home, "nowhere")), /cannot be run; name the Python/);
  const bare = join(home, "bare");
  await run(outer, ["-m", "venv", "--without-pip", bare]);
  await assert.rejects(
    installPapermillTranslator(pythonOf(bare)),
    /has no papermill; install it: .* -m pip install papermill/,
  );
});
