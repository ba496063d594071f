import { createRequire } from "node:module";
import { isAbsolute, join } from "node:path";
import { pathToFileURL } from "node:url";
import type { CellDiagnostic } from "../language/language.js";

/** Where cells' imports come from. */
export interface Loader {
  import(specifier: string): Promise<object>;
  /** What was loaded anew because its file changed, and what could not be. */
  refresh(): Promise<{ readonly reloaded: readonly string[]; readonly failed: readonly CellDiagnostic[] }>;
}

/** Imports as Node does, from the notebook's folder; the package `ictal` from the project. A module is loaded once. */
export function plainLoader(projectDir: string, notebookDir: string): Loader {
  const { resolve } = createRequire(join(notebookDir, "notebook.js"));
  const locate = (specifier: string) => {
    if (specifier === "ictal") return pathToFileURL(join(projectDir, "dist/src/index.js")).href;
    if (/^(?:node|file|data):/.test(specifier)) return specifier;
    const path = resolve(specifier);
    return isAbsolute(path) ? pathToFileURL(path).href : path;
  };
  return {
    import: async (specifier) => import(locate(specifier)),
    refresh: async () => ({ reloaded: [], failed: [] }),
  };
}
