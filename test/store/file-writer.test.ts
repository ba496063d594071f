import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { Worker } from "node:worker_threads";
import { OwnedBytes } from "../../src/base/owned-bytes.js";
import { FileWriterPool } from "../../src/store/file-writer.js";

test("what ends the thread fails whoever waits for it, and whoever asks it later", async (context) => {
  const writers = new FileWriterPool({ threads: 1 });
  context.after(() => writers.close());
  const { mock } = context.mock.method(Worker.prototype, "postMessage", function (this: Worker) {
    this.emit("error", new Error("out of memory"));
  });
  const failed = { name: "ThreadEndedError", message: "the thread that writes files ended: out of memory" };
  const put = () => writers.put("/nowhere/part", OwnedBytes.of(Uint8Array.of(1)), { path: "/nowhere/whole" });
  await assert.rejects(put(), failed);
  await assert.rejects(put(), failed);
  assert.equal(mock.callCount(), 1);
});

test("bytes that are written are moved to the thread, and none are taken twice", async (context) => {
  const folder = await mkdtemp(join(tmpdir(), "ictal-parts-"));
  context.after(() => rm(folder, { recursive: true, force: true }));
  const writers = new FileWriterPool({ threads: 1, batchBytes: 6 });
  context.after(() => writers.close());
  const [part, whole, small] = ["part", "whole", "small"].map((name) => join(folder, name)) as [string, string, string];
  const writer = await writers.open(part, 0, ["sha256"]);
  const chunks = [Uint8Array.of(1, 2, 3), Uint8Array.of(4, 5, 6), Uint8Array.of(7)];
  const owned = chunks.map((chunk) => OwnedBytes.of(chunk));
  for (const bytes of owned) await writer.write(bytes);
  assert.throws(() => writer.write(owned[0]!), { name: "RangeError", message: /given away/ });
  assert.throws(() => OwnedBytes.of(chunks[2]!), { name: "RangeError" });
  // @ts-expect-error plain bytes may have another owner
  assert.throws(() => writer.write(Uint8Array.of(8)));
  await writer.finish({ path: whole }, [], `${part}.json`);
  assert.deepEqual([...(await readFile(whole))], [1, 2, 3, 4, 5, 6, 7]);
  assert.deepEqual(
    chunks.map(({ byteLength }) => byteLength),
    [0, 0, 0],
  );
  const bytes = OwnedBytes.of(Uint8Array.of(9, 9));
  const placed = await writers.put(`${small}.tmp`, bytes, { path: small });
  assert.equal(placed.digests.sha256, createHash("sha256").update(Uint8Array.of(9, 9)).digest("hex"));
  await assert.rejects(writers.put(`${small}.tmp`, bytes, { path: small }), { name: "RangeError" });
});
