import { readFileSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { extname } from "node:path";
import { pathToFileURL } from "node:url";
import type { Transpiled } from "../language/language.js";
import { manifestAbove } from "../project/manifest.js";
import { modifiedAt, type OutputPaths } from "../project/output-paths.js";
import type { CompiledSource } from "./emission.js";
import { ModuleError } from "./module-error.js";
import { keepMap } from "./positions.js";

/** How a file changed last; equal stamps mean an unchanged file. */
export const stampOf = (path: string): string => {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat ? `${stat.mtimeMs}-${stat.size}` : "missing";
};

/** A local file ready to become a module. */
export interface Prepared {
  readonly kind: "module" | "commonjs" | "json";
  /** Source file. */
  readonly path: string;
  /** What import.meta.url says. */
  readonly url: string;
  readonly stamp: string;
  /** JavaScript, or JSON; empty for CommonJS, which Node reads itself. */
  readonly text: string;
  /** What the kernel has compiled and the compiled folder lacks. */
  readonly compiled?: CompiledSource;
}

export type Transpile = (file: string, source: string) => Promise<Transpiled>;

const isTypeScript = (path: string) => /\.[mc]?tsx?$/.test(path);
const HAS_MODULE_SYNTAX =
  /^\s*(?:import\s*(?:["'{*]|[\w$]+(?:\s*,|\s+from\b))|export\s*(?:[{*]|default\b|const\b|let\b|var\b|function\b|async\b|class\b))/m;

function kindOf(path: string): Prepared["kind"] {
  const ending = extname(path);
  if (ending === ".json") return "json";
  if (isTypeScript(path) || ending === ".mjs") return "module";
  if (ending !== ".js") return "commonjs";
  const type = manifestAbove(path)?.type;
  if (type !== undefined) return type === "module" ? "module" : "commonjs";
  return HAS_MODULE_SYNTAX.test(readFileSync(path, "utf8")) ? "module" : "commonjs";
}

async function prepareTypeScript(path: string, outputs: OutputPaths, transpile: Transpile): Promise<Prepared> {
  const stamp = stampOf(path);
  const modifiedMilliseconds = modifiedAt(path);
  const target = outputs.javaScriptOf(path);
  const url = pathToFileURL(target ?? path).href;
  if (target !== undefined && modifiedAt(target) >= modifiedMilliseconds)
    return { kind: "module", path, url, stamp, text: readFileSync(target, "utf8") };
  const { javaScript, sourceMap, diagnostics } = await transpile(path, readFileSync(path, "utf8"));
  if (diagnostics.some(({ severity }) => severity === "error")) throw new ModuleError(diagnostics);
  if (target === undefined) {
    keepMap(path, sourceMap);
    return { kind: "module", path, url, stamp, text: javaScript };
  }
  const compiled = { source: path, modifiedMilliseconds, target, javaScript, sourceMap };
  return { kind: "module", path, url, stamp, text: javaScript, compiled };
}

/** Reads a file, compiling it when it is TypeScript that was not compiled since its last change. */
export async function prepareModule(path: string, outputs: OutputPaths, transpile: Transpile): Promise<Prepared> {
  if (isTypeScript(path)) return prepareTypeScript(path, outputs, transpile);
  const kind = kindOf(path);
  const stamp = stampOf(path);
  const text = kind === "commonjs" ? "" : readFileSync(path, "utf8");
  return { kind, path, url: pathToFileURL(path).href, stamp, text };
}

/** The text that decides whether a module has to be loaded again: what runs, without the note of where its map is. */
export const runningText = (text: string): string => text.replace(/\n?\/\/# sourceMappingURL=.*\s*$/, "").trimEnd();

/** Loads a CommonJS file anew; the local files that it requires in turn count as parts of it. */
export function loadCommonJs(path: string): { exports: unknown; files: string[] } {
  const require = createRequire(path);
  const parts = new Set<string>();
  const collect = (id: string): void => {
    if (parts.has(id) || id.includes("/node_modules/")) return;
    parts.add(id);
    for (const child of require.cache[id]?.children ?? []) collect(child.id);
  };
  collect(path);
  for (const id of parts) delete require.cache[id];
  parts.clear();
  const exports: unknown = require(path);
  collect(path);
  return { exports, files: [...parts] };
}
