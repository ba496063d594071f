// Compiles the project when it has to be; used by the `ictal` command and by the kernels, before anything of dist/ is loaded.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { compileWasm, isWasmStale } from "./compile-wasm.mjs";

/** Absolute path of the project. */
export const project = fileURLToPath(new URL("../..", import.meta.url)).replace(/[\\/]$/, "");

const modified = (path) => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;

/** Emitted files that are older than their source; the compiler's own record may be newer than what it emitted. */
function staleFiles(sources, emitted) {
  const stale = [];
  for (const entry of existsSync(sources) ? readdirSync(sources, { withFileTypes: true }) : []) {
    const source = join(sources, entry.name);
    if (entry.name === "wasm") continue; // AssemblyScript; compileWasm looks after it
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
 * Compiles the project when a source is newer than what it was compiled to (incremental), kernels included. Returns what the first cell
 * should tell: the compiler's complaints and how to build; undefined when all is well.
 */
export function ensureBuilt(root = project) {
  if (staleIn(root).length === 0 && !isWasmStale(root)) return undefined;
  const lock = join(root, "dist", ".build.lock");
  takeLock(lock);
  try {
    const complaint = compileWasm(root);
    const stale = staleIn(root); // another process may have built in the meantime
    if (stale.length === 0) return complaint;
    const compiler = createRequire(import.meta.url).resolve("typescript/bin/tsc");
    const { status, stdout } = spawnSync(process.execPath, [compiler, "-p", join(root, "tsconfig.build.json")], {
      encoding: "utf8",
    });
    const now = new Date();
    if (status === 0) for (const file of stale) if (existsSync(file)) utimesSync(file, now, now); // unchanged text is not emitted again
    if (status === 0) return complaint;
    const state = existsSync(join(root, "dist/src/index.js"))
      ? "cells use what could be compiled"
      : `there is no ${root}/dist/src/index.js`;
    return `The sources of ${root} do not compile (${state}); mend them and try again:\n${stdout}`;
  } finally {
    rmSync(lock, { force: true });
  }
}
