import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";

/** The TypeScript sources of a folder and when they changed; folders are read again only when they have changed. */
export interface SourceTree {
  /** Sources that changed or appeared since the last call; at the first call all of them. */
  changed(): string[];
}

interface Folder {
  readonly modifiedMilliseconds: number;
  readonly folders: readonly string[];
  readonly files: readonly string[];
}

function readFolder(path: string, modifiedMilliseconds: number): Folder {
  const entries = readdirSync(path, { withFileTypes: true }).filter(({ name }) => name !== "node_modules");
  const folders = entries.filter((entry) => entry.isDirectory()).map(({ name }) => join(path, name));
  const files = entries.filter(({ name }) => /(?<!\.d)\.[mc]?ts$/.test(name)).map(({ name }) => join(path, name));
  return { modifiedMilliseconds, folders, files };
}

export function createSourceTree(root: string): SourceTree {
  const folders = new Map<string, Folder>();
  const times = new Map<string, number>();
  const visit = (path: string, changed: string[]): void => {
    const modifiedMilliseconds = statSync(path, { throwIfNoEntry: false })?.mtimeMs;
    if (modifiedMilliseconds === undefined) return;
    let folder = folders.get(path);
    if (folder?.modifiedMilliseconds !== modifiedMilliseconds) {
      folder = readFolder(path, modifiedMilliseconds);
      folders.set(path, folder);
    }
    for (const file of folder.files) {
      const time = statSync(file, { throwIfNoEntry: false })?.mtimeMs;
      if (time === undefined || times.get(file) === time) continue;
      times.set(file, time);
      changed.push(file);
    }
    for (const inner of folder.folders) visit(inner, changed);
  };
  return {
    changed() {
      const changed: string[] = [];
      visit(root, changed);
      return changed;
    },
  };
}
