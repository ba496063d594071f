import type { CompilerOptions, ModuleResolutionCache, ModuleResolutionHost } from "typescript";
import { ts } from "./load-typescript.js";

const MOST_FILES = 100;
const MOST_CHARACTERS = 300_000;

/**
 * Whether the declarations that `entry` pulls in are few enough to be read for the sake of the project's own
 * declarations. Reading those of a large package would take longer than all else together.
 */
export function isSmallPackage(
  entry: string,
  options: CompilerOptions,
  host: ModuleResolutionHost,
  cache: ModuleResolutionCache,
): boolean {
  const seen = new Set([entry]);
  let characters = 0;
  for (const file of seen) {
    const text = host.readFile(file) ?? "";
    characters += text.length;
    if (seen.size > MOST_FILES || characters > MOST_CHARACTERS) return false;
    const { importedFiles, referencedFiles } = ts.preProcessFile(text, true, false);
    for (const { fileName } of [...importedFiles, ...referencedFiles]) {
      const found = ts.resolveModuleName(fileName, file, options, host, cache).resolvedModule?.resolvedFileName;
      if (found) seen.add(found);
    }
  }
  return true;
}
