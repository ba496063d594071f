/** Functions that read, write or start something end with the reason of their signal, and change nothing afterwards. */
import assert from "node:assert/strict";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { writeFileAtomic } from "@ictal/base/atomic-file";
import { runToEnd } from "@ictal/base/command";
import { makeVenv } from "@ictal/base/python";
import { figureImage } from "../src/browser/figure-image.js";
import { findKernelspec, installKernelspec, listKernelspecs, removeKernelspec } from "../src/kernelspec.js";
import { prepareLab } from "../src/lab/environment.js";
import { parseNotebook, readNotebook } from "../src/notebook/read-notebook.js";
import { writeReport } from "../src/report/report.js";
import { makeNotebook, notebookText, temporaryFolder } from "./make-notebook.js";
import { patience } from "./patience.js";

const reason = new Error("stopped by the test");
const isReason = (error: unknown): boolean => error === reason;

test("with an aborted signal they reject with its reason and leave the folder as it was", async () => {
  const dir = await temporaryFolder();
  const input = await makeNotebook(dir, ["1"], { kernel: "ictal" });
  await writeFile(join(dir, "page.html"), "old");
  const before = await readdir(dir);
  const signal = AbortSignal.abort(reason);
  const notebook = parseNotebook(notebookText(["1"]), "a.ipynb");
  const calls: readonly (() => Promise<unknown>)[] = [
    () => readNotebook(input, { signal }),
    () => writeReport(notebook, join(dir, "page.html"), { signal }),
    () => writeFileAtomic(join(dir, "page.html"), "text", { signal }),
    () => listKernelspecs({ signal }),
    () => findKernelspec("ictal", { signal }),
    () => installKernelspec("ictal", { prefix: dir, signal }),
    () => removeKernelspec("ictal", { prefix: dir, signal }),
    () => figureImage({ data: [] }, { signal }),
    () => makeVenv(join(dir, "venv"), process.execPath, { signal }),
    () => prepareLab({ venv: join(dir, "venv"), python: process.execPath, signal }),
  ];
  for (const call of calls) await assert.rejects(call, isReason, call.toString());
  assert.deepEqual(await readdir(dir), before);
  assert.equal(await readFile(join(dir, "page.html"), "utf8"), "old");
});

test("a command that runs is ended by its signal", async () => {
  const controller = new AbortController();
  const started = performance.now();
  const running = runToEnd(process.execPath, ["-e", "setInterval(() => {}, 1000)"], { signal: controller.signal });
  setTimeout(() => controller.abort(reason), 100);
  await assert.rejects(running, isReason);
  assert.ok(performance.now() - started < patience(30_000));
});
