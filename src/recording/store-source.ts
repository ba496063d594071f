import { NotFoundError } from "@ictal/base/errors";
import type { Store } from "../store/store.js";
import { type ByteSource, checkRange, REQUEST_BYTES } from "./byte-source.js";
import { checkedSource, knownDigests } from "./checked-source.js";

/**
 * A source over one object of a store; every read is a range request that is bound to the version at the time of opening,
 * so that an object replaced meanwhile is an error and never a mixture. When all of it is read in order, its bytes are compared
 * with the digests of the store (StoreError "BadDigest"). NotFoundError when there is no such object.
 */
export async function storeSource(
  store: Store,
  key: string,
  { signal }: { readonly signal?: AbortSignal | undefined } = {},
): Promise<ByteSource> {
  signal?.throwIfAborted();
  const info = await store.stat(key);
  if (!info) throw new NotFoundError(`${store.url}: no object "${key}"; check the key`, key);
  const options = { ...(info.etag !== undefined && { ifMatch: info.etag }), ...(signal && { signal }) };
  const source: ByteSource = {
    name: key,
    byteLength: info.size,
    blockBytes: REQUEST_BYTES,
    read: async (start, end) => {
      checkRange(start, end);
      const range = { start: Math.min(start, info.size), end: Math.min(end, info.size) };
      if (range.start === range.end) return new Uint8Array(0);
      return store.read(key, { range, ...options });
    },
  };
  return checkedSource(source, () => knownDigests(store, key, options));
}
