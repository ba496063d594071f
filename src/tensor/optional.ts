import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { constants } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { pathToFileURL } from "node:url";

/** `require` as it is from a module in `folder`, whose node_modules come before ours; without one, as it is from here. */
const requireFrom = (dir?: string): NodeJS.Require =>
  createRequire(dir === undefined ? import.meta.url : join(dir, "module.js"));

/** The folder of a package that is installed here, or for modules in `from`; undefined without it. */
export function packageDir(name: string, from?: string): string | undefined {
  for (const dir of requireFrom(from).resolve.paths(name) ?? []) {
    const candidate = join(dir, name);
    if (existsSync(join(candidate, "package.json"))) return candidate;
  }
  return undefined;
}

/** A CommonJS module of a package that may be absent, as the type the caller knows it to have. */
export function requireOptional<T>(path: string, from?: string): T {
  return requireFrom(from)(path) as T;
}

/** The same for a package that is an ES module. */
export async function importOptional<T>(name: string, from?: string): Promise<T> {
  return (await import(pathToFileURL(requireFrom(from).resolve(name)).href)) as T;
}

/**
 * Whether the system's loader finds a shared library, e.g. "libvulkan.so.1". Asked of the loader itself, since the places
 * it looks in (cache, LD_LIBRARY_PATH, rpath) are its own business; true where there is no such loader.
 */
export function hasSharedLibrary(name: string): boolean {
  if (process.platform !== "linux") return true;
  try {
    process.dlopen({ exports: {} } as NodeModule, name, constants.dlopen.RTLD_LAZY);
    return true;
  } catch (error) {
    // a library that is found but is no Node addon fails too, with another message
    return !/cannot open shared object file|Error loading shared library/.test((error as Error).message);
  }
}

/** Of the libraries, those that the loader does not find. */
export function missingLibraries(names: readonly string[]): string[] {
  return names.filter((name) => !hasSharedLibrary(name));
}
