import { createReadStream } from "node:fs";
import { lstat, realpath } from "node:fs/promises";
import { uptime } from "node:os";
import { join, resolve } from "node:path";
import { makeFolder } from "@ictal/base/make-folder";
import { createDigest } from "./digest.js";
import { checkSpace, explainDisk } from "./disk-errors.js";
import { MIRROR_FOLDER, pathOfKey } from "./local-path.js";
import { type DownloadOptions, download, type MirrorPlace, record } from "./mirror-download.js";
import { type MirrorEntry, type MirrorIndex, openMirrorIndex } from "./mirror-index.js";
import { openPartFolder, partBytes } from "./mirror-parts.js";
import { createPartWriters } from "./part-writer.js";
import type { DigestName, ObjectInfo, Store } from "./store.js";

/** A local copy of part of a store: plain files below a folder, and `.ictal-mirror` with the index and unfinished parts. */
export interface Mirror {
  readonly root: string;
  readonly index: MirrorIndex;
  /** The entry of `info`'s object when its file is there, whole and of that version. */
  verified(info: ObjectInfo): Promise<MirrorEntry | undefined>;
  /** Downloads one object whole, taking up what an earlier try left. `onBytes` is told of bytes as they arrive. */
  download(store: Store, info: ObjectInfo, options?: DownloadOptions): Promise<MirrorEntry>;
  /** Throws the StoreError of a full disk when less than `bytes` is free. */
  checkSpace(bytes: number): Promise<void>;
  close(): Promise<void>;
}

const BATCHED_BYTES = 1 << 25; // over all downloads; each has up to three times its share
const LARGEST_BATCH_BYTES = 1 << 20;

/** Opens a mirror folder, made if missing. `lanes`: downloads at a time that buffers are sized for. */
export async function openMirror(dir: string, lanes = 16): Promise<Mirror> {
  const given = resolve(dir);
  try {
    return await openFolder(given, lanes);
  } catch (error) {
    throw explainDisk(error, given);
  }
}

async function openFolder(given: string, lanes: number): Promise<Mirror> {
  await makeFolder(join(given, MIRROR_FOLDER, "parts"));
  const root = await realpath(given); // the folder itself may be a link; nothing below it may
  const index = await openMirrorIndex(join(root, MIRROR_FOLDER, "index.jsonl"));
  const batchBytes = Math.min(LARGEST_BATCH_BYTES, Math.ceil(BATCHED_BYTES / lanes));
  const place: MirrorPlace = {
    root,
    index,
    parts: await openPartFolder(join(root, MIRROR_FOLDER, "parts")),
    writers: createPartWriters({ batchBytes }),
  };
  const isDoubtful = powerCutDoubt([...index.entries()]);
  return {
    root,
    index,
    verified: (info) => verified(place, info, isDoubtful),
    download: (store, info, options = {}) => download(place, store, info, options),
    checkSpace: async (bytes) => checkSpace(root, bytes, await partBytes(place.parts)),
    async close() {
      await place.writers.close();
      await index.compact().catch((error: unknown) => {
        throw explainDisk(error, root);
      });
    },
  };
}

async function verified(
  place: MirrorPlace,
  info: ObjectInfo,
  isDoubtful: (entry: MirrorEntry) => boolean,
): Promise<MirrorEntry | undefined> {
  const path = pathOfKey(place.root, info.key);
  const found = await lstat(path).catch(() => undefined);
  if (!found?.isFile() || found.size !== info.size) return undefined;
  const isSame = (entry: MirrorEntry | undefined): entry is MirrorEntry =>
    entry?.modifiedMilliseconds === found.mtimeMs && !isDoubtful(entry);
  let entry = entryOf(place.index, info);
  if (isSame(entry)) return entry;
  await place.index.refresh();
  entry = entryOf(place.index, info);
  if (isSame(entry)) return entry;
  return adopt(place, info, { path, mtimeMs: found.mtimeMs }, entry);
}

const WRITE_BACK_MILLISECONDS = 120_000; // Linux begins to write what has lain in memory for 30 s

/**
 * Files are not synced one by one. Those that came in the last minutes before the machine went down are therefore read and
 * hashed once more: a power cut may have left their size and not their bytes.
 */
function powerCutDoubt(entries: readonly MirrorEntry[]): (entry: MirrorEntry) => boolean {
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

/** Takes over a file that another program put there, or that was touched, when its bytes are those of the object. */
async function adopt(
  place: MirrorPlace,
  info: ObjectInfo,
  { path, mtimeMs }: { path: string; mtimeMs: number },
  entry: MirrorEntry | undefined,
): Promise<MirrorEntry | undefined> {
  const md5 = /^[0-9a-f]{32}$/.test(info.etag ?? "") ? info.etag : undefined;
  if (entry === undefined && md5 === undefined) return undefined;
  const digests = await hashFile(path, entry ? ["sha256"] : ["sha256", "md5"]);
  if (entry ? digests.sha256 !== entry.sha256 : digests.md5 !== md5) return undefined;
  return record(place, info, mtimeMs, digests.sha256!, entry?.from);
}

async function hashFile(path: string, names: readonly DigestName[]): Promise<Partial<Record<DigestName, string>>> {
  const digests = names.map(createDigest);
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) {
    for (const digest of digests) digest.update(chunk as Buffer);
  }
  return Object.fromEntries(digests.map((digest) => [digest.name, digest.hex()]));
}
