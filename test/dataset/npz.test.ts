import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { copyFile, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { readManifest, writeManifest } from "../../src/cache/manifest.js";
import { sidecarFile } from "../../src/cache/paths.js";
import { verifyCache } from "../../src/cache/verify.js";
import { openNpz, writeNpz } from "../../src/dataset/npz/archive.js";
import { exportNpz } from "../../src/dataset/npz/export-npz.js";
import { importNpz } from "../../src/dataset/npz/import-npz.js";
import { decodeNpyInto } from "../../src/dataset/npz/npy.js";
import { openWindowReader } from "../../src/dataset/window-reader.js";
import { ELECTRODES_19 } from "../../src/signal/electrodes.js";
import { makeCache, RATE, seizure, temporaryFolder } from "../cache/made-cache.js";

const FIRST = "train/aaaaaaaa/s001_2010/01_tcp_ar/aaaaaaaa_s001_t000";
const python = process.env.ICTAL_PYTHON ?? "python3";
const noNumpy = spawnSync(python, ["-c", "import numpy"]).status !== 0 && `no numpy in ${python} (set ICTAL_PYTHON)`;

async function makeExport(context: TestContext) {
  const dir = await temporaryFolder(context);
  const cacheDir = join(dir, "cache");
  await makeCache(
    cacheDir,
    [
      { id: FIRST, sampleCount: 9 * RATE, seizures: [seizure(2.5, 4), seizure(6, 9)] },
      { id: "train/bbbbbbbb/s002_2011/01_tcp_ar/bbbbbbbb_s002_t001", sampleCount: 5 * RATE + 77 },
      { id: "train/cccccccc/s001_2011/01_tcp_ar/cccccccc_s001_t000", sampleCount: RATE },
      { id: "train/dddddddd/s001_2011/01_tcp_ar/dddddddd_s001_t000", sampleCount: 9 * RATE, labelled: false },
      { id: "dev/eeeeeeee/s001_2011/01_tcp_ar/eeeeeeee_s001_t000", sampleCount: 6 * RATE },
      { id: "eval/ffffffff/s001_2011/01_tcp_ar/ffffffff_s001_t000", sampleCount: 6 * RATE },
    ],
    { channels: ELECTRODES_19 },
  );
  await writeManifest(cacheDir);
  const manifest = await readManifest(cacheDir);
  const outDir = join(dir, "npz");
  const report = await exportNpz({ cacheDir, manifest, outDir, windowSeconds: 3, strideSeconds: 1 });
  return { dir, cacheDir, manifest, outDir, report };
}

test("exportNpz writes the reference's archives and lists, leaves out what it cannot hold, and eval stays closed", async (context) => {
  const { outDir, report } = await makeExport(context);
  const { files, windows, excluded, droppedSeconds } = report;
  assert.deepEqual([files, windows], [3, { partial: 6, full: 1, none: 7 }]);
  assert.deepEqual(
    excluded.map(({ id, code }) => [id.slice(0, 14), code]),
    [
      ["train/cccccccc", "short"],
      ["train/dddddddd", "unlabelled"],
    ],
  );
  assert.equal(droppedSeconds, 77 / RATE);
  assert.deepEqual(await readdir(outDir), ["dev", "train"]);
  const names = await readdir(join(outDir, "train"));
  assert.deepEqual(names, ["aaaaaaaa_s001_t000_windows.npz", "bbbbbbbb_s002_t001_windows.npz", "manifest.json"]);
  const lists = JSON.parse(await readFile(join(outDir, "train", "manifest.json"), "utf8")) as Record<string, unknown[]>;
  assert.deepEqual(lists.full_seizure, [{ cache_file: names[0], window_idx: 6 }]);
  assert.deepEqual([lists.partial_seizure!.length, lists.no_seizure!.length], [6, 3]);
});

test("numpy.load reads our archives, values and labels", { skip: noNumpy }, async (context) => {
  const { cacheDir, manifest, outDir } = await makeExport(context);
  const script = `
import numpy, sys
with numpy.load(sys.argv[1]) as data:
    windows, labels = data["windows"], data["labels"]
    print(windows.shape, windows.dtype, labels.shape, labels.dtype, int(labels.sum()))
    windows[5].tofile(sys.argv[2])`;
  const raw = join(outDir, "window.f32");
  const archive = join(outDir, "train", "aaaaaaaa_s001_t000_windows.npz");
  const { stdout, stderr } = spawnSync(python, ["-c", script, archive, raw], { encoding: "utf8" });
  const seizureSamples = [0.5, 1.5, 1.5, 1, 1, 2, 3].reduce((sum, seconds) => sum + seconds * RATE, 0);
  assert.equal(stdout.trim(), `(7, 19, 768) float32 (7, 768) float32 ${seizureSamples}`, stderr);
  const reader = await openWindowReader(cacheDir, manifest);
  context.after(() => reader.close());
  const window = new Float32Array(19 * 768);
  await reader.readInto(window, reader.positionOf(FIRST), 5 * RATE, 768);
  assert.deepEqual(new Float32Array((await readFile(raw)).buffer.slice(0, window.byteLength)), window);
});

test("importNpz of an export gives the samples and seizures back, reuses what is there and the cache is sound", async (context) => {
  const { cacheDir, manifest, outDir, dir } = await makeExport(context);
  const options = { dir: outDir, cacheDir: join(dir, "imported"), strideSeconds: 1 };
  const report = await importNpz(options);
  assert.deepEqual([report.imported, report.reused, report.excluded, report.otherClass], [3, 0, [], 0]);
  await writeManifest(options.cacheDir);
  assert.deepEqual((await verifyCache(options.cacheDir)).bad, []);
  const imported = await readManifest(options.cacheDir);
  assert.deepEqual(
    imported.recordings.map(({ id, sampleCount }) => [id, sampleCount]),
    [
      ["dev/eeeeeeee/s001/npz/t000", 6 * RATE],
      ["train/aaaaaaaa/s001/npz/t000", 9 * RATE],
      ["train/bbbbbbbb/s002/npz/t001", 5 * RATE],
    ],
  );
  const times = ({ startSeconds, endSeconds }: { startSeconds: number; endSeconds: number }) => [
    startSeconds,
    endSeconds,
  ];
  assert.deepEqual(imported.recordings[1]!.seizures.map(times), [
    [2.5, 4],
    [6, 9],
  ]);
  const [ours, theirs] = [
    await openWindowReader(cacheDir, manifest),
    await openWindowReader(options.cacheDir, imported),
  ];
  context.after(async () => {
    await ours.close();
    await theirs.close();
  });
  const [before, after] = [new Float32Array(19 * 9 * RATE), new Float32Array(19 * 9 * RATE)];
  await ours.readInto(before, ours.positionOf(FIRST), 0, 9 * RATE);
  await theirs.readInto(after, 1, 0, 9 * RATE);
  assert.deepEqual(after, before);
  const sidecar = join(report.folder, sidecarFile(imported.recordings[0]!.id));
  const { timelineCheck, ...old } = JSON.parse(await readFile(sidecar, "utf8"));
  await writeFile(sidecar, JSON.stringify(old)); // as version 0.1 wrote it
  const again = await importNpz(options);
  assert.deepEqual([again.imported, again.reused], [0, 3]);
  assert.equal(JSON.parse(await readFile(sidecar, "utf8")).timelineCheck, timelineCheck);
});

test("importNpz reads what numpy.savez and numpy.savez_compressed write, other number types and no labels too", {
  skip: noNumpy,
}, async (context) => {
  const dir = await temporaryFolder(context);
  const script = `
import numpy, sys
x = numpy.random.default_rng(1).normal(size=(19, 2304)).clip(-10, 10)
cut = lambda row: numpy.stack([row[..., k * 256:k * 256 + 768] for k in range(7)])
y = numpy.zeros(2304); y[600:1300] = 1
numpy.savez(sys.argv[1] + "/p1_s001_t000_windows.npz", windows=cut(x).astype("f4"), labels=cut(y).astype("f4"))
numpy.savez_compressed(sys.argv[1] + "/p2_s001_t000_windows.npz", windows=cut(x), labels=cut(y).astype(bool))
numpy.savez_compressed(sys.argv[1] + "/strange_windows.npz", windows=cut(x).astype("f4"))
x.astype("f4").tofile(sys.argv[1] + "/whole.f32")`;
  const { status, stderr } = spawnSync(python, ["-c", script, dir], { encoding: "utf8" });
  assert.equal(status, 0, stderr);
  const cacheDir = join(dir, "cache");
  const report = await importNpz({ dir, cacheDir, strideSeconds: 1, split: "dev" });
  assert.deepEqual([report.imported, report.excluded], [3, []]);
  await writeManifest(cacheDir);
  const manifest = await readManifest(cacheDir);
  assert.deepEqual(
    manifest.recordings.map(({ id, labelled, seizures }) => [
      id,
      labelled,
      seizures.map((each) => each.startSeconds * RATE),
    ]),
    [
      ["dev/p1/s001/npz/t000", true, [600]],
      ["dev/p2/s001/npz/t000", true, [600]],
      ["dev/strange/s001/npz/t000", false, []],
    ],
  );
  const whole = new Float32Array((await readFile(join(dir, "whole.f32"))).buffer.slice(0, 4 * 19 * 2304));
  const reader = await openWindowReader(cacheDir, manifest);
  context.after(() => reader.close());
  for (const recording of [0, 1, 2]) {
    const out = new Float32Array(whole.length);
    await reader.readInto(out, recording, 0, 2304);
    assert.ok(out.every((value, i) => Math.abs(value - whole[i]!) < 1.6e-4));
  }
});

test("archives at fault are excluded with their reason, a manifest that names missing ones stops the import", async (context) => {
  const { outDir, dir } = await makeExport(context);
  const from = join(outDir, "train", "aaaaaaaa_s001_t000_windows.npz");
  const [bad, odd] = [join(dir, "bad"), join(dir, "odd")];
  await mkdir(bad);
  await mkdir(odd);
  const sound = await readFile(from);
  await writeFile(join(bad, "cut_windows.npz"), sound.subarray(0, sound.length / 2));
  const flipped = Buffer.from(sound);
  flipped[sound.length >> 1]! ^= 0x55;
  await writeFile(join(bad, "flipped_windows.npz"), flipped);
  await writeFile(join(bad, "text_windows.npz"), "not a zip");
  const block = (value: number) => new Float32Array(19 * 8).fill(value);
  const write = (name: string, shape: number[], chunks: Float32Array[], array = "windows") =>
    writeNpz(join(odd, `${name}_windows.npz`), [{ name: array, shape, chunks }]);
  await write("nan", [1, 19, 8], [block(Number.NaN)]);
  await write("other", [1, 19, 8], [block(1)], "x");
  await write("shape", [19, 8], [block(1)]);
  await write("stride", [2, 19, 8], [block(1), block(2)]);
  const reasons: Record<string, string> = {};
  for (const [from, strideSeconds] of [
    [bad, 1],
    [odd, 4 / RATE],
  ] as const) {
    const report = await importNpz({ dir: from, cacheDir: join(dir, "c"), strideSeconds });
    assert.equal(report.imported, 0);
    for (const { id, code, reason } of report.excluded) reasons[id.split("/")[1]!] = `${code}: ${reason}`;
  }
  for (const name of ["cut", "flipped", "text"]) assert.match(reasons[name]!, /^damaged: .*not a sound \.npz.*again/);
  assert.match(reasons.nan!, /^not-finite: .*window 0 holds NaN/);
  assert.match(reasons.other!, /^no-windows: .*it has x/);
  assert.match(reasons.shape!, /^shape: .*\(19, 8\), expected \(n, 19, samples\)/);
  assert.match(reasons.stride!, /^stride: .*give the stride that they were cut with/);
  await rm(from);
  const missing = importNpz({ dir: outDir, cacheDir: join(dir, "d"), strideSeconds: 1 });
  await assert.rejects(missing, {
    tag: "CacheError",
    message: /names 1 archives that are not there: aaaaaaaa_s001_t000_windows/,
  });
  await writeFile(join(outDir, "train", "manifest.json"), "[]");
  await assert.rejects(
    importNpz({ dir: outDir, cacheDir: join(dir, "e"), strideSeconds: 1 }),
    /not a manifest of the reference/,
  );
  await assert.rejects(importNpz({ dir: join(dir, "none"), cacheDir: join(dir, "f") }), { tag: "NotFoundError" });
});

test("two recordings of one stem are refused by name", async (context) => {
  const dir = await temporaryFolder(context);
  const stem = "aaaaaaaa_s001_t000";
  const made = ["01_tcp_ar", "03_tcp_ar_a"].map((montage) => ({
    id: `train/aaaaaaaa/s001_2010/${montage}/${stem}`,
    sampleCount: 9 * RATE,
    seizures: [seizure(1, 2)],
  }));
  await makeCache(dir, made, { channels: ELECTRODES_19 });
  await writeManifest(dir);
  const manifest = await readManifest(dir);
  await assert.rejects(exportNpz({ cacheDir: dir, manifest, outDir: join(dir, "npz"), windowSeconds: 3 }), {
    tag: "CacheError",
    message: /01_tcp_ar.*and .*|would both be/,
  });
});

test("writeNpz and openNpz hold memory that does not grow with the array", async (context) => {
  const dir = await temporaryFolder(context);
  const path = join(dir, "large.npz");
  const piece = new Float32Array(1e6).map((_, i) => i % 97);
  function* chunks() {
    for (let i = 0; i < 60; i++) yield piece;
  }
  await writeNpz(path, [{ name: "x", shape: [60, 1e6], chunks: chunks() }]);
  await copyFile(path, join(dir, "copy.npz"));
  globalThis.gc?.();
  let largest = 0;
  const file = await openNpz(join(dir, "copy.npz"));
  const out = new Float32Array(piece.length);
  for await (const bytes of (await file.array("x"))!.chunks(piece.length)) {
    decodeNpyInto(out, bytes, "<f4");
    assert.equal(out[12345], 12345 % 97);
    largest = Math.max(largest, process.memoryUsage().arrayBuffers);
  }
  await file.close();
  assert.ok(largest < 100e6, `${(largest / 1e6).toFixed(0)} MB of arrays for 240 MB`);
});
