import assert from "node:assert/strict";
import { it } from "node:test";
import { memoryStore } from "../../src/store/memory-store.js";
import { CONTRACT_OBJECTS, testStoreContract } from "./store-contract.js";

testStoreContract("memory", async () => memoryStore(CONTRACT_OBJECTS));

testStoreContract("any store that only has list, stat and read", async () => {
  const { url, list, stat, read } = memoryStore(CONTRACT_OBJECTS);
  return { url, list, stat, read };
});

it("memoryStore(record) sees later changes of the record", async () => {
  const record: Record<string, Uint8Array> = { a: Uint8Array.of(1) };
  const store = memoryStore(record);
  const before = await store.stat("a");
  record.a = Uint8Array.of(2);
  assert.notEqual((await store.stat("a"))?.etag, before?.etag);
  assert.equal(await store.stat("toString"), undefined);
});
