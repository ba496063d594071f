import { dirname } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import vm from "node:vm";
import type { OutputPaths } from "../project/output-paths.js";
import type { CompiledSource } from "./emission.js";
import { type CheckedText, withLoopChecks } from "./loop-checks.js";
import { faultAt, ModuleError, placeOfSpecifier } from "./module-error.js";
import { jsonNamespace, type Packages, syntheticModule } from "./packages.js";
import { keepInsertions, originalPosition } from "./positions.js";
import { loadCommonJs, type Prepared, prepareModule, stampOf, type Transpile } from "./prepare-module.js";
import type { Resolve, Target } from "./resolve.js";

/** A local file as it was when it was loaded. */
export interface ModuleRecord {
  readonly prepared: Prepared;
  readonly module: vm.Module;
  /** Stamps of the files that make up the module: its own and those that a CommonJS file requires. */
  readonly stamps: Map<string, string>;
  /** What each specifier in the text means. */
  readonly targets: Map<string, Target>;
}

export interface GraphSetting {
  readonly resolve: Resolve;
  readonly packages: Packages;
  readonly outputs: OutputPaths;
  readonly transpile: Transpile;
  /** Imports at run time: `import()` in the module `importer`. */
  importLater(specifier: string, importer: string): Promise<vm.Module>;
}

/** Modules by the path of their source. */
export type Registry = ReadonlyMap<string, ModuleRecord>;

/** Modules that are loaded and linked, not yet evaluated. */
export interface LoadedGraph {
  readonly added: ReadonlyMap<string, ModuleRecord>;
  readonly compiled: readonly CompiledSource[];
}

function notFound(specifier: string, importer: string): ModuleError {
  const { line, column } = placeOfSpecifier(importer, specifier);
  return new ModuleError([faultAt(importer, line, column, `there is no file for the import of "${specifier}"`)]);
}

/** A SyntaxError of V8, which names a line of the JavaScript, as a complaint about the source. */
function describeSyntaxError(error: unknown, { path }: Prepared): ModuleError {
  const [, file, line] = /^(.+?):(\d+)\n/.exec((error as Error).stack ?? "") ?? [];
  const place = file === undefined ? undefined : originalPosition(file, Number(line), 1);
  const message = (error as Error).message;
  const fault = place
    ? faultAt(place.file, place.line, place.column, message)
    : faultAt(path, Number(line ?? 1), 1, message);
  return new ModuleError([fault], { cause: error });
}

const checkedTexts = new WeakMap<Prepared, CheckedText>();

function checkedTextOf(prepared: Prepared): CheckedText {
  const checked = checkedTexts.get(prepared) ?? withLoopChecks(prepared.text);
  checkedTexts.set(prepared, checked);
  return checked;
}

function compile(prepared: Prepared, setting: GraphSetting): vm.Module {
  const { kind, url, text } = prepared;
  if (kind === "json") return syntheticModule(jsonNamespace(JSON.parse(text)), url);
  const checked = checkedTextOf(prepared);
  try {
    const module = compileText(checked.text, prepared, setting);
    keepInsertions(url, checked.insertions);
    return module;
  } catch {
    keepInsertions(url, []);
    return compileText(text, prepared, setting); // its error has positions of the file
  }
}

function compileText(text: string, { path, url }: Prepared, setting: GraphSetting): vm.Module {
  return new vm.SourceTextModule(text, {
    identifier: url,
    initializeImportMeta(meta) {
      const filename = fileURLToPath(url);
      const resolve = (specifier: string): string => {
        const target = setting.resolve(specifier, path);
        if (!target) throw notFound(specifier, path);
        if (target.kind === "project")
          return pathToFileURL(setting.outputs.javaScriptOf(target.path) ?? target.path).href;
        return import.meta.resolve(target.specifier);
      };
      Object.assign(meta, { url, filename, dirname: dirname(filename), resolve });
    },
    importModuleDynamically: ((specifier: string) => setting.importLater(specifier, path)) as never, // typed for scripts
  });
}

function commonJsRecord(prepared: Prepared): ModuleRecord {
  const { exports, files } = loadCommonJs(prepared.path);
  const names = typeof exports === "object" && exports !== null ? (exports as Record<string, unknown>) : {};
  const module = syntheticModule({ ...names, default: exports }, prepared.url);
  const stamps = new Map([prepared.path, ...files].map((file) => [file, stampOf(file)]));
  return { prepared, module, stamps, targets: new Map() };
}

function makeRecord(prepared: Prepared, setting: GraphSetting): ModuleRecord {
  if (prepared.kind === "commonjs") return commonJsRecord(prepared);
  const { path, stamp } = prepared;
  let module: vm.Module;
  try {
    module = compile(prepared, setting);
  } catch (error) {
    throw describeSyntaxError(error, prepared);
  }
  const targets = new Map<string, Target>();
  for (const specifier of module instanceof vm.SourceTextModule ? module.dependencySpecifiers : []) {
    const target = setting.resolve(specifier, path);
    if (!target) throw notFound(specifier, path);
    targets.set(specifier, target);
  }
  return { prepared, module, stamps: new Map([[path, stamp]]), targets };
}

/** Where a link error (an export that is not there) has its cause: the file that imports it. */
function describeLinkError(error: unknown, added: ReadonlyMap<string, ModuleRecord>): unknown {
  if (!(error instanceof SyntaxError)) return error;
  const [, specifier, name] =
    /requested module '(.+?)' does not provide an export named '(.+?)'/.exec(error.message) ?? [];
  if (specifier === undefined) return error;
  const [, url] = /^(.+?):\d+\n/.exec(error.stack ?? "") ?? [];
  const importers = [...added.values()].filter(({ targets }) => targets.has(specifier));
  const importer = importers.find(({ prepared }) => prepared.url === url) ?? importers[0];
  if (!importer) return error;
  const { path } = importer.prepared;
  const { line, column } = placeOfSpecifier(path, specifier);
  return new ModuleError([faultAt(path, line, column, `"${specifier}" has no export named ${name}`)], { cause: error });
}

/** Answers each question once: what hundreds of modules import is mostly the same. */
function remembered(resolve: Resolve): Resolve {
  const found = new Map<string, Target | undefined>();
  return (specifier, importer) => {
    const key = `${dirname(importer)}\0${specifier}`;
    if (!found.has(key)) found.set(key, resolve(specifier, importer));
    return found.get(key);
  };
}

/**
 * Loads `roots` and all they import that is not in `known` yet, and links them; files that have not changed since
 * `earlier` are not read again. Throws ModuleError; `known` stays as it is.
 */
export async function loadGraph(
  roots: readonly string[],
  known: Registry,
  setting: GraphSetting,
  earlier: Registry = new Map(),
): Promise<LoadedGraph> {
  const during = { ...setting, resolve: remembered(setting.resolve) };
  const added = new Map<string, ModuleRecord>();
  const packages = new Map<string, Promise<vm.Module>>();
  const keyOf = (specifier: string, importer: string) => `${dirname(importer)}\0${specifier}`;
  const todo = [...roots];
  for (let path = todo.pop(); path !== undefined; path = todo.pop()) {
    if (added.has(path) || known.has(path)) continue;
    const last = earlier.get(path)?.prepared;
    const isAsItWas = last !== undefined && last.kind !== "commonjs" && last.stamp === stampOf(path);
    const prepared = isAsItWas ? last : await prepareModule(path, setting.outputs, setting.transpile);
    const record = makeRecord(prepared, during);
    added.set(path, record);
    for (const target of record.targets.values()) {
      if (target.kind === "project") todo.push(target.path);
      else {
        const loading = setting.packages.module(target.specifier, path);
        loading.catch(() => undefined); // awaited below
        packages.set(keyOf(target.specifier, path), loading);
      }
    }
  }
  const external = new Map<string, vm.Module>();
  for (const [key, loading] of packages) external.set(key, await loading);

  const owners = new Map([...added.values()].map((record) => [record.module, record]));
  const linked = (specifier: string, from: vm.Module): vm.Module => {
    const record = owners.get(from)!; // only added modules are linked
    const target = record.targets.get(specifier)!; // read from the module's own list
    return target.kind === "project"
      ? (added.get(target.path) ?? known.get(target.path))!.module
      : external.get(keyOf(target.specifier, record.prepared.path))!;
  };
  try {
    for (const { module } of added.values()) if (module.status === "unlinked") await module.link(linked as never); // also takes a function that answers at once
  } catch (error) {
    throw describeLinkError(error, added);
  }
  const compiled = [...added.values()].flatMap(({ prepared }) => (prepared.compiled ? [prepared.compiled] : []));
  return { added, compiled };
}

/** `changed` and everything in the registry that imports one of them, however far away. */
export function withImporters(changed: readonly string[], registry: Registry): string[] {
  const importers = new Map<string, string[]>();
  for (const [path, { targets }] of registry)
    for (const target of targets.values())
      if (target.kind === "project") importers.set(target.path, [...(importers.get(target.path) ?? []), path]);
  const found = new Set(changed);
  for (const path of found) for (const importer of importers.get(path) ?? []) found.add(importer);
  return [...found];
}
