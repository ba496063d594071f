import { type ByteSource, REQUEST_BYTES } from "../recording/byte-source.js";
import type { Store } from "../store/store.js";
import type { RecordingEntry } from "./recording-entry.js";

/**
 * Bytes of a catalogued recording without a request of their own: size and version come from the listing, and each read
 * is bound to that version (StoreError "Changed" when the object was replaced since).
 */
export function entrySource(store: Store, entry: RecordingEntry, signal?: AbortSignal): ByteSource {
  const { edfKey, edfSize, edfEtag } = entry;
  const read = (start: number, end: number, into?: Uint8Array) =>
    store.read(edfKey, {
      range: { start: Math.min(start, edfSize), end: Math.min(end, edfSize) },
      ...(edfEtag === undefined ? {} : { ifMatch: edfEtag }),
      ...(signal ? { signal } : {}),
      ...(into ? { into } : {}),
    });
  return {
    name: edfKey,
    byteLength: edfSize,
    blockBytes: REQUEST_BYTES,
    read: (start, end) => read(start, end),
    async readInto(out, start) {
      const bytes = await read(start, start + out.byteLength, out);
      if (bytes.buffer !== out.buffer) out.set(bytes); // a store that returns memory of its own
      return bytes.byteLength;
    },
  };
}
