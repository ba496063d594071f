/** A name that a cell's import statement binds: what hot reload assigns anew. */
export interface ImportBinding {
  readonly local: string;
  readonly specifier: string;
  /** "default", "*" for the namespace, or an exported name. */
  readonly exported: string;
}

/** A complaint of the compiler about a cell or a file. */
export interface CellDiagnostic {
  /** Absolute path; undefined for the cell. */
  readonly file?: string;
  /** 1-based. */
  readonly line: number;
  /** 1-based, in UTF-16 units. */
  readonly column: number;
  readonly length: number;
  /** TypeScript's number; 0 when the complaint isn't TypeScript's. */
  readonly code: number;
  readonly message: string;
  readonly severity: "error" | "warning";
  /** Text of the line. */
  readonly source: string;
}

export interface CheckedCell {
  readonly status: "ok" | "error";
  /** What to evaluate in REPL mode; empty when `status` is "error". Ends with a sourceURL comment. */
  readonly javaScript: string;
  /** JSON of a source map from `javaScript` to `cell-<n>.ts`; empty when `status` is "error". */
  readonly sourceMap: string;
  readonly imports: readonly ImportBinding[];
  /** Names of values and types declared by the cell. */
  readonly declared: readonly string[];
  readonly diagnostics: readonly CellDiagnostic[];
}

export interface CompletionMatch {
  readonly text: string;
  /** As Jupyter's front ends know them: function, class, variable, keyword, module, path, property, statement, … */
  readonly type: string;
  readonly signature?: string;
  /** What its comment says. */
  readonly documentation?: string;
}

export interface Completion {
  readonly matches: readonly CompletionMatch[];
  /** The text to replace, half-open, in code points. */
  readonly cursorStart: number;
  readonly cursorEnd: number;
}

export interface Inspection {
  readonly text: string;
  readonly markdown: string;
}

export interface Completeness {
  readonly status: "complete" | "incomplete" | "invalid" | "unknown";
  /** What the next line should begin with; only when incomplete. */
  readonly indent?: string;
}

/** JavaScript of a TypeScript file, made from that file alone. */
export interface Transpiled {
  readonly javaScript: string;
  /** JSON. */
  readonly sourceMap: string;
  /** Syntax errors; with any, the JavaScript is not to be used. */
  readonly diagnostics: readonly CellDiagnostic[];
}

/** TypeScript for one kernel; every method is served by one worker thread in the order of the calls. */
export interface Language {
  /** Checks a cell against those settled before it and, when it has no error, compiles it. */
  check(code: string, cell: number): Promise<CheckedCell>;
  /** After a checked cell: its declarations join the scope of later cells (`ran`), or are forgotten. */
  settle(cell: number, ran: boolean): void;
  complete(code: string, cursor: number): Promise<Completion>;
  /** What is known of the name at the cursor (code points); with level 1 also its declaration. */
  inspect(code: string, cursor: number, detailLevel: 0 | 1): Promise<Inspection | undefined>;
  isComplete(code: string): Promise<Completeness>;
  /**
   * Errors of project files (absolute paths, or relative to the project), as they are on disk now. The first file is
   * always checked, the others as long as it does not take long.
   */
  checkFiles(files: readonly string[]): Promise<readonly CellDiagnostic[]>;
  transpile(file: string, source: string): Promise<Transpiled>;
  dispose(): Promise<void>;
}

/** Key of the global function that asynchronous loops call at the start of each round, those of modules with `true`. */
export const CHECKPOINT_KEY = "ictal.kernel.checkpoint";

/** Key of the global function that imports for cells: `(specifier, attributes?) => Promise<namespace>`. */
export const IMPORT_KEY = "ictal.kernel.import";
