/**
 * Ownership of bytes that are sent to another thread, as types. A message copies unshared memory: a thread that fills it
 * fills its copy, not the sender's memory. So bytes to be filled by another thread are `SharedBytes`, and bytes that are
 * transferred are a copy with its own buffer.
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

/** `bytes` from another thread as `SharedBytes`. RangeError on unshared memory. */
export function requireShared(bytes: Uint8Array): SharedBytes {
  if (isShared(bytes)) return bytes;
  throw new RangeError(
    "invalid bytes to fill for another thread: not shared memory, so that only a copy would be filled",
  );
}

/** A copy that can be transferred with its buffer; a transferred buffer is detached for all other views of it. */
export function transferableCopy(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(bytes);
}
