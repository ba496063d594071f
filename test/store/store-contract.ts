import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { isIctalError } from "@ictal/base/errors";
import { openObject } from "../../src/store/open-object.js";
import { compareKeys, type ObjectInfo, type Store } from "../../src/store/store.js";

/** Objects every store under test is filled with; names chosen for their order and their need of escaping. */
export const CONTRACT_OBJECTS: Record<string, string> = {
  "a-b.txt": "dash",
  "a.csv": "0123456789",
  "a/b/c.edf": "deep",
  "a/b.edf": "file beside a folder",
  "a/empty": "",
  "a0.txt": "after the folder",
  "dev/ä é.txt": "umlaut and blank",
  "dev/plus+and&<tag> %41.txt": "escapes",
  "dev/\u{1f9e0}.txt": "above the basic plane",
  "dev/\uffee.txt": "end of the basic plane",
  "train/x.edf": "x".repeat(300_000),
};

/** The one suite that each store passes; `make` gives a store filled with `CONTRACT_OBJECTS`. */
export function testStoreContract(name: string, make: () => Promise<Store>): void {
  const keys = Object.keys(CONTRACT_OBJECTS).sort(compareKeys);
  const bytesOf = (key: string) => Buffer.from(CONTRACT_OBJECTS[key]!);
  const listed = async (items: AsyncIterable<ObjectInfo>) => {
    const found: ObjectInfo[] = [];
    for await (const item of items) found.push(item);
    return found;
  };
  const withStore = async (use: (store: Store) => Promise<void>) => {
    const store = await make();
    try {
      await use(store);
    } finally {
      await store.close?.();
    }
  };

  describe(`the store contract: ${name}`, () => {
    it("list() gives every object ascending by the UTF-8 bytes of its key, with size and etag", () =>
      withStore(async (store) => {
        const found = await listed(store.list());
        assert.deepEqual(
          found.map(({ key }) => key),
          keys,
        );
        assert.deepEqual(
          found.map(({ key }) => key),
          [...keys].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))),
        );
        for (const { key, size, etag } of found) {
          assert.equal(size, bytesOf(key).byteLength);
          assert.ok(etag && !etag.includes('"'), `${key} has etag ${etag}`);
        }
      }));

    it("list(prefix) takes a prefix that ends in the middle of a name, in a folder, or nowhere", () =>
      withStore(async (store) => {
        for (const prefix of ["a", "a/", "a/b", "dev/", "dev/\u{1f9e0}", "nowhere/", "train/x.edf"]) {
          const found = await listed(store.list(prefix));
          assert.deepEqual(
            found.map(({ key }) => key),
            keys.filter((key) => key.startsWith(prefix)),
            prefix,
          );
        }
      }));

    it("list(prefix, { startAfter }) goes on after any key, present or not", () =>
      withStore(async (store) => {
        for (const startAfter of ["", "a", "a/", "a/b.edf", "a/b/c", "dev/zzz", "zzz"]) {
          const found = await listed(store.list("", { startAfter }));
          assert.deepEqual(
            found.map(({ key }) => key),
            keys.filter((key) => compareKeys(key, startAfter) > 0),
            startAfter,
          );
        }
      }));

    it("stat(key) agrees with list() and is undefined for what is missing", () =>
      withStore(async (store) => {
        for await (const info of store.list()) {
          const found = await store.stat(info.key);
          assert.equal(found?.size, info.size);
          assert.equal(found?.etag, info.etag);
          assert.equal(found?.key, info.key);
        }
        assert.equal(await store.stat("missing"), undefined);
        assert.equal(await store.stat("a"), undefined);
        assert.equal(await store.stat("a.csv/below-a-file"), undefined);
      }));

    it("read(key) gives the bytes", () =>
      withStore(async (store) => {
        for (const key of keys) assert.deepEqual(Buffer.from(await store.read(key)), bytesOf(key), key);
      }));

    it("read(key, { range }) cuts the range to the object", () =>
      withStore(async (store) => {
        const read = async (start: number, end: number) =>
          Buffer.from(await store.read("a.csv", { range: { start, end } })).toString();
        assert.equal(await read(0, 10), "0123456789");
        assert.equal(await read(3, 5), "34");
        assert.equal(await read(8, 100), "89");
        assert.equal(await read(4, 4), "");
        assert.equal(await read(10, 12), "");
        assert.equal(await read(50, 60), "");
        assert.equal((await store.read("a/empty", { range: { start: 0, end: 5 } })).byteLength, 0);
        await assert.rejects(read(5, 3), RangeError);
        await assert.rejects(read(-1, 3), RangeError);
        await assert.rejects(read(0.5, 3), RangeError);
      }));

    it("read(key) of a missing object is a NotFoundError, whatever the range", () =>
      withStore(async (store) => {
        for (const range of [undefined, { start: 0, end: 4 }, { start: 2, end: 2 }]) {
          await assert.rejects(store.read("nothing/here.edf", { range }), (error) =>
            isIctalError(error, "NotFoundError"),
          );
        }
        await assert.rejects(openObject(store, "nothing/here.edf"), (error) => isIctalError(error, "NotFoundError"));
      }));

    it("read(key, { ifMatch }) refuses another version", () =>
      withStore(async (store) => {
        const { etag } = (await store.stat("a.csv"))!;
        assert.equal(Buffer.from(await store.read("a.csv", { ifMatch: etag })).toString(), "0123456789");
        assert.equal((await store.read("a.csv", { ifMatch: `"${etag}"` })).byteLength, 10);
        const range = { start: 1, end: 3 };
        assert.equal(Buffer.from(await store.read("a.csv", { ifMatch: etag, range })).toString(), "12");
        const isChanged = (error: unknown) => isIctalError(error, "StoreError") && error.details.code === "Changed";
        await assert.rejects(store.read("a.csv", { ifMatch: "other" }), isChanged);
        await assert.rejects(store.read("a.csv", { ifMatch: "other", range }), isChanged);
      }));

    it("open(key) streams the bytes, can be left early and takes a range", () =>
      withStore(async (store) => {
        const chunks: Uint8Array[] = [];
        const { info, body } = await openObject(store, "train/x.edf");
        for await (const chunk of body) chunks.push(chunk);
        assert.equal(info.size, 300_000);
        assert.deepEqual(Buffer.concat(chunks), bytesOf("train/x.edf"));
        const early = await openObject(store, "train/x.edf");
        for await (const chunk of early.body) {
          assert.ok(chunk.byteLength > 0);
          break;
        }
        const part = await openObject(store, "a.csv", { range: { start: 2, end: 6 } });
        const text: Uint8Array[] = [];
        for await (const chunk of part.body) text.push(chunk);
        assert.equal(Buffer.concat(text).toString(), "2345");
        assert.equal(part.info.size, 10);
      }));

    it("an aborted signal ends list, read and open with its reason", () =>
      withStore(async (store) => {
        const signal = AbortSignal.abort();
        const isAbort = (error: unknown) => error instanceof Error && error.name === "AbortError";
        await assert.rejects(store.read("a.csv", { signal }), isAbort);
        await assert.rejects(openObject(store, "a.csv", { signal }), isAbort);
        await assert.rejects(listed(store.list("", { signal })), isAbort);
      }));

    it("a read hands over a copy", () =>
      withStore(async (store) => {
        (await store.read("a.csv")).fill(0);
        assert.equal(Buffer.from(await store.read("a.csv")).toString(), "0123456789");
      }));
  });
}
