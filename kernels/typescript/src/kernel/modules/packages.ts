import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import vm from "node:vm";
import { tslabModule } from "./tslab-compatibility.js";

type Namespace = Record<string, unknown>;

/** Modules of packages and of Node itself, loaded once by Node. */
export interface Packages {
  /** The namespace of what `specifier` means in the file `importer`. */
  load(specifier: string, importer: string): Promise<Namespace>;
  /** The same as a module that others can be linked to. */
  module(specifier: string, importer: string): Promise<vm.Module>;
}

/** A module that exports the properties of an object. */
export function syntheticModule(values: Namespace, identifier: string): vm.SyntheticModule {
  const names = Object.keys(values);
  return new vm.SyntheticModule(
    names,
    function () {
      for (const name of names) this.setExport(name, values[name]);
    },
    { identifier },
  );
}

/** Node prints a warning for each of these; the kernel relies on them knowingly. */
const EXPECTED_WARNING = /VM Modules|USE_MAIN_CONTEXT_DEFAULT_LOADER|Importing JSON modules|require\(\)/;

/** Drops the warnings that Node's modules in `node:vm` may change, keeps all others. */
export function quietModuleWarnings(): void {
  const emitWarning = process.emitWarning as (warning: string | Error, ...rest: unknown[]) => void;
  process.emitWarning = (warning: string | Error, ...rest: unknown[]) => {
    const [first] = rest;
    const type = typeof first === "object" ? (first as { type?: string } | null)?.type : first;
    if (type === "ExperimentalWarning" && EXPECTED_WARNING.test(String(warning))) return;
    emitWarning.call(process, warning, ...rest);
  };
}

/** Names of a CommonJS module that Node's lexer did not find in its text. */
function hiddenNames(namespace: Namespace, specifier: string, importer: string): string[] {
  const whole = namespace.default;
  if ((typeof whole !== "object" && typeof whole !== "function") || whole === null) return [];
  try {
    const require = createRequire(importer);
    const loaded = require.cache[require.resolve(specifier)];
    if (loaded?.exports !== whole) return [];
  } catch {
    return []; // an ES module that require cannot find
  }
  return Object.keys(whole).filter((name) => !(name in namespace));
}

function completed(namespace: Namespace, specifier: string, importer: string): Namespace {
  const hidden = hiddenNames(namespace, specifier, importer);
  if (hidden.length === 0) return namespace;
  const whole = namespace.default as Namespace; // an object, or there would be no hidden names
  return { ...Object.fromEntries(hidden.map((name) => [name, whole[name]])), ...namespace };
}

function readJson(specifier: string, importer: string): Namespace {
  const path = createRequire(importer).resolve(specifier);
  return jsonNamespace(JSON.parse(readFileSync(path, "utf8")));
}

/** What a JSON file exports: itself as default and, when it is an object, its properties. */
export function jsonNamespace(value: unknown): Namespace {
  const properties = typeof value === "object" && value !== null && !Array.isArray(value) ? value : {};
  return { ...properties, default: value };
}

export function createPackages(): Packages {
  const importers = new Map<string, (specifier: string) => Promise<Namespace>>();
  const modules = new Map<string, Promise<vm.Module>>();

  /** Node's own import() as if written in a file of this folder. */
  const importFrom = (folder: string) => {
    const known = importers.get(folder);
    if (known) return known;
    const script = new vm.Script("(specifier) => import(specifier)", {
      filename: join(folder, "cell.mjs"),
      importModuleDynamically: vm.constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
    });
    const made = script.runInThisContext() as (specifier: string) => Promise<Namespace>;
    importers.set(folder, made);
    return made;
  };

  const load = async (specifier: string, importer: string): Promise<Namespace> => {
    if (specifier === "tslab") return tslabModule();
    if (specifier.endsWith(".json")) return readJson(specifier, importer);
    return completed(await importFrom(dirname(importer))(specifier), specifier, importer);
  };

  return {
    load,
    module(specifier, importer) {
      const key = `${dirname(importer)}\0${specifier}`;
      const known = modules.get(key);
      if (known) return known;
      const made = load(specifier, importer).then((namespace) => syntheticModule(namespace, specifier));
      modules.set(key, made);
      made.catch(() => modules.delete(key));
      return made;
    },
  };
}
