import type { IncomingMessage } from "node:http";
import type { GetObjectCommandOutput } from "@aws-sdk/client-s3";
import { isIctalError, NotFoundError, StoreError } from "../base/errors.js";
import { freeBuffer } from "../base/free-buffer.js";
import { closable } from "./closable.js";
import { digestMismatch } from "./digest.js";
import { pour, type TakeBytes } from "./s3-agent.js";
import type { S3StoreOptions } from "./s3-client.js";
import { discard, type S3Requests, s3Requests } from "./s3-requests.js";
import {
  type ByteRange,
  bareEtag,
  changedError,
  checkRange,
  checkVersion,
  type DigestName,
  type ExpectedDigest,
  type ListOptions,
  type ObjectInfo,
  type ObjectStream,
  type ReadOptions,
  type Store,
} from "./store.js";

export type { S3StoreOptions } from "./s3-client.js";

const SLOWEST_BYTES_PER_SECOND = 1024;
const PROGRESS_BYTES = 1 << 16; // so much gained since the last failure makes it a new one

interface Bucket {
  readonly url: string;
  /** "" or a folder ending with "/", put before every key. */
  readonly base: string;
  readonly options: S3StoreOptions;
  readonly requests: S3Requests;
}

/**
 * Objects of an S3 bucket below a prefix. Nothing is loaded or asked before the first use. Bodies that break are
 * resumed from the last byte of the same version; whole reads are checked against the object's checksums and MD5.
 */
export function s3Store(options: S3StoreOptions): Store {
  if (options.bucket === "") throw new RangeError("invalid bucket: it is empty");
  const folder = (options.prefix ?? "").replace(/^\/+|\/+$/g, "");
  const base = folder === "" ? "" : `${folder}/`;
  const url = `s3://${options.bucket}/${base}`;
  const bucket: Bucket = { url, base, options, requests: s3Requests(options) };
  return {
    url,
    list: (prefix = "", listOptions = {}) => listBucket(bucket, prefix, listOptions),
    async stat(key) {
      const facts = await bucket.requests.head(base + key);
      return facts && { key, ...facts };
    },
    read: (key, readOptions = {}) => readObject(bucket, key, readOptions),
    open: (key, readOptions = {}) => openBody(bucket, key, readOptions),
    async close() {
      bucket.requests.close();
    },
  };
}

async function* listBucket(
  { requests, base }: Bucket,
  prefix: string,
  options: ListOptions,
): AsyncGenerator<ObjectInfo> {
  const { startAfter, signal } = options;
  const first = startAfter === undefined || startAfter === "" ? {} : { startAfter: base + startAfter };
  const request = (token?: string) =>
    requests.list({ prefix: base + prefix, ...first, ...(token !== undefined && { token }) }, signal);
  let page = request();
  for (;;) {
    const { Contents = [], EncodingType, IsTruncated, NextContinuationToken } = await page;
    const goesOn = IsTruncated === true && NextContinuationToken !== undefined;
    if (goesOn) {
      page = request(NextContinuationToken);
      page.catch(() => undefined); // looked at when this page is used up
    }
    for (const { Key = "", Size = 0, ETag, LastModified } of Contents) {
      const key = EncodingType === "url" ? decodeURIComponent(Key.replaceAll("+", " ")) : Key;
      yield {
        key: key.slice(base.length),
        size: Size,
        ...(ETag !== undefined && { etag: bareEtag(ETag) }),
        ...(LastModified && { modifiedMilliseconds: LastModified.getTime() }),
      };
    }
    if (!goesOn) return;
    signal?.throwIfAborted();
  }
}

async function readObject(bucket: Bucket, key: string, options: ReadOptions): Promise<Uint8Array> {
  const { info, digests, pour: pourInto } = await openBody(bucket, key, options);
  const { start, end } = cut(options.range, info.size);
  const bytes = new Uint8Array(end - start);
  let filled = 0;
  await pourInto?.((chunk) => {
    bytes.set(chunk, filled);
    filled += chunk.byteLength;
    freeBuffer(chunk);
    return undefined;
  });
  const wrong = digestMismatch(bytes, digests);
  if (!wrong) return bytes;
  throw new StoreError(
    `object "${key}" of ${bucket.url} came with ${wrong.expected.name} ${wrong.found}, expected ${wrong.expected.hex}; read it again, and if that repeats, the stored object is damaged`,
    { key, code: "BadDigest" },
  );
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
  const info = infoOf(output, key);
  const { start, end } = cut(range, info.size);
  const digests = range ? [] : digestsOf(output, bucket.options.etagIsMd5 ?? true);
  if (output.ContentRange === undefined && start > 0) {
    discard(output);
    throw new StoreError(
      `${bucket.url} ignored the byte range asked of "${key}"; this service cannot be read in parts`,
      { key },
    );
  }
  const reading = startReading(bucket, info, output, { start, end }, signal);
  return {
    info,
    digests,
    body: closable(readBody(reading), () => discard(output)),
    pour: (take) => pourBody(reading, take),
  };
}

function requestOf({ range, ifMatch }: ReadOptions) {
  return {
    ...(range ? { range: `bytes=${range.start}-${range.end - 1}` } : { digests: true }),
    ...(ifMatch !== undefined && { ifMatch: bareEtag(ifMatch) }),
  };
}

/** A range without bytes: S3 has no words for it, but the object must still exist in the right version. */
async function openNothing(bucket: Bucket, key: string, { ifMatch }: ReadOptions): Promise<ObjectStream> {
  const facts = await bucket.requests.head(bucket.base + key);
  if (!facts) throw new NotFoundError(`no object "${key}" in ${bucket.url}`, key);
  const info = { key, ...facts };
  checkVersion(info, ifMatch, bucket.url);
  return { info, digests: [], body: noBytes() };
}

async function* noBytes(): AsyncGenerator<Uint8Array, void, undefined> {}

const statusOf = (error: unknown) => (isIctalError(error, "StoreError") ? error.details.status : undefined);

function asChanged(error: unknown, bucket: Bucket, key: string, ifMatch: string | undefined): unknown {
  return ifMatch !== undefined && statusOf(error) === 412 ? changedError(key, ifMatch, bucket.url) : error;
}

function infoOf(
  { ContentLength = 0, ContentRange, ETag, LastModified }: GetObjectCommandOutput,
  key: string,
): ObjectInfo {
  const total = /\/(\d+)$/.exec(ContentRange ?? "")?.[1];
  return {
    key,
    size: total === undefined ? ContentLength : Number(total),
    ...(ETag !== undefined && { etag: bareEtag(ETag) }),
    ...(LastModified && { modifiedMilliseconds: LastModified.getTime() }),
  };
}

/** Digests of the whole object: its checksums, else the MD5 in its ETag; those of multipart uploads made from the parts' digests cannot be checked. */
function digestsOf(output: GetObjectCommandOutput, etagIsMd5: boolean): ExpectedDigest[] {
  const found: ExpectedDigest[] = [];
  const fields: [DigestName, string | undefined][] = [
    ["crc32", output.ChecksumCRC32],
    ["crc32c", output.ChecksumCRC32C],
    ["crc64nvme", output.ChecksumCRC64NVME],
    ["sha1", output.ChecksumSHA1],
    ["sha256", output.ChecksumSHA256],
  ];
  for (const [name, value] of fields) {
    if (value === undefined || value.includes("-") || output.ChecksumType === "COMPOSITE") continue;
    found.push({ name, hex: Buffer.from(value, "base64").toString("hex") });
  }
  if (found.length > 0) return found; // one proof is enough; an MD5 on top would cost more than the transfer
  const etag = bareEtag(output.ETag ?? "");
  const encrypted = output.ServerSideEncryption?.startsWith("aws:kms") || output.SSECustomerAlgorithm !== undefined;
  return etagIsMd5 && !encrypted && /^[0-9a-f]{32}$/.test(etag) ? [{ name: "md5", hex: etag }] : [];
}

/** A body being read: where it has come to, and how often in a row it broke. */
interface Reading {
  readonly bucket: Bucket;
  readonly info: ObjectInfo;
  readonly end: number;
  readonly signal: AbortSignal | undefined;
  output: GetObjectCommandOutput;
  at: number;
  attempt: number;
  failedAt: number;
}

function startReading(
  bucket: Bucket,
  info: ObjectInfo,
  output: GetObjectCommandOutput,
  { start, end }: ByteRange,
  signal: AbortSignal | undefined,
): Reading {
  return { bucket, info, end, signal, output, at: start, attempt: 0, failedAt: start };
}

/** Counts a chunk in; more bytes than announced are a StoreError. */
function advance(reading: Reading, count: number): void {
  const { bucket, info, end } = reading;
  if (reading.at + count > end)
    throw new StoreError(`"${info.key}" of ${bucket.url} gave more bytes than it announced`, { key: info.key });
  reading.at += count;
}

/** Asks for the rest after `failure`, or throws when that is no use. */
async function resume(reading: Reading, failure: unknown): Promise<void> {
  const { bucket, info, signal, at, end } = reading;
  const { key, etag } = info;
  reading.attempt = at - reading.failedAt >= PROGRESS_BYTES ? 1 : reading.attempt + 1;
  reading.failedAt = at;
  await bucket.requests.retryOrThrow(failure, bucket.base + key, reading.attempt, signal);
  const rest = { range: `bytes=${at}-${end - 1}`, ...(etag !== undefined && { ifMatch: etag }) };
  reading.output = await bucket.requests.get(bucket.base + key, rest, signal).catch((error) => {
    throw asChanged(error, bucket, key, etag);
  });
  if (reading.output.ContentRange !== undefined || at === 0) return;
  discard(reading.output);
  throw new StoreError(`${bucket.url} ignored the byte range asked of "${key}"; a broken read cannot be resumed`, {
    key,
  });
}

const endedEarly = () => Object.assign(new Error("aborted"), { code: "ECONNRESET" });

/** The bytes of a reading, asked for again from the last one received whenever the connection fails. */
async function* readBody(reading: Reading): AsyncGenerator<Uint8Array, void, undefined> {
  const stall = stallWatch(reading.bucket.options.stallMilliseconds);
  for (;;) {
    let failure: unknown = endedEarly();
    try {
      stall.begin();
      for await (const chunk of bodyOf(reading.output) as AsyncIterable<Uint8Array>) {
        stall.arrived(chunk.byteLength);
        advance(reading, chunk.byteLength);
        yield chunk;
        stall.begin();
      }
    } catch (error) {
      failure = failureOf(error, reading.signal);
    } finally {
      discard(reading.output);
    }
    if (reading.at === reading.end) return;
    await resume(reading, failure);
  }
}

/** The same for a reader that takes each chunk at once. */
async function pourBody(reading: Reading, take: TakeBytes): Promise<void> {
  const stall = stallWatch(reading.bucket.options.stallMilliseconds);
  const taken = (bytes: Uint8Array) => {
    stall.arrived(bytes.byteLength);
    advance(reading, bytes.byteLength);
    const wait = asTaken(() => take(bytes));
    if (!wait) stall.begin();
    return wait?.then(stall.begin);
  };
  for (;;) {
    let failure: unknown = endedEarly();
    try {
      stall.begin();
      await pour(bodyOf(reading.output), taken);
    } catch (error) {
      failure = failureOf(error, reading.signal);
    } finally {
      discard(reading.output);
    }
    if (reading.at === reading.end) return;
    await resume(reading, failure);
  }
}

/** What the taker of bytes threw, which no further request can mend. */
class TakerError extends Error {
  override readonly name = "TakerError";
}

function asTaken(work: () => Promise<void> | undefined): Promise<void> | undefined {
  const wrap = (cause: unknown): never => {
    throw new TakerError("the bytes could not be taken", { cause });
  };
  try {
    return work()?.catch(wrap);
  } catch (error) {
    return wrap(error);
  }
}

/** The error to try again after; throws those that trying again cannot mend. */
function failureOf(error: unknown, signal: AbortSignal | undefined): unknown {
  signal?.throwIfAborted();
  if (error instanceof TakerError) throw error.cause;
  if (isIctalError(error)) throw error;
  return error;
}

/** On Node the SDK hands over the response itself. */
const bodyOf = (output: GetObjectCommandOutput) => output.Body as unknown as IncomingMessage;

/** Tells a connection that drips: too few bytes over so much time of waiting is a TimeoutError. */
function stallWatch(stallMilliseconds = 15_000) {
  let waited = 0;
  let received = 0;
  let asked = 0;
  return {
    begin() {
      asked = performance.now();
    },
    arrived(count: number) {
      waited += performance.now() - asked;
      received += count;
      if (waited < stallMilliseconds) return;
      if (received < (SLOWEST_BYTES_PER_SECOND * waited) / 1000) {
        throw Object.assign(new Error(`only ${received} bytes in ${Math.round(waited)} ms`), { name: "TimeoutError" });
      }
      waited = 0;
      received = 0;
    },
  };
}
