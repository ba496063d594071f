import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { type ByteSource, bytesSource, fileSource } from "../../src/recording/byte-source.js";
import { storeSource } from "../../src/recording/store-source.js";
import { memoryStore } from "../../src/store/memory-store.js";

const bytes = Uint8Array.from({ length: 1000 }, (_, i) => i & 255);

async function checkSource(source: ByteSource): Promise<void> {
  assert.equal(source.byteLength, 1000);
  assert.deepEqual([...(await source.read(10, 14))], [10, 11, 12, 13]);
  assert.equal((await source.read(5, 5)).length, 0);
  assert.equal((await source.read(990, 2000)).length, 10);
  assert.equal((await source.read(3000, 4000)).length, 0);
  await assert.rejects(source.read(5, 4), /invalid byte range: 5\.\.4/);
  await assert.rejects(source.read(-1, 4), /invalid byte range/);
  if (source.readInto) {
    const out = new Uint8Array(6);
    assert.equal(await source.readInto(out.subarray(1, 4), 10), 3);
    assert.deepEqual([...out], [0, 10, 11, 12, 0, 0]);
    assert.equal(await source.readInto(out, 998), 2);
    assert.equal(await source.readInto(out, 3000), 0);
  }
  if (source.readIntoSync) {
    const out = new Uint8Array(6);
    assert.equal(source.readIntoSync(out.subarray(1, 4), 10), 3);
    assert.deepEqual([...out], [0, 10, 11, 12, 0, 0]);
    assert.equal(source.readIntoSync(out, 998), 2);
    assert.equal(source.readIntoSync(out, 3000), 0);
  }
  await source.close?.();
}

test("bytesSource, fileSource and storeSource share one contract: half-open ranges, truncated at the end", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "ictal-source-"));
  t.after(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, "a"), bytes);
  await checkSource(bytesSource("memory", bytes));
  await checkSource(await fileSource(join(folder, "a")));
  await checkSource(await storeSource(memoryStore({ "x/a": bytes }), "x/a"));
});

test("fileSource names a file that is missing or is a folder", async () => {
  await assert.rejects(fileSource("/nowhere/x.edf"), {
    tag: "NotFoundError",
    message: /\/nowhere\/x\.edf: no such file/,
  });
  await assert.rejects(fileSource(tmpdir()), { tag: "NotFoundError", message: /not a file/ });
});

test("storeSource names a missing object, and never mixes two versions of one", async () => {
  const store = memoryStore({ a: bytes });
  await assert.rejects(storeSource(store, "b"), { tag: "NotFoundError", message: /no object "b"/ });
  const asked: unknown[] = [];
  const source = await storeSource(
    {
      url: "test:",
      list: store.list,
      stat: async () => ({ key: "a", size: 1000, etag: "v1" }),
      read: async (key, options) => {
        asked.push([key, options]);
        return new Uint8Array(3);
      },
    },
    "a",
  );
  await source.read(7, 10);
  assert.deepEqual(asked, [["a", { range: { start: 7, end: 10 }, ifMatch: "v1" }]]);
});
