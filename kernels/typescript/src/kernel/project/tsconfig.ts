import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import type { OutputFolders } from "./output-paths.js";

/** What of a tsconfig.json matters when its modules are run; folders are absolute. */
export interface RunOptions {
  /** Where sources and compiled files lie; undefined when the project does not define them. */
  readonly folders: OutputFolders | undefined;
  /** Pattern, at most one `*` in it, to its targets. */
  readonly paths: readonly (readonly [pattern: string, targets: readonly string[]])[];
}

interface Config {
  readonly extends?: string | readonly string[];
  readonly include?: readonly string[];
  readonly compilerOptions?: {
    readonly rootDir?: string;
    readonly outDir?: string;
    readonly baseUrl?: string;
    readonly paths?: Record<string, readonly string[]>;
  };
}

/** JSON with the comments and trailing commas that tsconfig.json may have. */
function parseRelaxed(text: string): Config {
  const plain = text
    .replace(/"(?:[^"\\]|\\.)*"|\/\/[^\n]*|\/\*[\s\S]*?\*\//g, (part) => (part.startsWith('"') ? part : ""))
    .replace(/"(?:[^"\\]|\\.)*"|,(?=\s*[}\]])/g, (part) => (part.startsWith('"') ? part : ""));
  return JSON.parse(plain) as Config;
}

function extended(from: string, name: string): string {
  if (!name.startsWith(".") && !name.startsWith("/")) return createRequire(from).resolve(name);
  const path = resolve(dirname(from), name);
  return path.endsWith(".json") || existsSync(path) ? path : `${path}.json`;
}

function readConfig(path: string, seen: ReadonlySet<string> = new Set()): RunOptions {
  const none: RunOptions = { folders: undefined, paths: [] };
  if (seen.has(path) || !existsSync(path)) return none;
  const { compilerOptions = {}, extends: bases = [], include } = parseRelaxed(readFileSync(path, "utf8"));
  const inherited = [bases]
    .flat()
    .map((base) => readConfig(extended(path, base), new Set([...seen, path])))
    .reduce((all, one) => ({ folders: one.folders ?? all.folders, paths: [...one.paths, ...all.paths] }), none);
  const folder = dirname(path);
  const { rootDir, outDir, baseUrl, paths } = compilerOptions;
  const base = baseUrl === undefined ? folder : resolve(folder, baseUrl);
  const included = include?.map((glob) => resolve(folder, glob.replace(/[^/]*[*?].*$/, "")));
  const own = Object.entries(paths ?? {}).map(
    ([pattern, targets]) => [pattern, targets.map((target) => resolve(base, target))] as const,
  );
  return {
    folders:
      rootDir !== undefined && outDir !== undefined
        ? { rootDir: resolve(folder, rootDir), outDir: resolve(folder, outDir), include: included }
        : inherited.folders,
    paths: paths ? own : inherited.paths,
  };
}

/** Reads the project's tsconfig.json; one that cannot be read counts as none, the compiler complains of it. */
export function readRunOptions(projectDir: string): RunOptions {
  try {
    return readConfig(join(projectDir, "tsconfig.json"));
  } catch {
    return { folders: undefined, paths: [] };
  }
}
