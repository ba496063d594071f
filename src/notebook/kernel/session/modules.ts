import type { CheckedCell, ImportBinding, Language } from "../language/language.js";
import { IMPORT_KEY } from "../language/language.js";
import { describeDiagnostic } from "./describe-error.js";
import type { Evaluator } from "./evaluator.js";
import type { Loader } from "./plain-loader.js";

/** The modules that cells import, kept as they are on disk. */
export interface Modules {
  /** Takes note of what a cell imports and declares. */
  declare(checked: CheckedCell): void;
  /** Sees changed files: says what was reloaded, hands it to the names of earlier cells, warns once of new errors. */
  refresh(): Promise<void>;
}

const bindingOf = (namespace: Record<string, unknown>, exported: string): unknown =>
  exported === "*" ? namespace : namespace[exported];

export function createModules(loader: Loader, evaluator: Evaluator, language: Language): Modules {
  const bindings = new Map<string, ImportBinding>();
  const warned = new Set<string>();

  async function rebind(): Promise<void> {
    const stash = Symbol.for("ictal.kernel.rebind");
    for (const { local, specifier, exported } of bindings.values()) {
      try {
        const namespace = (await loader.import(specifier)) as Record<string, unknown>; // a module namespace
        Object.assign(globalThis, { [stash]: bindingOf(namespace, exported) });
        await evaluator.evaluate(`${local} = globalThis[Symbol.for("ictal.kernel.rebind")]; undefined`);
      } catch (error) {
        process.stderr.write(
          `${local} keeps its old value: ${specifier} cannot be loaded: ${(error as Error).message}\n`,
        );
      }
    }
    Reflect.deleteProperty(globalThis, stash);
  }

  async function warn(files: readonly string[]): Promise<void> {
    for (const diagnostic of await language.checkFiles(files)) {
      const lines = describeDiagnostic(diagnostic, 0).join("\n");
      if (warned.has(lines)) continue;
      warned.add(lines);
      process.stderr.write(`${lines}\n`);
    }
  }

  return {
    declare({ declared, imports }) {
      for (const name of declared) bindings.delete(name);
      for (const binding of imports) bindings.set(binding.local, binding);
    },
    async refresh() {
      const { reloaded, failed } = await loader.refresh();
      if (reloaded.length === 0 && failed.length === 0) return;
      if (reloaded.length > 0) process.stdout.write(`reloaded: ${reloaded.join(", ")}\n`);
      for (const diagnostic of failed) process.stderr.write(`${describeDiagnostic(diagnostic, 0).join("\n")}\n`);
      if (reloaded.length > 0) await rebind();
      await warn(reloaded);
    },
  };
}

/** Gives cells their import function. */
export function installImport(loader: Loader): void {
  Object.assign(globalThis, { [Symbol.for(IMPORT_KEY)]: (specifier: string) => loader.import(specifier) });
}
