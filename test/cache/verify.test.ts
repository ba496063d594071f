import assert from "node:assert/strict";
import { mkdir, open, readdir, readFile, rm, truncate, utimes, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { prepareFolder } from "../../src/cache/folder.js";
import { gcCache } from "../../src/cache/gc.js";
import { writeManifest } from "../../src/cache/manifest.js";
import { openCache, readFrames } from "../../src/cache/open.js";
import { verifyCache } from "../../src/cache/verify.js";
import { describeCache, type MadeRecording, makeCache, seizure, temporaryFolder } from "./made-cache.js";

const IDS = ["train/a/s/m/a_t000", "train/b/s/m/b_t000", "train/c/s/m/c_t000"] as const;
const RECORDINGS: readonly MadeRecording[] = IDS.map((id, n) => ({
  id,
  sampleCount: 6000 + n,
  seizures: [seizure(1, 2)],
}));

async function flipByte(path: string, position: number): Promise<void> {
  const handle = await open(path, "r+");
  const byte = new Uint8Array(1);
  await handle.read(byte, 0, 1, position);
  byte[0]! ^= 0x10;
  await handle.write(byte, 0, 1, position);
  await handle.close();
}

test("verifyCache finds nothing in a sound cache", async (context) => {
  const dir = await temporaryFolder(context);
  await makeCache(dir, RECORDINGS);
  await writeManifest(dir);
  assert.deepEqual(await verifyCache(dir), { recordings: 3, frames: 9, bytes: 9 * 3 * 2560 * 2, bad: [] });
});

test("verifyCache names recording and frame of a flipped byte, and readFrames refuses that frame", async (context) => {
  const dir = await temporaryFolder(context);
  const { folder } = await makeCache(dir, RECORDINGS);
  await flipByte(join(folder.path, `${IDS[1]}.i16`), 3 * 2560 * 2 + 17);
  const report = await verifyCache(dir);
  assert.deepEqual(
    report.bad.map(({ id, frame }) => ({ id, frame })),
    [{ id: IDS[1], frame: 1 }],
  );
  assert.match(report.bad[0]!.reason, /^CRC [0-9a-f]+, expected [0-9a-f]+$/);
  assert.match(report.fix!, /ictal cache build --verify/);
  const cache = await openCache(dir);
  const read = async () => {
    for await (const _frame of readFrames(cache, IDS[1]));
  };
  await assert.rejects(read, { tag: "CacheError", message: /frame 1 is damaged/ });
});

test("verifyCache finds truncated, surplus and missing files, damaged and foreign sidecars, and what the manifest misses", async (context) => {
  const dir = await temporaryFolder(context);
  const { folder } = await makeCache(dir, RECORDINGS);
  await writeManifest(dir);
  const file = (n: number, ending: string) => join(folder.path, `${IDS[n]}${ending}`);
  const faults = async () => (await verifyCache(dir)).bad.map(({ id, frame, reason }) => `${id} ${frame} ${reason}`);
  await truncate(file(0, ".i16"), 20000);
  await rm(file(1, ".i16"));
  await writeFile(
    file(2, ".json"),
    (await readFile(file(2, ".json"), "utf8")).replace('"formatVersion":1', '"formatVersion":2'),
  );
  const found = await faults();
  assert.equal(found.length, 3);
  assert.match(found[0]!, /a_t000 1 the file has 20000 bytes, expected 46080$/);
  assert.match(found[1]!, /b_t000 null the samples file is missing$/);
  assert.match(found[2]!, /c_t000 null .*format version 2, this program reads version 1/);
  await rm(file(2, ".json"));
  assert.match((await faults())[2]!, /c_t000 null named by the manifest, not in the cache/);
  await assert.rejects(verifyCache(join(dir, "elsewhere")), { tag: "NotFoundError" });
});

test("gcCache lists what no manifest names, deletes only when told, and spares living writers", async (context) => {
  const dir = await temporaryFolder(context);
  const { folder } = await makeCache(dir, RECORDINGS);
  await rm(join(folder.path, `${IDS[2]}.json`));
  const ids = IDS.slice(0, 2).map((id) => ({ id }));
  await writeManifest(dir, { catalogue: { recordings: ids, fingerprint: "x" } });
  const old = await prepareFolder(dir, describeCache(["FP1"]));
  const host = hostname().replace(/[^A-Za-z0-9.]/g, "_");
  await mkdir(join(folder.path, ".tmp"), { recursive: true });
  const dead = join(folder.path, ".tmp", `${host}-999999999-0-1`);
  await writeFile(dead, "half");
  const listed = await gcCache(dir);
  assert.equal(listed.deleted, false);
  assert.deepEqual(
    listed.items.map(({ path }) => path).sort(),
    [dead, old.path, join(folder.path, `${IDS[2]}.i16`)].sort(),
  );
  const living = join(folder.path, ".tmp", `${host}-${process.pid}-0-1`);
  await writeFile(living, "half");
  assert.deepEqual((await gcCache(dir)).busy, [folder.path]);
  const stranger = join(folder.path, ".tmp", "otherhost-1-0-1");
  await writeFile(stranger, "half");
  await utimes(stranger, 1e9, 1e9);
  await utimes(living, 1e9, 1e9); // as after a jump of the clock
  await gcCache(dir, { delete: true });
  assert.deepEqual(await readdir(join(folder.path, ".tmp")), [living.split("/").at(-1)]);
  await rm(living);
  await gcCache(dir, { delete: true });
  assert.deepEqual((await verifyCache(dir)).bad, []);
  assert.deepEqual((await gcCache(dir)).items, []);
});
