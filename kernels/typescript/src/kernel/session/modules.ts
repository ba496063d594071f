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

export function createModules(
  projectDir: string,
  loader: Loader,
  evaluator: Evaluator,
  language: Pick<Language, "checkFiles">,
): Modules {
  const bindings = new Map<string, ImportBinding>();
  const names = new Set<string>();
  const warned = new Set<string>();
  const unchecked = new Set<string>();
  let later: NodeJS.Timeout | undefined;
  let edited: Promise<readonly CellDiagnostic[]> = Promise.resolve([]);
  const print = (text: string) => void process.stderr.write(`${text}\n`);

  /** Gives an imported name the value that its module has now. */
  async function rebind({ local, specifier, exported }: ImportBinding): Promise<void> {
    try {
      const namespace = (await loader.import(specifier)) as Record<string, unknown>; // a module's namespace
      const value = exported === "*" ? namespace : namespace[exported];
      Object.assign(globalThis, { [Symbol.for(REBIND)]: value });
      await evaluator.evaluate(`${local} = globalThis[Symbol.for("${REBIND}")]; undefined`);
    } catch (error) {
      print(`${local} keeps its old value: ${specifier} cannot be loaded: ${(error as Error).message}`);
    }
  }

  /** Begins while the files are loaded again: the compiler has a thread of its own. */
  const checkEdited = (paths: readonly string[]): void => {
    edited = language.checkFiles(paths);
    edited.catch(() => {}); // awaited when the cell has run
  };

  function printErrors(diagnostics: readonly CellDiagnostic[]): void {
    for (const diagnostic of diagnostics) {
      const text = describeDiagnostic(diagnostic).join("\n");
      if (warned.has(text)) continue;
      warned.add(text);
      print(text);
    }
  }

  async function reload(specifier?: string): Promise<Reload> {
    edited = Promise.resolve([]);
    const result = await loader.refresh(specifier, checkEdited);
    if (result.reloaded.length > 0) for (const binding of bindings.values()) await rebind(binding);
    Reflect.deleteProperty(globalThis, Symbol.for(REBIND));
    return result;
  }

  return {
    declare({ declared, imports }) {
      for (const name of declared) {
        names.add(name);
        bindings.delete(name);
      }
      for (const binding of imports) bindings.set(binding.local, binding);
    },
    isDeclared: (name) => names.has(name),
    reload,
    async refresh() {
      clearTimeout(later);
      const result = await reload();
      if (result.reloaded.length > 0) process.stdout.write(`reloaded: ${result.reloaded.join(", ")}\n`);
      for (const diagnostic of result.failed) print(describeDiagnostic(diagnostic).join("\n"));
      return result;
    },
    async warn(reload) {
      for (const path of reload.reloaded) if (!reload.edited.includes(path)) unchecked.add(path);
      if (reload.edited.length > 0) printErrors(await edited);
      if (unchecked.size === 0) return;
      clearTimeout(later);
      later = setTimeout(() => {
        const files = [...unchecked].map((path) => resolve(projectDir, path));
        unchecked.clear();
        language.checkFiles(files).then(printErrors, () => {}); // the language service reports its own failure
      }, QUIET_MILLISECONDS).unref();
    },
  };
}

/** Gives cells their import function. */
export function installImport(loader: Loader): void {
  Object.assign(globalThis, { [Symbol.for(IMPORT_KEY)]: (specifier: string) => loader.import(specifier) });
}
