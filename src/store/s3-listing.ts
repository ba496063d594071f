/** Pages of a bucket's listing as one list, which is whole and names each object once, or a StoreError "BadListing". */
import type { ListObjectsV2CommandOutput } from "@aws-sdk/client-s3";
import { StoreError } from "@ictal/base/errors";
import { sizeOrNone } from "./s3-answer.js";
import { bareEtag, type ObjectInfo } from "./store.js";

/** Asks for a page; without a token for the first. */
export type AskPage = (token?: string) => Promise<ListObjectsV2CommandOutput>;

function badListing(url: string, found: string, key?: string): StoreError {
  return new StoreError(
    `the listing of ${url} ${found}; nothing of it can be trusted to be whole; try again, and if that repeats, tell who runs the service`,
    { code: "BadListing", ...(key !== undefined && { key }) },
  );
}

/** The objects of all pages in the service's order, with whole keys. The next page is asked for while one is used. */
export async function* listPages(url: string, ask: AskPage, signal?: AbortSignal): AsyncGenerator<ObjectInfo> {
  const tokens = new Set<string>();
  const keys = new Set<string>();
  let page = ask();
  for (;;) {
    const answer = await page;
    const token = nextToken(answer, url, tokens);
    if (token !== undefined) {
      page = ask(token);
      page.catch(() => undefined); // looked at when this page is used up
    }
    for (const item of answer.Contents ?? []) {
      const info = listedObject(item, answer.EncodingType === "url", url);
      if (keys.has(info.key)) throw badListing(url, `names ${JSON.stringify(info.key)} twice`, info.key);
      keys.add(info.key);
      yield info;
    }
    if (token === undefined) return;
    signal?.throwIfAborted();
  }
}

/** Where the listing goes on; undefined at its end. Throws where the answer is none or its end cannot be told. */
function nextToken(answer: ListObjectsV2CommandOutput, url: string, tokens: Set<string>): string | undefined {
  const { Contents, CommonPrefixes, IsTruncated, KeyCount, Name, NextContinuationToken, $metadata } = answer;
  if (Contents === undefined && IsTruncated === undefined && KeyCount === undefined && Name === undefined)
    throw new StoreError(
      `${url} answered the request for a listing with something else (status ${$metadata.httpStatusCode}), such as a login page; check the endpoint`,
      { code: "NotS3", ...($metadata.httpStatusCode !== undefined && { status: $metadata.httpStatusCode }) },
    );
  const held = (Contents?.length ?? 0) + (CommonPrefixes?.length ?? 0);
  if (KeyCount !== undefined && KeyCount > held) throw badListing(url, `says ${KeyCount} objects and names ${held}`);
  if (IsTruncated === false) return undefined;
  const token = NextContinuationToken === "" ? undefined : NextContinuationToken;
  if (token === undefined) {
    if (IsTruncated) throw badListing(url, "says that it goes on and not where (IsTruncated without a token)");
    return undefined;
  }
  if (tokens.has(token)) throw badListing(url, "goes round in a circle (one continuation token again)");
  tokens.add(token);
  return token;
}

/** Half of a pair, which no UTF-8 can say. */
const LONE_SURROGATE = /\p{Surrogate}/u;

type Listed = NonNullable<ListObjectsV2CommandOutput["Contents"]>[number];

function listedObject({ Key = "", Size, ETag, LastModified }: Listed, isEncoded: boolean, url: string): ObjectInfo {
  const key = isEncoded ? decodedKey(Key, url) : Key;
  if (key === "") throw badListing(url, "holds an object without a key");
  if (LONE_SURROGATE.test(key)) throw badListing(url, `holds the key ${JSON.stringify(key)}, which is no text`, key);
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
