import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import type vm from "node:vm";
import type { CellDiagnostic, Language } from "../language/language.js";
import { createOutputPaths, modifiedAt, type OutputPaths } from "../project/output-paths.js";
import { readRunOptions } from "../project/tsconfig.js";
import { createEmission } from "./emission.js";
import { faultAt, ModuleError } from "./module-error.js";
import { type GraphSetting, loadGraph, type ModuleRecord, withImporters } from "./module-graph.js";
import { createPackages, quietModuleWarnings } from "./packages.js";
import { originalPosition } from "./positions.js";
import { prepareModule, runningText, stampOf, type Transpile } from "./prepare-module.js";
import { createResolve } from "./resolve.js";
import { createSourceTree } from "./source-tree.js";

export interface LoaderSetting {
  readonly projectDir: string;
  /** Where relative imports of cells start. */
  readonly notebookDir: string;
  /** Who compiles files that changed; without it this thread loads the compiler when it has to. */
  readonly language?: Pick<Language, "transpile">;
}

export interface Reload {
  /** Paths relative to the project: what changed, then what imports it. */
  readonly reloaded: string[];
  /** The first ones of them: those that changed. */
  readonly edited: string[];
  /** Why the modules stay as they were, when a changed one cannot be loaded; told once for each change. */
  readonly failed: CellDiagnostic[];
}

const NOTHING: Reload = { reloaded: [], edited: [], failed: [] };

/**
 * Loads modules for cells: local files in a registry of its own, so that an edited one can be loaded again, all others
 * through Node. Needs --experimental-vm-modules.
 */
export interface Loader {
  /** The namespace of a module; `from` is the path or URL of the file that imports it, by default a cell. */
  import(specifier: string, from?: string): Promise<object>;
  /** Where a module lies, as a URL; for import.meta.resolve of a cell. */
  resolve(specifier: string): string;
  /**
   * Loads again what has changed on disk, with all that imports it. Quick when nothing has. `specifier` names a local
   * module that is loaded again in any case; throws when it isn't one, or isn't loaded. `onEdited` is told the absolute
   * paths of what changed before it is loaded.
   */
  refresh(specifier?: string, onEdited?: (paths: readonly string[]) => void): Promise<Reload>;
  /** The local files that are loaded, with the SHA-256 of what is on disk. */
  sources(): { path: string; hash: string }[];
}

const transpileHere: Transpile = async (file, source) => {
  const { transpileFile } = await import("../language/transpile.js");
  return transpileFile(file, source, {});
};

/** Where an error that a module threw while it ran came from. */
function describeThrown(error: unknown, path: string): CellDiagnostic[] {
  if (error instanceof ModuleError) return [...error.diagnostics];
  const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  const frame = /(file:\/\/[^\s()]+|\/[^\s()]+):(\d+):(\d+)/.exec(error instanceof Error ? (error.stack ?? "") : "");
  const place = frame ? originalPosition(frame[1]!, Number(frame[2]), Number(frame[3])) : undefined;
  return [place ? faultAt(place.file, place.line, place.column, text) : faultAt(path, 1, 1, text)];
}

/** Evaluates in order of the list; a module that was evaluated before is left alone. */
async function evaluateAll(modules: readonly vm.Module[]): Promise<void> {
  for (const module of modules) await module.evaluate();
}

/** One task at a time, in the order they were given. */
function createQueue() {
  let last: Promise<unknown> = Promise.resolve();
  return <T>(task: () => Promise<T>): Promise<T> => {
    const next = last.then(task, task);
    last = next.catch(() => undefined);
    return next;
  };
}

function compiledTree(projectDir: string, outputs: OutputPaths) {
  const root = join(projectDir, "src");
  return outputs.javaScriptOf(join(root, "index.ts")) === undefined ? undefined : createSourceTree(root);
}

export function createLoader({ projectDir, notebookDir, language }: LoaderSetting): Loader {
  quietModuleWarnings();
  const options = readRunOptions(projectDir);
  const outputs = createOutputPaths(options.folders);
  const resolve = createResolve({ projectDir, options, outputs });
  const packages = createPackages();
  const emission = options.folders ? createEmission(options.folders.outDir) : undefined;
  const transpile: Transpile = language ? (file, source) => language.transpile(file, source) : transpileHere;
  const cell = join(notebookDir, "cell.ts");
  const tree = compiledTree(projectDir, outputs);
  const inTurn = createQueue();

  const registry = new Map<string, ModuleRecord>();
  /** Modules that cells or running code asked for, as against those that other modules import. */
  const roots = new Set<string>();
  let failedState = "";

  const setting: GraphSetting = { resolve, packages, outputs, transpile, importLater: importModule };

  const shown = (path: string): string => {
    const inside = relative(projectDir, path);
    return inside.startsWith("..") ? path : inside.split(sep).join("/");
  };

  async function addLocal(path: string): Promise<vm.Module> {
    const module = await inTurn(async () => {
      const { added, compiled } = await loadGraph([path], registry, setting);
      emission?.write(compiled);
      for (const [name, record] of added) registry.set(name, record);
      roots.add(path);
      return registry.get(path)!.module; // it was there or has just been added
    });
    try {
      await module.evaluate();
    } catch (error) {
      for (const [name, record] of registry) if (record.module.status === "errored") registry.delete(name);
      throw error;
    }
    return module;
  }

  async function importModule(specifier: string, importer: string): Promise<vm.Module> {
    const target = resolve(specifier, importer);
    if (!target) throw missing(specifier, importer);
    return target.kind === "project" ? addLocal(target.path) : evaluated(packages.module(target.specifier, importer));
  }

  async function evaluated(loading: Promise<vm.Module>): Promise<vm.Module> {
    const module = await loading;
    if (module.status === "unlinked") await inTurn(async () => link(module));
    await module.evaluate();
    return module;
  }

  function missing(specifier: string, importer: string): Error {
    const from = importer === cell ? `the notebook's folder ${notebookDir}` : shown(importer);
    return new Error(`cannot find the module "${specifier}", looked for from ${from}`);
  }

  /** Files in the registry that are not what was loaded. */
  function changedModules(): string[] {
    return [...registry]
      .filter(([, { stamps }]) => [...stamps].some(([file, stamp]) => stampOf(file) !== stamp))
      .map(([path]) => path);
  }

  /** Compiles what other threads and processes load from the compiled folder, for files that no cell has loaded. */
  async function emitChanged(): Promise<void> {
    const stale = (tree?.changed() ?? []).filter((path) => {
      const target = outputs.javaScriptOf(path);
      return !registry.has(path) && target !== undefined && modifiedAt(path) > modifiedAt(target);
    });
    for (const path of stale) {
      const prepared = await prepareModule(path, outputs, transpile).catch(() => undefined); // told when it is imported
      if (prepared?.compiled) emission?.write([prepared.compiled]);
    }
  }

  /** Of changed files, those that run differently; for the others only the note of their state is renewed. */
  async function needReload(changed: readonly string[]): Promise<string[]> {
    const needed: string[] = [];
    for (const path of changed) {
      const record = registry.get(path)!; // `changed` comes from the registry
      if (record.prepared.kind === "commonjs" || stampOf(path) === "missing") {
        needed.push(path);
        continue;
      }
      const prepared = await prepareModule(path, outputs, transpile);
      if (prepared.compiled) emission?.write([prepared.compiled]);
      if (runningText(prepared.text) !== runningText(record.prepared.text)) needed.push(path);
      else record.stamps.set(path, prepared.stamp);
    }
    return needed;
  }

  /** Where the local module lies that a cell knows as `specifier`; it is loaded. */
  function loadedPath(specifier: string): string {
    const target = resolve(specifier, cell);
    if (!target) throw missing(specifier, cell);
    if (target.kind === "package") throw new Error(`"${specifier}" is a package; packages load again with the kernel`);
    if (!registry.has(target.path)) throw new Error(`"${specifier}" is not loaded; the next import loads it as it is`);
    return target.path;
  }

  async function reload(
    changed: readonly string[],
    forced?: string,
    onEdited?: (paths: readonly string[]) => void,
  ): Promise<Reload> {
    const needed = await needReload(changed);
    if (forced !== undefined && !needed.includes(forced)) needed.push(forced);
    if (needed.length === 0) return NOTHING;
    onEdited?.(needed);
    const dropped = withImporters(needed, registry);
    const kept = new Map([...registry].filter(([path]) => !dropped.includes(path)));
    const wanted = dropped.filter((path) => roots.has(path) && stampOf(path) !== "missing");
    const { added, compiled } = await loadGraph(wanted, kept, setting, registry);
    emission?.write(compiled);
    await evaluateAll(wanted.map((path) => added.get(path)!.module)); // loadGraph has added all of its roots
    for (const path of dropped) registry.delete(path);
    for (const [path, record] of added) registry.set(path, record);
    return { reloaded: dropped.map(shown), edited: needed.map(shown), failed: [] };
  }

  return {
    async import(specifier, from = cell) {
      const importer = from.startsWith("file:") ? fileURLToPath(from) : from;
      const target = resolve(specifier, importer);
      if (!target) throw missing(specifier, importer);
      if (target.kind === "package") return packages.load(target.specifier, importer);
      return (await addLocal(target.path)).namespace;
    },
    resolve(specifier) {
      const target = resolve(specifier, cell);
      if (!target) throw missing(specifier, cell);
      return target.kind === "package"
        ? target.specifier
        : `file://${outputs.javaScriptOf(target.path) ?? target.path}`;
    },
    refresh: (specifier, onEdited) =>
      inTurn(async () => {
        const forced = specifier === undefined ? undefined : loadedPath(specifier);
        const changed = changedModules();
        const state = changed.map((path) => `${path} ${stampOf(path)}`).join("\n");
        if (forced === undefined && (changed.length === 0 || state === failedState)) {
          await emitChanged();
          return NOTHING;
        }
        try {
          const result = await reload(changed, forced, onEdited);
          failedState = "";
          await emitChanged();
          return result;
        } catch (error) {
          failedState = state;
          return { ...NOTHING, failed: describeThrown(error, changed[0] ?? forced!) };
        }
      }),
    sources: () =>
      [...registry.keys()].sort().flatMap((path) => {
        try {
          return [{ path: shown(path), hash: createHash("sha256").update(readFileSync(path)).digest("hex") }];
        } catch {
          return []; // deleted since
        }
      }),
  };
}

async function link(module: vm.Module): Promise<void> {
  if (module.status === "unlinked") await module.link(() => module); // a synthetic module imports nothing
}
