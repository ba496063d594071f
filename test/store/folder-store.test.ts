import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, describe, it } from "node:test";
import { isIctalError } from "@ictal/base/errors";
import { folderStore } from "../../src/store/folder-store.js";
import { CONTRACT_OBJECTS, testStoreContract } from "./store-contract.js";

const folders: string[] = [];
after(async () => {
  for (const folder of folders) await rm(folder, { recursive: true, force: true });
});

async function folderWith(objects: Record<string, string>): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), "ictal-folder-"));
  folders.push(dir);
  for (const [key, text] of Object.entries(objects)) {
    await mkdir(dirname(join(dir, key)), { recursive: true });
    await writeFile(join(dir, key), text);
  }
  return dir;
}

async function keysOf(items: AsyncIterable<{ key: string }>): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of items) keys.push(key);
  return keys;
}

const hasCode = (code: string) => (error: unknown) => isIctalError(error, "StoreError") && error.details.code === code;

testStoreContract("folder", async () => folderStore(await folderWith(CONTRACT_OBJECTS)));

describe("folderStore(dir)", () => {
  it("refuses keys that would leave the folder", async () => {
    const store = folderStore(await folderWith({ "a.txt": "a" }));
    for (const key of ["../a", "x/../../a", "/etc/passwd", "C:/a", "x\\..\\a", "a\0b", "./a", "x//a", ""]) {
      await assert.rejects(store.read(key), hasCode("UnsafeKey"), JSON.stringify(key));
      await assert.rejects(store.stat(key), hasCode("UnsafeKey"), JSON.stringify(key));
    }
    assert.deepEqual(await keysOf(store.list("../")), []);
  });

  it("refuses links that lead out, unless told to follow them, and ends at loops", async () => {
    const outside = await folderWith({ "secret.txt": "secret" });
    const dir = await folderWith({ "in/a.txt": "a" });
    await symlink(join(dir, "in"), join(dir, "inner"));
    await symlink(dir, join(dir, "in", "loop"));
    await symlink(join(dir, "nowhere"), join(dir, "dead"));
    assert.deepEqual(await keysOf(folderStore(dir).list()), ["in/a.txt", "inner/a.txt"]);
    await symlink(outside, join(dir, "out"));
    await assert.rejects(folderStore(dir).read("out/secret.txt"), hasCode("LinkOutside"));
    await assert.rejects(keysOf(folderStore(dir).list()), hasCode("LinkOutside"));
    const following = folderStore(dir, { followLinks: true });
    assert.equal(Buffer.from(await following.read("out/secret.txt")).toString(), "secret");
    assert.ok((await keysOf(following.list())).includes("out/secret.txt"));
  });

  it("reads a range into the front of a larger array", async () => {
    const store = folderStore(await folderWith({ a: "0123456789" }));
    const into = new Uint8Array(10).fill(0x2e);
    const bytes = await store.read("a", { range: { start: 3, end: 7 }, into });
    assert.equal(Buffer.from(bytes).toString(), "3456");
    assert.equal(Buffer.from(into).toString(), "3456......");
  });

  it("takes a root that is itself a link", async () => {
    const dir = await folderWith({ "a.txt": "a" });
    const link = `${dir}-link`;
    folders.push(link);
    await symlink(dir, link);
    assert.deepEqual(await keysOf(folderStore(link).list()), ["a.txt"]);
  });

  it("says that its root is a file", async () => {
    const file = join(await folderWith({ a: "x" }), "a");
    await assert.rejects(keysOf(folderStore(file).list()), /NotFoundError: .*\/a is a file, expected a folder/);
    await assert.rejects(folderStore(file).stat("b"), /is a file/);
  });

  it("says which folder is missing", async () => {
    const store = folderStore("/nonexistent/ictal");
    const isMissing = (error: unknown) =>
      isIctalError(error, "NotFoundError") && error.message.includes("/nonexistent/ictal");
    await assert.rejects(keysOf(store.list()), isMissing);
    await assert.rejects(store.read("a"), isMissing);
  });

  it("does not list the mirror's own files", async () => {
    const store = folderStore(await folderWith({ ".ictal-mirror/index.jsonl": "{}", "a.txt": "a" }));
    assert.deepEqual(await keysOf(store.list()), ["a.txt"]);
  });
});
