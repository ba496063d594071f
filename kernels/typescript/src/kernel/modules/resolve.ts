import { existsSync, statSync } from "node:fs";
import { builtinModules } from "node:module";
import { dirname, extname, join, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { exportedPath, importedPath, matchPattern, readManifest } from "../project/manifest.js";
import { offeredPath } from "../project/offered.js";
import type { OutputPaths } from "../project/output-paths.js";
import type { RunOptions } from "../project/tsconfig.js";

/** A module that the kernel loads itself and can load again, or one that Node loads once. */
export type Target =
  | { readonly kind: "project"; readonly path: string }
  | { readonly kind: "package"; readonly specifier: string };

export interface ResolveSetting {
  readonly projectDir: string;
  readonly options: RunOptions;
  readonly outputs: OutputPaths;
}

/** Finds what a specifier means in the file `importer`; undefined when there is no such local file. */
export type Resolve = (specifier: string, importer: string) => Target | undefined;

const SOURCES_OF: Readonly<Record<string, readonly string[]>> = {
  ".js": [".ts", ".tsx"],
  ".mjs": [".mts"],
  ".cjs": [".cts"],
};
const ENDINGS = [".ts", ".mts", ".js", ".mjs", ".cjs", ".json"];

const isFile = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;

function fileFor(path: string): string | undefined {
  const ending = extname(path);
  const stem = path.slice(0, path.length - ending.length);
  const sources = (SOURCES_OF[ending] ?? []).map((source) => stem + source);
  const guesses = [
    ...sources,
    path,
    ...ENDINGS.map((one) => path + one),
    ...ENDINGS.map((one) => join(path, `index${one}`)),
  ];
  return guesses.find(isFile);
}

/** What the compiler left behind when its source was deleted or renamed is no module any more. */
const isLeftOver = (emitted: string, outputs: OutputPaths): boolean => {
  const source = outputs.sourceOf(emitted);
  return source !== undefined && !existsSync(source) && existsSync(`${emitted}.map`);
};

export function createResolve({ projectDir, options, outputs }: ResolveSetting): Resolve {
  const manifest = readManifest(projectDir) ?? {};

  const counterpart = (path: string): string | undefined => {
    const { folders } = outputs;
    if (!folders || !path.startsWith(folders.rootDir + sep)) return undefined;
    const emitted = fileFor(join(folders.outDir, path.slice(folders.rootDir.length + 1)));
    return emitted !== undefined && !isLeftOver(emitted, outputs) ? emitted : undefined;
  };

  /** The file of a path, as a source where there is one, and whether Node or the kernel is to load it. */
  const local = (path: string): Target | undefined => {
    const source = outputs.sourceOf(path);
    const found = (source === undefined ? undefined : fileFor(source)) ?? fileFor(path) ?? counterpart(path);
    if (found === undefined || isLeftOver(found, outputs)) return undefined;
    if (found.includes(`${sep}node_modules${sep}`)) return { kind: "package", specifier: found };
    return { kind: "project", path: found };
  };

  const bySelf = (specifier: string): Target | undefined => {
    const { name } = manifest;
    if (name === undefined || (specifier !== name && !specifier.startsWith(`${name}/`))) return undefined;
    const path = exportedPath(manifest, `.${specifier.slice(name.length)}`);
    return path === undefined ? undefined : local(resolve(projectDir, path));
  };

  const byPaths = (specifier: string): Target | undefined => {
    const match = matchPattern(
      specifier,
      options.paths.map(([pattern]) => pattern),
    );
    const targets = options.paths.find(([pattern]) => pattern === match?.pattern)?.[1] ?? [];
    for (const target of targets) {
      const found = local(target.replace("*", () => match?.star ?? ""));
      if (found) return found;
    }
    return undefined;
  };

  const byImports = (specifier: string): Target | undefined => {
    const path = specifier.startsWith("#") ? importedPath(manifest, specifier) : undefined;
    if (path === undefined) return undefined;
    return path.startsWith(".") ? local(resolve(projectDir, path)) : { kind: "package", specifier: path };
  };

  return (specifier, importer) => {
    if (specifier.startsWith("file:")) return local(fileURLToPath(specifier));
    if (specifier.startsWith("/")) return local(specifier);
    if (/^\.\.?(\/|$)/.test(specifier)) return local(resolve(dirname(importer), specifier));
    const isBuiltin = specifier.startsWith("node:") || builtinModules.includes(specifier);
    const own = isBuiltin ? undefined : (byPaths(specifier) ?? bySelf(specifier) ?? byImports(specifier));
    const offered = isBuiltin || own ? undefined : offeredPath(specifier, dirname(importer));
    return own ?? { kind: "package", specifier: offered ?? specifier };
  };
}
