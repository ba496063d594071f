import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { Script } from "node:vm";
import { temporaryName } from "@ictal/base/atomic-file";
import type * as TypeScript from "typescript";
import { packageDir } from "../../project.js";

// Compiling the nine megabytes of the compiler takes most of a second; V8's code cache brings that to a tenth.

const require = createRequire(import.meta.url);
const library = require.resolve("typescript");

function cachePath(version: string): string {
  return join(packageDir, "dist", ".cache", `typescript-${version}-${process.versions.v8}-${process.arch}.bin`);
}

function readIfThere(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch {
    return undefined;
  }
}

function compile(): { script: Script; path: string; fromCache: boolean } {
  const { version } = require("typescript/package.json") as { version: string };
  const path = cachePath(version);
  const cachedData = readIfThere(path);
  const source = `(function (exports, require, module, __filename, __dirname) {${readFileSync(library, "utf8")}\n})`;
  const script = new Script(source, { filename: library, ...(cachedData ? { cachedData } : {}) });
  return { script, path, fromCache: cachedData !== undefined && script.cachedDataRejected === false };
}

const { script, path, fromCache } = compile();

function evaluate(): typeof TypeScript {
  const module = { exports: {} as typeof TypeScript };
  script.runInThisContext()(module.exports, createRequire(library), module, library, dirname(library));
  return module.exports;
}

/** The compiler. Import it from here, not from "typescript": a second copy would cost 40 MB and most of a second. */
export const ts: typeof TypeScript = evaluate();

/** Keeps V8's code for the next start; call it once the compiler has done what every kernel does first. */
export function keepCompilerCode(): void {
  if (fromCache) return;
  const temporary = temporaryName(path);
  try {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(temporary, script.createCachedData());
    renameSync(temporary, path);
  } catch {} // a read-only project starts more slowly
}
