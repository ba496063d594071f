import { type FileHandle, open, readdir, readFile, rm, stat } from "node:fs/promises";
import { hostname } from "node:os";
import { dirname, join } from "node:path";
import { threadId } from "node:worker_threads";
import { commitFile } from "@ictal/base/atomic-file";
import { CacheError } from "@ictal/base/errors";
import { makeFolder } from "@ictal/base/make-folder";
import { isAlive } from "@ictal/base/process-alive";

/** Folder inside a key folder where files are written before they are renamed into place. */
export const TEMPORARY_FOLDER = ".tmp";

const HOST = hostname().replace(/[^A-Za-z0-9.]/g, "_");
const DAY_MILLISECONDS = 24 * 3600 * 1000;
let serial = 0;

/** A path in `folder`'s temporary folder that names host, process and thread, so that no two writers share one. */
export function temporaryPath(folder: string): string {
  serial += 1;
  return join(folder, TEMPORARY_FOLDER, `${HOST}-${process.pid}-${threadId}-${serial}`);
}

/** Rename a closed, synced temporary file to `path`, making its folder when needed. */
export async function placeFile(temporary: string, path: string): Promise<void> {
  await makeFolder(dirname(path));
  await commitFile(temporary, path);
}

/**
 * Have `write` fill a new file, which becomes `path`, a file of the key folder `folder`, after fsync: a reader sees the old
 * or the whole new one. A full or read-only disk is a CacheError; nothing half-written stays.
 */
export async function writeWhole<T>(
  folder: string,
  path: string,
  write: (handle: FileHandle) => Promise<T>,
): Promise<T> {
  try {
    const temporary = temporaryPath(folder);
    await makeFolder(dirname(temporary));
    const handle = await open(temporary, "wx");
    try {
      const written = await write(handle);
      await handle.sync();
      await handle.close();
      await placeFile(temporary, path);
      return written;
    } catch (error) {
      await handle.close().catch(() => undefined); // closed already when the rename failed
      await rm(temporary, { force: true });
      throw error;
    }
  } catch (error) {
    throw storageError(error, path);
  }
}

/** `writeWhole` of a text. */
export function writeCacheFile(folder: string, path: string, text: string): Promise<void> {
  return writeWhole(folder, path, (handle) => handle.writeFile(text));
}

/** `writeCacheFile` where the file is not so already, so that a whole cache can lie where nothing can be written. */
export async function updateCacheFile(folder: string, path: string, text: string): Promise<void> {
  const present = await readFile(path, "utf8").catch(() => undefined);
  if (present !== text) await writeCacheFile(folder, path, text);
}

const STORAGE_FAULTS: Readonly<Record<string, string>> = {
  ENOSPC: "no space left on the disk; free some or choose another cache folder",
  EDQUOT: "the disk quota is used up; free some or choose another cache folder",
  EROFS: "the file system is read-only; choose another cache folder",
  EACCES: "no permission to write; change it or choose another cache folder",
  EPERM: "no permission to write; change it or choose another cache folder",
  ENOTDIR: "a file stands where a folder is needed; choose another cache folder",
};

/** A CacheError for a fault of the cache's disk, which stops a build; any other error comes back unchanged. */
export function storageError(error: unknown, path: string): unknown {
  const code = (error as NodeJS.ErrnoException | undefined)?.code;
  const advice = code === undefined ? undefined : STORAGE_FAULTS[code];
  if (advice === undefined) return error;
  const message = `cannot write ${path}: ${advice} (${code}). What was finished is kept; the same command carries on.`;
  return new CacheError(message, { found: code, expected: "a writable folder with room" }, { cause: error });
}

/** A file of the temporary folder and whether its writer still lives. */
export interface Leftover {
  readonly path: string;
  readonly bytes: number;
  /**
   * True when its process on this machine is gone; of another machine's, when it is older than a day. Files of living
   * processes of this machine stay whatever the clock says.
   */
  readonly abandoned: boolean;
}

/** The files of `folder`'s temporary folder, by name. */
export async function listTemporary(folder: string): Promise<Leftover[]> {
  const names = await readdir(join(folder, TEMPORARY_FOLDER)).catch(() => [] as string[]);
  const found: Leftover[] = [];
  for (const name of names.sort()) {
    const path = join(folder, TEMPORARY_FOLDER, name);
    const info = await stat(path).catch(() => undefined);
    if (!info) continue;
    const owner = /^(.*)-(\d+)-\d+-\d+$/.exec(name);
    const isOwn = owner?.[1] === HOST;
    const abandoned = isOwn ? !isAlive(Number(owner![2])) : Date.now() - info.mtimeMs > DAY_MILLISECONDS;
    found.push({ path, bytes: info.size, abandoned });
  }
  return found;
}

/** Remove the abandoned files of `folder`'s temporary folder; files of living writers stay. */
export async function sweepTemporary(folder: string): Promise<void> {
  for (const { path, abandoned } of await listTemporary(folder)) if (abandoned) await rm(path, { force: true });
}
