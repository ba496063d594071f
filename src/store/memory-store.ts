import { createHash } from "node:crypto";
import { NotFoundError } from "@ictal/base/errors";
import {
  checkVersion,
  clipRange,
  compareKeys,
  type DigestOptions,
  type ListOptions,
  type ObjectStream,
  type ReadOptions,
  type Store,
} from "./store.js";

/**
 * A store over a record of key to bytes or text (as UTF-8). Reads see later changes of the record; ETags are the MD5
 * of the bytes.
 */
export function memoryStore(objects: Record<string, Uint8Array | string>, name = "memory"): Store {
  const url = `memory:${name}`;
  const bytesOf = (key: string): Uint8Array | undefined => {
    const value = Object.hasOwn(objects, key) ? objects[key] : undefined;
    return typeof value === "string" ? new TextEncoder().encode(value) : value;
  };
  const infoOf = (key: string, bytes: Uint8Array) => ({
    key,
    size: bytes.byteLength,
    etag: createHash("md5").update(bytes).digest("hex"),
  });
  const find = (key: string, options: ReadOptions | DigestOptions) => {
    options.signal?.throwIfAborted();
    const bytes = bytesOf(key);
    if (!bytes) throw new NotFoundError(`no object "${key}" in ${url}`, key);
    const info = infoOf(key, bytes);
    checkVersion(info, options.ifMatch, url);
    const { start, end } = clipRange("range" in options ? options.range : undefined, bytes.byteLength);
    return { info, bytes: bytes.slice(start, end) };
  };
  return {
    url,
    async *list(prefix = "", { startAfter, signal }: ListOptions = {}) {
      for (const key of Object.keys(objects).sort(compareKeys)) {
        signal?.throwIfAborted();
        if (!key.startsWith(prefix) || (startAfter !== undefined && compareKeys(key, startAfter) <= 0)) continue;
        const bytes = bytesOf(key);
        if (bytes) yield infoOf(key, bytes);
      }
    },
    async stat(key, { signal } = {}) {
      signal?.throwIfAborted();
      const bytes = bytesOf(key);
      return bytes && infoOf(key, bytes);
    },
    async read(key, options = {}) {
      return find(key, options).bytes;
    },
    async digests(key, options = {}) {
      return [{ name: "md5", hex: find(key, options).info.etag }];
    },
    async open(key, options = {}): Promise<ObjectStream> {
      const { info, bytes } = find(key, options);
      const digests = options.range ? [] : [{ name: "md5" as const, hex: info.etag }];
      return { info, digests, body: oneChunk(bytes) };
    },
  };
}

async function* oneChunk(bytes: Uint8Array): AsyncGenerator<Uint8Array, void, undefined> {
  if (bytes.byteLength > 0) yield bytes;
}
