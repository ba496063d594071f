/** Which compiled files import which, read from their text. */
import { existsSync, readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const IMPORT = /(?:\bfrom|\bimport)\s*\(?\s*["']([^"']+)["']/g;
/** A file that is started by its name: a worker or a child process. */
const STARTED = /new URL\(\s*["'](\.[^"']+\.js)["']\s*,\s*import\.meta\.url/g;

/** Where the workspaces' modules lie; they are part of the project. */
const WORKSPACES = [
  ["@ictal/base/", "kernels/base/dist/"],
  ["@ictal/jupyter/test/", "kernels/typescript/dist/test/"],
  ["@ictal/jupyter/", "kernels/typescript/dist/src/"],
] as const;
const project = fileURLToPath(new URL("../../../", import.meta.url)); // from dist/test/runner/

/** The file of a module of a workspace. */
function workspaceFile(name: string): string | undefined {
  const found = WORKSPACES.find(([prefix]) => name.startsWith(prefix));
  return found && resolve(project, `${found[1]}${name.slice(found[0].length)}.js`);
}

/** What one file imports or starts. */
export interface Imports {
  /** Absolute paths of files. */
  readonly files: readonly string[];
  /** Packages and modules of Node. */
  readonly packages: readonly string[];
}

/** Imports of compiled files, each read once. */
export class ImportGraph {
  readonly #known = new Map<string, Imports>();

  /** What `file` imports or starts itself. */
  of(file: string): Imports {
    const known = this.#known.get(file);
    if (known) return known;
    const text = readFileSync(file, "utf8");
    const named = [...text.matchAll(IMPORT)].map((found) => found[1]!);
    const started = [...text.matchAll(STARTED)].map((found) => found[1]!);
    const paths = [...named.filter((name) => name.startsWith(".")), ...started];
    const shared = named.map(workspaceFile).filter((path) => path !== undefined);
    const own = paths.map((name) => resolve(dirname(file), name));
    const files = [...new Set([...own, ...shared])].filter((path) => existsSync(path));
    const imports = { files, packages: named.filter((name) => !name.startsWith(".")) };
    this.#known.set(file, imports);
    return imports;
  }

  /** Every file that `file` reaches, itself at 0, with the length of the shortest way; `enters` says where to go on. */
  reach(file: string, enters: (path: string) => boolean = () => true): Map<string, number> {
    const steps = new Map([[file, 0]]);
    const queue = [file];
    for (let next = queue.shift(); next !== undefined; next = queue.shift())
      for (const path of this.of(next).files) {
        if (steps.has(path) || !enters(path)) continue;
        steps.set(path, steps.get(next)! + 1);
        queue.push(path);
      }
    return steps;
  }
}
