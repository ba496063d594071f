import { mkdir, open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";

let serial = 0;

/** A name beside `path` that no other process or call uses; it carries `.tmp-` so that a sweep can recognise it. */
export function temporaryName(path: string): string {
  serial += 1;
  return `${path}.tmp-${process.pid}-${serial}`;
}

/**
 * Write `data` to `path` so that a reader sees the old file or the whole new one: temporary name, fsync, rename, fsync
 * of the folder. Creates the folder. On failure the temporary file is removed and the error thrown.
 */
export async function writeFileAtomic(path: string, data: string | Uint8Array): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const temporary = temporaryName(path);
  try {
    const handle = await open(temporary, "wx");
    try {
      await handle.writeFile(data);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await commitFile(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

/** Rename a synced temporary file into place and sync its folder. */
export async function commitFile(temporary: string, path: string): Promise<void> {
  await rename(temporary, path);
  const folder = await open(dirname(path), "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
