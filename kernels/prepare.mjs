// What both kernels do before their first cell: find the compiled project, and end with the program that started them.
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";

/** Absolute path of the project that these kernels belong to. */
export const project = fileURLToPath(new URL("..", import.meta.url)).replace(/[\\/]$/, "");

function newestSource(folder) {
  let newest = 0;
  for (const entry of existsSync(folder) ? readdirSync(folder, { withFileTypes: true }) : []) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) newest = Math.max(newest, newestSource(path));
    else if (entry.name.endsWith(".ts")) newest = Math.max(newest, statSync(path).mtimeMs);
  }
  return newest;
}

const stampOf = (root) => join(root, "dist/.tsbuildinfo");
const isStale = (root) =>
  newestSource(join(root, "src")) > (statSync(stampOf(root), { throwIfNoEntry: false })?.mtimeMs ?? 0);

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === "EPERM";
  }
}

/** True when this process may build; false after another kernel's build ended. A lock of a dead process is taken over. */
function takeLock(lock) {
  const deadline = Date.now() + 120_000;
  let waited = false;
  for (;;) {
    try {
      writeFileSync(lock, String(process.pid), { flag: "wx" });
      return !waited;
    } catch (error) {
      if (error.code !== "EEXIST") return false; // a read-only project cannot be built
    }
    let holder = 0;
    try {
      holder = Number(readFileSync(lock, "utf8"));
    } catch {} // released between the two calls
    if ((holder > 0 && !isAlive(holder)) || Date.now() > deadline) rmSync(lock, { force: true });
    else {
      waited = true;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100);
    }
  }
}

/**
 * Compiles the project when a source is newer than dist/ (incremental). Returns what the first cell should tell: the
 * compiler's complaints, or how to build; undefined when all is well.
 */
export function ensureBuilt(root = project) {
  if (!existsSync(join(root, "src")) || !isStale(root)) return undefined;
  const lock = join(root, ".ictal-build.lock");
  const first = takeLock(lock);
  try {
    if (!first && !isStale(root)) return undefined;
    const compiler = createRequire(import.meta.url).resolve("typescript/bin/tsc");
    const { status, stdout } = spawnSync(process.execPath, [compiler, "-p", root], { encoding: "utf8" });
    if (status === 0) return undefined;
    const state = existsSync(join(root, "dist/src/index.js"))
      ? "cells use what was emitted"
      : `there is no ${root}/dist`;
    return `The sources of ${root} do not compile (${state}); run "node node_modules/typescript/bin/tsc -p ." there:\n${stdout}`;
  } finally {
    rmSync(lock, { force: true });
  }
}

const WATCHER = `
const { workerData } = require("node:worker_threads");
const gone = (pid) => { try { process.kill(pid, 0); return false; } catch (error) { return error.code === "ESRCH"; } };
setInterval(() => {
  if (process.ppid !== workerData.parent || (workerData.starter > 1 && gone(workerData.starter))) process.kill(process.pid, "SIGKILL");
}, 1000);`;

/** Ends this process within a second or so of its parent's death, even while a cell keeps the main thread busy. */
export function followParent() {
  const starter = Number(process.env.JPY_PARENT_PID ?? 0); // set by Jupyter and by our runner
  new Worker(WATCHER, { eval: true, workerData: { parent: process.ppid, starter } }).unref();
}

/** Drops the one warning that Node prints for require() of an ES module, which is how tslab imports; keeps all others. */
export function quietRequireOfModules() {
  const emitWarning = process.emitWarning;
  process.emitWarning = (warning, ...rest) => {
    const type = typeof rest[0] === "object" ? rest[0]?.type : rest[0];
    if (type === "ExperimentalWarning" && /require\(\)/.test(String(warning))) return;
    emitWarning.call(process, warning, ...rest);
  };
}
