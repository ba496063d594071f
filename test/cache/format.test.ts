import assert from "node:assert/strict";
import { type FileHandle, readdir, readFile, readlink, stat } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { chooseSignals } from "../../src/cache/choose-signals.js";
import { findFolders, prepareFolder } from "../../src/cache/folder.js";
import {
  createFrame,
  FRAME_SAMPLES,
  fileBytesOf,
  frameCountOf,
  frameLayout,
  INT16_SCALE,
} from "../../src/cache/format.js";
import { FrameSpillBuffer, writeFully } from "../../src/cache/frame-spill-buffer.js";
import { markFlat, storeFrameInto } from "../../src/cache/normalize.js";
import { openCache, readFrames } from "../../src/cache/open.js";
import { recordingFile, recordingStem } from "../../src/cache/paths.js";
import { writeCacheFile } from "../../src/cache/temporary.js";
import { bytesSource } from "../../src/recording/byte-source.js";
import { readEdfHeader } from "../../src/recording/edf-header.js";
import { encodeEdf } from "../../src/recording/edf-writer.js";
import { DEFAULT_CHAIN } from "../../src/signal/chain.js";
import { createMoments } from "../../src/signal/normalize.js";
import { lossesOf, placed, watchDisk } from "../base/disk-spy.js";
import { describeCache, makeCache, noise, temporaryFolder } from "./made-cache.js";

const ID = "train/aaaaaaaa/s001_2003/01_tcp_ar/aaaaaaaa_s001_t000";

test("a frame of 19 channels of int16 is 97,280 bytes and files hold whole frames", () => {
  const layout = frameLayout(19, "int16");
  assert.equal(layout.frameBytes, 97280);
  assert.deepEqual([0, 1, 2560, 2561].map(frameCountOf), [0, 1, 1, 2]);
  assert.equal(fileBytesOf(layout, 2561), 2 * 97280);
  assert.equal(frameLayout(19, "float32").frameBytes, 2 * 97280);
  assert.throws(() => frameLayout(0, "int16"), /invalid channelCount: 0/);
});

test("paths of recordings keep ordinary ids readable, stay inside the folder and never coincide", () => {
  assert.equal(recordingFile(ID, "int16"), `${ID}.i16`);
  assert.equal(recordingFile(ID, "float32"), `${ID}.f32`);
  assert.equal(recordingStem("a/../..//x"), "a/%2E./%2E.//x");
  assert.equal(recordingStem("a/b c*?:é"), "a/b%20c%2A%3F%3A%C3%A9");
  assert.notEqual(recordingStem("a/b c"), recordingStem("a/b%20c"));
});

test("storeFrameInto is the clipped z-score in steps of 10/32767, within half a step", () => {
  const frame = new Float32Array(FRAME_SAMPLES);
  for (let i = 0; i < FRAME_SAMPLES; i++) frame[i] = (i - 1280) / 50;
  const statistics = { mean: [1], std: [2], flat: [false] };
  const stored = createFrame(frameLayout(1, "int16"));
  storeFrameInto(stored, frame, 2500, { statistics, normalize: true, clip: 10 });
  const exact = createFrame(frameLayout(1, "float32"));
  storeFrameInto(exact, frame, 2500, { statistics, normalize: true, clip: 10 });
  for (let i = 0; i < FRAME_SAMPLES; i++) {
    const z = i < 2500 ? Math.max(-10, Math.min(10, (frame[i]! - 1) / 2)) : 0;
    assert.ok(Math.abs(exact[i]! - z) < 1e-6);
    assert.ok(Math.abs(stored[i]! * INT16_SCALE - z) <= INT16_SCALE / 2 + 1e-6, `sample ${i}`);
  }
  assert.equal(stored[0], -32767);
  storeFrameInto(stored, frame, 2500, { statistics, normalize: true, clip: 3 });
  assert.equal(stored[0], -Math.round(3 / INT16_SCALE));
});

test("a flat channel is stored as zeros and flagged; NaN cannot come of it", () => {
  const frame = new Float32Array(2 * FRAME_SAMPLES).fill(7, 0, FRAME_SAMPLES);
  frame[FRAME_SAMPLES] = 1;
  const moments = createMoments(2);
  moments.push([frame.subarray(0, FRAME_SAMPLES), frame.subarray(FRAME_SAMPLES)]);
  const closed = markFlat(moments.result());
  assert.deepEqual(closed.flat, [true, false]);
  assert.deepEqual(markFlat(moments.result(), [false, true]).flat, [true, true]);
  const stored = createFrame(frameLayout(2, "float32"));
  storeFrameInto(stored, frame, FRAME_SAMPLES, { statistics: closed, normalize: true, clip: 10 });
  assert.ok(stored.subarray(0, FRAME_SAMPLES).every((value) => value === 0));
  assert.ok(stored.every(Number.isFinite));
});

test("the buffer gives the same frames from memory, from its file, and for any cut of the input", async (context) => {
  const folder = await temporaryFolder(context);
  const rows = noise(5, 2, 4 * FRAME_SAMPLES + 100);
  const read = async (memoryLimitBytes: number, cuts: readonly number[]) => {
    const spillPath = join(folder, "sub", "spill");
    const buffer = new FrameSpillBuffer({
      channelCount: 2,
      memoryLimitBytes,
      spillPath,
    });
    let at = 0;
    for (const cut of [...cuts, rows[0]!.length]) {
      await buffer.push(rows.map((row) => row.subarray(at, cut)));
      at = cut;
    }
    await buffer.finish();
    const frames: number[][] = [];
    for (let frame = 0; frame < buffer.frameCount; frame++) frames.push([...(await buffer.frame(frame))]);
    const spilled = await readdir(join(folder, "sub")).catch(() => []);
    await buffer.close();
    return { frames, spilled: spilled.length };
  };
  const frameBytes = 2 * FRAME_SAMPLES * 4;
  const inMemory = await read(1e9, []);
  const inFile = await read(0, [1, 2559, 2561, 9000]);
  const inBoth = await read(2 * frameBytes, [5000]);
  assert.equal(inMemory.frames.length, 5);
  assert.deepEqual([inMemory.spilled, inFile.spilled, inBoth.spilled], [0, 1, 1]);
  assert.deepEqual(inFile.frames, inMemory.frames);
  assert.deepEqual(inBoth.frames, inMemory.frames);
  assert.equal(inMemory.frames[1]![FRAME_SAMPLES], rows[1]![FRAME_SAMPLES]);
  assert.deepEqual(await readdir(join(folder, "sub")), []);
});

test("the buffer keeps a last frame that is full, and writes frames beyond its limit as they are complete", async (context) => {
  const spillPath = join(await temporaryFolder(context), "spill");
  const rows = noise(6, 1, 3 * FRAME_SAMPLES);
  const buffer = new FrameSpillBuffer({ channelCount: 1, memoryLimitBytes: 0, spillPath });
  for (const end of [1, 2, 3]) {
    await buffer.push(rows.map((row) => row.subarray((end - 1) * FRAME_SAMPLES, end * FRAME_SAMPLES)));
    assert.equal((await stat(spillPath)).size, end * FRAME_SAMPLES * 4);
  }
  await buffer.finish();
  assert.deepEqual(await buffer.frame(2), rows[0]!.subarray(2 * FRAME_SAMPLES));
  await buffer.close();
  const inMemory = new FrameSpillBuffer({ channelCount: 1, memoryLimitBytes: 1e9, spillPath });
  await inMemory.push(rows);
  await inMemory.finish();
  assert.deepEqual(await inMemory.frame(2), rows[0]!.subarray(2 * FRAME_SAMPLES));
});

test("a file of the cache is synced before it gets its name, and its folder after", async (context) => {
  const dir = await temporaryFolder(context);
  const steps = await watchDisk(() => writeCacheFile(dir, join(dir, "a/b.json"), "text"));
  assert.deepEqual([lossesOf(steps), placed(steps, dir)], [[], ["a/b.json"]]);
});

test("writeFully goes on where a short write ended", async () => {
  const written: number[] = [];
  const write = async (data: Uint8Array, offset: number, length: number, position: number) => {
    const bytesWritten = Math.min(3, length);
    for (let i = 0; i < bytesWritten; i++) written[position + i] = data[offset + i]!;
    return { bytesWritten, buffer: data };
  };
  await writeFully({ write } as unknown as FileHandle, Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8), 2); // all it uses of a handle
  assert.deepEqual(written.slice(2), [1, 2, 3, 4, 5, 6, 7, 8]);
});

test("readFrames closes its file at the end and when it is left early", {
  skip: process.platform !== "linux",
}, async (context) => {
  const dir = await temporaryFolder(context);
  await makeCache(dir, [{ id: ID, sampleCount: 6000 }]);
  const cache = await openCache(dir);
  for await (const _frame of readFrames(cache, ID));
  for await (const _frame of readFrames(cache, ID)) break;
  const open = await Promise.all(
    (await readdir("/proc/self/fd")).map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => "")),
  );
  assert.deepEqual(
    open.filter((path) => path.startsWith(dir)),
    [],
  );
});

test("key folders come in the order of their keys, and a signal of one sample a record is usable", async (context) => {
  const dir = await temporaryFolder(context);
  for (const channel of ["FP1", "FP2", "F3", "F4"]) await prepareFolder(dir, describeCache([channel]));
  const keys = (await findFolders(dir)).map(({ key }) => key);
  assert.deepEqual(keys, [...keys].sort());
  assert.equal(keys.length, 4);
  const range = { unit: "uV", physicalMin: -3276.8, physicalMax: 3276.7 };
  const signal = { label: "EEG FP1-REF", ...range, samplesPerRecord: 1, samples: new Float32Array(9) };
  const source = bytesSource("a.edf", encodeEdf({ kind: "EDF", recordDurationSeconds: 0.005, signals: [signal] }));
  const chosen = chooseSignals(await readEdfHeader(source), DEFAULT_CHAIN);
  assert.deepEqual([chosen.sampleRateHz, chosen.missing.length], [200, 18]);
});

test("readFrames gives back what was written, for int16 and float32, in any range", async (context) => {
  for (const sampleType of ["int16", "float32"] as const) {
    const dir = await temporaryFolder(context);
    const { folder, sidecars, signals } = await makeCache(dir, [{ id: ID, sampleCount: 6000 }], { sampleType });
    const cache = await openCache(dir);
    assert.equal(cache.folder.key, folder.key);
    assert.deepEqual(await cache.list(), [`${ID}.json`]);
    const { mean, std } = sidecars[0]!;
    let frames = 0;
    for await (const { frame, values, scale, validSamples } of readFrames(cache, ID)) {
      assert.equal(validSamples, frame === 2 ? 880 : 2560);
      for (let channel = 0; channel < 3; channel++)
        for (let i = 0; i < validSamples; i += 97) {
          const z = (signals[0]![channel]![frame * 2560 + i]! - mean[channel]!) / std[channel]!;
          const tolerance = sampleType === "int16" ? INT16_SCALE / 2 + 1e-9 : 1e-6;
          assert.ok(Math.abs(values[channel * 2560 + i]! * scale - z) <= tolerance);
        }
      frames += 1;
    }
    assert.equal(frames, 3);
    const some = [];
    for await (const { frame } of readFrames(cache, ID, { startFrame: 1, endFrame: 2 })) some.push(frame);
    assert.deepEqual(some, [1]);
    await assert.rejects(cache.sidecar("train/none/s/m/t"), { tag: "NotFoundError" });
  }
});

test("the same signal gives the same bytes, and the sidecar's JSON too", async (context) => {
  const contents = [];
  for (let run = 0; run < 2; run++) {
    const dir = await temporaryFolder(context);
    const { folder } = await makeCache(dir, [{ id: ID, sampleCount: 6000 }]);
    contents.push(await Promise.all([".i16", ".json"].map((ending) => readFile(join(folder.path, `${ID}${ending}`)))));
  }
  assert.deepEqual(contents[0], contents[1]);
});
