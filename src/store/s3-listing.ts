/** Pages of a bucket's listing as one list, which is whole and names each object once, or a StoreError "BadListing". */
import type { ListObjectsV2CommandOutput } from "@aws-sdk/client-s3";
import { StoreError } from "@ictal/base/errors";
import { sizeOrNone } from "./s3-answer.js";
import { bareEtag, type ObjectInfo } from "./store.js";

/** Requests a page; without a token the first. */
export type RequestPage = (token?: string) => Promise<ListObjectsV2CommandOutput>;

function badListing(url: string, found: string, key?: string): StoreError {
  return new StoreError(
    `the listing of ${url} ${found}; so it may be incomplete and is not used; try again, and if that repeats, report it to the operator of the service`,
    { code: "BadListing", ...(key !== undefined && { key }) },
  );
}

/** The objects of all pages in the service's order, with whole keys. The next page is asked for while one is used. */
export async function* listPages(url: string, ask: RequestPage, signal?: AbortSignal): AsyncGenerator<ObjectInfo> {
  const tokens = new Set<string>();
  const keys = new Set<string>();
  let page = ask();
  for (;;) {
    const answer = await page;
    const token = nextToken(answer, url, tokens);
    if (token !== undefined) {
      page = ask(token);
      page.catch(() => undefined); // awaited when this page is consumed
    }
    for (const item of answer.Contents ?? []) {
      const info = listedObject(item, answer.EncodingType === "url", url);
      if (keys.has(info.key)) throw badListing(url, `lists ${JSON.stringify(info.key)} twice`, info.key);
      keys.add(info.key);
      yield info;
    }
    if (token === undefined) return;
    signal?.throwIfAborted();
  }
}

/** Token of the next page; undefined at the end. Throws when the response is not a listing or does not say whether it ends. */
function nextToken(answer: ListObjectsV2CommandOutput, url: string, tokens: Set<string>): string | undefined {
  const { Contents, CommonPrefixes, IsTruncated, KeyCount, Name, NextContinuationToken, $metadata } = answer;
  if (Contents === undefined && IsTruncated === undefined && KeyCount === undefined && Name === undefined)
    throw new StoreError(
      `${url} answered the request for a listing with something else (status ${$metadata.httpStatusCode}), such as a login page; check the endpoint`,
      { code: "NotS3", ...($metadata.httpStatusCode !== undefined && { status: $metadata.httpStatusCode }) },
    );
  const held = (Contents?.length ?? 0) + (CommonPrefixes?.length ?? 0);
  if (KeyCount !== undefined && KeyCount > held)
    throw badListing(url, `announces ${KeyCount} objects and lists ${held}`);
  if (IsTruncated === false) return undefined;
  const token = NextContinuationToken === "" ? undefined : NextContinuationToken;
  if (token === undefined) {
    if (IsTruncated)
      throw badListing(url, "is truncated but has no continuation token (IsTruncated without NextContinuationToken)");
    return undefined;
  }
  if (tokens.has(token)) throw badListing(url, "repeats a continuation token, so it would never end");
  tokens.add(token);
  return token;
}

/** Lone surrogates cannot be encoded in UTF-8. */
const LONE_SURROGATE = /\p{Surrogate}/u;

type Listed = NonNullable<ListObjectsV2CommandOutput["Contents"]>[number];

function listedObject({ Key = "", Size, ETag, LastModified }: Listed, isEncoded: boolean, url: string): ObjectInfo {
  const key = isEncoded ? decodedKey(Key, url) : Key;
  if (key === "") throw badListing(url, "holds an object without a key");
  if (LONE_SURROGATE.test(key))
    throw badListing(url, `holds the key ${JSON.stringify(key)}, which is not valid Unicode`, key);
  const size = sizeOrNone(Size);
  if (size === undefined) throw badListing(url, `gives ${JSON.stringify(key)} the size ${Size}`, key);
  return {
    key,
    size,
    ...(ETag !== undefined && ETag !== "" && { etag: bareEtag(ETag) }),
    ...(LastModified && { modifiedMilliseconds: LastModified.getTime() }),
  };
}

function decodedKey(key: string, url: string): string {
  try {
    return decodeURIComponent(key.replaceAll("+", " "));
  } catch {
    throw badListing(url, `holds the key ${JSON.stringify(key)}, which is not URL-encoded as it says`, key);
  }
}
