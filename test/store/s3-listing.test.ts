import assert from "node:assert/strict";
import { test } from "node:test";
import type { ListObjectsV2CommandOutput } from "@aws-sdk/client-s3";
import { listPages } from "../../src/store/s3-listing.js";

/** Page `number` of three with one object each. */
const page = (number: number): ListObjectsV2CommandOutput => ({
  Contents: [{ Key: `${number}.edf`, Size: 1, ETag: '"e"' }],
  KeyCount: 1,
  IsTruncated: number < 3,
  ...(number < 3 && { NextContinuationToken: String(number + 1) }),
  $metadata: { httpStatusCode: 200 },
});

test("a listing that is aborted ends with the page in use, also where the next one has been received", async () => {
  const controller = new AbortController();
  const pages = listPages("s3://bucket/", async (token = "1") => page(Number(token)), controller.signal);
  assert.equal((await pages.next()).value?.key, "1.edf");
  controller.abort();
  await assert.rejects(pages.next(), { name: "AbortError" });
});

test("pages follow each other to the last", async () => {
  const keys: string[] = [];
  for await (const { key } of listPages("s3://bucket/", async (token = "1") => page(Number(token)))) keys.push(key);
  assert.deepEqual(keys, ["1.edf", "2.edf", "3.edf"]);
});
