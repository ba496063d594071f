import { join } from "node:path";
import { temporaryName } from "@ictal/base/atomic-file";
import { sha256 } from "@ictal/base/canonical";
import { isIctalError, NotFoundError, StoreError } from "@ictal/base/errors";
import { OwnedBytes } from "../base/owned-bytes.js";
import { explainDisk, isDiskFull } from "./disk-errors.js";
import type { FileWriter, FileWriterPool } from "./file-writer.js";
import type { WrittenFile } from "./file-writer-worker.js";
import { pathOfKey } from "./local-path.js";
import type { MirrorEntry, MirrorIndex } from "./mirror-index.js";
import { openObject } from "./open-object.js";
import {
  claimPartialFile,
  deletePartialFile,
  type PartialFile,
  type PartialFileDir,
  partialFileNote,
  releasePartialFile,
} from "./partial-files.js";
import {
  changedError,
  type DigestName,
  type ExpectedDigest,
  type ObjectInfo,
  type ObjectStream,
  type Store,
} from "./store.js";

export interface DownloadOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onBytes?: ((count: number) => void) | undefined;
}

const SMALL_BYTES = 1 << 20; // smaller objects are read into memory and restarted after a crash
const MAX_ATTEMPTS = 3;

/** The members of an open mirror that a download uses. */
export interface MirrorContext {
  readonly root: string;
  readonly partialFiles: PartialFileDir;
  readonly index: MirrorIndex;
  readonly writers: FileWriterPool;
}

/** A complete file at its destination. */
export interface StoredFile {
  readonly sha256: string;
  readonly modifiedMilliseconds: number;
}

/** Adds a complete file to the index. */
export async function record(
  context: MirrorContext,
  { key, size, etag }: ObjectInfo,
  { sha256: hash, modifiedMilliseconds }: StoredFile,
  from?: string,
): Promise<MirrorEntry> {
  const known = { ...(etag !== undefined && { etag }), ...(from !== undefined && { from }) };
  const entry = { key, size, sha256: hash, modifiedMilliseconds, storedMilliseconds: Date.now(), ...known };
  await context.index.append(entry);
  return entry;
}

/** Downloads one object; after a changed object or wrong bytes it starts again, up to three attempts. */
export async function download(
  context: MirrorContext,
  store: Store,
  info: ObjectInfo,
  options: DownloadOptions,
): Promise<MirrorEntry> {
  let wanted = info;
  for (let attempt = 1; ; attempt++) {
    let counted = 0;
    const onBytes = (count: number) => {
      counted += count;
      options.onBytes?.(count);
    };
    try {
      const path = pathOfKey(context.root, wanted.key);
      const fetchObject = wanted.size <= SMALL_BYTES ? fetchSmall : fetchLarge;
      const stored = await fetchObject(context, store, wanted, path, { ...options, onBytes });
      return await record(context, wanted, stored, store.url);
    } catch (error) {
      options.signal?.throwIfAborted();
      const code = isIctalError(error, "StoreError") ? error.details.code : undefined;
      if (attempt >= MAX_ATTEMPTS || (code !== "Changed" && code !== "BadDigest"))
        throw explainDisk(error, context.root, info.key);
      options.onBytes?.(-counted);
      if (code === "Changed") wanted = await currentInfo(store, info, options.signal);
    }
  }
}

/**
 * Metadata of an object that changed since it was listed; it must have an ETag if the listing had one, and another one where its
 * size is another.
 */
async function currentInfo(
  store: Store,
  { key, etag, size }: ObjectInfo,
  signal: AbortSignal | undefined,
): Promise<ObjectInfo> {
  const found = await store.stat(key, { signal });
  if (!found) throw new NotFoundError(`object "${key}" of ${store.url} was deleted after it was listed`, key);
  if (etag !== undefined && found.etag === etag && found.size !== size)
    throw new StoreError(
      `object "${key}" of ${store.url} was listed with ${size} bytes, but has ${found.size} in the same version (ETag ${etag}); it was not kept; list it again, and if that repeats, report it to the operator of the service`,
      { key, code: "BadAnswer" },
    );
  if (etag === undefined || found.etag !== undefined) return found;
  throw new StoreError(
    `object "${key}" of ${store.url} was listed with the ETag ${etag}, but the response has none; it was not kept; check that the endpoint is the S3 service itself, then list it again`,
    { key, code: "BadAnswer" },
  );
}

type Fetch = (
  context: MirrorContext,
  store: Store,
  info: ObjectInfo,
  path: string,
  options: DownloadOptions & { readonly onBytes: (count: number) => void },
) => Promise<StoredFile>;

const fetchSmall: Fetch = async (context, store, info, path, { signal, onBytes }) => {
  const bytes = await store.read(info.key, versionOptions(info, signal));
  if (bytes.byteLength !== info.size)
    throw changedError(info.key, `${info.size} bytes`, store.url, `${bytes.byteLength} bytes`);
  onBytes(bytes.byteLength);
  const temporary = temporaryName(join(context.partialFiles.path, sha256(info.key).slice(0, 24)));
  const written = await context.writers.put(temporary, OwnedBytes.from(bytes), destinationOf(info, path));
  return storedFile(info, store, [], written);
};

const fetchLarge: Fetch = async (context, store, info, path, { signal, onBytes }) => {
  const { partialFiles } = context;
  const partial = await claimPartialFile(partialFiles, info);
  try {
    return await completePartialFile(context, store, info, path, partial, { onBytes, signal });
  } catch (error) {
    await (isUnusable(error)
      ? deletePartialFile(partialFiles, info, partial)
      : releasePartialFile(partialFiles, partial));
    throw error;
  }
};

const destinationOf = ({ modifiedMilliseconds }: ObjectInfo, path: string) => ({
  path,
  ...(modifiedMilliseconds !== undefined && { modifiedMilliseconds }),
});

const versionOptions = ({ etag }: ObjectInfo, signal: AbortSignal | undefined) => ({
  ...(etag !== undefined && { ifMatch: etag }),
  ...(signal && { signal }),
});

/** After these errors the bytes of a partial file are wrong or incomplete, or the disk needs their space. */
function isUnusable(error: unknown): boolean {
  if (isIctalError(error, "StoreError")) return error.details.code === "Changed" || error.details.code === "BadDigest";
  return isDiskFull(error) || (error as NodeJS.ErrnoException).code === "EIO";
}

async function completePartialFile(
  context: MirrorContext,
  store: Store,
  info: ObjectInfo,
  path: string,
  partial: PartialFile,
  { signal, onBytes }: DownloadOptions & { onBytes: (count: number) => void },
): Promise<StoredFile> {
  const { offset } = partial;
  const range = offset > 0 ? { range: { start: offset, end: info.size } } : {};
  const stream = await openObject(store, info.key, { ...versionOptions(info, signal), ...range });
  let expected = stream.digests;
  let writer: FileWriter | undefined;
  try {
    if (stream.info.size !== info.size)
      throw changedError(info.key, `${info.size} bytes`, store.url, `${stream.info.size} bytes`);
    if (offset > 0) expected = await resumedDigests(store, info, partial, signal);
    const names = new Set<DigestName>(["sha256", ...expected.map(({ name }) => name)]);
    const note = partialFileNote(context.partialFiles, info, expected);
    writer = await context.writers.open(partial.path, offset, [...names], offset === 0 ? note : undefined);
    onBytes(offset);
    await copyInto(writer, stream, onBytes);
    const finished = writer.finish(destinationOf(info, path), expected, note.path);
    writer = undefined;
    return storedFile(info, store, expected, await finished);
  } finally {
    await stream.body.return();
    await writer?.leave();
  }
}

/** Expected digests of a resumed object: those of its note and those of the store now, since a note may have been edited. */
async function resumedDigests(
  store: Store,
  info: ObjectInfo,
  partial: PartialFile,
  signal: AbortSignal | undefined,
): Promise<readonly ExpectedDigest[]> {
  const current = (await store.digests?.(info.key, versionOptions(info, signal))) ?? [];
  const noted = partial.digests ?? [];
  const isCurrent = ({ name, hex }: ExpectedDigest) => current.some((item) => item.name === name && item.hex === hex);
  return [...current, ...noted.filter((item) => !isCurrent(item))];
}

async function copyInto(writer: FileWriter, stream: ObjectStream, onBytes: (count: number) => void): Promise<void> {
  if (stream.pipe) {
    await stream.pipe((bytes) => {
      onBytes(bytes.byteLength);
      return writer.write(bytes);
    });
    return;
  }
  for await (const chunk of stream.body) {
    onBytes(chunk.byteLength);
    await writer.write(OwnedBytes.from(chunk));
  }
}

/** The file that was written; StoreError "BadDigest" when a digest is not as expected. */
function storedFile(
  info: ObjectInfo,
  store: Store,
  expected: readonly ExpectedDigest[],
  { digests, modifiedMilliseconds }: WrittenFile,
): StoredFile {
  const { sha256: hash } = digests;
  const wrong = expected.find(({ name, hex }) => digests[name] !== hex);
  if (!wrong && hash !== undefined && modifiedMilliseconds !== undefined) return { sha256: hash, modifiedMilliseconds };
  const found = wrong ? `${wrong.name} ${digests[wrong.name]}, expected ${wrong.hex}` : "no SHA-256";
  throw new StoreError(
    `object "${info.key}" of ${store.url} came with ${found}; it was not kept; if this repeats, the stored object is damaged`,
    { key: info.key, code: "BadDigest" },
  );
}
