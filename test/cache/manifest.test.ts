import assert from "node:assert/strict";
import { readFile, rm, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { isIctalError } from "@ictal/base/errors";
import { cacheKeyOf, prepareFolder, resolveFolder } from "../../src/cache/folder.js";
import { lacksSeizures, limitManifest, readManifest, writeManifest } from "../../src/cache/manifest.js";
import { writeExclusion } from "../../src/cache/sidecar.js";
import { describeCache, type MadeRecording, makeCache, seizure, temporaryFolder } from "./made-cache.js";

const id = (patient: string, token: string, split = "train") => `${split}/${patient}/s001/01_tcp_ar/${token}`;

const RECORDINGS: readonly MadeRecording[] = [
  { id: id("b", "b_t000"), sampleCount: 5000 },
  { id: id("a", "a_t001"), sampleCount: 2560, seizures: [seizure(1, 3), seizure(2, 4)] },
  { id: id("c", "c_t000", "dev"), sampleCount: 700, labelled: false },
];

const catalogue = (ids: readonly string[]) => ({ recordings: ids.map((each) => ({ id: each })), fingerprint: "f00d" });

test("writeManifest lists recordings by id with their events and counts, and readManifest gives it back", async (context) => {
  const dir = await temporaryFolder(context);
  const { folder } = await makeCache(dir, RECORDINGS);
  const { manifest, path } = await writeManifest(dir, { catalogue: catalogue(RECORDINGS.map((each) => each.id)) });
  assert.equal(path, join(folder.path, "manifest.json"));
  assert.deepEqual(
    manifest.recordings.map((each) => each.id),
    [id("c", "c_t000", "dev"), id("a", "a_t001"), id("b", "b_t000")],
  );
  assert.deepEqual(manifest.counts, {
    recordings: 3,
    labelled: 2,
    patients: 3,
    seizures: 2,
    seizureSeconds: 3,
    eegSeconds: 8260 / 256,
  });
  assert.deepEqual(Object.keys(manifest.bySplit).sort(), ["dev", "train"]);
  assert.equal(manifest.corpusFingerprint, "f00d");
  assert.equal(manifest.recordings[1]!.file, "train/a/s001/01_tcp_ar/a_t001.i16");
  assert.deepEqual(await readManifest(dir), manifest);
  assert.deepEqual(await readManifest(folder.path), manifest);
});

test("limitManifest keeps some recordings of every split with their counts, and refuses what leaves no seizure", async (context) => {
  const dir = await temporaryFolder(context);
  await makeCache(dir, RECORDINGS);
  const { manifest } = await writeManifest(dir);
  const two = limitManifest(manifest, 2);
  assert.deepEqual(
    two.recordings.map((each) => each.id),
    [id("c", "c_t000", "dev"), id("a", "a_t001")],
  );
  assert.deepEqual(
    [two.limit, two.counts.recordings, two.counts.seizures, two.bySplit.train!.recordings],
    [2, 2, 2, 1],
  );
  for (const limit of [undefined, 3, 50]) assert.equal(limitManifest(manifest, limit), manifest);
  const silent = { ...manifest, recordings: manifest.recordings.filter(({ patient }) => patient !== "a") };
  assert.throws(() => limitManifest(silent, 1), { tag: "CacheError", message: /no seizure in 1 recordings.*limit/ });
});

test("a manifest of a corpus that was cut says to how many recordings", async (context) => {
  const dir = await temporaryFolder(context);
  await makeCache(dir, RECORDINGS);
  const cut = { ...catalogue([RECORDINGS[1]!.id]), limit: 1 };
  assert.equal((await writeManifest(dir, { catalogue: cut })).manifest.limit, 1);
  assert.equal((await readManifest(dir)).limit, 1);
  assert.equal((await writeManifest(dir)).manifest.limit, undefined);
});

test("writing the manifest again gives the same bytes, one line per recording", async (context) => {
  const dir = await temporaryFolder(context);
  await makeCache(dir, RECORDINGS);
  const first = await readFile((await writeManifest(dir)).path, "utf8");
  const second = await readFile((await writeManifest(dir)).path, "utf8");
  assert.equal(first, second);
  assert.equal(first.split("\n").length, 1 + RECORDINGS.length + 2);
});

test("a recording of the catalogue that is neither cached nor noted as excluded is refused", async (context) => {
  const dir = await temporaryFolder(context);
  const { folder } = await makeCache(dir, RECORDINGS);
  const ids = [...RECORDINGS.map((each) => each.id), id("d", "d_t000")];
  await assert.rejects(writeManifest(dir, { catalogue: catalogue(ids) }), (error: Error) => {
    assert.match(
      error.message,
      /1 of 4 recordings are not in the cache: train\/d\/s001\/01_tcp_ar\/d_t000; run: ictal cache build/,
    );
    return true;
  });
  await writeExclusion(folder.path, { id: id("d", "d_t000"), code: "missing-electrodes", reason: "no EEG" });
  const { manifest } = await writeManifest(dir, { catalogue: catalogue(ids) });
  assert.deepEqual(manifest.leftOut, [{ id: id("d", "d_t000"), code: "missing-electrodes", reason: "no EEG" }]);
  await truncate(join(folder.path, manifest.recordings[0]!.file), 10);
  await assert.rejects(writeManifest(dir), { tag: "CacheError", message: /1 of 3 recordings are not in the cache/ });
});

test("a manifest without a seizure is refused with what to check", async (context) => {
  const dir = await temporaryFolder(context);
  await makeCache(dir, [RECORDINGS[0]!, RECORDINGS[2]!]);
  await assert.rejects(writeManifest(dir), (error: Error & { tag: string }) => {
    assert.equal(error.tag, "CacheError");
    assert.ok(lacksSeizures(error));
    assert.match(error.message, /no seizure in 2 recordings \(1 with annotations\).*annotation files.*split.*limit/);
    return true;
  });
});

test("a patient in two splits is refused by name", async (context) => {
  const dir = await temporaryFolder(context);
  await makeCache(dir, [RECORDINGS[1]!, { id: id("a", "a_t009", "dev"), sampleCount: 300 }]);
  await assert.rejects(writeManifest(dir), (error: Error) => {
    assert.match(error.message, /patients in more than one split: a;/);
    return isIctalError(error, "CacheError") && !lacksSeizures(error);
  });
});

test("readManifest refuses recordings that its counts do not sum up, however small the change", async (context) => {
  const dir = await temporaryFolder(context);
  await makeCache(dir, RECORDINGS);
  const { path } = await writeManifest(dir);
  const written = await readFile(path, "utf8");
  for (const [from, to] of [
    ['"endSeconds":4', '"endSeconds":7'], // a flipped bit
    ['"labelled":true', '"labelled":false'],
    ['"patient":"b"', '"patient":"c"'],
    ['"durationSeconds":19.5', '"durationSeconds":9.5'],
    [/\n.*"patient":"b"[^\n]*/, ""], // a line that is gone
    ['"seizures":2}', '"seizures":1}'],
  ] as const) {
    const edited = written.replace(from, to).replace(/,\n\]/, "\n]");
    assert.notEqual(edited, written, String(from));
    await writeFile(path, edited);
    await assert.rejects(readManifest(dir), {
      tag: "CacheError",
      message:
        /manifest\.json: its recordings are not those that its counts sum up; .*write it again with: ictal manifest/,
    });
  }
  await writeManifest(dir);
  assert.equal((await readManifest(dir)).recordings.length, 3);
});

test("readManifest refuses a foreign version, damage and another cache's manifest, and names the missing one", async (context) => {
  const dir = await temporaryFolder(context);
  const { folder } = await makeCache(dir, RECORDINGS);
  await assert.rejects(readManifest(dir), { tag: "NotFoundError", message: /write it with: ictal manifest/ });
  const { path } = await writeManifest(dir);
  const text = await readFile(path, "utf8");
  const cases: [string, RegExp][] = [
    [text.replace('"formatVersion":1', '"formatVersion":7'), /format version 7, this program reads version 1/],
    [text.slice(0, 200), /not JSON; it is damaged/],
    [text.replace('"labelled":true', '"labelled":"yes"'), /invalid recordings\.1\.labelled/],
    [text.replace(folder.key, "0123456789abcdef"), /written for another cache/],
  ];
  for (const [changed, message] of cases) {
    await writeFile(path, changed);
    await assert.rejects(readManifest(dir), { tag: "CacheError", message });
  }
});

test("the key changes with chain, channels, sample type and DSP version, and with nothing else", () => {
  const base = describeCache(["FP1", "F3"]);
  const { key: _key, ...rest } = base;
  assert.equal(cacheKeyOf(rest), base.key);
  const others = [
    { ...rest, chain: { notchHz: 50 } },
    { ...rest, channels: ["F3", "FP1"] },
    { ...rest, sampleType: "float32" as const },
    { ...rest, dspVersion: 2 },
  ];
  assert.equal(new Set([base.key, ...others.map(cacheKeyOf)]).size, 5);
});

test("resolveFolder takes a key folder, the only key of a cache folder, or the key that is named", async (context) => {
  const dir = await temporaryFolder(context);
  await assert.rejects(resolveFolder(join(dir, "none")), { tag: "NotFoundError" });
  await assert.rejects(resolveFolder(dir), { tag: "NotFoundError", message: /no cache in/ });
  const one = await prepareFolder(dir, describeCache(["FP1"]));
  assert.equal((await resolveFolder(dir)).key, one.key);
  const two = await prepareFolder(dir, describeCache(["FP2"]));
  await assert.rejects(resolveFolder(dir), { tag: "CacheError", message: /holds 2 caches/ });
  assert.equal((await resolveFolder(dir, two.key)).path, two.path);
  assert.equal((await resolveFolder(one.path)).key, one.key);
  const description = join(two.path, "cache.json");
  await writeFile(description, (await readFile(description, "utf8")).replace('"formatVersion":1', '"formatVersion":9'));
  assert.equal((await resolveFolder(dir, one.key)).key, one.key);
  await assert.rejects(resolveFolder(dir), { tag: "CacheError", message: /format version 9/ });
  await rm(two.path, { recursive: true });
  assert.equal((await resolveFolder(dir)).key, one.key);
});
