import { existsSync, readFileSync, statSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { sha256 } from "@ictal/base/canonical";
import { exportedPath, readManifest } from "../kernel/project/manifest.js";
import { packageOf } from "../kernel/project/offered.js";
import { ts } from "../typescript.js";

/** A file's state, by which an edit is noticed. */
export interface SourceFile {
  readonly hash: string;
  readonly size: number;
  readonly modified: number;
}

/** Configuration files that a text in a cell names. */
const NAMED = /["'`]([^"'`\n]+\.(?:ya?ml|toml|ini|cfg))["'`]/g;
/** Scripts, workers and WebAssembly that a module starts beside itself. */
const BESIDE = /new URL\(\s*["'](\.{1,2}\/[^"']+)["']/g;
const PYTHON_IMPORT = /^\s*(?:from\s+(\.*[\w.]+)\s+import|import\s+([\w.]+))/gm;
const SOURCE = /\.(?:[cm]?[jt]s|tsx|jsx|py)$/;
const MARKERS = ["package.json", "pyproject.toml", "setup.py", ".git"];
const LOCKFILES = [
  "package-lock.json",
  "npm-shrinkwrap.json",
  "pnpm-lock.yaml",
  "yarn.lock",
  "poetry.lock",
  "uv.lock",
  "Pipfile.lock",
  "requirements.txt",
];

const isFile = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;

/** The folder at or above `folder` that holds a project; `folder` itself when there is none. */
export function projectOf(folder: string): string {
  for (let dir = resolve(folder); ; dir = dirname(dir)) {
    if (MARKERS.some((name) => existsSync(join(dir, name)))) return dir;
    if (dir === dirname(dir)) return resolve(folder);
  }
}

/** Lockfiles of a project, by name. */
export const lockfilesOf = (project: string): string[] => LOCKFILES.map((name) => join(project, name)).filter(isFile);

/** Where a project's own name, or a subpath of it, points. */
function packageEntry(project: string, specifier: string): string | undefined {
  const manifest = readManifest(project);
  if (manifest?.name === undefined || packageOf(specifier) !== manifest.name) return undefined;
  const path = exportedPath(manifest, `.${specifier.slice(manifest.name.length)}`);
  return path === undefined ? undefined : join(project, path);
}

/** The source of a module path: TypeScript behind .js, the source behind dist/, an index. */
function sourceOf(path: string, project: string): string | undefined {
  const inside = relative(project, path);
  const original = inside.startsWith("dist/") ? join(project, inside.slice("dist/".length)) : undefined;
  const candidates = [original, path].flatMap((base) =>
    base === undefined
      ? []
      : [base.replace(/\.([cm]?)js$/, ".$1ts"), base, `${base}.ts`, `${base}.js`, join(base, "index.ts")],
  );
  return candidates.find(isFile);
}

function pythonModule(name: string, folder: string): string | undefined {
  const path = join(folder, ...name.replace(/^\.+/, "").split("."));
  return [`${path}.py`, join(path, "__init__.py")].find(isFile);
}

function pythonFiles(text: string, folders: readonly string[]): string[] {
  return [...text.matchAll(PYTHON_IMPORT)].flatMap(([, from, imported]) =>
    folders.flatMap((folder) => pythonModule(from ?? imported ?? "", folder) ?? []),
  );
}

function moduleFiles(text: string, folder: string, project: string): string[] {
  const specifiers = ts.preProcessFile(text, true, true).importedFiles.map(({ fileName }) => fileName);
  const beside = [...text.matchAll(BESIDE)].flatMap(([, name]) => name ?? []);
  return [...specifiers, ...beside].flatMap((specifier) => {
    const path = specifier.startsWith(".") ? resolve(folder, specifier) : packageEntry(project, specifier);
    return path === undefined ? [] : (sourceOf(path, project) ?? []);
  });
}

function namedFiles(text: string, folders: readonly string[]): string[] {
  return [...text.matchAll(NAMED)].flatMap(([, name = ""]) =>
    folders.map((folder) => resolve(folder, name)).filter(isFile),
  );
}

/**
 * The files behind cells that run in `folder`: local modules that they import, at any depth, programs that those start
 * beside themselves, and configuration files that a text names. By path relative to the project; installed packages are
 * left to the lockfile.
 */
export function importedSources(
  cells: readonly string[],
  folder: string,
  language: "typescript" | "python",
): Map<string, SourceFile> {
  const project = projectOf(folder);
  const found = new Map<string, SourceFile>();
  const waiting = cells.flatMap((cell) => [
    ...(language === "python" ? pythonFiles(cell, [folder]) : moduleFiles(cell, folder, project)),
    ...namedFiles(cell, [folder, project]),
  ]);
  const seen = new Set<string>();
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    if (seen.has(path) || path.includes("/node_modules/")) continue;
    seen.add(path);
    found.set(relative(project, path), readSource(path));
    if (!SOURCE.test(path)) continue;
    const text = readFileSync(path, "utf8");
    const here = dirname(path);
    waiting.push(...(path.endsWith(".py") ? pythonFiles(text, [here, folder]) : moduleFiles(text, here, project)));
  }
  return found;
}

/** The state of one file. */
export function readSource(path: string): SourceFile {
  const { size, mtimeMs } = statSync(path);
  return { hash: sha256(readFileSync(path)).slice(0, 16), size, modified: mtimeMs };
}

/** True when none of the files has been touched since they were read; quick. */
export function untouched(files: ReadonlyMap<string, SourceFile>, project: string): boolean {
  for (const [path, { size, modified }] of files) {
    const now = statSync(join(project, path), { throwIfNoEntry: false });
    if (now?.size !== size || now.mtimeMs !== modified) return false;
  }
  return true;
}
