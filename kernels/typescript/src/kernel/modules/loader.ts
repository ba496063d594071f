import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import type vm from "node:vm";
import type { CellDiagnostic, Language } from "../language/language.js";
import { createOutputPaths, modifiedAt, type OutputPaths } from "../project/output-paths.js";
import { readRunOptions } from "../project/tsconfig.js";
import { describeLoadError } from "./describe-load-error.js";
import { createEmission, type Emission } from "./emission.js";
import { type GraphSetting, loadGraph, type ModuleRecord, withImporters } from "./module-graph.js";
import { createPackages, type Packages, quietModuleWarnings } from "./packages.js";
import { type Prepared, prepareModule, runningText, stampOf, type Transpile } from "./prepare-module.js";
import { createResolve, type Resolve } from "./resolve.js";
import { createSourceTree, type SourceTree } from "./source-tree.js";
import { TaskQueue } from "./task-queue.js";

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
  /** Why the modules stay as they were, when a changed one cannot be loaded; reported once for each change. */
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
   * module that is loaded again in any case; throws when it isn't one, or isn't loaded. `onEdited` receives the
   * absolute paths of what changed before it is loaded.
   */
  refresh(specifier?: string, onEdited?: (paths: readonly string[]) => void): Promise<Reload>;
  /** Makes the next import of a local module load it anew, whether it has changed or not; throws for a package. */
  forget(specifier: string): void;
  /** The local files that are loaded, with the SHA-256 of what is on disk. */
  sources(): { path: string; hash: string }[];
}

const transpileHere: Transpile = async (file, source) => {
  const { transpileFile } = await import("../language/transpile.js");
  return transpileFile(file, source, {});
};

/** The sources that are compiled into the folder of the compiler's output; undefined for a project without such. */
function compiledTree(projectDir: string, outputs: OutputPaths): SourceTree | undefined {
  const root = join(projectDir, "src");
  return outputs.javaScriptOf(join(root, "index.ts")) === undefined ? undefined : createSourceTree(root);
}

/** Loads a project's modules for the cells of one notebook. */
export class ModuleLoader implements Loader {
  readonly #projectDir: string;
  readonly #notebookDir: string;
  /** Path that stands for every cell of the notebook. */
  readonly #cell: string;
  readonly #outputs: OutputPaths;
  readonly #resolve: Resolve;
  readonly #packages: Packages = createPackages();
  readonly #emission: Emission | undefined;
  readonly #tree: SourceTree | undefined;
  readonly #graph: GraphSetting;
  readonly #tasks = new TaskQueue();
  readonly #registry = new Map<string, ModuleRecord>();
  /** Modules that cells or running code asked for, as against those that other modules import. */
  readonly #roots = new Set<string>();
  #failedState = "";

  constructor({ projectDir, notebookDir, language }: LoaderSetting) {
    quietModuleWarnings();
    const options = readRunOptions(projectDir);
    const outputs = createOutputPaths(options.folders);
    this.#projectDir = projectDir;
    this.#notebookDir = notebookDir;
    this.#cell = join(notebookDir, "cell.ts");
    this.#outputs = outputs;
    this.#resolve = createResolve({ projectDir, options, outputs });
    this.#emission = options.folders ? createEmission(options.folders.outDir) : undefined;
    this.#tree = compiledTree(projectDir, outputs);
    this.#graph = {
      resolve: this.#resolve,
      packages: this.#packages,
      outputs,
      transpile: language ? (file, source) => language.transpile(file, source) : transpileHere,
      importLater: (specifier, importer) => this.#importModule(specifier, importer),
    };
  }

  async import(specifier: string, from = this.#cell): Promise<object> {
    const importer = from.startsWith("file:") ? fileURLToPath(from) : from;
    const target = this.#find(specifier, importer);
    if (target.kind === "package") return this.#packages.load(target.specifier, importer);
    return (await this.#addLocal(target.path)).namespace;
  }

  resolve(specifier: string): string {
    const target = this.#find(specifier, this.#cell);
    if (target.kind === "package") return target.specifier;
    return `file://${this.#outputs.javaScriptOf(target.path) ?? target.path}`;
  }

  refresh(specifier?: string, onEdited?: (paths: readonly string[]) => void): Promise<Reload> {
    return this.#tasks.run(async () => {
      const forced = specifier === undefined ? undefined : this.#loadedPath(specifier);
      const changed = this.#changedModules();
      const state = changed.map((path) => `${path} ${stampOf(path)}`).join("\n");
      if (forced === undefined && (changed.length === 0 || state === this.#failedState)) {
        await this.#emitChanged();
        return NOTHING;
      }
      try {
        const result = await this.#reload(changed, forced, onEdited);
        this.#failedState = "";
        await this.#emitChanged();
        return result;
      } catch (error) {
        this.#failedState = state;
        return { ...NOTHING, failed: describeLoadError(error, changed[0] ?? forced ?? this.#cell) };
      }
    });
  }

  forget(specifier: string): void {
    const target = this.#find(specifier, this.#cell);
    if (target.kind === "package") throw new Error(`"${specifier}" is a package; packages load again with the kernel`);
    this.#registry.delete(target.path);
  }

  sources(): { path: string; hash: string }[] {
    return [...this.#registry.keys()].sort().flatMap((path) => {
      try {
        return [{ path: this.#shown(path), hash: createHash("sha256").update(readFileSync(path)).digest("hex") }];
      } catch {
        return []; // deleted since
      }
    });
  }

  #shown(path: string): string {
    const inside = relative(this.#projectDir, path);
    return inside.startsWith("..") ? path : inside.split(sep).join("/");
  }

  /** Where a module lies; throws when it cannot be found. */
  #find(specifier: string, importer: string): NonNullable<ReturnType<Resolve>> {
    const target = this.#resolve(specifier, importer);
    if (target) return target;
    const from = importer === this.#cell ? `the notebook's folder ${this.#notebookDir}` : this.#shown(importer);
    throw new Error(`cannot find the module "${specifier}", looked for from ${from}`);
  }

  async #addLocal(path: string): Promise<vm.Module> {
    const module = await this.#tasks.run(async () => {
      const { added, compiled } = await loadGraph([path], this.#registry, this.#graph);
      this.#emission?.write(compiled);
      for (const [name, record] of added) this.#registry.set(name, record);
      this.#roots.add(path);
      return this.#record(path).module;
    });
    try {
      await module.evaluate();
    } catch (error) {
      for (const [name, record] of this.#registry) if (record.module.status === "errored") this.#registry.delete(name);
      throw error;
    }
    return module;
  }

  async #importModule(specifier: string, importer: string): Promise<vm.Module> {
    const target = this.#find(specifier, importer);
    if (target.kind === "project") return this.#addLocal(target.path);
    const module = await this.#packages.module(target.specifier, importer);
    if (module.status === "unlinked") await this.#tasks.run(async () => link(module));
    await module.evaluate();
    return module;
  }

  #record(path: string): ModuleRecord {
    const record = this.#registry.get(path);
    if (!record) throw new Error(`the module ${path} is not loaded`);
    return record;
  }

  /** Files in the registry that are not what was loaded. */
  #changedModules(): string[] {
    return [...this.#registry]
      .filter(([, { stamps }]) => [...stamps].some(([file, stamp]) => stampOf(file) !== stamp))
      .map(([path]) => path);
  }

  /** Compiles what other threads and processes load from the compiled folder, for files that no cell has loaded. */
  async #emitChanged(): Promise<void> {
    const stale = (this.#tree?.changed() ?? []).filter((path) => {
      const target = this.#outputs.javaScriptOf(path);
      return !this.#registry.has(path) && target !== undefined && modifiedAt(path) > modifiedAt(target);
    });
    for (const path of stale) {
      const prepared = await this.#prepare(path).catch(() => undefined); // reported when it is imported
      if (prepared?.compiled) this.#emission?.write([prepared.compiled]);
    }
  }

  #prepare(path: string): Promise<Prepared> {
    return prepareModule(path, this.#outputs, this.#graph.transpile);
  }

  /** Of changed files, those that run differently; for the others only the note of their state is renewed. */
  async #needReload(changed: readonly string[]): Promise<string[]> {
    const needed: string[] = [];
    for (const path of changed) {
      const record = this.#record(path);
      if (record.prepared.kind === "commonjs" || stampOf(path) === "missing") {
        needed.push(path);
        continue;
      }
      const prepared = await this.#prepare(path);
      if (prepared.compiled) this.#emission?.write([prepared.compiled]);
      if (runningText(prepared.text) !== runningText(record.prepared.text)) needed.push(path);
      else record.stamps.set(path, prepared.stamp);
    }
    return needed;
  }

  /** Where the local module lies that a cell knows as `specifier`; it is loaded. */
  #loadedPath(specifier: string): string {
    const target = this.#find(specifier, this.#cell);
    if (target.kind === "package") throw new Error(`"${specifier}" is a package; packages load again with the kernel`);
    if (!this.#registry.has(target.path))
      throw new Error(`"${specifier}" is not loaded; the next import loads it as it is`);
    return target.path;
  }

  async #reload(
    changed: readonly string[],
    forced?: string,
    onEdited?: (paths: readonly string[]) => void,
  ): Promise<Reload> {
    const needed = await this.#needReload(changed);
    if (forced !== undefined && !needed.includes(forced)) needed.push(forced);
    if (needed.length === 0) return NOTHING;
    onEdited?.(needed);
    const dropped = withImporters(needed, this.#registry);
    const retained = new Map([...this.#registry].filter(([path]) => !dropped.includes(path)));
    const wanted = dropped.filter((path) => this.#roots.has(path) && stampOf(path) !== "missing");
    const { added, compiled } = await loadGraph(wanted, retained, this.#graph, this.#registry);
    this.#emission?.write(compiled);
    for (const path of wanted) await added.get(path)?.module.evaluate(); // one that was evaluated before is left alone
    for (const path of dropped) this.#registry.delete(path);
    for (const [path, record] of added) this.#registry.set(path, record);
    return {
      reloaded: dropped.map((path) => this.#shown(path)),
      edited: needed.map((path) => this.#shown(path)),
      failed: [],
    };
  }
}

async function link(module: vm.Module): Promise<void> {
  if (module.status === "unlinked") await module.link(() => module); // a synthetic module imports nothing
}
