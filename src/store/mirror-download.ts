import { join } from "node:path";
import { temporaryName } from "@ictal/base/atomic-file";
import { sha256 } from "@ictal/base/canonical";
import { isIctalError, NotFoundError, StoreError } from "@ictal/base/errors";
import { OwnedBytes } from "../base/owned-bytes.js";
import { explainDisk, isDiskFull } from "./disk-errors.js";
import { pathOfKey } from "./local-path.js";
import type { MirrorEntry, MirrorIndex } from "./mirror-index.js";
import { claimPart, dropPart, type Part, type PartFolder, partNote, releasePart } from "./mirror-parts.js";
import { openObject } from "./open-object.js";
import type { PartWriter, PartWriters, Placed } from "./part-writer.js";
import {
  changedError,
  type DigestName,
  type ExpectedDigest,
  type ObjectInfo,
  type ObjectStream,
  type Store,
} from "./store.js";

export interface DownloadOptions {
  readonly signal?: AbortSignal;
  readonly onBytes?: (count: number) => void;
}

const SMALL_BYTES = 1 << 20; // up to here an object is read into memory and begun again after a crash
const MOST_TRIES = 3;

/** The parts of an open mirror that a download works on. */
export interface MirrorPlace {
  readonly root: string;
  readonly parts: PartFolder;
  readonly index: MirrorIndex;
  readonly writers: PartWriters;
}

/** Enters a file that is whole and in place into the index. */
export async function record(
  place: MirrorPlace,
  info: ObjectInfo,
  modifiedMilliseconds: number,
  hash: string,
  from?: string,
): Promise<MirrorEntry> {
  const { key, size, etag } = info;
  const known = { ...(etag !== undefined && { etag }), ...(from !== undefined && { from }) };
  const entry = { key, size, sha256: hash, modifiedMilliseconds, storedMilliseconds: Date.now(), ...known };
  await place.index.append(entry);
  return entry;
}

/** Downloads one object whole; a changed object or wrong bytes are begun again, a few times. */
export async function download(
  place: MirrorPlace,
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
      const path = pathOfKey(place.root, wanted.key);
      const fetchObject = wanted.size <= SMALL_BYTES ? fetchSmall : fetchLarge;
      const placed = await fetchObject(place, store, wanted, path, { ...options, onBytes });
      return await record(place, wanted, placed.modifiedMilliseconds!, placed.digests!.sha256!, store.url);
    } catch (error) {
      options.signal?.throwIfAborted();
      const code = isIctalError(error, "StoreError") ? error.details.code : undefined;
      if (attempt >= MOST_TRIES || (code !== "Changed" && code !== "BadDigest"))
        throw explainDisk(error, place.root, info.key);
      options.onBytes?.(-counted);
      if (code === "Changed") wanted = await freshInfo(store, info);
    }
  }
}

/** The facts of an object that has changed since it was listed; they count only when they say as much as the listing did. */
async function freshInfo(store: Store, { key, etag }: ObjectInfo): Promise<ObjectInfo> {
  const found = await store.stat(key);
  if (!found) throw new NotFoundError(`object "${key}" of ${store.url} is gone since it was listed`, key);
  if (etag === undefined || found.etag !== undefined) return found;
  throw new StoreError(
    `object "${key}" of ${store.url} was listed with the ETag ${etag} and is answered for without one; it was not kept; check that the endpoint is the service itself, then list it again`,
    { key, code: "BadAnswer" },
  );
}

type Fetch = (
  place: MirrorPlace,
  store: Store,
  info: ObjectInfo,
  path: string,
  options: DownloadOptions & { readonly onBytes: (count: number) => void },
) => Promise<Placed>;

const fetchSmall: Fetch = async (place, store, info, path, { signal, onBytes }) => {
  const bytes = await store.read(info.key, versionOptions(info, signal));
  if (bytes.byteLength !== info.size)
    throw changedError(info.key, `${info.size} bytes`, store.url, `${bytes.byteLength} bytes`);
  onBytes(bytes.byteLength);
  const temporary = temporaryName(join(place.parts.path, sha256(info.key).slice(0, 24)));
  return place.writers.put(temporary, OwnedBytes.from(bytes), placeOf(info, path));
};

const fetchLarge: Fetch = async (place, store, info, path, { signal, onBytes }) => {
  const part = await claimPart(place.parts, info);
  try {
    return await fillPart(place, store, info, path, part, { onBytes, ...(signal && { signal }) });
  } catch (error) {
    await (isWorthless(error) ? dropPart(place.parts, info, part) : releasePart(place.parts, part));
    throw error;
  }
};

const placeOf = ({ modifiedMilliseconds }: ObjectInfo, path: string) => ({
  path,
  ...(modifiedMilliseconds !== undefined && { modifiedMilliseconds }),
});

const versionOptions = ({ etag }: ObjectInfo, signal: AbortSignal | undefined) => ({
  ...(etag !== undefined && { ifMatch: etag }),
  ...(signal && { signal }),
});

/** After these a part's bytes are wrong, or may be holes, or fill a disk that needs the room. */
function isWorthless(error: unknown): boolean {
  if (isIctalError(error, "StoreError")) return error.details.code === "Changed" || error.details.code === "BadDigest";
  return isDiskFull(error) || (error as NodeJS.ErrnoException).code === "EIO";
}

async function fillPart(
  place: MirrorPlace,
  store: Store,
  info: ObjectInfo,
  path: string,
  part: Part,
  { signal, onBytes }: DownloadOptions & { onBytes: (count: number) => void },
): Promise<Placed> {
  const { offset } = part;
  const range = offset > 0 ? { range: { start: offset, end: info.size } } : {};
  const stream = await openObject(store, info.key, { ...versionOptions(info, signal), ...range });
  let expected = stream.digests;
  let writer: PartWriter | undefined;
  try {
    if (stream.info.size !== info.size)
      throw changedError(info.key, `${info.size} bytes`, store.url, `${stream.info.size} bytes`);
    if (offset > 0) expected = await resumedDigests(store, info, part, signal);
    const names = new Set<DigestName>(["sha256", ...expected.map(({ name }) => name)]);
    const note = partNote(place.parts, info, expected);
    writer = await place.writers.open(part.path, offset, [...names], offset === 0 ? note : undefined);
    onBytes(offset);
    await copyInto(writer, stream, onBytes);
    const finished = writer.finish(placeOf(info, path), expected, note.path);
    writer = undefined;
    const placed = await finished;
    checkDigests(info, store, expected, placed.digests!);
    return placed;
  } finally {
    await stream.body.return();
    await writer?.leave();
  }
}

/** What a resumed object must come to: what its note says, and what the store says now, since a note may have been edited. */
async function resumedDigests(
  store: Store,
  info: ObjectInfo,
  part: Part,
  signal: AbortSignal | undefined,
): Promise<readonly ExpectedDigest[]> {
  const told = (await store.digests?.(info.key, versionOptions(info, signal))) ?? [];
  const noted = part.digests ?? [];
  return [...told, ...noted.filter(({ name, hex }) => !told.some((item) => item.name === name && item.hex === hex))];
}

async function copyInto(writer: PartWriter, stream: ObjectStream, onBytes: (count: number) => void): Promise<void> {
  if (stream.pour) {
    await stream.pour((bytes) => {
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

function checkDigests(
  info: ObjectInfo,
  store: Store,
  expected: readonly ExpectedDigest[],
  found: Partial<Record<DigestName, string>>,
): void {
  const wrong = expected.find(({ name, hex }) => found[name] !== hex);
  if (!wrong) return;
  throw new StoreError(
    `object "${info.key}" of ${store.url} came with ${wrong.name} ${found[wrong.name]}, expected ${wrong.hex}; it was not kept; if this repeats, the stored object is damaged`,
    { key: info.key, code: "BadDigest" },
  );
}
