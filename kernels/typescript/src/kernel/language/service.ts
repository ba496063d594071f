import { join } from "node:path";
import type {
  CompilerOptions,
  DocumentRegistry,
  LanguageService,
  LanguageServiceHost,
  ModuleResolutionCache,
  ModuleResolutionHost,
  Program,
  SourceFile,
} from "typescript";
import { createOutputPaths, type OutputPaths } from "../project/output-paths.js";
import { readRunOptions } from "../project/tsconfig.js";
import { cellOptions, projectOptions } from "./compiler-options.js";
import { createFileCache } from "./file-cache.js";
import { kernelGlobalsText } from "./kernel-globals.js";
import { ts } from "./load-typescript.js";
import { ModuleResolver } from "./resolve-module.js";

export interface ServiceSetting {
  /** Folder of the package.json and tsconfig.json that cells are checked by. */
  readonly projectDir: string;
  /** Where relative imports of cells start. */
  readonly notebookDir: string;
}

/** Two methods that the compiler asks for without declaring them. */
interface ServiceHost extends LanguageServiceHost {
  getModuleResolutionCache(): ModuleResolutionCache;
  hasInvalidatedResolutions(path: string): boolean;
}

/** A registry that keeps the syntax trees of files that no cell needs at the moment: the next one may. */
function createKeepingRegistry(folder: string): DocumentRegistry {
  const registry = ts.createDocumentRegistry(ts.sys.useCaseSensitiveFileNames, folder);
  return { ...registry, releaseDocument: () => undefined, releaseDocumentWithKey: () => undefined };
}

/** What the resolver of modules and the compiler share. */
type FileHost = ModuleResolutionHost &
  Pick<LanguageServiceHost, "fileExists" | "readFile" | "getCurrentDirectory"> & {
    useCaseSensitiveFileNames(): boolean;
  };

interface Text {
  readonly text: string;
  readonly version: string;
}

/** TypeScript's language service over cells in memory and files on disk. */
export class CellService {
  readonly languageService: LanguageService;
  readonly options: CompilerOptions;
  readonly outputs: OutputPaths;
  /** Path of the cell in hand: the one that is checked, completed or inspected. */
  readonly current: string;
  /** Path of the declarations of what the kernel adds to the global scope. */
  readonly ambient: string;
  readonly #notebookDir: string;
  readonly #files = createFileCache();
  readonly #resolver: ModuleResolver;
  readonly #texts = new Map<string, Text>();
  readonly #codes = new Map<string, string>();
  readonly #roots: string[];
  #extraRoots: readonly string[] = [];
  #revision = 0;
  #isStale = false;

  constructor({ projectDir, notebookDir }: ServiceSetting) {
    this.#notebookDir = notebookDir;
    this.options = cellOptions(projectOptions(projectDir), projectDir);
    this.outputs = createOutputPaths(readRunOptions(projectDir).folders);
    this.current = join(notebookDir, ".ictal-cell.ts"); // no name that a file of the user would have
    this.ambient = join(notebookDir, ".ictal-globals.d.ts");
    this.#roots = [this.ambient, this.current];
    this.#setText(this.ambient, kernelGlobalsText());
    this.#setText(this.current, "");
    const host = this.#fileHost();
    this.#resolver = new ModuleResolver({
      projectDir,
      notebookDir,
      options: this.options,
      outputs: this.outputs,
      host,
      cellPath: (cell) => this.#cellPath(cell),
      isCell: (path) => this.#texts.has(path),
      watch: this.#files.watch,
    });
    this.languageService = ts.createLanguageService(this.#serviceHost(host), createKeepingRegistry(notebookDir));
  }

  /** Sets the text of the cell in hand and brings all else up to date with the disk. */
  open(text: string): { program: Program; file: SourceFile } {
    const specifiers = ts.preProcessFile(text, true, false).importedFiles.map(({ fileName }) => fileName);
    if (this.#resolver.want(specifiers)) this.#isStale = true;
    this.#setText(this.current, text);
    const program = this.#update();
    return { program, file: program.getSourceFile(this.current)! }; // a root
  }

  /** Retains a cell for those that refer to it: `text` is what it declares; `isRoot` when it must be read in any case. */
  retain(cell: number, { code, text }: { readonly code: string; readonly text: string }, isRoot: boolean): void {
    const path = this.#cellPath(cell);
    this.#codes.set(path, code);
    this.#setText(path, text);
    if (isRoot && !this.#roots.includes(path)) this.#roots.push(path);
  }

  /** The code of the retained cell at a path; undefined for any other file. */
  codeOf(path: string): string | undefined {
    return this.#codes.get(path);
  }

  /** A program that also holds these files. */
  openFiles(paths: readonly string[]): Program {
    this.#extraRoots = paths;
    const program = this.#update();
    this.#extraRoots = [];
    return program;
  }

  #cellPath(cell: number): string {
    return join(this.#notebookDir, `cell-${cell}.ts`);
  }

  #setText(path: string, text: string): void {
    if (this.#texts.get(path)?.text === text) return;
    this.#revision += 1;
    this.#texts.set(path, { text, version: String(this.#revision) });
  }

  #readSnapshot(path: string): string | undefined {
    const snapshot = this.#files.snapshot(path);
    return snapshot?.getText(0, snapshot.getLength());
  }

  /** Cells in memory over the files on disk. */
  #fileHost(): FileHost {
    return {
      fileExists: (path: string) => this.#texts.has(path) || ts.sys.fileExists(path),
      readFile: (path: string) => this.#texts.get(path)?.text ?? this.#readSnapshot(path),
      ...(ts.sys.realpath ? { realpath: ts.sys.realpath } : {}),
      directoryExists: ts.sys.directoryExists,
      getDirectories: ts.sys.getDirectories,
      useCaseSensitiveFileNames: () => ts.sys.useCaseSensitiveFileNames,
      getCurrentDirectory: () => this.#notebookDir,
    };
  }

  #serviceHost(host: FileHost): ServiceHost {
    return {
      ...host,
      getScriptFileNames: () => [...this.#roots, ...this.#extraRoots],
      getScriptVersion: (path) => this.#texts.get(path)?.version ?? this.#files.version(path),
      getScriptSnapshot: (path) => {
        const own = this.#texts.get(path);
        return own ? ts.ScriptSnapshot.fromString(own.text) : this.#files.snapshot(path);
      },
      getCompilationSettings: () => this.options,
      getDefaultLibFileName: (chosen) => ts.getDefaultLibFilePath(chosen),
      readDirectory: ts.sys.readDirectory,
      resolveModuleNameLiterals: (literals, importer) =>
        literals.map(({ text }) => ({ resolvedModule: this.#resolver.resolve(text, importer) })),
      getModuleResolutionCache: () => this.#resolver.cache,
      hasInvalidatedResolutions: (path) => this.#isStale && !path.includes("/node_modules/"),
    };
  }

  #update(): Program {
    if (this.#resolver.takeFailed()) this.#isStale = true;
    if (this.#files.refresh()) {
      this.#resolver.forget();
      this.#isStale = true;
    }
    const program = this.languageService.getProgram()!; // there is one in every mode but the syntactic
    this.#isStale = false;
    return program;
  }
}
