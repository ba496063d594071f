import { compareKeys, type ObjectInfo, type Store } from "../store.js";
import type { ObjectDigests } from "./object-digests.js";
import { element, encodeKey, escapeXml, S3Failure, xmlDocument } from "./s3-xml.js";

/** ListObjectsV2 over any store. */

interface ListQuery {
  readonly prefix: string;
  readonly delimiter: string;
  readonly startAfter: string | undefined;
  readonly token: string | undefined;
  readonly maxKeys: number;
  readonly urlEncoded: boolean;
}

interface ListPage {
  readonly objects: ObjectInfo[];
  readonly commonPrefixes: string[];
  /** Where the next page starts, when there is one. */
  readonly next: string | undefined;
}

const MAX_KEYS = 1000;
const DIGEST_BATCH = 32;
const LAST_CHARACTER = "\u{10ffff}";

/** The XML of one page of a listing. */
export async function listPage(
  store: Store,
  bucket: string,
  query: Map<string, string>,
  digestsOf: (info: ObjectInfo) => Promise<ObjectDigests>,
): Promise<string> {
  const request = parseListQuery(query);
  const page = await collectPage(store, request);
  const etags: string[] = [];
  for (let first = 0; first < page.objects.length; first += DIGEST_BATCH) {
    const batch = page.objects.slice(first, first + DIGEST_BATCH);
    etags.push(...(await Promise.all(batch.map(digestsOf))).map(({ md5 }) => md5));
  }
  return pageXml(bucket, request, page, etags);
}

function parseListQuery(query: Map<string, string>): ListQuery {
  const maxKeys = query.get("max-keys") ?? String(MAX_KEYS);
  if (!/^\d+$/.test(maxKeys)) {
    throw new S3Failure(400, "InvalidArgument", `max-keys is ${maxKeys}; expected a whole number from 0`);
  }
  const encoding = query.get("encoding-type");
  if (encoding !== undefined && encoding !== "url") {
    throw new S3Failure(400, "InvalidArgument", `encoding-type is ${encoding}; only url is allowed`);
  }
  return {
    prefix: query.get("prefix") ?? "",
    delimiter: query.get("delimiter") ?? "",
    startAfter: query.get("start-after"),
    token: query.get("continuation-token"),
    maxKeys: Math.min(Number(maxKeys), MAX_KEYS),
    urlEncoded: encoding === "url",
  };
}

const encodeToken = (key: string) => Buffer.from(key).toString("base64url");

function decodeToken(token: string): string {
  const key = Buffer.from(token, "base64url").toString();
  if (encodeToken(key) !== token) {
    throw new S3Failure(400, "InvalidArgument", "The continuation token provided is incorrect");
  }
  return key;
}

async function collectPage(store: Store, request: ListQuery): Promise<ListPage> {
  const objects: ObjectInfo[] = [];
  const commonPrefixes: string[] = [];
  let startAfter = request.token === undefined ? request.startAfter : decodeToken(request.token);
  if (request.maxKeys === 0) return { objects, commonPrefixes, next: undefined };
  for (let hasMore = true; hasMore; ) {
    hasMore = false;
    for await (const info of store.list(request.prefix, { startAfter })) {
      const common = commonPrefixOf(info.key, request);
      if (common !== undefined && startAfter !== undefined && isInCommon(startAfter, common)) continue;
      if (objects.length + commonPrefixes.length === request.maxKeys) {
        return { objects, commonPrefixes, next: startAfter };
      }
      if (common === undefined) {
        objects.push(info);
        startAfter = info.key;
        continue;
      }
      commonPrefixes.push(common);
      startAfter = common + LAST_CHARACTER; // continue after the folder without listing its objects
      hasMore = true;
      break;
    }
  }
  return { objects, commonPrefixes, next: undefined };
}

function commonPrefixOf(key: string, { prefix, delimiter }: ListQuery): string | undefined {
  if (delimiter === "") return undefined;
  const cut = key.indexOf(delimiter, prefix.length);
  return cut < 0 ? undefined : key.slice(0, cut + delimiter.length);
}

const isInCommon = (startAfter: string, common: string) =>
  startAfter.startsWith(common) && compareKeys(startAfter, common + LAST_CHARACTER) >= 0;

function pageXml(bucket: string, request: ListQuery, page: ListPage, etags: readonly string[]): string {
  const name = (text: string) => escapeXml(request.urlEncoded ? encodeKey(text) : text);
  const contents = page.objects.map(({ key, size, modifiedMilliseconds = 0 }, i) => {
    const fields = [
      element("Key", name(key)),
      element("LastModified", new Date(modifiedMilliseconds).toISOString()),
      element("ETag", `&quot;${etags[i]}&quot;`),
      element("Size", size),
      element("StorageClass", "STANDARD"),
    ];
    return element("Contents", fields.join(""));
  });
  const prefixes = page.commonPrefixes.map((prefix) => element("CommonPrefixes", element("Prefix", name(prefix))));
  return xmlDocument(
    "ListBucketResult",
    [
      element("Name", escapeXml(bucket)),
      element("Prefix", name(request.prefix)),
      element("Delimiter", request.delimiter === "" ? undefined : name(request.delimiter)),
      element("StartAfter", request.startAfter === undefined ? undefined : name(request.startAfter)),
      element("ContinuationToken", request.token),
      element("NextContinuationToken", page.next === undefined ? undefined : encodeToken(page.next)),
      element("EncodingType", request.urlEncoded ? "url" : undefined),
      element("KeyCount", page.objects.length + page.commonPrefixes.length),
      element("MaxKeys", request.maxKeys),
      element("IsTruncated", page.next !== undefined),
      ...contents,
      ...prefixes,
    ].join(""),
  );
}
