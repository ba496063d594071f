import { open, readdir, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { StoreError } from "./errors.js";
import { makeFolder } from "./make-folder.js";

let serial = 0;

/** A name beside `path` that no other process or call uses; it carries `.tmp-` so that a sweep can recognise it. */
export function temporaryName(path: string): string {
  serial += 1;
  return `${path}.tmp-${process.pid}-${serial}`;
}

export interface WriteOptions {
  /** Aborting before the file is complete leaves the old one. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Write `data` to `path` so that a reader sees the old file or the whole new one: temporary name, fsync, rename, fsync
 * of the folder. Creates the folder. On failure the temporary file is removed and the error thrown, a full or read-only
 * disk's as a StoreError with what to do.
 */
export async function writeFileAtomic(
  path: string,
  data: string | Uint8Array,
  { signal }: WriteOptions = {},
): Promise<void> {
  signal?.throwIfAborted();
  const temporary = temporaryName(path);
  try {
    await makeFolder(dirname(path));
    const handle = await open(temporary, "wx");
    try {
      await handle.writeFile(data);
      await handle.sync();
    } finally {
      await handle.close();
    }
    signal?.throwIfAborted();
    await commitFile(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined); // the first error is the one to report
    throw explainWriteError(error, path);
  }
}

/** Remove stale temporary files that killed writes of `path` left beside it; for a file that only the caller writes. */
export async function removeStaleTemporaryFiles(path: string): Promise<void> {
  const names = await readdir(dirname(path)).catch(() => []); // no folder, nothing left
  for (const name of names)
    if (name.startsWith(`${basename(path)}.tmp-`)) await rm(join(dirname(path), name), { force: true });
}

const WRITE_FAULTS: Readonly<Record<string, { code: string; reason: string }>> = {
  ENOSPC: { code: "DiskFull", reason: "the disk is full; free some space and run it again" },
  EDQUOT: { code: "DiskFull", reason: "the disk quota is used up; free some space and run it again" },
  EROFS: { code: "NotWritable", reason: "the file system is read-only; choose another folder" },
  EACCES: { code: "NotWritable", reason: "no permission; choose a folder that you may write to" },
  EPERM: { code: "NotWritable", reason: "no permission; choose a folder that you may write to" },
  EISDIR: { code: "NotWritable", reason: "it is a folder; give the name of a file" },
  EEXIST: { code: "NotWritable", reason: "a file is where a folder should be; choose another folder" },
  ENOTDIR: { code: "NotWritable", reason: "a file is where a folder should be; choose another folder" },
};

/** A disk's refusal to write `path` as a StoreError with what to do; other errors as they are. */
export function explainWriteError(error: unknown, path: string): unknown {
  const fault = WRITE_FAULTS[(error as NodeJS.ErrnoException | undefined)?.code ?? ""];
  return fault
    ? new StoreError(`cannot write ${path}: ${fault.reason}`, { code: fault.code }, { cause: error })
    : error;
}

/** Sync a file that another program or library wrote, or a folder. */
export async function syncPath(path: string): Promise<void> {
  const handle = await open(path, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Rename a synced temporary file into place and sync its folder. */
export async function commitFile(temporary: string, path: string): Promise<void> {
  await rename(temporary, path);
  await syncPath(dirname(path));
}
