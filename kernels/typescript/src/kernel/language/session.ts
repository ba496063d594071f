import { join, resolve } from "node:path";
import type { CompilerOptions } from "typescript";
import { type CellNames, namesOf } from "./cell-names.js";
import { createCellScope } from "./cell-scope.js";
import { unitIndex } from "./code-points.js";
import { projectOptions } from "./compiler-options.js";
import { completeAt } from "./complete.js";
import { describeDiagnostics } from "./diagnostics.js";
import { emitCell } from "./emit-cell.js";
import { inspectAt } from "./inspect.js";
import { completenessOf } from "./is-complete.js";
import type { CellDiagnostic, CheckedCell, Completion, Inspection, Language, Transpiled } from "./language.js";
import { keepCompilerCode, ts } from "./load-typescript.js";
import { CellService, type ServiceSetting } from "./service.js";
import { transpileFile } from "./transpile.js";

export interface LanguageSetting extends ServiceSetting {
  /** Names that completion keeps to itself. */
  readonly hidden?: readonly string[];
}

type Answer<T> = T extends (...args: infer A) => Promise<infer R> ? (...args: A) => R : T;

/** The language service within its own thread: the methods of `Language`, answered at once. */
export type LanguageSession = { [K in Exclude<keyof Language, "dispose">]: Answer<Language[K]> } & {
  /** Does what the first cells would have to wait for, in steps; false when nothing is left to do. */
  warmUp(): boolean;
};

interface Pending {
  readonly text: string;
  readonly names: CellNames;
}

/** After this time no further file is checked: the next cell waits. */
const FILES_MILLISECONDS = 200;
const LONGEST_DECLARATIONS = 100_000;

/** What later cells are checked against: declarations where possible, they need no second look at what made them. */
function brief(declarations: string | undefined, text: string): string {
  return declarations !== undefined && declarations.length < LONGEST_DECLARATIONS ? declarations : text;
}

const parse = (code: string) => ts.createSourceFile("cell.ts", code, ts.ScriptTarget.ES2022, true);

export function createLanguageSession(setting: LanguageSetting): LanguageSession {
  const { projectDir, notebookDir } = setting;
  const service = new CellService(setting);
  const scope = createCellScope();
  const pending = new Map<number, Pending>();
  const hidden = new Set(setting.hidden ?? []);
  let project: CompilerOptions | undefined;

  const openAll = (code: string): void => {
    service.open(scope.textOf(code, namesOf(parse(code)), "all"));
  };

  const check = (code: string, cell: number): CheckedCell => {
    const names = namesOf(parse(code));
    const text = scope.textOf(code, names, "mentioned");
    const { program, file } = service.open(text);
    const syntax = program.getSyntacticDiagnostics(file);
    const found =
      syntax.length > 0
        ? describeDiagnostics(syntax, { length: code.length, isSyntax: true })
        : describeDiagnostics(program.getSemanticDiagnostics(file), { length: code.length });
    const declared = [...names.declared.keys()];
    if (found.some(({ severity }) => severity === "error"))
      return { status: "error", javaScript: "", sourceMap: "", imports: [], declared, diagnostics: found };
    const { declarations, ...emitted } = emitCell(program, file, { number: cell, code, notebookDir });
    pending.set(cell, { text: names.augments ? text : brief(declarations, text), names });
    return { status: "ok", ...emitted, declared, diagnostics: found };
  };

  const transpile = (file: string, source: string): Transpiled => {
    project ??= projectOptions(projectDir);
    return transpileFile(file, source, project);
  };

  const checkFile = (path: string): CellDiagnostic[] => {
    const program = service.openFiles([path]);
    const file = program.getSourceFile(path);
    if (!file) return []; // deleted
    const syntax = program.getSyntacticDiagnostics(file);
    return describeDiagnostics(syntax.length > 0 ? syntax : program.getSemanticDiagnostics(file), { path });
  };

  const steps: (() => void)[] = [
    () => void check("export const warm: number = await Promise.resolve(1); warm", 0),
    () => warmOwnPackage(),
    () => void transpile("warm.ts", "export const warm: number = 1;"),
    () => keepCompilerCode(),
  ];
  const warmOwnPackage = (): void => {
    const manifest = ts.sys.readFile(join(projectDir, "package.json"));
    const { name } = JSON.parse(manifest ?? "{}") as { name?: string };
    if (name) service.open(`import * as own from ${JSON.stringify(name)}; own;`).program.getTypeChecker();
  };

  return {
    check,
    settle(cell, ran) {
      const settled = pending.get(cell);
      pending.delete(cell);
      if (!settled || !ran) return;
      if (settled.names.declared.size === 0 && !settled.names.augments) return;
      service.retain(cell, settled.text, settled.names.augments);
      scope.join(cell, settled.names);
    },
    complete(code, cursor): Completion {
      openAll(code);
      const { languageService, current } = service;
      return completeAt({ languageService, path: current, code, position: unitIndex(code, cursor), hidden });
    },
    inspect(code, cursor, detailLevel): Inspection | undefined {
      openAll(code);
      return inspectAt(service.languageService, service.current, unitIndex(code, cursor), detailLevel);
    },
    isComplete: completenessOf,
    checkFiles(paths): readonly CellDiagnostic[] {
      const sources = paths.map((path) => resolve(projectDir, path)).filter((path) => /\.[mc]?tsx?$/.test(path));
      const end = performance.now() + FILES_MILLISECONDS;
      return sources.flatMap((path, i) => (i === 0 || performance.now() < end ? checkFile(path) : []));
    },
    transpile,
    warmUp() {
      const step = steps.shift();
      try {
        step?.();
      } catch {} // a project that cannot be read is reported when a cell imports it
      return steps.length > 0;
    },
  };
}
