// Compiles the signal kernels (AssemblyScript) to WebAssembly; part of `npm run build` and of ensureBuilt.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const SOURCES = "src/signal/wasm";
const TARGET = "dist/src/signal/wasm/kernels.wasm";

const modified = (path) => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;

/** Path of the AssemblyScript compiler, undefined where only the packages for running are installed. */
function findCompiler() {
  try {
    return createRequire(import.meta.url).resolve("assemblyscript/bin/asc.js");
  } catch {
    return undefined;
  }
}

/** True when a kernel source is newer than the compiled kernels and there is a compiler for it. */
export function isWasmStale(root) {
  const sources = join(root, SOURCES);
  if (!existsSync(sources)) return false;
  const compiled = modified(join(root, TARGET));
  const isNewer = readdirSync(sources).some((name) => modified(join(sources, name)) > compiled);
  return isNewer && findCompiler() !== undefined;
}

/**
 * Compile the kernels of the project at `root` when they are stale, renaming the result into place. Returns the compiler's
 * complaints, undefined when all is well; without a compiler nothing happens and the TypeScript twins run.
 */
export function compileWasm(root) {
  if (!isWasmStale(root)) return undefined;
  const target = join(root, TARGET);
  const temporary = `${target}.tmp-${process.pid}`;
  mkdirSync(dirname(target), { recursive: true });
  const flags = ["--optimizeLevel", "2", "--noAssert", "--runtime", "stub", "--enable", "simd", "--noColors"];
  const { status, stderr } = spawnSync(
    process.execPath,
    [findCompiler(), join(SOURCES, "kernels.ts"), ...flags, "--outFile", temporary],
    { cwd: root, encoding: "utf8" },
  );
  if (status === 0) renameSync(temporary, target);
  else rmSync(temporary, { force: true });
  return status === 0
    ? undefined
    : `The kernels in ${join(root, SOURCES)} do not compile; mend them and try again:\n${stderr}`;
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const complaint = compileWasm(fileURLToPath(new URL("../..", import.meta.url)).replace(/[\\/]$/, ""));
  if (complaint) {
    process.stderr.write(`${complaint}\n`);
    process.exit(1);
  }
}
