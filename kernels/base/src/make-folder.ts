import { mkdirSync, statSync } from "node:fs";
import { mkdir, stat } from "node:fs/promises";
import { dirname } from "node:path";

async function isFolder(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isDirectory() ?? false;
}

/** One folder whose parent is there; nothing when it is there itself. */
async function makeOne(path: string, mode: number | undefined): Promise<void> {
  try {
    await mkdir(path, mode);
  } catch (error) {
    if (!(await isFolder(path))) throw error;
  }
}

/**
 * Make a folder and those above it; one that is there stays as it is. Throws the system's error (its `code`, its `path`)
 * when that cannot be.
 *
 * In place of `mkdir(path, { recursive: true })`, which never returns where a file system takes no folders and fails with ENOENT
 * (/proc on Node 20), and with ENOENT on a read-only disk. The first is EPERM here, as mkdir(2) has it for such a system.
 * @param mode of the folders that are made. @default 0o777 less the process's mask
 */
export async function makeFolder(path: string, mode?: number): Promise<void> {
  const parent = dirname(path);
  try {
    await makeOne(path, mode);
  } catch (error) {
    if (!isAbsent(error) || parent === path) throw error;
    await makeFolder(parent, mode);
    await makeOne(path, mode).catch(async (again: unknown) => {
      throw isAbsent(again) && (await isFolder(parent)) ? takesNone(path, again) : again;
    });
  }
}

/** The same at a standstill, for threads that have nothing else to do. */
export function makeFolderSync(path: string): void {
  const parent = dirname(path);
  const makeOneSync = () => {
    try {
      mkdirSync(path);
    } catch (error) {
      if (!isFolderSync(path)) throw error;
    }
  };
  try {
    makeOneSync();
  } catch (error) {
    if (!isAbsent(error) || parent === path) throw error;
    makeFolderSync(parent);
    try {
      makeOneSync();
    } catch (again) {
      throw isAbsent(again) && isFolderSync(parent) ? takesNone(path, again) : again;
    }
  }
}

const isFolderSync = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;

const isAbsent = (error: unknown): boolean => (error as NodeJS.ErrnoException).code === "ENOENT";

function takesNone(path: string, cause: unknown): NodeJS.ErrnoException {
  const error = new Error(`EPERM: the file system takes no folders, mkdir '${path}'`, { cause });
  return Object.assign(error, { code: "EPERM", syscall: "mkdir", path });
}
