/** Caches of version 0.1: they joined what lay on both sides of a gap in EDF+C and BDF+C, and their sidecars do not say so. */
import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { buildCache } from "../../src/cache/build.js";
import { gcCache } from "../../src/cache/gc.js";
import { describeRecordings, readManifest, writeManifest } from "../../src/cache/manifest.js";
import { openCache, readFrames } from "../../src/cache/open.js";
import { sidecarFile } from "../../src/cache/paths.js";
import type { GapPolicy } from "../../src/cache/segments.js";
import { readSidecar } from "../../src/cache/sidecar.js";
import { verifyCache } from "../../src/cache/verify.js";
import { readCatalogue } from "../../src/corpus/catalogue.js";
import { memoryStore } from "../../src/store/memory-store.js";
import type { Store } from "../../src/store/store.js";
import { temporaryFolder } from "./made-cache.js";
import { csvBi, idOf, type Objects, stemOf } from "./made-corpus.js";
import { encodeKind, GAP_RECORD, GAP_SECONDS, type KindOptions, SECONDS } from "./made-kinds.js";

const jump = (record: number) => (record < GAP_RECORD ? record : record + GAP_SECONDS);
const file = (patient: string) => ({ patient, seconds: SECONDS });
const [EDF, EDF_C, JUMP, BDF_JUMP] = ["aaaaaaaa", "aaaaaaab", "aaaaaaac", "aaaaaaad"] as const;
const KINDS: Readonly<Record<string, KindOptions>> = {
  [EDF]: { kind: "EDF" },
  [EDF_C]: { kind: "EDF+C" },
  [JUMP]: { kind: "EDF+D", reserved: "EDF+C", startOf: jump },
  [BDF_JUMP]: { kind: "BDF+D", reserved: "BDF+C", startOf: jump },
};

function corpusOf(change: (options: KindOptions) => KindOptions = (options) => options): Objects {
  const objects: Objects = {};
  for (const [patient, options] of Object.entries(KINDS)) {
    objects[`${stemOf(file(patient))}.edf`] = encodeKind(change(options));
    objects[`${stemOf(file(patient))}.csv_bi`] = csvBi(SECONDS, [[2, 4, "seiz"]]);
  }
  return objects;
}

/** A store whose objects are quickest read whole, and the lengths of what was read of each recording since the last call. */
function counted(store: Store): { store: Store; readsOf: (patient: string) => number[] } {
  const reads: { key: string; length: number }[] = [];
  const read: Store["read"] = async (key, options) => {
    const found = await store.read(key, options);
    if (key.endsWith(".edf")) reads.push({ key, length: found.byteLength });
    return found;
  };
  return {
    store: { ...store, read, wholeReadBytes: Number.POSITIVE_INFINITY },
    readsOf: (patient) => reads.filter(({ key }) => key.includes(patient)).map(({ length }) => length),
  };
}

async function build(cacheDir: string, store: Store, gaps: GapPolicy = "refuse") {
  return buildCache({ store, catalogue: await readCatalogue(store), cacheDir, gaps, workers: 0 });
}

/** A cache of the corpus with the jumps as version 0.1 left it: samples joined, no word of timestamps. */
async function oldCache(context: TestContext) {
  const dir = await temporaryFolder(context);
  const { folder } = await build(
    dir,
    memoryStore(corpusOf((options) => ({ ...options, startOf: (record) => record }))),
  );
  const store = memoryStore(corpusOf());
  for (const { id, edfSize, edfEtag } of (await readCatalogue(store)).recordings) {
    const path = join(folder, sidecarFile(id));
    const { timelineCheck, ...sidecar } = JSON.parse(await readFile(path, "utf8"));
    assert.equal(timelineCheck, "records");
    const source = { ...sidecar.source, size: edfSize, etag: edfEtag };
    await writeFile(path, JSON.stringify({ ...sidecar, source }));
  }
  return { dir, folder, ...counted(store) };
}

test("a cache without the mark of the timeline check: recordings that last longer than their samples are built again", async (context) => {
  const { dir, folder, store } = await oldCache(context);
  const refused = await build(dir, store);
  assert.deepEqual([refused.built, refused.reused], [0, 2]);
  assert.deepEqual(
    refused.excluded.map(({ id, code }) => [id, code]),
    [JUMP, BDF_JUMP].map((patient) => [idOf(file(patient)), "discontinuous"]),
  );
  const split = await build(dir, store, "split");
  assert.deepEqual([split.built, split.reused, split.excluded], [2, 2, []]);
  for (const [patient, check, segments] of [
    [EDF, "ends", undefined],
    [EDF_C, "ends", undefined],
    [JUMP, "records", 2],
    [BDF_JUMP, "records", 2],
  ] as const) {
    const sidecar = await readSidecar(folder, idOf(file(patient)));
    assert.deepEqual([sidecar?.timelineCheck, sidecar?.segments?.length], [check, segments], patient);
  }
});

test("the check of an old cache reads headers and two timestamps, once", async (context) => {
  const { dir, store, readsOf } = await oldCache(context);
  await build(dir, store, "split");
  const [header, ...stamps] = readsOf(EDF_C);
  assert.deepEqual(readsOf(EDF), [header]);
  assert.ok(header === 16384 && stamps.length === 2 && stamps.every((length) => length < 200), String(stamps));
  const before = Object.keys(KINDS).map((patient) => readsOf(patient).length);
  assert.equal((await build(dir, store, "split")).reused, 4);
  assert.deepEqual(
    Object.keys(KINDS).map((patient) => readsOf(patient).length),
    before,
  );
});

test("a recording in an old cache whose source cannot be read is left out, not reused", async (context) => {
  const { dir, store } = await oldCache(context);
  const broken: Store = {
    ...store,
    async read(key, options) {
      if (key.includes(EDF_C) && key.endsWith(".edf")) throw Object.assign(new Error("no answer"), { code: "EIO" });
      return store.read(key, options);
    },
  };
  const { excluded } = await build(dir, broken, "split");
  assert.deepEqual(
    excluded.map(({ id, code }) => [id, code]),
    [[idOf(file(EDF_C)), "source-unreadable"]],
  );
});

/** A cache with one EDF recording as version 0.1 left it, and its manifest. */
async function oldManifest(context: TestContext) {
  const dir = await temporaryFolder(context);
  const objects = Object.fromEntries(Object.entries(corpusOf()).filter(([key]) => key.includes(EDF)));
  const store = memoryStore(objects);
  const { folder } = await build(dir, store);
  const { path } = await writeManifest(dir);
  const edit = async (file: string, name: string) => {
    const { [name]: found, ...rest } = JSON.parse(await readFile(file, "utf8"));
    assert.ok(found, `${file} has ${name}`);
    await writeFile(file, JSON.stringify(rest));
  };
  await edit(join(folder, sidecarFile(idOf(file(EDF)))), "timelineCheck");
  await edit(path, "timelinesChecked");
  return { dir, folder, store };
}

const UNCHECKED = { tag: "CacheError", message: /the timestamps of .* were never compared .*run: ictal cache build/ };

test("every reader refuses a cache whose timestamps were never compared, until cache build has compared them", async (context) => {
  const { dir, folder, store } = await oldManifest(context);
  const id = idOf(file(EDF));
  const cache = await openCache(dir);
  await assert.rejects(readManifest(dir), UNCHECKED);
  await assert.rejects(writeManifest(dir), UNCHECKED);
  await assert.rejects(describeRecordings(dir), UNCHECKED);
  await assert.rejects(cache.sidecar(id), UNCHECKED);
  await assert.rejects(readFrames(cache, id).next(), UNCHECKED);
  const { bad } = await verifyCache(dir);
  assert.deepEqual(
    bad.map(({ id: whose, reason }) => [whose, /never compared/.test(reason)]),
    [
      [id, true],
      ["manifest.json", true],
    ],
  );
  assert.deepEqual((await gcCache(dir)).items, []);

  assert.equal((await build(dir, store)).reused, 1);
  assert.equal((await writeManifest(dir)).manifest.timelinesChecked, true);
  assert.equal((await readManifest(dir)).recordings.length, 1);
  assert.equal((await cache.sidecar(id)).timelineCheck, "ends");
  assert.deepEqual((await verifyCache(folder)).bad, []);
});
