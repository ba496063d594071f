import { basename } from "node:path";
import type { CompilerOptions } from "typescript";
import { describeDiagnostics } from "./diagnostics.js";
import type { Transpiled } from "./language.js";
import { ts } from "./load-typescript.js";

/** Compiles one file to an ES module as the project's compiler would, without types. */
export function transpileFile(path: string, source: string, project: CompilerOptions): Transpiled {
  const { rootDir: _, outDir: __, ...options } = project; // a notebook may lie outside of the project, and import what lies beside it
  const result = ts.transpileModule(source, {
    fileName: path,
    reportDiagnostics: true,
    compilerOptions: {
      ...options,
      target: Math.max(project.target ?? 0, ts.ScriptTarget.ES2022),
      module: ts.ModuleKind.ESNext,
      moduleResolution: ts.ModuleResolutionKind.Bundler,
      sourceMap: true,
      inlineSourceMap: false,
      inlineSources: false,
      declaration: false,
      composite: false,
      incremental: false,
      isolatedModules: true,
    },
  });
  const map = { ...(JSON.parse(result.sourceMapText ?? "{}") as object), sources: [path], sourceRoot: "" };
  return {
    javaScript: result.outputText.replace(/\n?\/\/# sourceMappingURL=.*\s*$/, "\n"),
    sourceMap: JSON.stringify({ ...map, file: basename(path) }),
    diagnostics: describeDiagnostics(result.diagnostics ?? [], { path }),
  };
}
