// Compiles the kernels (AssemblyScript) of recording and signal to WebAssembly; part of `npm run build` and of ensureBuilt.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

/** Folders of kernels; the first holds what the others import and gives no module of its own. */
const SHARED = "src/base/wasm";
const MODULES = ["src/recording/wasm", "src/signal/wasm"];

const modified = (path) => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;

/** Path of the AssemblyScript compiler, undefined where only the packages for running are installed. */
function findCompiler() {
  try {
    return createRequire(import.meta.url).resolve("assemblyscript/bin/asc.js");
  } catch {
    return undefined;
  }
}

/** Time of the last change below the folders of `root`. */
const newest = (root, folders) =>
  Math.max(
    ...folders.flatMap((folder) => readdirSync(join(root, folder)).map((name) => modified(join(root, folder, name)))),
  );

/** Modules of the project at `root` that are older than one of their sources. */
function staleModules(root) {
  return MODULES.filter((folder) => existsSync(join(root, folder))).filter(
    (folder) => newest(root, [SHARED, folder]) > modified(join(root, "dist", folder, "kernels.wasm")),
  );
}

/** True when a kernel source is newer than the compiled kernels and there is a compiler for it. */
export function isWasmStale(root) {
  return staleModules(root).length > 0 && findCompiler() !== undefined;
}

/**
 * Compile the kernels of the project at `root` that are stale, renaming the results into place. Returns the compiler's
 * complaints, undefined when all is well; without a compiler nothing happens and the TypeScript twins run.
 */
export function compileWasm(root) {
  if (!isWasmStale(root)) return undefined;
  const complaints = staleModules(root).flatMap((folder) => compileModule(root, folder) ?? []);
  return complaints.length > 0 ? complaints.join("\n") : undefined;
}

function compileModule(root, folder) {
  const target = join(root, "dist", folder, "kernels.wasm");
  const temporary = `${target}.tmp-${process.pid}`;
  mkdirSync(dirname(target), { recursive: true });
  const flags = ["--optimizeLevel", "3", "--noAssert", "--runtime", "stub", "--enable", "simd", "--noColors"];
  const { status, stderr } = spawnSync(
    process.execPath,
    [findCompiler(), join(folder, "kernels.ts"), ...flags, "--outFile", temporary],
    { cwd: root, encoding: "utf8" },
  );
  if (status === 0) renameSync(temporary, target);
  else rmSync(temporary, { force: true });
  return status === 0
    ? undefined
    : `The kernels in ${join(root, folder)} do not compile; mend them and try again:\n${stderr}`;
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const complaint = compileWasm(fileURLToPath(new URL("../..", import.meta.url)).replace(/[\\/]$/, ""));
  if (complaint) {
    process.stderr.write(`${complaint}\n`);
    process.exit(1);
  }
}
