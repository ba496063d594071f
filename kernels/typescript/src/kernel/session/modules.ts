import { resolve } from "node:path";
import {
  type CellDiagnostic,
  type CheckedCell,
  IMPORT_KEY,
  type ImportBinding,
  type Language,
} from "../language/language.js";
import type { Loader, Reload } from "../modules/loader.js";
import { describeDiagnostic } from "./describe-error.js";
import type { Evaluator } from "./evaluator.js";

/** The modules that cells import, kept as they are on disk. */
export interface Modules {
  /** Takes note of what a cell imports and declares. */
  declare(checked: CheckedCell): void;
  isDeclared(name: string): boolean;
  /** Names that cells have declared, types among them, in order. */
  declaredNames(): readonly string[];
  /** Makes the next import of a file run it anew. */
  forget(specifier: string): void;
  /** Loads changed files again, and the module `specifier` in any case; hands them to the names of earlier cells. */
  reload(specifier?: string): Promise<Reload>;
  /** Does so and prints what was reloaded and what could not be. */
  refresh(): Promise<Reload>;
  /**
   * Prints errors in reloaded files, each once: in those that were edited now, in those that import them as soon as no
   * cell runs.
   */
  warn(reload: Reload): Promise<void>;
}

/** Importers of edited files are looked at when no cell has begun for this long. */
const QUIET_MILLISECONDS = 250;

const REBIND = "ictal.kernel.rebind";

/** The modules of the cells of a session. */
export function createModules(
  projectDir: string,
  loader: Loader,
  evaluator: Evaluator,
  language: Pick<Language, "checkFiles">,
): Modules {
  return new CellModules(projectDir, loader, evaluator, language);
}

const print = (text: string) => void process.stderr.write(`${text}\n`);

class CellModules implements Modules {
  readonly #bindings = new Map<string, ImportBinding>();
  readonly #names = new Set<string>();
  readonly #warned = new Set<string>();
  readonly #unchecked = new Set<string>();
  #later: NodeJS.Timeout | undefined;
  #edited: Promise<readonly CellDiagnostic[]> = Promise.resolve([]);

  constructor(
    readonly projectDir: string,
    readonly loader: Loader,
    readonly evaluator: Evaluator,
    readonly language: Pick<Language, "checkFiles">,
  ) {}

  declare({ declared, imports }: CheckedCell): void {
    for (const name of declared) {
      this.#names.add(name);
      this.#bindings.delete(name);
    }
    for (const binding of imports) this.#bindings.set(binding.local, binding);
  }

  readonly isDeclared = (name: string): boolean => this.#names.has(name); // handed on alone

  declaredNames(): readonly string[] {
    return [...this.#names];
  }

  forget(specifier: string): void {
    this.loader.forget(specifier);
  }

  async reload(specifier?: string): Promise<Reload> {
    this.#edited = Promise.resolve([]);
    const result = await this.loader.refresh(specifier, (paths) => this.#checkEdited(paths));
    if (result.reloaded.length > 0) for (const binding of this.#bindings.values()) await this.#rebind(binding);
    Reflect.deleteProperty(globalThis, Symbol.for(REBIND));
    return result;
  }

  async refresh(): Promise<Reload> {
    clearTimeout(this.#later);
    const result = await this.reload();
    if (result.reloaded.length > 0) process.stdout.write(`reloaded: ${result.reloaded.join(", ")}\n`);
    for (const diagnostic of result.failed) print(describeDiagnostic(diagnostic).join("\n"));
    return result;
  }

  async warn(reload: Reload): Promise<void> {
    for (const path of reload.reloaded) if (!reload.edited.includes(path)) this.#unchecked.add(path);
    if (reload.edited.length > 0) this.#printErrors(await this.#edited);
    if (this.#unchecked.size === 0) return;
    clearTimeout(this.#later);
    this.#later = setTimeout(() => {
      const files = [...this.#unchecked].map((path) => resolve(this.projectDir, path));
      this.#unchecked.clear();
      // the language service reports its own failure
      this.language.checkFiles(files).then(
        (found) => this.#printErrors(found),
        () => {},
      );
    }, QUIET_MILLISECONDS).unref();
  }

  /** Gives an imported name the value that its module has now. */
  async #rebind({ local, specifier, exported }: ImportBinding): Promise<void> {
    try {
      const namespace = (await this.loader.import(specifier)) as Record<string, unknown>; // a module's namespace
      const value = exported === "*" ? namespace : namespace[exported];
      Object.assign(globalThis, { [Symbol.for(REBIND)]: value });
      await this.evaluator.evaluate(`${local} = globalThis[Symbol.for("${REBIND}")]; undefined`);
    } catch (error) {
      print(`${local} keeps its old value: ${specifier} cannot be loaded: ${(error as Error).message}`);
    }
  }

  /** Begins while the files are loaded again: the compiler has a thread of its own. */
  #checkEdited(paths: readonly string[]): void {
    this.#edited = this.language.checkFiles(paths);
    this.#edited.catch(() => {}); // awaited when the cell has run
  }

  #printErrors(diagnostics: readonly CellDiagnostic[]): void {
    for (const diagnostic of diagnostics) {
      const text = describeDiagnostic(diagnostic).join("\n");
      if (this.#warned.has(text)) continue;
      this.#warned.add(text);
      print(text);
    }
  }
}

/** Gives cells their import function. */
export function installImport(loader: Loader): void {
  Object.assign(globalThis, { [Symbol.for(IMPORT_KEY)]: (specifier: string) => loader.import(specifier) });
}
