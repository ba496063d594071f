// Loads tslab's compiler with V8's code of an earlier start: compiling nine megabytes anew takes a sixth of what a start takes.
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import Module, { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { Script } from "node:vm";

function readIfThere(path) {
  try {
    return readFileSync(path);
  } catch {
    return undefined;
  }
}

/** Where the code is kept: beside the packages, as other tools do, so that projects which share them share it. */
function cachePath(fromTslab) {
  const { name, version } = fromTslab("@tslab/typescript-for-tslab/package.json");
  const modules = join(dirname(fromTslab.resolve("tslab/package.json")), "..");
  const file = `${name.replace("/", "-")}-${version}-${process.versions.v8}-${process.arch}.bin`;
  return join(modules, ".cache", "ictal", file);
}

/**
 * Loads the compiler as the module that every later require() of it gets; `fromTslab` requires as tslab does. Returns what keeps
 * V8's code for the next start: call it once the compiler has done what every start does.
 */
export function loadCompiler(fromTslab) {
  const filename = fromTslab.resolve("@tslab/typescript-for-tslab");
  const path = cachePath(fromTslab);
  const cachedData = readIfThere(path);
  const source = Module.wrap(readFileSync(filename, "utf8"));
  const script = new Script(source, { filename, ...(cachedData ? { cachedData } : {}) });
  const module = new Module(filename);
  module.filename = filename;
  module.paths = Module._nodeModulePaths(dirname(filename));
  fromTslab.cache[filename] = module;
  script.runInThisContext()(module.exports, createRequire(filename), module, filename, dirname(filename));
  module.loaded = true;
  return function keepCode() {
    if (cachedData && !script.cachedDataRejected) return;
    const temporary = `${path}.tmp-${process.pid}`;
    try {
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(temporary, script.createCachedData());
      renameSync(temporary, path);
    } catch {} // packages that are read-only start more slowly
  };
}
