import { rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { isIctalError } from "@ictal/base/errors";
import { type CacheFolder, findFolders } from "./folder.js";
import { readListedFiles } from "./manifest.js";
import { DESCRIPTION_FILE, INCOMPLETE_FILE, listFiles, MANIFEST_FILE } from "./paths.js";
import { exclusionFile } from "./sidecar.js";
import { listTemporary } from "./temporary.js";

/** A file or key folder that no manifest names. */
export interface Garbage {
  readonly path: string;
  readonly bytes: number;
  readonly reason: string;
}

/** What was found, and whether it was deleted. */
export interface GarbageReport {
  readonly items: readonly Garbage[];
  readonly bytes: number;
  readonly deleted: boolean;
  /** Key folders in which a build is running; nothing of them is listed. */
  readonly busy: readonly string[];
}

async function sized(folder: CacheFolder, file: string, reason: string): Promise<Garbage> {
  const path = join(folder.path, file);
  return { path, bytes: (await stat(path)).size, reason };
}

async function namedFiles(folder: CacheFolder, signal?: AbortSignal): Promise<Set<string> | undefined> {
  try {
    const { recordings, leftOut } = await readListedFiles(folder, signal);
    const stems = recordings.map(({ file }) => file.replace(/\.[^.]+$/, ""));
    return new Set([
      ...recordings.map(({ file }) => file),
      ...stems.map((stem) => `${stem}.json`),
      ...leftOut.map(({ id }) => exclusionFile(id)),
      DESCRIPTION_FILE,
      MANIFEST_FILE,
      INCOMPLETE_FILE,
    ]);
  } catch (error) {
    if (isIctalError(error, "NotFoundError")) return undefined;
    throw error;
  }
}

async function garbageOf(folder: CacheFolder, signal?: AbortSignal): Promise<Garbage[]> {
  const named = await namedFiles(folder, signal);
  const files = await listFiles(folder.path, [""]);
  if (!named) {
    const sizes = await Promise.all(files.map((file) => sized(folder, file, "")));
    const bytes = sizes.reduce((sum, item) => sum + item.bytes, 0);
    return [{ path: folder.path, bytes, reason: `a whole cache without a manifest (${files.length} files)` }];
  }
  const unnamed = files.filter((file) => !named.has(file));
  return Promise.all(unnamed.map((file) => sized(folder, file, "not named by the manifest")));
}

export interface GcOptions {
  /** Delete what is found. @default false */
  readonly delete?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * List what no manifest of the cache folder `dir` names: files of other recordings, key folders without a manifest,
 * temporary files whose writer has ended. Nothing is deleted unless `delete` is true; folders with a running build and
 * damaged manifests are not touched (the latter with a CacheError).
 */
export async function gcCache(dir: string, options: GcOptions = {}): Promise<GarbageReport> {
  const items: Garbage[] = [];
  const busy: string[] = [];
  for (const folder of await findFolders(dir)) {
    options.signal?.throwIfAborted();
    const temporary = await listTemporary(folder.path);
    for (const { path, bytes, abandoned } of temporary)
      if (abandoned) items.push({ path, bytes, reason: "left by a writer that has ended" });
    if (temporary.some(({ abandoned }) => !abandoned)) busy.push(folder.path);
    else items.push(...(await garbageOf(folder, options.signal)));
  }
  for (const { path } of options.delete ? items : []) {
    options.signal?.throwIfAborted();
    await rm(path, { recursive: true, force: true });
  }
  const bytes = items.reduce((sum, item) => sum + item.bytes, 0);
  return { items, bytes, deleted: options.delete === true, busy };
}
