import { statSync } from "node:fs";
import { sep } from "node:path";
import type { IScriptSnapshot } from "typescript";
import { ts } from "./load-typescript.js";

interface CachedFile {
  readonly snapshot: IScriptSnapshot | undefined;
  readonly stamp: string;
}

const stampOf = (path: string): string => {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat ? `${stat.mtimeMs}-${stat.size}` : "missing";
};

/** Texts of files with a version that changes when they do. Packages are taken to stay as they are while a kernel runs. */
export interface FileCache {
  snapshot(path: string): IScriptSnapshot | undefined;
  version(path: string): string;
  /** Has `refresh` look at a file that is not read itself. */
  watch(path: string): void;
  /** Looks at the files of the project again; true when one of them has changed. */
  refresh(): boolean;
}

export function createFileCache(): FileCache {
  const files = new Map<string, CachedFile>();
  const watched = new Set<string>();
  const others = new Map<string, string>();
  const read = (path: string): CachedFile => {
    const known = files.get(path);
    if (known) return known;
    const stamp = stampOf(path);
    const text = stamp === "missing" ? undefined : ts.sys.readFile(path);
    const file = { snapshot: text === undefined ? undefined : ts.ScriptSnapshot.fromString(text), stamp };
    files.set(path, file);
    if (!path.includes(`${sep}node_modules${sep}`) && !path.includes("/node_modules/")) watched.add(path);
    return file;
  };
  return {
    snapshot: (path) => read(path).snapshot,
    version: (path) => read(path).stamp,
    watch(path) {
      if (!others.has(path)) others.set(path, stampOf(path));
    },
    refresh() {
      const moved = [...others].filter(([path, stamp]) => stampOf(path) !== stamp);
      for (const [path] of moved) others.delete(path);
      const changed = [...watched].filter((path) => stampOf(path) !== files.get(path)?.stamp);
      for (const path of changed) {
        files.delete(path);
        watched.delete(path);
      }
      return changed.length + moved.length > 0;
    },
  };
}
