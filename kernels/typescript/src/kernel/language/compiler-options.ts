import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import type { CompilerOptions } from "typescript";
import { ts } from "./load-typescript.js";

/** What of a project's tsconfig.json concerns cells. */
const HONOURED = [
  "allowArbitraryExtensions",
  "baseUrl",
  "customConditions",
  "emitDecoratorMetadata",
  "experimentalDecorators",
  "lib",
  "paths",
  "pathsBasePath", // the compiler's own note of where `paths` was written
  "resolvePackageJsonExports",
  "typeRoots",
  "types",
  "useDefineForClassFields",
] as const;

/** The options of tsconfig.json in the project's folder; none when there is no such file or it cannot be read. */
export function projectOptions(projectDir: string): CompilerOptions {
  const path = join(projectDir, "tsconfig.json");
  if (!existsSync(path)) return {};
  const host = { ...ts.sys, readDirectory: () => [], onUnRecoverableConfigFileDiagnostic: () => undefined };
  return ts.getParsedCommandLineOfConfigFile(path, undefined, host)?.options ?? {};
}

function typeRootsAbove(folder: string): string[] {
  const roots: string[] = [];
  for (let at = folder; ; at = dirname(at)) {
    const root = join(at, "node_modules", "@types");
    if (existsSync(root)) roots.push(root);
    if (dirname(at) === at) return roots;
  }
}

/** The types of Node that come with this package. */
const ownTypes = join(dirname(createRequire(import.meta.url).resolve("@types/node/package.json")), "..");

/** How cells are checked: strict, resolved as bundlers do, without complaints that make no sense in a notebook. */
export function cellOptions(project: CompilerOptions, projectDir: string): CompilerOptions {
  const honoured = Object.fromEntries(
    HONOURED.filter((key) => project[key] !== undefined).map((key) => [key, project[key]]),
  );
  const latest = (project.target ?? 0) > ts.ScriptTarget.ES2022;
  return {
    lib: [latest ? "lib.esnext.d.ts" : "lib.es2022.d.ts"],
    types: ["node"],
    typeRoots: [...typeRootsAbove(projectDir), ownTypes],
    ...honoured,
    target: latest ? ts.ScriptTarget.ES2023 : ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.ESNext,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
    moduleDetection: ts.ModuleDetectionKind.Force,
    strict: true,
    esModuleInterop: true,
    resolveJsonModule: true,
    allowImportingTsExtensions: true,
    allowUnreachableCode: true,
    allowUnusedLabels: true,
    skipLibCheck: true,
    sourceMap: true,
    declaration: true,
  };
}
