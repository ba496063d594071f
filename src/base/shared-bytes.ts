/**
 * Who owns bytes that cross a thread, as types. A message copies unshared memory: a thread that fills what it was sent fills
 * its copy, and the sender's stays as it was. So bytes to be filled elsewhere are `SharedBytes`, and bytes that are given away
 * are a copy with a buffer of its own.
 */

/** Bytes in memory that all threads see: sent to another thread they stay the same memory. */
export type SharedBytes = Uint8Array<SharedArrayBuffer>;

/** Zeroed bytes that threads share. */
export function sharedBytes(byteLength: number): SharedBytes {
  return new Uint8Array(new SharedArrayBuffer(byteLength));
}

/** True for bytes in memory that threads share. */
export function isShared(bytes: Uint8Array): bytes is SharedBytes {
  return bytes.buffer instanceof SharedArrayBuffer;
}

/** `bytes`, for the border between two threads, where a type is a promise of the other side. RangeError on unshared memory. */
export function requireShared(bytes: Uint8Array): SharedBytes {
  if (isShared(bytes)) return bytes;
  throw new RangeError(
    "invalid bytes to fill for another thread: not shared memory, so that only a copy would be filled",
  );
}

/** A copy that can be given away with its buffer; what is transferred is lost to every other holder of the buffer. */
export function bytesToGive(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(bytes);
}
