// JupyterLab as `npm run lab` starts it, in headless Chromium that can reach nothing but it. ICTAL_TEST_SCREENSHOTS names a
// folder for pictures of what the tests saw.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { pythonOf } from "@ictal/base/python";
import { chromiumPath } from "@ictal/jupyter/browser/chromium";
import { FIGURE_MIME, figureBundle } from "@ictal/jupyter/figure-html";
import { prepareLab } from "@ictal/jupyter/lab/environment";
import type { CodeCell } from "@ictal/jupyter/notebook/notebook-file";
import { parseNotebook } from "@ictal/jupyter/notebook/read-notebook";
import { notebookText, temporaryFolder } from "@ictal/jupyter/test/make-notebook";
import { projectDir } from "../../src/base/project.js";
import { type LabPage, type LabServer, openNotebook, startLabServer } from "./lab-driver.js";

const executable = chromiumPath();
const missing =
  executable === undefined
    ? "Chromium is not installed"
    : !existsSync(join(projectDir, ".venv/ictal-lab.txt")) && 'JupyterLab is not installed: "npm run lab -- --prepare"';

const small = { data: [{ y: [1, 3, 2] }], layout: { title: { text: "Small" } } };
const large = { data: [{ y: Array.from({ length: 20_000 }, (_, i) => Math.sin(i / 50)) }], layout: { height: 300 } };
const show = (figure: string) => `({ [Symbol.for("Jupyter.display")]: () => ({ "${FIGURE_MIME}": ${figure} }) })`;

const CELLS = [
  'import { answer } from "../src/answer.js";\nconsole.log("the answer is", answer())',
  `import { display } from "ictal";\ndisplay(${show(JSON.stringify(small))})`,
  `display(${show("{ data: [{ y: Array.from({ length: 20_000 }, (_, i) => Math.sin(i / 50)) }], layout: { height: 300 } }")})`,
  "const record = { alpha: 1, beta: 2 };\nrecord",
  "let counter = 1;",
  "// counts",
  "console.log(counter > 1, record.beta, process.pid)",
];
const DRAWN = `document.querySelectorAll(".jp-OutputArea-output .plot-container .main-svg .trace").length >= 2`;
const PLACES = { first: 0, figure: 1, record: 3, loop: 5, state: 6 } as const;

const answerSource = (value: number) => `export const answer = (): number => ${value};\n`;

/** A display that counts on after its cell has ended, as a training's does. */
const COUNTS = `import { liveDisplay } from "ictal";
let count = 0;
const view = () => ({ [Symbol.for("Jupyter.display")]: () => ({ "text/html": \`count <b>\${count}</b>\` }) });
const live = liveDisplay(view());
setInterval(() => { count += 1; live.update(view()); }, 200);`;

/** A notebook that was run elsewhere: JupyterLab doesn't trust it and runs none of its scripts. */
function storedNotebook(): string {
  const notebook = parseNotebook(notebookText(["1", "2"], "ictal"), "stored.ipynb");
  for (const [i, figure] of [small, large].entries()) {
    const output = { output_type: "display_data" as const, data: figureBundle(figure), metadata: {} };
    (notebook.cells[i] as CodeCell).outputs = [output];
  }
  return JSON.stringify(notebook);
}

let root: string;
let server: LabServer | undefined;
let lab: LabPage;

async function picture(name: string): Promise<void> {
  const folder = process.env.ICTAL_TEST_SCREENSHOTS;
  if (folder) await lab.screenshot(join(folder, `${name}.png`));
}

before(async () => {
  if (missing) return;
  root = await temporaryFolder();
  await mkdir(join(root, "src"));
  await mkdir(join(root, "notebooks"));
  await writeFile(join(root, "src/answer.ts"), answerSource(42));
  await writeFile(join(root, "notebooks/lab.ipynb"), notebookText(CELLS, "ictal"));
  await writeFile(join(root, "notebooks/stored.ipynb"), storedNotebook());
  await writeFile(join(root, "notebooks/live.ipynb"), notebookText([COUNTS], "ictal"));
  const own = { ICTAL_HISTORY: join(root, "history.jsonl"), JUPYTER_CONFIG_DIR: join(root, "config") };
  server = await startLabServer(root, { ...own, JUPYTER_DATA_DIR: join(root, "data") });
});

after(async () => {
  await lab?.page.close();
  await server?.close();
  if (root) await rm(root, { recursive: true, force: true });
});

test("JupyterLab opens a notebook, runs all its cells and draws its figures off line", { skip: missing }, async () => {
  lab = await openNotebook(executable!, server!, "notebooks/lab.ipynb");
  await lab.until(`/\\| Idle/.test(document.body.innerText)`, "an idle kernel", 60);
  await lab.runAll();
  await lab.cellDone(PLACES.state);
  await lab.until(DRAWN, "two figures");
  await picture("run-all");
  assert.match(await lab.outputText(PLACES.first), /the answer is 42/);
  assert.match(await lab.outputText(PLACES.figure), /Small/);
  assert.match(await lab.outputText(PLACES.record), /alpha: 1, beta: 2/);
});

test("Tab completes members of a value of an earlier cell", { skip: missing }, async () => {
  await lab.enterCell(PLACES.record);
  await lab.type("; record.");
  const items = `[...document.querySelectorAll(".jp-Completer-item")].map((item) => item.textContent).join(" ")`;
  const both = `/alpha/.test(${items}) && /beta/.test(${items})`;
  await lab.press("Tab");
  // JupyterLab gives up on an answer after a second, which a busy machine may need; a person presses the key again.
  await lab.until(both, "both members", 3).catch(() => lab.press("Tab"));
  await lab.until(both, "both members");
  await picture("completion");
  await lab.press("Escape");
});

test("the Stop button ends an endless loop and the state is kept", { skip: missing }, async () => {
  await lab.enterCell(PLACES.loop);
  await lab.type('\nconsole.log("count" + "ing"); while (true) counter++;');
  await lab.press("Enter", 2);
  await lab.cellDone(PLACES.loop, /\[\*\]/);
  await lab.until(`/counting/.test(document.body.innerText)`, "the loop to begin");
  await lab.click('.jp-NotebookPanel-toolbar [data-command="notebook:interrupt-kernel"]');
  await lab.cellDone(PLACES.loop, /\[\d+\]/, 5);
  await picture("stopped");
  await lab.runCell(PLACES.state);
  await lab.until(`/true 2 \\d+/.test(document.body.innerText)`, "the state of before");
});

test("a cell that is run again sees the edit of a source file", { skip: missing }, async () => {
  await writeFile(join(root, "src/answer.ts"), answerSource(43));
  await lab.runCell(PLACES.first);
  await lab.until(`/the answer is 43/.test(document.body.innerText)`, "the edit");
  await picture("edited");
});

test("a kernel that is killed in a cell is started again, and says so", { skip: missing }, async () => {
  const pid = Number(/true 2 (\d+)/.exec(await lab.outputText(PLACES.state))?.[1]);
  await lab.runCell(PLACES.loop);
  await lab.cellDone(PLACES.loop, /\[\*\]/);
  process.kill(pid, "SIGKILL");
  await lab.until(`/restart/i.test(document.querySelector(".jp-Dialog")?.innerText ?? "")`, "word of the restart", 30);
  await picture("restarted");
  await lab.click(".jp-Dialog .jp-mod-accept");
  await lab.runCell(PLACES.first);
  await lab.cellDone(PLACES.first, /\[1\]/);
});

test("figures of a notebook that was run elsewhere are drawn without trust", { skip: missing }, async () => {
  await lab.page.close();
  lab = await openNotebook(executable!, server!, "notebooks/stored.ipynb");
  await lab.until(DRAWN, "two figures");
  await picture("stored");
});

test("a live display goes on when the notebook is opened anew beside its running kernel", {
  skip: missing,
}, async () => {
  const count = async (page: LabPage) => Number(/count (\d+)/.exec(await page.outputText(0))?.[1]);
  await lab?.page.close();
  lab = await openNotebook(executable!, server!, "notebooks/live.ipynb");
  await lab.until(`/\\| Idle/.test(document.body.innerText)`, "an idle kernel", 60);
  await lab.runCell(0);
  await lab.cellDone(0);
  await lab.until(`/count [1-9]/.test(document.body.innerText)`, "the first updates");
  await lab.click('.jp-NotebookPanel-toolbar [data-command="docmanager:save"]');
  const path = join(root, "notebooks/live.ipynb");
  for (let tries = 0; !/count <b>\d/.test(await readFile(path, "utf8")); tries++) {
    assert.ok(tries < 100, "the notebook was not saved");
    await new Promise((done) => setTimeout(done, 100));
  }
  await lab.page.close();
  lab = await openNotebook(executable!, server!, "notebooks/live.ipynb");
  await lab.until(`/count \\d/.test(document.body.innerText)`, "the stored display");
  const stored = Number(/count <b>(\d+)/.exec(await readFile(path, "utf8"))![1]);
  await lab.until(`Number(/count (\\d+)/.exec(document.body.innerText)?.[1]) > ${stored + 5}`, "updates", 60);
  assert.ok((await count(lab)) > stored + 5);
});

test("nothing of JupyterLab is left when its starter is killed", { skip: missing }, async () => {
  const { child, url } = server!;
  child.kill("SIGKILL");
  for (let tries = 0; tries < 100; tries++) {
    const answers = await fetch(`${url}/api`).then(
      () => true,
      () => false,
    );
    if (!answers) return;
    await new Promise((done) => setTimeout(done, 100));
  }
  assert.fail("the server still answers");
});

test("a missing or old Python, and one that makes no environment, are named with what to do", async () => {
  const folder = await temporaryFolder();
  const venv = join(folder, "venv");
  const pretend = async (name: string, body: string) => {
    const path = join(folder, name);
    await writeFile(path, `#!/bin/sh\n${body}\n`, { mode: 0o755 });
    return path;
  };
  await assert.rejects(
    prepareLab({ venv, python: join(folder, "none") }),
    /does not start: install Python .*ICTAL_LAB/,
  );
  await assert.rejects(
    prepareLab({ venv, python: await pretend("old", "echo 3 8") }),
    /is Python 3\.8; 3\.10 or newer/,
  );
  const bare = await pretend(
    "bare",
    'case "$2" in venv) mkdir -p "$3"; echo no ensurepip >&2; exit 1;; esac; echo 3 11',
  );
  await assert.rejects(prepareLab({ venv, python: bare }), /apt install python3-venv[\s\S]*no ensurepip/);
  await assert.rejects(stat(venv));
  const offline = await pretend(
    "offline",
    `case "$2" in venv) mkdir -p "$3/bin"; cp "$0" "${pythonOf(venv)}"; exit;; pip) echo no network >&2; exit 1;; esac; echo 3 11`,
  );
  await assert.rejects(prepareLab({ venv, python: offline }), /PIP_NO_INDEX=1[\s\S]*no network/);
  await rm(folder, { recursive: true });
});
