/** Validation of S3 responses: form, metadata and the requested version; anything else is a StoreError. */
import type { GetObjectCommandOutput, HeadObjectCommandOutput } from "@aws-sdk/client-s3";
import { StoreError } from "@ictal/base/errors";
import { type ByteRange, bareEtag, type DigestName, type ExpectedDigest, type ObjectInfo } from "./store.js";

/** What was asked for, and what is known of the service. */
export interface Asked {
  readonly url: string;
  readonly key: string;
  readonly range?: ByteRange | undefined;
  readonly ifMatch?: string | undefined;
  /** The service has given ETags before, so that an answer without one is not its own. */
  readonly givesEtags: boolean;
}

type Answer = Pick<
  GetObjectCommandOutput & HeadObjectCommandOutput,
  "$metadata" | "ContentLength" | "ContentRange" | "ContentType" | "ETag" | "LastModified"
>;

/** The StoreError "BadAnswer": the service sent `found` in place of the object. */
export function badAnswer({ url, key }: Pick<Asked, "url" | "key">, found: string, status?: number): StoreError {
  return new StoreError(
    `${url} answered the request for "${key}" with ${found}; the response was discarded; check that the endpoint is the S3 service itself (no login page or proxy in between), then try again`,
    { key, code: "BadAnswer", ...(status !== undefined && { status }) },
  );
}

/** True for responses of captive portals and proxies: a web page without the request id of S3 services. */
export function isWebPage({ ContentType, $metadata }: Pick<Answer, "ContentType" | "$metadata">): boolean {
  return /^text\/html\b/i.test(ContentType ?? "") && $metadata.requestId === undefined;
}

/** The whole, non-negative number of bytes that a size must be, or undefined. */
export function sizeOrNone(size: number | undefined): number | undefined {
  return size !== undefined && Number.isSafeInteger(size) && size >= 0 ? size : undefined;
}

/** Facts of the object that an answer to HEAD or GET is about. Throws "BadAnswer" where it is not S3's or contradicts itself. */
export function answeredObject(answer: Answer, asked: Asked): ObjectInfo {
  const { $metadata, ETag, LastModified } = answer;
  const status = $metadata.httpStatusCode;
  if (isWebPage(answer)) throw badAnswer(asked, "a web page, such as a login page", status);
  if (status !== undefined && status !== 200 && status !== 206) throw badAnswer(asked, `status ${status}`, status);
  if (ETag === undefined && (asked.givesEtags || asked.ifMatch !== undefined))
    throw badAnswer(asked, "no ETag, where this service has given them before", status);
  return {
    key: asked.key,
    size: asked.range ? totalOf(answer, asked, asked.range) : wholeLength(answer, asked),
    ...(ETag !== undefined && { etag: bareEtag(ETag) }),
    ...(LastModified && { modifiedMilliseconds: LastModified.getTime() }),
  };
}

function lengthOf({ ContentLength, $metadata }: Answer, asked: Asked): number {
  const length = sizeOrNone(ContentLength);
  if (length !== undefined) return length;
  const found = ContentLength === undefined ? "no Content-Length" : `a Content-Length of ${ContentLength}`;
  throw badAnswer(asked, found, $metadata.httpStatusCode);
}

function wholeLength(answer: Answer, asked: Asked): number {
  if (answer.ContentRange !== undefined || answer.$metadata.httpStatusCode === 206)
    throw badAnswer(asked, `a part (${answer.ContentRange}) where the whole was asked for`, 206);
  return lengthOf(answer, asked);
}

/** Size of the whole object by the answer to a request for a range, which must be the range asked for. */
function totalOf(answer: Answer, asked: Asked, range: ByteRange): number {
  const length = lengthOf(answer, asked);
  const { ContentRange, $metadata } = answer;
  if (ContentRange === undefined && $metadata.httpStatusCode !== 206) {
    if (range.start === 0 && range.end >= length) return length; // the whole object is what was asked for
    throw new StoreError(
      `${asked.url} ignored the byte range asked of "${asked.key}"; this service cannot be read in parts`,
      { key: asked.key, code: "NoRanges" },
    );
  }
  const [, from, to, total] = /^bytes (\d{1,16})-(\d{1,16})\/(\d{1,16})$/.exec(ContentRange ?? "")?.map(Number) ?? [];
  const size = sizeOrNone(total);
  if (size !== undefined && from === range.start && to === Math.min(range.end, size) - 1 && to >= from) {
    if (length === to - from + 1) return size;
  }
  const expected = `bytes ${range.start}-${range.end - 1}`;
  throw badAnswer(asked, `Content-Range "${ContentRange}" and ${length} bytes where ${expected} were asked for`, 206);
}

/**
 * Digests of the whole object that an answer vouches for: its checksums, else the MD5 in its ETag; those of multipart
 * uploads made from the parts' digests cannot be checked.
 */
export function digestsOf(
  output: GetObjectCommandOutput | HeadObjectCommandOutput,
  etagIsMd5: boolean,
): ExpectedDigest[] {
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
