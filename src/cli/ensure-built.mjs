// Compiles the project when it has to be; used by the `ictal` command and by the kernels, before anything of dist/ is loaded.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, statSync, utimesSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { createLocker } from "../../kernels/base/src/lock-file.mjs";
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

/** The packages of a project: where their sources lie, and what these are compiled to. */
const PACKAGES = [
  ["src", "dist/src"],
  ["kernels/base/src", "kernels/base/dist"],
  ["kernels/typescript/src", "kernels/typescript/dist/src"],
];

const staleIn = (root) =>
  PACKAGES.flatMap(([sources, emitted]) => staleFiles(join(root, sources), join(root, emitted)));

const POLL_MILLISECONDS = 100;
const NOTICE_MILLISECONDS = 3000;
/** Longer than any compile step takes. It sends no heartbeat meanwhile, so that one of another machine is given as long. */
const PATIENCE_MILLISECONDS = 10 * 60_000;

/** The build's lock, once this process may build; without `lock` when the project is read-only, `complaint` when patience ended. */
export function takeLock(root, path = join(root, "dist", ".build.lock")) {
  const locker = createLocker(path, { staleMilliseconds: PATIENCE_MILLISECONDS });
  const begun = Date.now();
  for (let isReported = false; ; Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, POLL_MILLISECONDS)) {
    let taken;
    try {
      mkdirSync(dirname(path), { recursive: true });
      taken = locker.take();
    } catch {
      return {}; // what cannot be written to cannot be built; the compiler prints the reason
    }
    if (taken.lock) return taken;
    const { pid, host } = taken.holder;
    const who = pid > 0 ? `process ${pid} on ${host}` : "another process";
    const waited = Date.now() - begun;
    if (waited >= 2 * PATIENCE_MILLISECONDS)
      return {
        complaint: `${who} has been compiling ${root} for ${Math.round(waited / 60_000)} minutes; wait for it or end it, then try again`,
      };
    if (waited >= NOTICE_MILLISECONDS && !isReported)
      process.stderr.write(`ictal: waiting for ${who}, which compiles ${root}\n`);
    isReported ||= waited >= NOTICE_MILLISECONDS;
  }
}

/**
 * Compiles the project when a source is newer than what it was compiled to (incremental), kernels included. Returns what the first cell
 * should print: the compiler's complaints and how to build; undefined when all is well.
 */
export function ensureBuilt(root = project) {
  if (staleIn(root).length === 0 && !isWasmStale(root)) return undefined;
  const { lock, complaint: refusal } = takeLock(root);
  if (refusal) return refusal;
  try {
    const complaint = compileWasm(root);
    const stale = staleIn(root); // another process may have built in the meantime
    if (stale.length === 0) return complaint;
    const compiler = createRequire(import.meta.url).resolve("typescript/bin/tsc");
    const { status, stdout } = spawnSync(process.execPath, [compiler, "-b", join(root, "tsconfig.build.json")], {
      encoding: "utf8",
    });
    const now = new Date();
    if (status === 0) for (const file of stale) if (existsSync(file)) utimesSync(file, now, now); // unchanged text is not emitted again
    if (status === 0) return complaint;
    const state = existsSync(join(root, "dist/src/index.js"))
      ? "cells use what could be compiled"
      : `there is no ${root}/dist/src/index.js`;
    return `The sources of ${root} do not compile (${state}); fix them and try again:\n${stdout}`;
  } finally {
    lock?.release();
  }
}
