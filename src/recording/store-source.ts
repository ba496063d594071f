import { NotFoundError } from "@ictal/base/errors";
import type { Store } from "../store/store.js";
import { type ByteSource, checkRange, REQUEST_BYTES } from "./byte-source.js";
import { checkedSource, vouchedDigests } from "./checked-source.js";

/**
 * A source over one object of a store; every read is a range request that is bound to the version seen at the start, so
 * that an object replaced meanwhile is an error and never a mixture. Who reads all of it in order has its bytes compared
 * with the digests that the store vouches for (StoreError "BadDigest"). NotFoundError when there is no such object.
 */
export async function storeSource(
  store: Store,
  key: string,
  options: { signal?: AbortSignal } = {},
): Promise<ByteSource> {
  const info = await store.stat(key);
  if (!info) throw new NotFoundError(`${store.url}: no object "${key}"; check the key`, key);
  const ifMatch = info.etag === undefined ? {} : { ifMatch: info.etag };
  const source: ByteSource = {
    name: key,
    byteLength: info.size,
    blockBytes: REQUEST_BYTES,
    read: async (start, end) => {
      checkRange(start, end);
      const range = { start: Math.min(start, info.size), end: Math.min(end, info.size) };
      if (range.start === range.end) return new Uint8Array(0);
      return store.read(key, { range, ...ifMatch, ...options });
    },
  };
  return checkedSource(source, () => vouchedDigests(store, key, { ...ifMatch, ...options }));
}
