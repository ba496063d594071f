import { builtinModules } from "node:module";
import { dirname, join } from "node:path";
import type { CompilerOptions, ModuleResolutionCache, ModuleResolutionHost, ResolvedModuleFull } from "typescript";
import { exportedPath, type Manifest, readManifest } from "../project/manifest.js";
import { offeredPath, packageOf } from "../project/offered.js";
import { modifiedAt, type OutputPaths } from "../project/output-paths.js";
import { cellOf } from "./cell-scope.js";
import { ts } from "./load-typescript.js";
import { isSmallPackage } from "./package-size.js";

export interface ResolverSetting {
  readonly projectDir: string;
  readonly notebookDir: string;
  readonly options: CompilerOptions;
  readonly outputs: OutputPaths;
  readonly host: ModuleResolutionHost;
  /** Path under which the cell of this number is known to the compiler. */
  cellPath(cell: number): string;
  isCell(path: string): boolean;
  /** Watches a file: `forget` is called when it changes. */
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
export class ModuleResolver {
  readonly cache: ModuleResolutionCache;
  readonly #setting: ResolverSetting;
  readonly #manifest: Manifest | undefined;
  readonly #found = new Map<string, ResolvedModuleFull | undefined>();
  /** Packages that cells import. */
  readonly #wanted = new Set<string>();
  readonly #small = new Map<string, boolean>();
  /** Packages that the project's declarations had to do without. */
  readonly #passedOver = new Set<string>();
  #failed = false;

  constructor(setting: ResolverSetting) {
    this.#setting = setting;
    this.#manifest = readManifest(setting.projectDir);
    this.cache = ts.createModuleResolutionCache(setting.projectDir, (path) => path, setting.options);
  }

  resolve(specifier: string, importer: string): ResolvedModuleFull | undefined {
    const { isCell, cellPath } = this.#setting;
    const cell = cellOf(specifier) ?? this.#cellBeside(specifier, importer);
    if (cell !== undefined)
      return { resolvedFileName: cellPath(cell), extension: ".ts", isExternalLibraryImport: false };
    const key = `${isCell(importer) ? "cell" : dirname(importer)}\0${specifier}\0${importer.includes("/node_modules/")}`;
    const known = this.#found.get(key);
    if (known) return known;
    const module = this.#lookUp(specifier, importer);
    this.#found.set(key, module);
    return module;
  }

  /** True when the project's files or a cell have asked in vain since the last call: what they want may exist by now. */
  takeFailed(): boolean {
    const failed = this.#failed;
    this.#failed = false;
    return failed;
  }

  /** Forgets what may have changed with the project's files; call after an edit. */
  forget(): void {
    this.#found.clear();
    this.cache.clear();
  }

  /**
   * Takes note of what a cell imports, before it is checked. True when the project's declarations had to do without one of
   * these packages so far: they must be resolved again.
   */
  want(specifiers: readonly string[]): boolean {
    const names = specifiers.filter((name) => isBare(name) && !isBuiltin(name)).map(packageOf);
    const widened = names.some((name) => this.#passedOver.delete(name));
    for (const name of names) this.#wanted.add(name);
    if (widened) this.#found.clear();
    return widened;
  }

  /** The project under its own name: the source of what its package.json exports. */
  #ofSelf(specifier: string): ResolvedModuleFull | undefined {
    const { projectDir, outputs, host } = this.#setting;
    const manifest = this.#manifest;
    if (manifest?.name === undefined || packageOf(specifier) !== manifest.name) return undefined;
    const path = exportedPath(manifest, `.${specifier.slice(manifest.name.length)}`);
    const source = path === undefined ? undefined : outputs.sourceOf(join(projectDir, path));
    return source !== undefined && host.fileExists(source)
      ? { resolvedFileName: source, extension: extensionOf(source), isExternalLibraryImport: false }
      : undefined;
  }

  /** The declarations of a package that the kernel brings. */
  #ofKernel(specifier: string, from: string): ResolvedModuleFull | undefined {
    const path = isBare(specifier) && !isBuiltin(specifier) ? offeredPath(specifier, dirname(from)) : undefined;
    const declarations = path?.replace(/\.js$/, ".d.ts");
    return declarations !== undefined && this.#setting.host.fileExists(declarations)
      ? { resolvedFileName: declarations, extension: ".d.ts", isExternalLibraryImport: true }
      : undefined;
  }

  #isTooLarge(specifier: string, { resolvedFileName: path }: ResolvedModuleFull): boolean {
    const name = packageOf(specifier);
    if (this.#wanted.has(name) || !path.includes("node_modules")) return false;
    const { options, host } = this.#setting;
    const isSmall = this.#small.get(path) ?? isSmallPackage(path, options, host, this.cache);
    this.#small.set(path, isSmall);
    if (!isSmall) this.#passedOver.add(name);
    return !isSmall;
  }

  /** The compiler's own way to name another cell, in declarations that it writes. */
  #cellBeside(specifier: string, importer: string): number | undefined {
    const { isCell, cellPath } = this.#setting;
    const number = isCell(importer) ? /^\.\/cell-(\d+)(?:\.js)?$/.exec(specifier)?.[1] : undefined;
    return number !== undefined && isCell(cellPath(Number(number))) ? Number(number) : undefined;
  }

  #lookUp(specifier: string, importer: string): ResolvedModuleFull | undefined {
    const { projectDir, notebookDir, options, outputs, host, isCell, watch } = this.#setting;
    const fromCell = isCell(importer);
    const isSelf = packageOf(specifier) === this.#manifest?.name;
    const from = isSelf ? join(projectDir, "cell.ts") : fromCell ? join(notebookDir, "cell.ts") : importer;
    const isOwnFile = !fromCell && !importer.includes("/node_modules/");
    const find = (known?: ModuleResolutionCache) =>
      ts.resolveModuleName(specifier, from, options, host, known, undefined, ts.ModuleKind.ESNext).resolvedModule;
    const module =
      this.#ofSelf(specifier) ??
      this.#ofKernel(specifier, from) ??
      find(this.cache) ??
      (fromCell || isOwnFile ? find() : undefined); // it may exist by now
    if (!module) {
      this.#failed ||= isOwnFile || fromCell;
      return undefined;
    }
    if (isOwnFile && isBare(specifier) && this.#isTooLarge(specifier, module)) return undefined;
    const path = current(module.resolvedFileName, outputs, watch);
    return { ...module, resolvedFileName: path, extension: extensionOf(path) };
  }
}
