import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { type MirrorEntry, openMirrorIndex } from "../../src/store/mirror-index.js";

const entry = (key: string, size: number): MirrorEntry => ({
  key,
  size,
  sha256: "a".repeat(64),
  modifiedMilliseconds: 1000,
});

test("an index read again has the last line of each key, and none of those removed", async (context) => {
  const dir = await mkdtemp(join(tmpdir(), "ictal-mirror-index-"));
  context.after(() => rm(dir, { recursive: true, force: true }));
  const path = join(dir, "index.jsonl");
  const first = await openMirrorIndex(path);
  await first.append(entry("a", 1));
  await first.append(entry("b", 2));
  await first.remove("a");
  await first.append(entry("b", 3));
  const again = await openMirrorIndex(path);
  assert.deepEqual([...again.entries()], [entry("b", 3)]);
  assert.equal(again.get("a"), undefined);
  await again.compact();
  assert.equal(await readFile(path, "utf8"), `${JSON.stringify(entry("b", 3))}\n`);
});
