import { builtinModules } from "node:module";
import { dirname, join } from "node:path";
import type { CompilerOptions, ModuleResolutionCache, ModuleResolutionHost, ResolvedModuleFull } from "typescript";
import { exportedPath, readManifest } from "../project/manifest.js";
import { offeredPath, packageOf } from "../project/offered.js";
import { modifiedAt, type OutputPaths } from "../project/output-paths.js";
import { cellOf } from "./cell-scope.js";
import { ts } from "./load-typescript.js";
import { isSmallPackage } from "./package-size.js";

export interface ModuleResolver {
  readonly cache: ModuleResolutionCache;
  resolve(specifier: string, importer: string): ResolvedModuleFull | undefined;
  /** Forgets what may have changed with the project's files; call after an edit. */
  forget(): void;
  /** True when the project's files or a cell have asked in vain since the last call: what they want may exist by now. */
  takeFailed(): boolean;
  /**
   * Says what a cell imports, before it is checked. True when the project's declarations had to do without one of these
   * packages so far: they must be resolved again.
   */
  want(specifiers: readonly string[]): boolean;
}

export interface ResolverSetting {
  readonly projectDir: string;
  readonly notebookDir: string;
  readonly options: CompilerOptions;
  readonly outputs: OutputPaths;
  readonly host: ModuleResolutionHost;
  /** Path under which the cell of this number is known to the compiler. */
  cellPath(cell: number): string;
  isCell(path: string): boolean;
  /** Asks to be told, by `forget`, when a file changes. */
  watch(path: string): void;
}

const isBare = (specifier: string) => !specifier.startsWith(".") && !specifier.startsWith("/");
const isBuiltin = (specifier: string) => specifier.startsWith("node:") || builtinModules.includes(specifier);

/**
 * Of a source and its emitted declarations, the declarations as long as they are current: they are read far faster.
 * They are when the JavaScript beside them is; the kernel, which compiles without types, dates those it has overtaken
 * back to 1970.
 */
function current(path: string, outputs: OutputPaths, watch: (path: string) => void): string {
  const source = /\.d\.[mc]?ts$/.test(path) ? outputs.sourceOf(path) : path;
  const declaration = source === undefined ? undefined : outputs.declarationOf(source);
  const javaScript = source === undefined ? undefined : outputs.javaScriptOf(source);
  if (source === undefined || declaration === undefined || javaScript === undefined) return path;
  const time = modifiedAt(source);
  if (time === 0) return path; // emitted from something else
  watch(source);
  return modifiedAt(declaration) > 0 && modifiedAt(javaScript) >= time ? declaration : source;
}

const extensionOf = (path: string) => /\.d\.[mc]?ts$|\.[^.]+$/.exec(path)?.[0] ?? ".ts";

/** Finds modules for cells and for the project's files as bundlers do, the project itself by name from anywhere. */
export function createModuleResolver(setting: ResolverSetting): ModuleResolver {
  const { projectDir, notebookDir, options, outputs, host } = setting;
  const cache = ts.createModuleResolutionCache(projectDir, (path) => path, options);
  const manifest = readManifest(projectDir);
  const found = new Map<string, ResolvedModuleFull | undefined>();
  const wanted = new Set<string>();
  let failed = false;
  const small = new Map<string, boolean>();
  const passedOver = new Set<string>();

  const withPath = (module: ResolvedModuleFull, path: string): ResolvedModuleFull => ({
    ...module,
    resolvedFileName: path,
    extension: extensionOf(path),
  });

  /** The project under its own name: the source of what its package.json exports. */
  const ofSelf = (specifier: string): ResolvedModuleFull | undefined => {
    if (manifest?.name === undefined || packageOf(specifier) !== manifest.name) return undefined;
    const path = exportedPath(manifest, `.${specifier.slice(manifest.name.length)}`);
    const source = path === undefined ? undefined : outputs.sourceOf(join(projectDir, path));
    return source !== undefined && host.fileExists(source)
      ? { resolvedFileName: source, extension: extensionOf(source), isExternalLibraryImport: false }
      : undefined;
  };

  /** The declarations of a package that the kernel brings. */
  const ofKernel = (specifier: string, from: string): ResolvedModuleFull | undefined => {
    const path = isBare(specifier) && !isBuiltin(specifier) ? offeredPath(specifier, dirname(from)) : undefined;
    const declarations = path?.replace(/\.js$/, ".d.ts");
    return declarations !== undefined && host.fileExists(declarations)
      ? { resolvedFileName: declarations, extension: ".d.ts", isExternalLibraryImport: true }
      : undefined;
  };

  const isTooLarge = (specifier: string, module: ResolvedModuleFull): boolean => {
    const name = packageOf(specifier);
    if (wanted.has(name) || !module.resolvedFileName.includes("node_modules")) return false;
    const path = module.resolvedFileName;
    if (!small.has(path)) small.set(path, isSmallPackage(path, options, host, cache));
    if (!small.get(path)) passedOver.add(name);
    return !small.get(path);
  };

  /** The compiler's own way to name another cell, in declarations that it writes. */
  const cellBeside = (specifier: string, importer: string): number | undefined => {
    const number = setting.isCell(importer) ? /^\.\/cell-(\d+)(?:\.js)?$/.exec(specifier)?.[1] : undefined;
    return number !== undefined && setting.isCell(setting.cellPath(Number(number))) ? Number(number) : undefined;
  };

  const lookUp = (specifier: string, importer: string): ResolvedModuleFull | undefined => {
    const fromCell = setting.isCell(importer);
    const isSelf = packageOf(specifier) === manifest?.name;
    const from = isSelf ? join(projectDir, "cell.ts") : fromCell ? join(notebookDir, "cell.ts") : importer;
    const isOwnFile = !fromCell && !importer.includes("/node_modules/");
    const find = (known?: ModuleResolutionCache) =>
      ts.resolveModuleName(specifier, from, options, host, known, undefined, ts.ModuleKind.ESNext).resolvedModule;
    const module =
      ofSelf(specifier) ?? ofKernel(specifier, from) ?? find(cache) ?? (fromCell || isOwnFile ? find() : undefined); // it may exist by now
    if (!module) {
      failed ||= isOwnFile || fromCell;
      return undefined;
    }
    if (isOwnFile && isBare(specifier) && isTooLarge(specifier, module)) return undefined;
    return withPath(module, current(module.resolvedFileName, outputs, setting.watch));
  };

  return {
    cache,
    resolve(specifier, importer) {
      const cell = cellOf(specifier) ?? cellBeside(specifier, importer);
      if (cell !== undefined)
        return { resolvedFileName: setting.cellPath(cell), extension: ".ts", isExternalLibraryImport: false };
      const key = `${setting.isCell(importer) ? "cell" : dirname(importer)}\0${specifier}\0${importer.includes("/node_modules/")}`;
      const known = found.get(key);
      if (known) return known;
      const module = lookUp(specifier, importer);
      found.set(key, module);
      return module;
    },
    takeFailed() {
      const was = failed;
      failed = false;
      return was;
    },
    forget() {
      found.clear();
      cache.clear();
    },
    want(specifiers) {
      const names = specifiers.filter((name) => isBare(name) && !isBuiltin(name)).map(packageOf);
      const widened = names.some((name) => passedOver.delete(name));
      for (const name of names) wanted.add(name);
      if (widened) found.clear();
      return widened;
    },
  };
}
