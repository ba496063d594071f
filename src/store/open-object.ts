import { NotFoundError } from "@ictal/base/errors";
import { checkDigests, createDigest } from "./digest.js";
import { checkVersion, clipRange, type ObjectInfo, type ObjectStream, type ReadOptions, type Store } from "./store.js";

const CHUNK_BYTES = 1 << 20;

/** Reads one object of any store in order: by its own `open`, else by ranged reads of 1 MiB of one version. */
export async function openObject(store: Store, key: string, options: ReadOptions = {}): Promise<ObjectStream> {
  if (store.open) return store.open(key, options);
  options.signal?.throwIfAborted();
  const info = await store.stat(key, { signal: options.signal });
  if (!info) throw new NotFoundError(`no object "${key}" in ${store.url}`, key);
  checkVersion(info, options.ifMatch, store.url);
  const ifMatch = options.ifMatch ?? info.etag;
  const { range, signal } = options;
  const digests = range ? [] : ((await store.digests?.(key, { ifMatch, signal })) ?? []);
  return { info, digests, body: readChunks(store, info, { ...options, ifMatch }) };
}

/** The body of a stream with its digests checked: its end is the StoreError "BadDigest" when the bytes are not the object's. */
export async function* checkedBody({ info, digests, body }: ObjectStream): AsyncGenerator<Uint8Array, void, undefined> {
  const running = new Map(digests.map(({ name }) => [name, createDigest(name)]));
  for await (const chunk of body) {
    for (const digest of running.values()) digest.update(chunk);
    yield chunk;
  }
  const found = new Map([...running].map(([name, digest]) => [name, digest.hex()]));
  checkDigests(info.key, digests, ({ name }) => found.get(name));
}

async function* readChunks(
  store: Store,
  info: ObjectInfo,
  options: ReadOptions,
): AsyncGenerator<Uint8Array, void, undefined> {
  const { start, end } = clipRange(options.range, info.size);
  for (let at = start; at < end; at += CHUNK_BYTES) {
    yield await store.read(info.key, { ...options, range: { start: at, end: Math.min(at + CHUNK_BYTES, end) } });
  }
}
