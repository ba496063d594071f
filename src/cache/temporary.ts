import { type FileHandle, open, readdir, readFile, rm, stat } from "node:fs/promises";
import { hostname } from "node:os";
import { dirname, join } from "node:path";
import { threadId } from "node:worker_threads";
import { commitFile } from "@ictal/base/atomic-file";
import { CacheError } from "@ictal/base/errors";
import { makeFolder } from "@ictal/base/make-folder";
import { isAlive } from "@ictal/base/process-alive";

/** Folder inside a key folder where files are written before they are renamed to their names. */
const TEMPORARY_FOLDER = ".tmp";

const HOST = hostname().replace(/[^A-Za-z0-9.]/g, "_");
const DAY_MILLISECONDS = 24 * 3600 * 1000;
let serial = 0;

/** A path in the temporary folder of `dir` that names host, process and thread, so that no two writers share one. */
export function temporaryPath(dir: string): string {
  serial += 1;
  return join(dir, TEMPORARY_FOLDER, `${HOST}-${process.pid}-${threadId}-${serial}`);
}

/** Rename a closed, synced temporary file to `path`, creating its folder when needed. */
async function commitTemporary(temporary: string, path: string): Promise<void> {
  await makeFolder(dirname(path));
  await commitFile(temporary, path);
}

/**
 * Have `write` fill a new file, which becomes `path`, a file of the key folder `dir`, after fsync: a reader sees the old
 * or the whole new one. A full or read-only disk is a CacheError; no partly written file remains.
 */
export async function writeAtomically<T>(
  dir: string,
  path: string,
  write: (handle: FileHandle) => Promise<T>,
): Promise<T> {
  try {
    const temporary = temporaryPath(dir);
    await makeFolder(dirname(temporary));
    const handle = await open(temporary, "wx");
    try {
      const written = await write(handle);
      await handle.sync();
      await handle.close();
      await commitTemporary(temporary, path);
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

/** `writeAtomically` of a text. */
export function writeCacheFile(dir: string, path: string, text: string): Promise<void> {
  return writeAtomically(dir, path, (handle) => handle.writeFile(text));
}

/** `writeCacheFile` where the file has other content, so that a complete cache can lie on a read-only file system. */
export async function updateCacheFile(dir: string, path: string, text: string): Promise<void> {
  const present = await readFile(path, "utf8").catch(() => undefined);
  if (present !== text) await writeCacheFile(dir, path, text);
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
  const message = `cannot write ${path}: ${advice} (${code}). What was finished is kept; the same command continues.`;
  return new CacheError(message, { found: code, expected: "a writable folder with room" }, { cause: error });
}

/** A file of the temporary folder and whether its writer still runs. */
interface TemporaryFile {
  readonly path: string;
  readonly bytes: number;
  /**
   * True when its process on this machine has ended; for another machine's, when it is older than a day. Files of running
   * processes of this machine are never abandoned, whatever the clock says.
   */
  readonly abandoned: boolean;
}

/** The files of the temporary folder of `dir`, by name. */
export async function listTemporary(dir: string): Promise<TemporaryFile[]> {
  const names = await readdir(join(dir, TEMPORARY_FOLDER)).catch((): string[] => []);
  const found: TemporaryFile[] = [];
  for (const name of names.sort()) {
    const path = join(dir, TEMPORARY_FOLDER, name);
    const info = await stat(path).catch(() => undefined);
    if (!info) continue;
    const [, host, processId] = /^(.*)-(\d+)-\d+-\d+$/.exec(name) ?? [];
    const abandoned = host === HOST ? !isAlive(Number(processId)) : Date.now() - info.mtimeMs > DAY_MILLISECONDS;
    found.push({ path, bytes: info.size, abandoned });
  }
  return found;
}

/** Remove the abandoned files of the temporary folder of `dir`; files of running writers stay. */
export async function removeAbandoned(dir: string): Promise<void> {
  for (const { path, abandoned } of await listTemporary(dir)) if (abandoned) await rm(path, { force: true });
}
