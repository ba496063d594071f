import type { GetObjectCommandOutput } from "@aws-sdk/client-s3";
import { isIctalError, NotFoundError, StoreError } from "@ictal/base/errors";
import { freeBuffers } from "../base/free-buffer.js";
import { closable } from "./closable.js";
import { digestMismatch } from "./digest.js";
import { type Asked, answeredObject, badAnswer, digestsOf } from "./s3-answer.js";
import { asChanged, type BodySource, pipeReading, readBody, startReading } from "./s3-body.js";
import { listPages } from "./s3-listing.js";
import { type S3StoreOptions, stallMillisecondsOf } from "./s3-options.js";
import { discard, S3Requests } from "./s3-requests.js";
import {
  type ByteRange,
  bareEtag,
  checkRange,
  checkVersion,
  type DigestOptions,
  type ExpectedDigest,
  type ListOptions,
  type ObjectInfo,
  type ObjectStream,
  type ReadOptions,
  type Store,
} from "./store.js";

export type { S3StoreOptions } from "./s3-options.js";

const WHOLE_READ_BYTES = 1 << 22; // two requests for parts, and one for the digests that a whole answer carries

interface Bucket extends BodySource {
  readonly url: string;
  /** "" or a folder ending with "/", put before every key. */
  readonly base: string;
  readonly etagIsMd5: boolean;
  /** True once a response of the service had an ETag: a response without one is then not from the service. */
  givesEtags: boolean;
}

/**
 * Objects of an S3 bucket below a prefix. Nothing is loaded or asked before the first use. Bodies that break are
 * resumed from the last byte of the same version; whole reads are checked against the object's checksums and MD5. Answers
 * that are not S3's (a login page, no ETag where there were ones, a listing without an end) are StoreErrors.
 */
export function s3Store(options: S3StoreOptions): Store {
  if (options.bucket === "") throw new RangeError("invalid bucket: it is empty");
  const folder = (options.prefix ?? "").replace(/^\/+|\/+$/g, "");
  const base = folder === "" ? "" : `${folder}/`;
  const url = `s3://${options.bucket}/${base}`;
  const { etagIsMd5 = true } = options;
  const stallMilliseconds = stallMillisecondsOf(options);
  const bucket: Bucket = {
    url,
    base,
    etagIsMd5,
    stallMilliseconds,
    requests: new S3Requests(options),
    givesEtags: false,
  };
  return {
    url,
    wholeReadBytes: WHOLE_READ_BYTES,
    list: (prefix = "", listOptions = {}) => listBucket(bucket, prefix, listOptions),
    stat: async (key, statOptions = {}) => (await headOf(bucket, { key, ...statOptions }))?.info,
    digests: (key, digestOptions = {}) => knownDigests(bucket, key, digestOptions),
    read: (key, readOptions = {}) => readObject(bucket, key, readOptions),
    open: (key, readOptions = {}) => openBody(bucket, key, readOptions),
    async close() {
      bucket.requests.close();
    },
  };
}

async function* listBucket(bucket: Bucket, prefix: string, options: ListOptions): AsyncGenerator<ObjectInfo> {
  const { base, requests, url } = bucket;
  const { startAfter, signal } = options;
  const first = startAfter === undefined || startAfter === "" ? {} : { startAfter: base + startAfter };
  const ask = (token?: string) =>
    requests.list({ prefix: base + prefix, ...first, ...(token !== undefined && { token }) }, signal);
  for await (const info of listPages(url, ask, signal)) {
    if (!info.key.startsWith(base + prefix))
      throw new StoreError(`the listing of ${url} holds ${JSON.stringify(info.key)}, which was not requested`, {
        key: info.key,
        code: "BadListing",
      });
    bucket.givesEtags ||= info.etag !== undefined;
    yield { ...info, key: info.key.slice(base.length) };
  }
}

interface Headed {
  readonly info: ObjectInfo;
  readonly digests: readonly ExpectedDigest[];
}

const askedOf = ({ url, givesEtags }: Bucket, key: string, { range, ifMatch }: ReadOptions): Asked => ({
  ...{ url, key, givesEtags },
  ...(range && { range }),
  ...(ifMatch !== undefined && { ifMatch }),
});

/** Facts of an object by a HEAD; undefined when it is missing. */
async function headOf(
  bucket: Bucket,
  { key, checksums, ifMatch, signal }: DigestOptions & { key: string; checksums?: boolean },
): Promise<Headed | undefined> {
  const output = await bucket.requests.head(bucket.base + key, { ...(checksums && { checksums }) }, signal);
  if (!output) return undefined;
  const info = answeredObject(output, askedOf(bucket, key, { ifMatch }));
  checkVersion(info, ifMatch, bucket.url);
  bucket.givesEtags ||= info.etag !== undefined;
  return { info, digests: digestsOf(output, bucket.etagIsMd5) };
}

async function knownDigests(bucket: Bucket, key: string, options: DigestOptions): Promise<readonly ExpectedDigest[]> {
  const found = await headOf(bucket, { ...options, key, checksums: true });
  if (!found) throw new NotFoundError(`no object "${key}" in ${bucket.url}`, key);
  return found.digests;
}

async function readObject(bucket: Bucket, key: string, options: ReadOptions): Promise<Uint8Array> {
  const { info, digests, pipe } = await openBody(bucket, key, options);
  const { start, end } = cut(options.range, info.size);
  const bytes = memoryFor(end - start, bucket, key);
  let filled = 0;
  await pipe?.((chunk) => {
    bytes.set(chunk.view(), filled);
    filled += chunk.byteLength;
    freeBuffers([chunk.give()]);
    return undefined;
  });
  const wrong = digestMismatch(bytes, digests);
  if (!wrong) return bytes;
  throw new StoreError(
    `object "${key}" of ${bucket.url} came with ${wrong.expected.name} ${wrong.found}, expected ${wrong.expected.hex}; read it again, and if that repeats, the stored object is damaged`,
    { key, code: "BadDigest" },
  );
}

function memoryFor(byteLength: number, bucket: Bucket, key: string): Uint8Array {
  try {
    return new Uint8Array(byteLength);
  } catch (error) {
    if (error instanceof RangeError) throw badAnswer({ url: bucket.url, key }, `a length of ${byteLength} bytes`);
    throw error;
  }
}

function cut(range: ByteRange | undefined, size: number): ByteRange {
  return range ? { start: Math.min(range.start, size), end: Math.min(range.end, size) } : { start: 0, end: size };
}

async function openBody(bucket: Bucket, key: string, options: ReadOptions): Promise<ObjectStream> {
  const { range, signal } = options;
  signal?.throwIfAborted();
  if (range && checkRange(range).start === range.end) return openNothing(bucket, key, options);
  let output: GetObjectCommandOutput;
  try {
    output = await bucket.requests.get(bucket.base + key, requestOf(options), signal);
  } catch (error) {
    if (statusOf(error) === 416) return openNothing(bucket, key, options);
    throw asChanged(error, bucket, key, options.ifMatch);
  }
  let info: ObjectInfo;
  try {
    info = answeredObject(output, askedOf(bucket, key, options));
    checkVersion(info, options.ifMatch, bucket.url);
  } catch (error) {
    discard(output);
    throw error;
  }
  bucket.givesEtags ||= info.etag !== undefined;
  const { start, end } = cut(range, info.size);
  const digests = range ? [] : digestsOf(output, bucket.etagIsMd5);
  const reading = startReading(bucket, info, output, { start, end }, signal);
  return {
    info,
    digests,
    body: closable(readBody(reading), () => discard(output)),
    pipe: (consume) => pipeReading(reading, consume),
  };
}

function requestOf({ range, ifMatch }: ReadOptions) {
  return {
    ...(range ? { range: `bytes=${range.start}-${range.end - 1}` } : { digests: true }),
    ...(ifMatch !== undefined && { ifMatch: bareEtag(ifMatch) }),
  };
}

/** An empty range: S3 cannot express it, but the object must still exist in the right version. */
async function openNothing(bucket: Bucket, key: string, { ifMatch, signal }: ReadOptions): Promise<ObjectStream> {
  const found = await headOf(bucket, { key, ifMatch, signal });
  if (!found) throw new NotFoundError(`no object "${key}" in ${bucket.url}`, key);
  return { info: found.info, digests: [], body: noBytes() };
}

async function* noBytes(): AsyncGenerator<Uint8Array, void, undefined> {}

const statusOf = (error: unknown) => (isIctalError(error, "StoreError") ? error.details.status : undefined);
