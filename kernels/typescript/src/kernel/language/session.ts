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
import { closersOf } from "./unclosed.js";

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
  readonly code: string;
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

/** A session with the compiler for the cells of one notebook. */
export function createLanguageSession(setting: LanguageSetting): LanguageSession {
  return new CellLanguage(setting);
}

class CellLanguage implements LanguageSession {
  readonly isComplete = completenessOf;
  readonly #setting: LanguageSetting;
  readonly #service: CellService;
  readonly #scope = createCellScope();
  readonly #pending = new Map<number, Pending>();
  readonly #hidden: ReadonlySet<string>;
  #project: CompilerOptions | undefined;
  /** What is compiled ahead of the first cell, a step at a time. */
  readonly #steps: (() => void)[] = [
    () => void this.check("export const warm: number = await Promise.resolve(1); warm", 0),
    () => this.#warmOwnPackage(),
    () => void this.transpile("warm.ts", "export const warm: number = 1;"),
    () => keepCompilerCode(),
  ];

  constructor(setting: LanguageSetting) {
    this.#setting = setting;
    this.#service = new CellService(setting);
    this.#hidden = new Set(setting.hidden ?? []);
  }

  check(code: string, cell: number): CheckedCell {
    const names = namesOf(parse(code));
    const text = this.#scope.textOf(code, names);
    const { program, file } = this.#service.open(text);
    const syntax = program.getSyntacticDiagnostics(file);
    const found =
      syntax.length > 0
        ? describeDiagnostics(syntax, { length: code.length, isSyntax: true })
        : describeDiagnostics(program.getSemanticDiagnostics(file), { length: code.length });
    const declared = [...names.declared.keys()];
    if (found.some(({ severity }) => severity === "error"))
      return { status: "error", javaScript: "", sourceMap: "", imports: [], declared, diagnostics: found };
    const { notebookDir } = this.#setting;
    const { ambient } = this.#service;
    const { declarations, ...emitted } = emitCell(program, file, { number: cell, code, notebookDir, ambient });
    this.#pending.set(cell, { code, text: names.augments ? text : brief(declarations, text), names });
    return { status: "ok", ...emitted, declared, diagnostics: found };
  }

  settle(cell: number, ran: boolean): void {
    const settled = this.#pending.get(cell);
    this.#pending.delete(cell);
    if (!settled || !ran) return;
    if (settled.names.declared.size === 0 && !settled.names.augments) return;
    this.#service.retain(cell, settled, settled.names.augments);
    this.#scope.join(cell, settled.names);
  }

  complete(code: string, cursor: number): Completion {
    const position = unitIndex(code, cursor);
    const closers = closersOf(code);
    const offset = this.#openAll(code.slice(0, position) + closers + code.slice(position));
    const { languageService, current } = this.#service;
    return completeAt({ languageService, path: current, code, position, offset, hidden: this.#hidden });
  }

  inspect(code: string, cursor: number, detailLevel: 0 | 1): Inspection | undefined {
    const offset = this.#openAll(code + closersOf(code));
    const { languageService, current } = this.#service;
    const codeOf = (path: string) => this.#service.codeOf(path);
    return inspectAt(languageService, current, offset + unitIndex(code, cursor), { detailLevel, codeOf });
  }

  checkFiles(paths: readonly string[]): readonly CellDiagnostic[] {
    const sources = paths
      .map((path) => resolve(this.#setting.projectDir, path))
      .filter((path) => /\.[mc]?tsx?$/.test(path));
    const end = performance.now() + FILES_MILLISECONDS;
    return sources.flatMap((path, i) => (i === 0 || performance.now() < end ? this.#checkFile(path) : []));
  }

  transpile(file: string, source: string): Transpiled {
    this.#project ??= projectOptions(this.#setting.projectDir);
    return transpileFile(file, source, this.#project);
  }

  warmUp(): boolean {
    const step = this.#steps.shift();
    try {
      step?.();
    } catch {} // a project that cannot be read is reported when a cell imports it
    return this.#steps.length > 0;
  }

  /** Opens code that may break off, with all names of cells in scope; returns where it begins. */
  #openAll(code: string): number {
    const { text, offset } = this.#scope.textBefore(code, namesOf(parse(code)));
    this.#service.open(text);
    return offset;
  }

  #checkFile(path: string): CellDiagnostic[] {
    const program = this.#service.openFiles([path]);
    const file = program.getSourceFile(path);
    if (!file) return []; // deleted
    const syntax = program.getSyntacticDiagnostics(file);
    return describeDiagnostics(syntax.length > 0 ? syntax : program.getSemanticDiagnostics(file), { path });
  }

  #warmOwnPackage(): void {
    const manifest = ts.sys.readFile(join(this.#setting.projectDir, "package.json"));
    const { name } = JSON.parse(manifest ?? "{}") as { name?: string };
    if (name) this.#service.open(`import * as own from ${JSON.stringify(name)}; own;`).program.getTypeChecker();
  }
}
