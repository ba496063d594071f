import { join } from "node:path";
import type {
  CompilerOptions,
  DocumentRegistry,
  LanguageService,
  LanguageServiceHost,
  ModuleResolutionCache,
  Program,
  SourceFile,
} from "typescript";
import { createOutputPaths, type OutputPaths } from "../project/output-paths.js";
import { readRunOptions } from "../project/tsconfig.js";
import { cellOptions, projectOptions } from "./compiler-options.js";
import { createFileCache } from "./file-cache.js";
import { kernelGlobalsText } from "./kernel-globals.js";
import { ts } from "./load-typescript.js";
import { createModuleResolver } from "./resolve-module.js";

export interface ServiceSetting {
  /** Folder of the package.json and tsconfig.json that cells are checked by. */
  readonly projectDir: string;
  /** Where relative imports of cells start. */
  readonly notebookDir: string;
}

/** TypeScript's language service over cells in memory and files on disk. */
export interface CellService {
  readonly languageService: LanguageService;
  readonly options: CompilerOptions;
  readonly outputs: OutputPaths;
  /** Path of the cell in hand: the one that is checked, completed or inspected. */
  readonly current: string;
  /** Sets the text of the cell in hand and brings all else up to date with the disk. */
  open(text: string): { program: Program; file: SourceFile };
  /** Keeps the text of a cell for those that refer to it; `isRoot` when it must be read in any case. */
  keep(cell: number, text: string, isRoot: boolean): void;
  /** A program that also holds these files. */
  openFiles(paths: readonly string[]): Program;
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

interface Text {
  readonly text: string;
  readonly version: string;
}

export function createCellService({ projectDir, notebookDir }: ServiceSetting): CellService {
  const project = projectOptions(projectDir);
  const options = cellOptions(project, projectDir);
  const outputs = createOutputPaths(readRunOptions(projectDir).folders);
  const files = createFileCache();
  const texts = new Map<string, Text>();
  const current = join(notebookDir, ".ictal-cell.ts"); // no name that a file of the user would have
  const ambient = join(notebookDir, ".ictal-globals.d.ts");
  const cellPath = (cell: number) => join(notebookDir, `cell-${cell}.ts`);
  const roots = [ambient, current];
  let extraRoots: readonly string[] = [];
  let revision = 0;
  let isStale = false;

  const setText = (path: string, text: string) => {
    if (texts.get(path)?.text === text) return;
    revision += 1;
    texts.set(path, { text, version: String(revision) });
  };
  setText(ambient, kernelGlobalsText());
  setText(current, "");

  const host = {
    fileExists: (path: string) => texts.has(path) || ts.sys.fileExists(path),
    readFile: (path: string) => texts.get(path)?.text ?? readSnapshot(path),
    ...(ts.sys.realpath ? { realpath: ts.sys.realpath } : {}),
    directoryExists: ts.sys.directoryExists,
    getDirectories: ts.sys.getDirectories,
    useCaseSensitiveFileNames: () => ts.sys.useCaseSensitiveFileNames,
    getCurrentDirectory: () => notebookDir,
  };
  const readSnapshot = (path: string): string | undefined => {
    const snapshot = files.snapshot(path);
    return snapshot?.getText(0, snapshot.getLength());
  };
  const isCell = (path: string) => texts.has(path);
  const resolver = createModuleResolver({
    projectDir,
    notebookDir,
    options,
    outputs,
    host,
    cellPath,
    isCell,
    watch: files.watch,
  });
  const serviceHost: ServiceHost = {
    ...host,
    getScriptFileNames: () => [...roots, ...extraRoots],
    getScriptVersion: (path) => texts.get(path)?.version ?? files.version(path),
    getScriptSnapshot: (path) => {
      const own = texts.get(path);
      return own ? ts.ScriptSnapshot.fromString(own.text) : files.snapshot(path);
    },
    getCompilationSettings: () => options,
    getDefaultLibFileName: (chosen) => ts.getDefaultLibFilePath(chosen),
    readDirectory: ts.sys.readDirectory,
    resolveModuleNameLiterals: (literals, importer) =>
      literals.map(({ text }) => ({ resolvedModule: resolver.resolve(text, importer) })),
    getModuleResolutionCache: () => resolver.cache,
    hasInvalidatedResolutions: (path) => isStale && !path.includes("/node_modules/"),
  };
  const languageService = ts.createLanguageService(serviceHost, createKeepingRegistry(notebookDir));

  const update = (): Program => {
    if (resolver.takeFailed()) isStale = true;
    if (files.refresh()) {
      resolver.forget();
      isStale = true;
    }
    const program = languageService.getProgram()!; // there is one in every mode but the syntactic
    isStale = false;
    return program;
  };

  return {
    languageService,
    options,
    outputs,
    current,
    open(text) {
      const specifiers = ts.preProcessFile(text, true, false).importedFiles.map(({ fileName }) => fileName);
      if (resolver.want(specifiers)) isStale = true;
      setText(current, text);
      const program = update();
      return { program, file: program.getSourceFile(current)! };
    },
    keep(cell, text, isRoot) {
      setText(cellPath(cell), text);
      if (isRoot && !roots.includes(cellPath(cell))) roots.push(cellPath(cell));
    },
    openFiles(paths) {
      extraRoots = paths;
      const program = update();
      extraRoots = [];
      return program;
    },
  };
}
