import type { BigIntStats, Dirent } from "node:fs";
import { type FileHandle, open, readdir, realpath, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { NotFoundError, StoreError } from "@ictal/base/errors";
import { closable } from "./closable.js";
import { checkBytes } from "./digest.js";
import { isMissing, MIRROR_DIR, pathOfKey, realPathInside, unsafeKeyReason } from "./local-path.js";
import { mirrorDigests } from "./mirror-digests.js";
import {
  checkVersion,
  clipRange,
  compareKeys,
  type ListOptions,
  type ObjectInfo,
  type ObjectStream,
  type ReadOptions,
  type Store,
} from "./store.js";

const CHUNK_BYTES = 1 << 18;
const STAT_BATCH = 64;

export interface FolderStoreOptions {
  /** Follow symbolic links to paths outside the folder. @default true when the environment has ICTAL_FOLLOW_LINKS=1 */
  readonly followLinks?: boolean | undefined;
}

interface Folder {
  readonly url: string;
  readonly root: string;
  readonly followLinks: boolean;
  /** The real path of the root, known after the first use. */
  realRoot?: string;
}

/**
 * The files below a folder. Keys that would leave it are refused (StoreError "UnsafeKey"); links that lead out of it
 * too (StoreError "LinkOutside") unless `followLinks`. A missing folder is a NotFoundError at first use.
 */
export function folderStore(dir: string, options: FolderStoreOptions = {}): Store {
  const root = resolve(dir);
  const followLinks = options.followLinks ?? process.env.ICTAL_FOLLOW_LINKS === "1";
  const folder: Folder = { url: root, root, followLinks };
  let recorded: ReturnType<typeof mirrorDigests> | undefined;
  const digestsOf = async (key: string, path: string) => {
    recorded ??= mirrorDigests(await realRootOf(folder));
    return recorded(key, path);
  };
  return {
    url: root,
    list: (prefix = "", listOptions = {}) => listFolder(folder, prefix, listOptions),
    async stat(key, { signal } = {}) {
      signal?.throwIfAborted();
      return (await findFile(folder, key))?.info;
    },
    async read(key, readOptions = {}) {
      const { handle, info, path } = await openFile(folder, key, readOptions);
      try {
        const { start, end } = clipRange(readOptions.range, info.size);
        const bytes = await readExactly(handle, start, end, info, readOptions.into);
        if (readOptions.range === undefined) checkBytes(key, bytes, await digestsOf(key, path));
        return bytes;
      } finally {
        await handle.close();
      }
    },
    async digests(key, { ifMatch, signal } = {}) {
      signal?.throwIfAborted();
      const found = await findFile(folder, key);
      if (!found) throw new NotFoundError(`no file "${key}" in ${root}`, key);
      checkVersion(found.info, ifMatch, root);
      return digestsOf(key, found.path);
    },
    async open(key, readOptions = {}): Promise<ObjectStream> {
      const { handle, info, path } = await openFile(folder, key, readOptions);
      const { start, end } = clipRange(readOptions.range, info.size);
      const digests = readOptions.range
        ? []
        : await digestsOf(key, path).catch(async (error: unknown) => {
            await handle.close();
            throw error;
          });
      return {
        info,
        digests,
        body: closable(streamFile(handle, start, end, info, readOptions.signal), () => handle.close()),
      };
    },
  };
}

async function realRootOf(folder: Folder): Promise<string> {
  if (folder.realRoot !== undefined) return folder.realRoot;
  let realRoot: string;
  try {
    realRoot = await realpath(folder.root);
  } catch (error) {
    if (!isMissing(error)) throw error;
    throw new NotFoundError(`no folder ${folder.root}; check the path, or create it`, folder.root, { cause: error });
  }
  if (!(await stat(realRoot)).isDirectory())
    throw new NotFoundError(
      `${folder.root} is a file, expected a folder; give the folder that contains it`,
      folder.root,
    );
  folder.realRoot = realRoot;
  return realRoot;
}

function infoOf(key: string, found: BigIntStats): ObjectInfo {
  return {
    key,
    size: Number(found.size),
    etag: `${found.size.toString(16)}-${found.mtimeNs.toString(16)}`,
    modifiedMilliseconds: Number(found.mtimeNs / 1_000_000n),
  };
}

async function findFile(folder: Folder, key: string): Promise<{ path: string; info: ObjectInfo } | undefined> {
  const realRoot = await realRootOf(folder);
  const path = pathOfKey(folder.root, key);
  const real = folder.followLinks ? path : await realPathInside(realRoot, path, key);
  if (real === undefined) return undefined;
  try {
    const found = await stat(real, { bigint: true });
    return found.isFile() ? { path: real, info: infoOf(key, found) } : undefined;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

async function openFile(
  folder: Folder,
  key: string,
  options: ReadOptions,
): Promise<{ handle: FileHandle; info: ObjectInfo; path: string }> {
  options.signal?.throwIfAborted();
  const found = await findFile(folder, key);
  if (!found) throw new NotFoundError(`no file "${key}" in ${folder.root}`, key);
  const handle = await open(found.path, "r");
  try {
    const info = infoOf(key, await handle.stat({ bigint: true }));
    checkVersion(info, options.ifMatch, folder.url);
    clipRange(options.range, info.size);
    return { handle, info, path: found.path };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

async function readExactly(
  handle: FileHandle,
  start: number,
  end: number,
  info: ObjectInfo,
  into?: Uint8Array,
): Promise<Uint8Array> {
  const fresh = () => new Uint8Array(Buffer.allocUnsafeSlow(end - start).buffer); // filled whole below, so not zeroed first
  const bytes = into?.subarray(0, end - start) ?? fresh();
  let filled = 0;
  while (filled < bytes.byteLength) {
    const { bytesRead } = await handle.read(bytes, filled, bytes.byteLength - filled, start + filled);
    if (bytesRead === 0) throw shrunk(info, start + filled);
    filled += bytesRead;
  }
  return bytes;
}

function shrunk(info: ObjectInfo, at: number): StoreError {
  return new StoreError(
    `file "${info.key}" ended at byte ${at} while it was read, expected ${info.size} bytes; another program is writing it`,
    { key: info.key, code: "Changed" },
  );
}

async function* streamFile(
  handle: FileHandle,
  start: number,
  end: number,
  info: ObjectInfo,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array, void, undefined> {
  for (let at = start; at < end; at += CHUNK_BYTES) {
    signal?.throwIfAborted();
    yield await readExactly(handle, at, Math.min(at + CHUNK_BYTES, end), info);
  }
}

async function* listFolder(folder: Folder, prefix: string, options: ListOptions): AsyncGenerator<ObjectInfo> {
  const realRoot = await realRootOf(folder);
  const base = prefix.slice(0, prefix.lastIndexOf("/") + 1); // whole folders of the prefix; the rest filters names
  if (base !== "") {
    if (unsafeKeyReason(base.slice(0, -1))) return;
    const path = pathOfKey(folder.root, base.slice(0, -1));
    if (!folder.followLinks && (await realPathInside(realRoot, path, base)) === undefined) return;
  }
  const here = await realpath(join(folder.root, base)).catch(() => undefined);
  if (here !== undefined) yield* walk(folder, base, prefix, options, [here]);
}

/** `base` ends with "/" or is empty; `above` holds the real paths from the start of the walk down to `base` itself. */
async function* walk(
  folder: Folder,
  base: string,
  prefix: string,
  options: ListOptions,
  above: readonly string[],
): AsyncGenerator<ObjectInfo> {
  options.signal?.throwIfAborted();
  const here = above.at(-1);
  if (here === undefined) return;
  const entries = await entriesIn(here);
  const wanted = entries.filter(({ name }) => isWanted(base + name, prefix, options.startAfter));
  for (let first = 0; first < wanted.length; first += STAT_BATCH) {
    const batch = wanted.slice(first, first + STAT_BATCH);
    const infos = await Promise.all(
      batch.map((entry) => (isFolderName(entry.name) ? undefined : fileInfo(folder, here, base, entry))),
    );
    for (const [i, entry] of batch.entries()) {
      options.signal?.throwIfAborted();
      const info = infos[i];
      if (info) yield info;
      if (!isFolderName(entry.name)) continue;
      const real = await resolveEntry(folder, here, base, entry);
      if (real !== undefined && !above.includes(real))
        yield* walk(folder, base + entry.name, prefix, options, [...above, real]);
    }
  }
}

function isWanted(path: string, prefix: string, startAfter: string | undefined): boolean {
  const matches = path.startsWith(prefix) || (isFolderName(path) && prefix.startsWith(path));
  if (!matches || startAfter === undefined) return matches;
  return compareKeys(path, startAfter) > 0 || (isFolderName(path) && startAfter.startsWith(path));
}

/** A name in a folder; folders end with "/", so that the order of names is the order of the keys they lead to. */
interface Entry {
  readonly name: string;
  readonly isLink: boolean;
}

const isFolderName = (name: string) => name.endsWith("/");

async function entriesIn(path: string): Promise<Entry[]> {
  let found: Dirent[];
  try {
    found = await readdir(path, { withFileTypes: true });
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
  const entries: Entry[] = [];
  for (const entry of found) {
    if (entry.name === MIRROR_DIR) continue;
    const isLink = entry.isSymbolicLink();
    const target = isLink ? await stat(join(path, entry.name)).catch(() => undefined) : entry; // a dead link is no object
    if (target?.isDirectory()) entries.push({ name: `${entry.name}/`, isLink });
    else if (target?.isFile()) entries.push({ name: entry.name, isLink });
  }
  return entries.sort((a, b) => compareKeys(a.name, b.name));
}

async function resolveEntry(folder: Folder, here: string, base: string, entry: Entry): Promise<string | undefined> {
  const path = join(here, entry.name.replace(/\/$/, ""));
  if (!entry.isLink) return path;
  if (folder.followLinks) return realpath(path).catch(() => undefined);
  return realPathInside(await realRootOf(folder), path, base + entry.name);
}

async function fileInfo(folder: Folder, here: string, base: string, entry: Entry): Promise<ObjectInfo | undefined> {
  const path = await resolveEntry(folder, here, base, entry);
  const found = path === undefined ? undefined : await stat(path, { bigint: true }).catch(() => undefined);
  return found?.isFile() ? infoOf(base + entry.name, found) : undefined;
}
