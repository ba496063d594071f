import { StoreError } from "@ictal/base/errors";
import type { OwnedBytes } from "../base/owned-bytes.js";

/** Metadata of an object. */
export interface ObjectInfo {
  /** Name within the store: segments joined by "/", never starting with one. */
  readonly key: string;
  /** Length in bytes. */
  readonly size: number;
  /**
   * Opaque version tag without quotes: other bytes have another tag. Equal bytes need not have equal tags: a folder's
   * tag comes from size and time of change, S3's from content or upload.
   */
  readonly etag?: string | undefined;
  /** Time of last change, milliseconds since 1970. */
  readonly modifiedMilliseconds?: number | undefined;
}

/** A half-open range of bytes, `[start, end)`. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

export interface ReadOptions {
  /** Bytes to read, cut to the object's size; a start at or past the end gives no bytes. @default the whole object */
  readonly range?: ByteRange | undefined;
  /** Read only this version: another `etag` is a StoreError with code "Changed". */
  readonly ifMatch?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  /**
   * Memory for the result, at least as long as the range; a store that would have to copy returns its own memory instead.
   * @default fresh memory
   */
  readonly into?: Uint8Array | undefined;
}

export interface StatOptions {
  readonly signal?: AbortSignal | undefined;
}

export interface DigestOptions {
  /** Only of this version: another `etag` is a StoreError with code "Changed". */
  readonly ifMatch?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface ListOptions {
  /** List only keys after this one. */
  readonly startAfter?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Names of digests that an object may carry. */
export type DigestName = "md5" | "sha1" | "sha256" | "crc32" | "crc32c" | "crc64nvme";

/** Expected digest of a whole object; `hex` is lower case, most significant byte first. */
export interface ExpectedDigest {
  readonly name: DigestName;
  readonly hex: string;
}

/** An object being read in order. `body` must be read to its end or closed by `return()`. */
export interface ObjectStream {
  readonly info: ObjectInfo;
  /** Digests of the whole object from the store; empty for a range. The reader of `body` checks them. */
  readonly digests: readonly ExpectedDigest[];
  /** Chunks of any length, owned by the reader. */
  readonly body: AsyncGenerator<Uint8Array, void, undefined>;
  /**
   * Passes the bytes to `consume` instead of reading `body`, and faster; a promise makes the sender wait. Rejects with an error of
   * the body or of `consume`.
   */
  readonly pipe?: (consume: (bytes: OwnedBytes) => Promise<void> | undefined) => Promise<void>;
}

/**
 * The interface of all sources of objects. Every method rejects with NotFoundError (no such object or bucket), StoreError (the
 * request failed) or the signal's reason.
 */
export interface Store {
  /** Location of the objects, for messages; contains no secret. */
  readonly url: string;
  /** Objects up to this length are faster to read whole than in ranges, since each read is a request. @default none */
  readonly wholeReadBytes?: number;
  /** Objects whose key starts with `prefix`, ascending by the UTF-8 bytes of the key. */
  list(prefix?: string, options?: ListOptions): AsyncIterable<ObjectInfo>;
  /** Metadata of one object, or undefined when there is no such object. */
  stat(key: string, options?: StatOptions): Promise<ObjectInfo | undefined>;
  /** Bytes of one object, a copy owned by the caller. */
  read(key: string, options?: ReadOptions): Promise<Uint8Array>;
  /** Reads one object in order with bounded memory; `openObject` does it for stores that lack it. */
  open?(key: string, options?: ReadOptions): Promise<ObjectStream>;
  /**
   * Expected digests of the whole object, for readers of ranges that together cover it; empty when the store has none. Stores
   * that never have digests lack this method.
   */
  digests?(key: string, options?: DigestOptions): Promise<readonly ExpectedDigest[]>;
  close?(): Promise<void>;
}

/** Order of two keys by their UTF-8 bytes: negative, zero or positive. */
export function compareKeys(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x !== y) return utf8Rank(x) - utf8Rank(y);
  }
  return a.length - b.length;
}

// UTF-16 puts surrogates (code points above U+FFFF) before U+E000..U+FFFF; UTF-8 puts them after.
function utf8Rank(unit: number): number {
  if (unit < 0xd800) return unit;
  return unit >= 0xe000 ? unit - 0x800 : unit + 0x2000;
}

/** The range cut to an object of `size` bytes; RangeError when it is no range at all. */
export function clipRange(range: ByteRange | undefined, size: number): ByteRange {
  if (!range) return { start: 0, end: size };
  const { start, end } = checkRange(range);
  return { start: Math.min(start, size), end: Math.min(end, size) };
}

/** `range` itself, or RangeError when its ends are not whole numbers with 0 <= start <= end. */
export function checkRange(range: ByteRange): ByteRange {
  const { start, end } = range;
  if (!Number.isSafeInteger(start) || !Number.isSafeInteger(end) || start < 0 || end < start) {
    throw new RangeError(`invalid byte range: ${start}..${end}`);
  }
  return range;
}

/** An ETag without quotes and weakness mark. */
export function bareEtag(etag: string): string {
  return etag.replace(/^W\//, "").replace(/^"(.*)"$/, "$1");
}

/** Throws the StoreError for an object that is no longer the version that was asked for. */
export function checkVersion(info: ObjectInfo, ifMatch: string | undefined, url: string): void {
  if (ifMatch === undefined || info.etag === bareEtag(ifMatch)) return;
  throw changedError(info.key, ifMatch, url, info.etag);
}

export function changedError(key: string, expected: string, url: string, found?: string): StoreError {
  const seen = found === undefined ? "another version" : `version ${found}`;
  return new StoreError(
    `object "${key}" of ${url} changed while it was in use: found ${seen}, expected ${bareEtag(expected)}; list it again and start again`,
    { key, status: 412, code: "Changed" },
  );
}
