// What both kernels do before their first cell: find the compiled project, and end with the program that started them.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";

/** Absolute path of the project that these kernels belong to. */
export const project = fileURLToPath(new URL("..", import.meta.url)).replace(/[\\/]$/, "");

const modified = (path) => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;

/** Emitted files that are older than their source; the compiler's own record may be newer than what it emitted. */
function staleFiles(sources, emitted) {
  const stale = [];
  for (const entry of existsSync(sources) ? readdirSync(sources, { withFileTypes: true }) : []) {
    const source = join(sources, entry.name);
    if (entry.isDirectory()) stale.push(...staleFiles(source, join(emitted, entry.name)));
    else if (/(?<!\.d)\.ts$/.test(entry.name)) {
      const target = join(emitted, entry.name.replace(/\.ts$/, ".js"));
      if (modified(source) > modified(target)) stale.push(target);
    }
  }
  return stale;
}

const staleIn = (root) => staleFiles(join(root, "src"), join(root, "dist/src"));

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === "EPERM";
  }
}

/** Returns when this process may build; a lock of a dead process is taken over. */
function takeLock(lock) {
  const deadline = Date.now() + 120_000;
  for (;;) {
    try {
      mkdirSync(dirname(lock), { recursive: true });
      writeFileSync(lock, String(process.pid), { flag: "wx" });
      return;
    } catch (error) {
      if (error.code !== "EEXIST") return; // a read-only project cannot be built
    }
    let holder = 0;
    try {
      holder = Number(readFileSync(lock, "utf8"));
    } catch {} // released between the two calls
    if ((holder > 0 && !isAlive(holder)) || Date.now() > deadline) rmSync(lock, { force: true });
    else Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100);
  }
}

/**
 * Compiles the project when a source is newer than what it was compiled to (incremental). Returns what the first cell
 * should tell: the compiler's complaints and how to build; undefined when all is well.
 */
export function ensureBuilt(root = project) {
  if (staleIn(root).length === 0) return undefined;
  const lock = join(root, "dist", ".build.lock");
  takeLock(lock);
  try {
    const stale = staleIn(root); // another kernel may have built in the meantime
    if (stale.length === 0) return undefined;
    const compiler = createRequire(import.meta.url).resolve("typescript/bin/tsc");
    const { status, stdout } = spawnSync(process.execPath, [compiler, "-p", root], { encoding: "utf8" });
    const now = new Date();
    if (status === 0) for (const file of stale) if (existsSync(file)) utimesSync(file, now, now); // unchanged text is not emitted again
    if (status === 0) return undefined;
    const state = existsSync(join(root, "dist/src/index.js"))
      ? "cells use what could be compiled"
      : `there is no ${root}/dist/src/index.js`;
    return `The sources of ${root} do not compile (${state}); mend them and restart the kernel:\n${stdout}`;
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
