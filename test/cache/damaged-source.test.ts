/** Recordings that are read straight from S3 by ranges are compared with the object's digest as much as pulled ones. */
import assert from "node:assert/strict";
import { readFile, stat, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { crc32 } from "node:zlib";
import { type BuildOptions, buildCache } from "../../src/cache/build.js";
import { readCatalogue } from "../../src/corpus/catalogue.js";
import { folderStore } from "../../src/store/folder-store.js";
import { withMirror } from "../../src/store/mirror-store.js";
import { pullObjects } from "../../src/store/pull.js";
import type { Store } from "../../src/store/store.js";
import { listingXml, md5Of, type OwnRequest, sendObject, sendXml, withOwnServer } from "../store/own-s3.js";
import { temporaryFolder } from "./made-cache.js";
import { hashTree, makeObjects, stemOf } from "./made-corpus.js";

const FILES = [
  { patient: "aaaaaaaa", seconds: 445, events: [[3, 9.5, "seiz"]] as const },
  { patient: "aaaaaaab", seconds: 10, sampleRateHz: 256, events: [] },
];
const OBJECTS = Object.fromEntries(Object.entries(makeObjects(FILES)).map(([key, value]) => [key, Buffer.from(value)]));
const EDF = `${stemOf(FILES[0]!)}.edf`;
const LABELS = `${stemOf(FILES[0]!)}.csv_bi`;

const flip = (at: number) => (bytes: Buffer) => {
  bytes[at] = bytes[at]! ^ 0x40;
  return bytes;
};

/** A bucket whose listing and headers are true; `send` answers for objects. */
const bucket =
  (send: (request: OwnRequest, bytes: Buffer) => void = sendObject, etagOf: (bytes: Buffer) => string = md5Of) =>
  (request: OwnRequest) => {
    if (request.key !== "") return send(request, OBJECTS[request.key]!);
    const items = Object.entries(OBJECTS).map(([key, bytes]) => ({ key, size: bytes.length, etag: etagOf(bytes) }));
    sendXml(request, listingXml(items));
  };

async function build(store: Store, cacheDir: string, options: Partial<BuildOptions> = {}) {
  const report = await buildCache({ store, catalogue: await readCatalogue(store), cacheDir, workers: 0, ...options });
  return { report, outcome: report.excluded.map(({ id, code }) => [id.split("/")[1], code]) };
}

const damagedEdf = (at: number) => (request: OwnRequest, bytes: Buffer) =>
  sendObject(request, bytes, {}, request.key === EDF ? flip(at) : (sound) => sound);

for (const workers of [0, 1])
  for (const [where, at] of [
    ["of a sample", 20_000],
    ["of the last block", 4_220_000],
    ["that the header's reader refuses", 0],
    ["of the header's free text", 100],
  ].slice(workers) as [string, number][])
    test(`a flipped bit ${where} leaves the recording out as source-damaged, ${workers} workers`, (context) =>
      withOwnServer(bucket(damagedEdf(at)), async ({ store, requests }) => {
        const dir = await temporaryFolder(context);
        const { report, outcome } = await build(store, dir, { workers });
        assert.deepEqual(outcome, [["aaaaaaaa", "source-damaged"]]);
        assert.equal(report.built, 1);
        assert.match(report.excluded[0]!.reason, /came with md5 .* expected .*damaged/);
        assert.equal(
          requests.filter(({ key, headers }) => key === EDF && /^bytes=0-/.test(headers.range ?? "")).length,
          2,
        );
      }));

test("a short recording is one request, and none for its digest", (context) =>
  withOwnServer(bucket(), async ({ store, requests }) => {
    await build(store, await temporaryFolder(context));
    const short = requests.filter(({ key }) => key === `${stemOf(FILES[1]!)}.edf`);
    assert.deepEqual(
      short.map(({ method, headers }) => [method, headers.range]),
      [["GET", undefined]],
    );
  }));

test("a short recording whose every answer is damaged is excluded as source-damaged", (context) => {
  const send = (request: OwnRequest, bytes: Buffer) =>
    sendObject(request, bytes, {}, request.key.endsWith(".edf") && bytes.length < 1e6 ? flip(9000) : (same) => same);
  return withOwnServer(bucket(send), async ({ store }) => {
    const { outcome } = await build(store, await temporaryFolder(context));
    assert.deepEqual(outcome, [["aaaaaaab", "source-damaged"]]);
  });
});

test("a bit that was flipped on the way only is read again, and the cache is that of sound bytes", async (context) => {
  const sound = await temporaryFolder(context);
  await withOwnServer(bucket(), ({ store }) =>
    build(store, sound).then(({ outcome }) => assert.deepEqual(outcome, [])),
  );
  let flips = 1;
  const once = (request: OwnRequest, bytes: Buffer) => {
    const isHit = request.key === EDF && request.method === "GET" && flips-- > 0;
    sendObject(request, bytes, {}, isHit ? flip(2000) : (same) => same);
  };
  await withOwnServer(bucket(once), async ({ store }) => {
    const dir = await temporaryFolder(context);
    const { report, outcome } = await build(store, dir);
    assert.deepEqual([report.built, outcome], [2, []]);
    assert.deepEqual(await hashTree(dir), await hashTree(sound));
  });
});

test("where the ETag is of a multipart upload, the object's checksum is compared", (context) => {
  const etagOf = (bytes: Buffer) => `${md5Of(bytes)}-4`;
  const send = (request: OwnRequest, bytes: Buffer) => {
    const sum = Buffer.alloc(4);
    sum.writeUInt32BE(crc32(bytes));
    const isAsked = request.headers["x-amz-checksum-mode"] === "ENABLED";
    const checksum = { "x-amz-checksum-crc32": isAsked ? sum.toString("base64") : undefined };
    const damage = request.key === EDF && request.method === "GET" ? flip(20_000) : (same: Buffer) => same;
    sendObject(request, bytes, { etag: `"${etagOf(bytes)}"`, ...checksum }, damage);
  };
  return withOwnServer(bucket(send, etagOf), async ({ store }) => {
    const { report, outcome } = await build(store, await temporaryFolder(context));
    assert.deepEqual(outcome, [["aaaaaaaa", "source-damaged"]]);
    assert.match(report.excluded[0]!.reason, /crc32/);
  });
});

test("an ETag of an encrypted object is not taken for an MD5", (context) => {
  const etagOf = (bytes: Buffer) => md5Of(Buffer.from(`key of ${md5Of(bytes)}`));
  const send = (request: OwnRequest, bytes: Buffer) =>
    sendObject(request, bytes, { etag: `"${etagOf(bytes)}"`, "x-amz-server-side-encryption": "aws:kms" });
  return withOwnServer(bucket(send, etagOf), async ({ store }) => {
    const { report, outcome } = await build(store, await temporaryFolder(context));
    assert.deepEqual([report.built, outcome], [2, []]);
  });
});

test("damaged annotations that are read directly are no labels", (context) => {
  const send = (request: OwnRequest, bytes: Buffer) =>
    sendObject(request, bytes, {}, request.key === LABELS ? flip(bytes.length - 30) : (same) => same);
  return withOwnServer(bucket(send), async ({ store }) => {
    const { outcome } = await build(store, await temporaryFolder(context));
    assert.deepEqual(outcome, [["aaaaaaaa", "source-damaged"]]);
  });
});

test("answers without the listing's ETag are no recording's bytes", (context) => {
  const send = (request: OwnRequest, bytes: Buffer) =>
    sendObject(request, bytes, request.key === EDF ? { etag: undefined } : {});
  return withOwnServer(bucket(send), async ({ store }) => {
    const { report, outcome } = await build(store, await temporaryFolder(context));
    assert.deepEqual(outcome, [["aaaaaaaa", "source-unreadable"]]);
    assert.match(report.excluded[0]!.reason, /no ETag/);
  });
});

/** Changes a byte of a file and keeps its time, as a failing disk does. */
async function rot(path: string, at: number): Promise<void> {
  const { atime, mtime } = await stat(path);
  await writeFile(path, flip(at)(await readFile(path)));
  await utimes(path, atime, mtime);
}

for (const way of ["a mirror's folder", "a store with a mirror"])
  test(`bytes that a disk has lost since they were fetched are not built, from ${way}`, (context) =>
    withOwnServer(bucket(), async ({ store }) => {
      const dir = await temporaryFolder(context);
      const mirror = join(dir, "mirror");
      await pullObjects(store, mirror);
      await rot(join(mirror, EDF), 30_000);
      const source = way === "a mirror's folder" ? folderStore(join(mirror, "edf")) : withMirror(store, mirror);
      const { report, outcome } = await build(source, join(dir, "cache"));
      assert.deepEqual(outcome, [["aaaaaaaa", "source-damaged"]]);
      assert.match(report.excluded[0]!.reason, /sha256/);
      await rot(join(mirror, LABELS), OBJECTS[LABELS]!.length - 30);
      const labels = way === "a mirror's folder" ? LABELS.slice("edf/".length) : LABELS;
      if (way === "a mirror's folder") await assert.rejects(source.read(labels), /sha256/);
    }));

test("a recording of a mirror that was edited since is not built, and no code accepts that", (context) =>
  withOwnServer(bucket(), async ({ store }) => {
    const dir = await temporaryFolder(context);
    await pullObjects(store, join(dir, "mirror"));
    const file = join(dir, "mirror", EDF);
    await writeFile(file, flip(30_000)(await readFile(file)));
    const source = folderStore(join(dir, "mirror", "edf"));
    const { report, outcome } = await build(source, join(dir, "cache"), { accept: ["source-damaged"] });
    assert.deepEqual(outcome, [["aaaaaaaa", "source-damaged"]]);
    assert.equal(report.excluded[0]!.accepted, false);
    await utimes(file, new Date(), new Date());
    await writeFile(file, OBJECTS[EDF]!); // touched, and the bytes are the bucket's
    assert.deepEqual((await build(source, join(dir, "cache"))).outcome, []);
  }));

test("annotations of a mirror that their owner has changed since are the owner's", (context) =>
  withOwnServer(bucket(), async ({ store }) => {
    const dir = await temporaryFolder(context);
    await pullObjects(store, dir);
    await writeFile(join(dir, LABELS), "mine\n");
    assert.equal(Buffer.from(await folderStore(dir).read(LABELS)).toString(), "mine\n");
  }));
