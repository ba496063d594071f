import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { isIctalError } from "@ictal/base/errors";
import { memoryStore } from "../../src/store/memory-store.js";
import { withMirror } from "../../src/store/mirror-store.js";
import { pullObjects } from "../../src/store/pull.js";
import type { Store } from "../../src/store/store.js";
import { patternBytes, withBucket } from "./s3-fixture.js";
import { CONTRACT_OBJECTS, testStoreContract } from "./store-contract.js";

const folders: string[] = [];
after(async () => {
  for (const folder of folders) await rm(folder, { recursive: true, force: true });
});

async function newFolder(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), "ictal-mirror-"));
  folders.push(dir);
  return dir;
}

/** A store that counts what is asked of it. */
function counting(store: Store): Store & { reads: string[]; stats: string[] } {
  const reads: string[] = [];
  const stats: string[] = [];
  return {
    url: store.url,
    list: store.list,
    reads,
    stats,
    read(key, options) {
      reads.push(key);
      return store.read(key, options);
    },
    stat(key) {
      stats.push(key);
      return store.stat(key);
    },
  };
}

// The contract's keys hold "a/b.edf" beside "a/b/c.edf" but no name that is both file and folder, so all can be files.
testStoreContract("mirror over memory", async () => withMirror(memoryStore(CONTRACT_OBJECTS), await newFolder()));

const big = patternBytes(2_500_000, 3);

describe("withMirror(store, dir)", () => {
  it("downloads an object whole once, then reads any range from disk", async () => {
    const source = counting(memoryStore({ "dev/a.edf": big }));
    const dir = await newFolder();
    const store = withMirror(source, dir);
    for (const start of [0, 1_000_000, 2_400_000]) {
      const range = { start, end: start + 5000 };
      assert.deepEqual(await store.read("dev/a.edf", { range }), big.slice(start, start + 5000));
    }
    const asked = [source.reads.length, source.stats.length];
    assert.deepEqual(await readFile(join(dir, "dev/a.edf")), Buffer.from(big));
    await store.close?.();
    const again = withMirror(source, dir);
    assert.deepEqual(await again.read("dev/a.edf"), big);
    assert.deepEqual([source.reads.length, source.stats.length], asked, "a later process asks the store nothing");
    await again.close?.();
  });

  it("concurrent reads of one key download it once", () =>
    withBucket({ a: big, b: "small" }, {}, async ({ store, requests }) => {
      const mirror = withMirror(store, await newFolder());
      const ranges = Array.from({ length: 12 }, (_, i) => ({ start: i * 1000, end: i * 1000 + 10 }));
      const parts = await Promise.all(ranges.map((range) => mirror.read("a", { range })));
      for (const [i, part] of parts.entries()) assert.deepEqual(part, big.slice(i * 1000, i * 1000 + 10));
      assert.equal(requests.filter(({ operation }) => operation === "get").length, 1);
      await mirror.close?.();
    }));

  it("uses what a pull has brought", () =>
    withBucket({ a: big }, {}, async ({ store, connect, requests }) => {
      const dir = await newFolder();
      await pullObjects(store, dir);
      const before = requests.length;
      const mirror = withMirror(connect(), dir);
      assert.deepEqual(await mirror.read("a"), big);
      assert.equal(requests.length, before);
      await mirror.close?.();
    }));

  it("fetches again when a listing shows another version, and when the file on disk was changed", async () => {
    const objects: Record<string, string> = { "a.txt": "one" };
    const dir = await newFolder();
    const store = withMirror(memoryStore(objects), dir);
    const text = async () => Buffer.from(await store.read("a.txt")).toString();
    assert.equal(await text(), "one");
    objects["a.txt"] = "two, longer";
    for await (const info of store.list()) assert.equal(info.key, "a.txt");
    assert.equal(await text(), "two, longer");
    await writeFile(join(dir, "a.txt"), "tampered!!!");
    assert.equal(await text(), "two, longer");
    await store.close?.();
  });

  it("goes on with the object that changed between listing and reading, fetching it once", async () => {
    const objects: Record<string, string> = { "a.txt": "one" };
    const source = counting(memoryStore(objects));
    const store = withMirror(source, await newFolder());
    for await (const info of store.list()) assert.equal(info.size, 3);
    objects["a.txt"] = "other";
    for (let i = 0; i < 3; i++) assert.equal(Buffer.from(await store.read("a.txt")).toString(), "other");
    assert.equal(source.reads.length, 2, "one refused, one taken");
    await store.close?.();
  });

  it("a failed download is not trusted and is tried again by the next read", () =>
    withBucket({ a: big }, { faults: [{ kind: "access-denied" }] }, async ({ store }) => {
      const mirror = withMirror(store, await newFolder());
      await assert.rejects(mirror.read("a"), (error) => isIctalError(error, "StoreError"));
      assert.deepEqual(await mirror.read("a"), big);
      await mirror.close?.();
    }));

  it("refuses keys that leave the folder, and links in the way", async () => {
    const dir = await newFolder();
    const elsewhere = await newFolder();
    await symlink(elsewhere, join(dir, "link"));
    const store = withMirror(memoryStore({ "../a": "a", "link/a": "a" }), dir);
    const isUnsafe = (error: unknown) => isIctalError(error, "StoreError") && error.details.code === "UnsafeKey";
    await assert.rejects(store.read("../a"), isUnsafe);
    await assert.rejects(store.read("link/a"), isUnsafe);
    await store.close?.();
  });

  it("says at once that its folder cannot be made", async (context) => {
    if (!existsSync("/proc/self")) return context.skip("there is no /proc here");
    const store = withMirror(memoryStore({ a: "a" }), "/proc/x");
    await assert.rejects(store.read("a"), {
      tag: "StoreError",
      message: /^cannot write to \/proc\/x: .*choose a folder with write permission/,
    });
  });

  it("one reader's abort leaves the download to the others", () =>
    withBucket({ a: big }, { faults: [{ kind: "drip", bytesPerSecond: 4_000_000 }] }, async ({ store }) => {
      const mirror = withMirror(store, await newFolder());
      const controller = new AbortController();
      const impatient = mirror.read("a", { signal: controller.signal });
      const patient = mirror.read("a");
      controller.abort();
      await assert.rejects(impatient, { name: "AbortError" });
      assert.deepEqual(await patient, big);
      await mirror.close?.();
    }));
});
