import { statSync } from "node:fs";
import { isAbsolute, relative, resolve, sep } from "node:path";

/** Where a project's compiler puts what: absolute folders. */
export interface OutputFolders {
  readonly rootDir: string;
  readonly outDir: string;
  /** What is compiled: folders and files, sources elsewhere are not; undefined for all. */
  readonly include?: readonly string[] | undefined;
}

/** Time of the last change in milliseconds; 0 when there is no such file. */
export const modifiedAt = (path: string): number => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;

const within = (folder: string, path: string): string | undefined => {
  const inside = relative(folder, path);
  return inside === "" || inside.startsWith(`..${sep}`) || inside === ".." || isAbsolute(inside) ? undefined : inside;
};

const JAVASCRIPT_OF: Readonly<Record<string, string>> = { ".ts": ".js", ".mts": ".mjs", ".cts": ".cjs" };
const DECLARATION_OF: Readonly<Record<string, string>> = { ".ts": ".d.ts", ".mts": ".d.mts", ".cts": ".d.cts" };

/** `path` with the ending of a source replaced by that of `endings`; undefined for declarations and other files. */
function replaceEnding(path: string, endings: Readonly<Record<string, string>>): string | undefined {
  const match = /(?<!\.d)\.[mc]?ts$/.exec(path);
  const ending = endings[match?.[0] ?? ""];
  return match && ending !== undefined ? path.slice(0, match.index) + ending : undefined;
}

/** Pairs sources with what the compiler makes of them, by path alone; undefined where there is no such pair. */
export interface OutputPaths {
  readonly folders: OutputFolders | undefined;
  javaScriptOf(source: string): string | undefined;
  declarationOf(source: string): string | undefined;
  /** The source of an emitted `.js`, `.d.ts` or `.json` file. */
  sourceOf(emitted: string): string | undefined;
}

export function createOutputPaths(folders: OutputFolders | undefined): OutputPaths {
  const emitted = (source: string, endings: Readonly<Record<string, string>>) => {
    if (!folders || within(folders.outDir, source) !== undefined || source.includes(`${sep}node_modules${sep}`)) return;
    const { include } = folders;
    if (include && !include.some((place) => place === source || within(place, source) !== undefined)) return;
    const inside = within(folders.rootDir, source);
    const renamed = inside === undefined ? undefined : replaceEnding(inside, endings);
    return renamed === undefined ? undefined : resolve(folders.outDir, renamed);
  };
  return {
    folders,
    javaScriptOf: (source) => emitted(source, JAVASCRIPT_OF),
    declarationOf: (source) => emitted(source, DECLARATION_OF),
    sourceOf(path) {
      const inside = folders && within(folders.outDir, path);
      if (!folders || inside === undefined) return undefined;
      const source = inside.replace(
        /(?:\.d\.([mc]?)ts|\.([mc]?)js)$/,
        (_, a?: string, b?: string) => `.${a ?? b ?? ""}ts`,
      );
      return resolve(folders.rootDir, source);
    },
  };
}
