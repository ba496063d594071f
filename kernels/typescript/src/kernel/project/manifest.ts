import { readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";

type Target = string | null | readonly Target[] | { readonly [condition: string]: Target };

/** What of a package.json matters for finding modules. */
export interface Manifest {
  readonly name?: string;
  readonly type?: string;
  readonly main?: string;
  readonly exports?: Target;
  readonly imports?: Readonly<Record<string, Target>>;
}

const CONDITIONS = new Set(["node", "import", "module-sync", "default"]);

/** Reads a folder's package.json; undefined when there is none or it is no JSON. */
export function readManifest(folder: string): Manifest | undefined {
  try {
    return JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as Manifest;
  } catch {
    return undefined;
  }
}

/** The package.json that decides on the kind of a `.js` file. */
export function manifestAbove(path: string): Manifest | undefined {
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    if (statSync(join(folder, "package.json"), { throwIfNoEntry: false })) return readManifest(folder);
    if (dirname(folder) === folder) return undefined;
  }
}

function chosen(target: Target, star: string): string | undefined {
  if (typeof target === "string") return target.replaceAll("*", star);
  if (target === null) return undefined;
  if (Array.isArray(target)) return target.map((one: Target) => chosen(one, star)).find((found) => found !== undefined);
  for (const [condition, inner] of Object.entries(target)) {
    const found = CONDITIONS.has(condition) ? chosen(inner, star) : undefined;
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Of `patterns`, the one that fits a name best, with what its `*` stands for. */
export function matchPattern(name: string, patterns: Iterable<string>): { pattern: string; star: string } | undefined {
  let best: { pattern: string; star: string } | undefined;
  for (const pattern of patterns) {
    const at = pattern.indexOf("*");
    if (at < 0) {
      if (pattern === name) return { pattern, star: "" };
      continue;
    }
    const [before, after] = [pattern.slice(0, at), pattern.slice(at + 1)];
    const fits = name.length >= pattern.length - 1 && name.startsWith(before) && name.endsWith(after);
    if (fits && (!best || at > best.pattern.indexOf("*")))
      best = { pattern, star: name.slice(before.length, name.length - after.length) };
  }
  return best;
}

function fromMap(name: string, map: Readonly<Record<string, Target>>): string | undefined {
  const match = matchPattern(name, Object.keys(map));
  return match ? chosen(map[match.pattern]!, match.star) : undefined;
}

/** Where `exports` (or `main`) of a package points for a subpath, "." or "./x"; a path relative to the package. */
export function exportedPath({ exports, main }: Manifest, subpath: string): string | undefined {
  if (exports === undefined) return subpath === "." ? (main ?? "index.js") : subpath;
  const isMap =
    typeof exports === "object" &&
    exports !== null &&
    !Array.isArray(exports) &&
    Object.keys(exports).some((key) => key.startsWith("."));
  if (isMap) return fromMap(subpath, exports as Readonly<Record<string, Target>>); // its keys are subpaths
  return subpath === "." ? chosen(exports, "") : undefined;
}

/** Where `imports` of a package points for a name that begins with `#`; a relative path or a package. */
export const importedPath = ({ imports = {} }: Manifest, name: string): string | undefined => fromMap(name, imports);
