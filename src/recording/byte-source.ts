import { readSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { NotFoundError } from "@ictal/base/errors";
import type { SharedBytes } from "../base/shared-bytes.js";

/**
 * Bytes of one file, wherever it is stored. `read(start, end)` gives the half-open range as a new or shared array that
 * the caller must not change; a range past the end is truncated there, so the result can be shorter than requested.
 */
export interface ByteSource {
  /** Path, key or other name for messages. */
  readonly name: string;
  readonly byteLength: number;
  read(start: number, end: number): Promise<Uint8Array>;
  /**
   * Fill `out` from `start` on, without allocating memory for each read; returns the number of bytes filled, fewer at the end.
   * Sources that would only copy lack it, and so does a source that wraps another and must read its bytes. `out` may
   * be any memory of this thread: a source that has `out` filled by another thread has `readIntoShared` instead.
   */
  readonly readInto?: (out: Uint8Array, start: number) => Promise<number>; // a property: parameters of methods are not checked
  /** `readInto` of a source whose bytes another thread writes, which takes memory that both see. */
  readonly readIntoShared?: (out: SharedBytes, start: number) => Promise<number>;
  /** The same, synchronously: faster for cached bytes, blocks the thread for others. */
  readonly readIntoSync?: (out: Uint8Array, start: number) => number;
  /** Bytes per request, where a request has latency. @default 256 KiB */
  readonly blockBytes?: number;
  close?(): Promise<void>;
}

/** `blockBytes` of stores, where each block is a request of its own. */
export const REQUEST_BYTES = 2 * 1024 * 1024;

/** A source over bytes in memory; reads are views, not copies. */
export function bytesSource(name: string, bytes: Uint8Array): ByteSource {
  return {
    name,
    byteLength: bytes.byteLength,
    read: async (start, end) => {
      checkRange(start, end);
      return bytes.subarray(Math.min(start, bytes.byteLength), Math.min(end, bytes.byteLength));
    },
  };
}

/**
 * A source over a file on disk, opened once; call `close` when done. NotFoundError when there is no such file. An aborted `signal`
 * ends its asynchronous reads with the signal's reason.
 */
export async function fileSource(
  path: string,
  { signal }: { readonly signal?: AbortSignal | undefined } = {},
): Promise<ByteSource> {
  signal?.throwIfAborted();
  const handle = await openFile(path);
  const { size } = await handle.stat();
  return {
    name: path,
    byteLength: size,
    read: async (start, end) => {
      checkRange(start, end);
      signal?.throwIfAborted();
      const bytes = Buffer.allocUnsafeSlow(Math.min(end, size) - Math.min(start, size)); // unpooled: callers place views on it
      return new Uint8Array(bytes.buffer, 0, await fillFrom(handle, bytes, start));
    },
    readInto: async (out, start) => {
      signal?.throwIfAborted();
      return fillFrom(handle, out.subarray(0, Math.max(0, size - start)), start);
    },
    readIntoSync: (out, start) => fillFromSync(handle.fd, out.subarray(0, Math.max(0, size - start)), start),
    close: () => handle.close(),
  };
}

async function openFile(path: string): Promise<FileHandle> {
  let handle: FileHandle;
  try {
    handle = await open(path, "r");
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code !== "ENOENT" && code !== "ENOTDIR") throw error;
    const isAddress = /^[a-z][a-z0-9]+:\/\//i.test(path);
    const advice = isAddress ? "it is an address: copy it into a folder first (ictal s3 pull)" : "check the path";
    throw new NotFoundError(`${path}: no such file; ${advice}`, path, { cause: error });
  }
  const stats = await handle.stat();
  if (stats.isFile()) return handle;
  await handle.close();
  throw new NotFoundError(`${path}: not a file; give the path of one recording`, path);
}

/** Bytes filled; fewer than `out` holds when the file shrank since it was opened. */
async function fillFrom(handle: FileHandle, out: Uint8Array, start: number): Promise<number> {
  let filled = 0;
  while (filled < out.byteLength) {
    const { bytesRead } = await handle.read(out, filled, out.byteLength - filled, start + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return filled;
}

function fillFromSync(descriptor: number, out: Uint8Array, start: number): number {
  let filled = 0;
  while (filled < out.byteLength) {
    const count = readSync(descriptor, out, filled, out.byteLength - filled, start + filled);
    if (count === 0) break;
    filled += count;
  }
  return filled;
}

/** RangeError when `start` to `end` is not a half-open range. */
export function checkRange(start: number, end: number): void {
  if (!(start >= 0 && end >= start)) throw new RangeError(`invalid byte range: ${start}..${end}`);
}
