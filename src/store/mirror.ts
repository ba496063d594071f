import { createReadStream } from "node:fs";
import { lstat, realpath } from "node:fs/promises";
import { uptime } from "node:os";
import { join, resolve } from "node:path";
import { makeFolder } from "@ictal/base/make-folder";
import { createDigest } from "./digest.js";
import { checkSpace, explainDisk } from "./disk-errors.js";
import { FileWriterPool } from "./file-writer.js";
import { MIRROR_DIR, pathOfKey } from "./local-path.js";
import { type DownloadOptions, download, type MirrorContext, record } from "./mirror-download.js";
import { type MirrorEntry, type MirrorIndex, openMirrorIndex } from "./mirror-index.js";
import { openPartialFileDir, partialFileBytes } from "./partial-files.js";
import type { DigestName, ObjectInfo, Store } from "./store.js";

/** A local copy of objects of a store: plain files below a folder, and `.ictal-mirror` with the index and partial files. */
export interface Mirror {
  readonly root: string;
  readonly index: MirrorIndex;
  /** The index entry of an object when its file is complete and of that version. */
  verified(info: ObjectInfo): Promise<MirrorEntry | undefined>;
  /** Downloads one object, resuming its partial file. `onBytes` is called with the number of bytes as they arrive. */
  download(store: Store, info: ObjectInfo, options?: DownloadOptions): Promise<MirrorEntry>;
  /** Throws the StoreError of a full disk when less than `bytes` is free. */
  checkSpace(bytes: number): Promise<void>;
  close(): Promise<void>;
}

const BATCHED_BYTES = 1 << 25; // over all downloads; each has up to three times its share
const MAX_BATCH_BYTES = 1 << 20;

/**
 * Opens a mirror folder, created if missing. Buffers are sized for `concurrency` downloads. `signal` ends the reading of its index,
 * not what the mirror does later.
 */
export async function openMirror(
  dir: string,
  concurrency = 16,
  { signal }: { readonly signal?: AbortSignal | undefined } = {},
): Promise<Mirror> {
  signal?.throwIfAborted();
  const given = resolve(dir);
  try {
    return await openDir(given, concurrency, signal);
  } catch (error) {
    throw explainDisk(error, given);
  }
}

async function openDir(given: string, concurrency: number, signal: AbortSignal | undefined): Promise<Mirror> {
  await makeFolder(join(given, MIRROR_DIR, "parts"));
  const root = await realpath(given); // the folder itself may be a link; nothing below it may
  const index = await openMirrorIndex(join(root, MIRROR_DIR, "index.jsonl"));
  signal?.throwIfAborted();
  const batchBytes = Math.min(MAX_BATCH_BYTES, Math.ceil(BATCHED_BYTES / concurrency));
  const context: MirrorContext = {
    root,
    index,
    partialFiles: await openPartialFileDir(join(root, MIRROR_DIR, "parts")),
    writers: new FileWriterPool({ batchBytes }),
  };
  const isDoubtful = powerLossDoubt([...index.entries()]);
  return {
    root,
    index,
    verified: (info) => verified(context, info, isDoubtful),
    download: (store, info, options = {}) => download(context, store, info, options),
    checkSpace: async (bytes) => checkSpace(root, bytes, await partialFileBytes(context.partialFiles)),
    async close() {
      await context.writers.close();
      await index.compact().catch((error: unknown) => {
        throw explainDisk(error, root);
      });
    },
  };
}

async function verified(
  context: MirrorContext,
  info: ObjectInfo,
  isDoubtful: (entry: MirrorEntry) => boolean,
): Promise<MirrorEntry | undefined> {
  const path = pathOfKey(context.root, info.key);
  const found = await lstat(path).catch(() => undefined);
  if (!found?.isFile() || found.size !== info.size) return undefined;
  const isSame = (entry: MirrorEntry | undefined): entry is MirrorEntry =>
    entry?.modifiedMilliseconds === found.mtimeMs && !isDoubtful(entry);
  let entry = entryOf(context.index, info);
  if (isSame(entry)) return entry;
  await context.index.refresh();
  entry = entryOf(context.index, info);
  if (isSame(entry)) return entry;
  return adopt(context, info, { path, mtimeMs: found.mtimeMs }, entry);
}

const WRITE_BACK_MILLISECONDS = 120_000; // Linux starts to write data that was in memory for 30 s

/**
 * Files are not synced individually. Those written in the last minutes before the machine went down are therefore read and
 * hashed again: after a power failure their size may be right and their bytes missing.
 */
function powerLossDoubt(entries: readonly MirrorEntry[]): (entry: MirrorEntry) => boolean {
  const startMilliseconds = Date.now() - uptime() * 1000;
  let lastSign = 0;
  for (const { storedMilliseconds = 0 } of entries)
    if (storedMilliseconds < startMilliseconds) lastSign = Math.max(lastSign, storedMilliseconds);
  return ({ storedMilliseconds }) =>
    storedMilliseconds !== undefined &&
    storedMilliseconds < startMilliseconds &&
    storedMilliseconds > lastSign - WRITE_BACK_MILLISECONDS;
}

function entryOf(index: MirrorIndex, { key, size, etag }: ObjectInfo): MirrorEntry | undefined {
  const entry = index.get(key);
  return entry && entry.size === size && entry.etag === etag ? entry : undefined;
}

/** Adds an existing file to the index when its bytes are those of the object: another program wrote it, or its time changed. */
async function adopt(
  context: MirrorContext,
  info: ObjectInfo,
  { path, mtimeMs }: { path: string; mtimeMs: number },
  entry: MirrorEntry | undefined,
): Promise<MirrorEntry | undefined> {
  const md5 = /^[0-9a-f]{32}$/.test(info.etag ?? "") ? info.etag : undefined;
  if (entry === undefined && md5 === undefined) return undefined;
  const digests = await hashFile(path, entry ? ["sha256"] : ["sha256", "md5"]);
  if (digests.sha256 === undefined || (entry ? digests.sha256 !== entry.sha256 : digests.md5 !== md5)) return undefined;
  return record(context, info, { sha256: digests.sha256, modifiedMilliseconds: mtimeMs }, entry?.from);
}

async function hashFile(path: string, names: readonly DigestName[]): Promise<Partial<Record<DigestName, string>>> {
  const digests = names.map(createDigest);
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) {
    for (const digest of digests) digest.update(chunk as Buffer);
  }
  return Object.fromEntries(digests.map((digest) => [digest.name, digest.hex()]));
}
