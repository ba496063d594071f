import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import {
  claimPartialFile,
  openPartialFileDir,
  partialFileNote,
  releasePartialFile,
} from "../../src/store/partial-files.js";
import type { ExpectedDigest } from "../../src/store/store.js";

const root = await mkdtemp(join(tmpdir(), "partial-files-"));
after(() => rm(root, { recursive: true }));
const info = { key: "train/a.edf", size: 10, etag: "e1" };
const digests: readonly ExpectedDigest[] = [{ name: "md5", hex: "00ff" }];

/** What a second process finds of four bytes that a first one left with the note `change(note)`. */
async function claimAfter(change: (note: Record<string, unknown>) => Record<string, unknown>) {
  const path = await mkdtemp(join(root, "dir-"));
  const dir = await openPartialFileDir(path);
  const partial = await claimPartialFile(dir, info);
  await writeFile(partial.path, "abcd");
  const note = partialFileNote(dir, info, digests);
  await writeFile(note.path, JSON.stringify(change(JSON.parse(note.text))));
  await releasePartialFile(dir, partial);
  return claimPartialFile(await openPartialFileDir(path), info);
}

test("a partial file is resumed with the digests of its note", async () => {
  const { offset, digests: found } = await claimAfter((note) => note);
  assert.deepEqual({ offset, found }, { offset: 4, found: digests });
});

for (const [what, change] of [
  ["key", { key: "train/b.edf" }],
  ["size", { size: 11 }],
  ["ETag", { etag: "e2" }],
] as const)
  test(`a note of another ${what} resumes nothing`, async () => {
    const { offset, digests: found } = await claimAfter((note) => ({ ...note, ...change }));
    assert.deepEqual({ offset, found }, { offset: 0, found: undefined });
  });
