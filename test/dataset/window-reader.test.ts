import assert from "node:assert/strict";
import { readdir, readFile, readlink, rm, truncate } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { readManifest, writeManifest } from "../../src/cache/manifest.js";
import type { Augmentations } from "../../src/dataset/augment.js";
import { BatchThreads } from "../../src/dataset/batch-threads.js";
import { openBatches } from "../../src/dataset/batches.js";
import { createFiller, slotOf } from "../../src/dataset/fill-batch.js";
import { indexWindows } from "../../src/dataset/index-windows.js";
import { epochOrder } from "../../src/dataset/order.js";
import { openWindowReader } from "../../src/dataset/window-reader.js";
import { openWindows } from "../../src/dataset/windows.js";
import { type MadeRecording, makeCache, seizure, temporaryFolder } from "../cache/made-cache.js";

const RECORDINGS: readonly MadeRecording[] = [
  { id: "train/a/s/m/a_t000", sampleCount: 13000, seizures: [seizure(10, 20)] },
  { id: "train/b/s/m/b_t000", sampleCount: 3000 },
  { id: "train/c/s/m/c_t000", sampleCount: 6000, labelled: false },
];
const CHANNELS = 3;

async function opened(context: Parameters<typeof temporaryFolder>[0], sampleType: "int16" | "float32" = "int16") {
  const dir = await temporaryFolder(context);
  const made = await makeCache(dir, RECORDINGS, { sampleType });
  await writeManifest(dir);
  const manifest = await readManifest(dir);
  const reader = await openWindowReader(dir, manifest);
  context.after(() => reader.close());
  const z = (recording: number, channel: number, sample: number) => {
    const { sampleCount, mean, std } = made.sidecars[recording]!;
    if (sample < 0 || sample >= sampleCount) return 0;
    return (made.signals[recording]![channel]![sample]! - mean[channel]!) / std[channel]!;
  };
  return { dir, reader, manifest, z, folder: made.folder };
}

test("readInto gives any stretch of a recording as [channel, sample], zeros outside it", async (context) => {
  for (const sampleType of ["int16", "float32"] as const) {
    const { reader, z } = await opened(context, sampleType);
    const tolerance = sampleType === "int16" ? 5 / 32767 + 1e-6 : 1e-5;
    for (const [recording, start, count] of [
      [0, 0, 2560],
      [0, 2560, 5120],
      [0, 1, 2560],
      [0, 2559, 3],
      [0, 12000, 5000],
      [1, -700, 9000],
      [1, 2999, 1],
      [2, 40, 5000],
      [1, 3000, 100],
      [1, 90000, 100],
      [1, -500, 100],
    ] as const) {
      const out = new Float32Array(CHANNELS * count).fill(99);
      await reader.readInto(out, recording, start, count);
      for (let channel = 0; channel < CHANNELS; channel++)
        for (let i = 0; i < count; i++) {
          const difference = Math.abs(out[channel * count + i]! - z(recording, channel, start + i));
          assert.ok(difference <= tolerance, `recording ${recording} start ${start} channel ${channel} sample ${i}`);
        }
    }
  }
});

test("many reads at once do not disturb each other", async (context) => {
  const { reader } = await opened(context);
  const read = async (start: number) => {
    const out = new Float32Array(CHANNELS * 1000);
    await reader.readInto(out, 0, start, 1000);
    return out;
  };
  const starts = Array.from({ length: 50 }, (_, i) => i * 230);
  const alone = [];
  for (const start of starts) alone.push(await read(start));
  assert.deepEqual(await Promise.all(starts.map(read)), alone);
});

test("misuse is a RangeError, an unknown id a NotFoundError, a missing or short file a CacheError that says what to run", async (context) => {
  const { reader, folder, manifest, dir } = await opened(context);
  await assert.rejects(reader.readInto(new Float32Array(5), 0, 0, 2), { name: "RangeError" });
  await assert.rejects(reader.readInto(new Float32Array(6), 9, 0, 2), /invalid recording: 9 of 3/);
  await assert.rejects(reader.readInto(new Float32Array(6), 0, 0.5, 2), /invalid startSample: 0.5/);
  assert.equal(reader.positionOf("train/b/s/m/b_t000"), 1);
  assert.throws(() => reader.positionOf("x"), { tag: "NotFoundError" });
  await truncate(join(folder.path, manifest.recordings[0]!.file), 100);
  await rm(join(folder.path, manifest.recordings[1]!.file));
  await assert.rejects(reader.readInto(new Float32Array(6), 0, 0, 2), {
    tag: "CacheError",
    message: /has 100 bytes.*ictal cache verify/,
  });
  await assert.rejects(reader.readInto(new Float32Array(6), 1, 0, 2), {
    tag: "CacheError",
    message: /is missing though.*ictal cache build/,
  });
  await assert.rejects(openWindowReader(dir, { ...manifest, key: "ffff" }), { tag: "NotFoundError" });
});

test("no more files stay open than the limit, and close closes them", {
  skip: process.platform !== "linux" && "reads /proc",
}, async (context) => {
  const { dir, manifest } = await opened(context);
  const openHere = async () => {
    const links = await Promise.all(
      (await readdir("/proc/self/fd")).map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => "")),
    );
    return links.filter((link) => link.startsWith(dir)).length;
  };
  const before = await openHere();
  const reader = await openWindowReader(dir, manifest, { openFiles: 2 });
  const out = () => new Float32Array(CHANNELS * 10);
  for (const recording of [0, 1, 2, 0, 1, 2]) await reader.readInto(out(), recording, 0, 10);
  await Promise.all([0, 1, 2, 0].map((recording) => reader.readInto(out(), recording, 0, 10)));
  assert.equal((await openHere()) - before, 2);
  await reader.close();
  assert.equal(await openHere(), before);
});

test("openBatches gives windows in order with labels, mask and origin; the last batch is padded and masked", async (context) => {
  const { reader, manifest } = await opened(context);
  const index = indexWindows(manifest, { windowSeconds: 20, strideSeconds: 10 });
  const length = index.windowSamples;
  const order = epochOrder(index.count, 1, 0);
  const seen: number[] = [];
  for await (const batch of openBatches(reader, index, { order, batchSize: 5 })) {
    assert.equal(batch.position, seen.length);
    assert.deepEqual(
      [batch.samples.length, batch.labels.length, batch.mask.length],
      [5 * CHANNELS * length, 5 * length, 5 * length],
    );
    for (let row = 0; row < batch.count; row++) {
      const { window, id, startSample } = batch.windows[row]!;
      const recording = index.recording[window]!;
      assert.equal(window, order[batch.position + row]);
      assert.equal(id, manifest.recordings[recording]!.id);
      assert.equal(startSample, index.startSample[window]);
      assert.equal(batch.windows[row]!.seizureShare, index.seizureShare[window]);
      const alone = new Float32Array(CHANNELS * length);
      await reader.readInto(alone, recording, startSample, length);
      assert.deepEqual(batch.samples.subarray(row * CHANNELS * length, (row + 1) * CHANNELS * length), alone);
      const labels = new Float32Array(length);
      reader.labelsInto(labels, recording, startSample);
      assert.deepEqual(batch.labels.subarray(row * length, (row + 1) * length), labels);
      reader.maskInto(labels, recording, startSample);
      assert.deepEqual(batch.mask.subarray(row * length, (row + 1) * length), labels);
      seen.push(window);
    }
    const rest = [batch.samples.subarray(batch.count * CHANNELS * length), batch.mask.subarray(batch.count * length)];
    assert.ok(rest.every((part) => part.every((value) => value === 0)));
  }
  assert.deepEqual(seen, [...order]);
  assert.notEqual(index.count % 5, 0);
});

test("batches resumed at a position equal those of the whole run, augmentations included", async (context) => {
  const { reader, manifest } = await opened(context);
  const index = indexWindows(manifest, { windowSeconds: 8, strideSeconds: 3 });
  const order = epochOrder(index.count, 9, 2);
  const augment = {
    channelDropout: 0.3,
    timeShiftSeconds: 1,
    amplitudeScale: [0.8, 1.2],
    signFlip: 0.5,
    noise: 0.1,
    frequencyShiftHz: 2,
  } as const;
  const collect = async (options: {
    startPosition?: number;
    batchSize: number;
    epoch?: number;
    seed?: number;
    concurrency?: number;
    workers?: number;
  }) => {
    const rows: string[] = [];
    for await (const { samples, labels, mask, count, windows } of openBatches(reader, index, {
      order,
      augment,
      seed: 9,
      epoch: 2,
      ...options,
    }))
      for (let row = 0; row < count; row++) {
        const block = CHANNELS * index.windowSamples;
        const part = Buffer.from(samples.slice(row * block, (row + 1) * block).buffer).toString("base64");
        const label = labels.slice(row * index.windowSamples, (row + 1) * index.windowSamples).join("");
        const known = mask.slice(row * index.windowSamples, (row + 1) * index.windowSamples).join("");
        rows.push(`${JSON.stringify(windows[row])} ${part} ${label} ${known}`);
      }
    return rows;
  };
  const whole = await collect({ batchSize: 4 });
  assert.deepEqual(await collect({ batchSize: 4, startPosition: 8 }), whole.slice(8));
  assert.deepEqual(await collect({ batchSize: 3, concurrency: 1 }), whole);
  assert.deepEqual(await collect({ batchSize: 3, workers: 1 }), whole);
  assert.deepEqual(await collect({ batchSize: 4, workers: 3, startPosition: 4 }), whole.slice(4));
  assert.notDeepEqual(await collect({ batchSize: 4, epoch: 3 }), whole);
  assert.notDeepEqual(await collect({ batchSize: 4, seed: 8 }), whole);
});

test("padding stays zero under every augmentation, alone and together, waiting or not", async (context) => {
  const { reader, manifest } = await opened(context);
  const index = indexWindows(manifest, { windowSeconds: 30, strideSeconds: 30 });
  const { windowSamples } = index;
  const each: Record<string, Augmentations> = {
    channelDropout: { channelDropout: 0.5 },
    timeShiftSeconds: { timeShiftSeconds: 3 },
    amplitudeScale: { amplitudeScale: [0.5, 2] },
    signFlip: { signFlip: 1 },
    noise: { noise: 0.5 },
    frequencyShiftHz: { frequencyShiftHz: 3 },
  };
  const all = Object.assign({}, ...Object.values(each));
  for (const [name, augment] of Object.entries({ ...each, all })) {
    for (const workers of name === "all" ? [0, 1] : [0]) {
      let padded = 0;
      for await (const batch of openBatches(reader, index, { batchSize: 4, augment, seed: 3, workers })) {
        batch.windows.forEach(({ id, startSample }, row) => {
          const valid = manifest.recordings[reader.positionOf(id)]!.sampleCount - startSample;
          for (let channel = 0; channel < CHANNELS; channel++) {
            const from = (row * CHANNELS + channel) * windowSamples;
            const padding = batch.samples.subarray(from + Math.min(valid, windowSamples), from + windowSamples);
            assert.ok(
              padding.every((value) => value === 0),
              `${name} ${id}`,
            );
            padded += padding.length;
          }
        });
        assert.ok(batch.samples.subarray(batch.count * CHANNELS * windowSamples).every((value) => value === 0));
      }
      assert.ok(padded > 0, name);
    }
  }
});

test("stopping in the middle leaves nothing running, and misuse is refused", async (context) => {
  const { reader, manifest } = await opened(context);
  const index = indexWindows(manifest, { windowSeconds: 5, strideSeconds: 1 });
  for await (const batch of openBatches(reader, index, { batchSize: 2 })) {
    assert.equal(batch.count, 2);
    break;
  }
  await reader.close();
  const first = (options: Parameters<typeof openBatches>[2]) => openBatches(reader, index, options).next();
  await assert.rejects(first({ batchSize: 0 }), /invalid batchSize: 0/);
  await assert.rejects(first({ batchSize: 1, order: Uint32Array.of(index.count) }), /invalid window in order/);
  await assert.rejects(first({ batchSize: 1, signal: AbortSignal.abort() }), { name: "AbortError" });
});

test("the memory of batches is used again, with threads as without", async (context) => {
  const { reader, manifest } = await opened(context);
  const index = indexWindows(manifest, { windowSeconds: 5, strideSeconds: 1 });
  for (const workers of [0, 2]) {
    let largest = 0;
    for await (const { samples } of openBatches(reader, index, { batchSize: 2, workers })) {
      assert.ok(samples.buffer instanceof ArrayBuffer);
      samples[0] = 1e6; // a mark that only survives in memory that nobody clears
      largest = Math.max(largest, ...samples.subarray(1));
    }
    assert.ok(largest < 100);
  }
});

test("a fault in a thread is the CacheError that the reader throws, and stopping early stops the threads", async (context) => {
  const { reader, manifest, folder } = await opened(context);
  const index = indexWindows(manifest, { windowSeconds: 5, strideSeconds: 1 });
  for await (const batch of openBatches(reader, index, { batchSize: 2, workers: 2 })) {
    assert.equal(batch.position, 0);
    break;
  }
  await rm(join(folder.path, manifest.recordings[0]!.file));
  await assert.rejects(openBatches(reader, index, { batchSize: 2, workers: 1 }).next(), {
    tag: "CacheError",
    message: /is missing though.*ictal cache build/,
  });
  const first = (options: Parameters<typeof openBatches>[2]) => openBatches(reader, index, options).next();
  await assert.rejects(first({ batchSize: 1, workers: 1.5 }), /invalid workers: 1.5/);
  await assert.rejects(first({ batchSize: 1, workers: 1, augment: { noise: -1 } }), /invalid noise: -1/);
  await assert.rejects(first({ batchSize: 1, workers: 1, signal: AbortSignal.abort() }), { name: "AbortError" });
});

test("openWindows reads a window by number with labels, mask and origin, waiting or not", async (context) => {
  const { reader, manifest } = await opened(context);
  const index = indexWindows(manifest, { windowSeconds: 20, strideSeconds: 10 });
  const windows = openWindows(reader, index);
  assert.equal(windows.count, index.count);
  for (let number = 0; number < windows.count; number++) {
    const window = await windows.read(number);
    assert.deepEqual(windows.readSync(number), window);
    const { id, startSample, seizureShare, samples, labels, mask } = window;
    assert.equal(id, manifest.recordings[index.recording[number]!]!.id);
    assert.deepEqual([startSample, seizureShare], [index.startSample[number], index.seizureShare[number]]);
    const alone = new Float32Array(CHANNELS * index.windowSamples);
    await reader.readInto(alone, index.recording[number]!, startSample, index.windowSamples);
    assert.deepEqual(samples, alone);
    const valid = mask.reduce((sum, value) => sum + value);
    const share = labels.reduce((sum, value) => sum + value) / valid;
    assert.ok(Number.isNaN(seizureShare) ? valid === 0 : Math.abs(share - seizureShare) < 1e-6);
  }
  await assert.rejects(windows.read(index.count), /invalid window: \d+ of \d+/);
  assert.throws(() => windows.readSync(-1), /invalid window: -1/);
});

test("readIntoSync gives what readInto gives, and readStoredSync the frames of the file", async (context) => {
  for (const sampleType of ["int16", "float32"] as const) {
    const { reader, folder, manifest } = await opened(context, sampleType);
    for (const [recording, start, count] of [
      [0, 0, 2560],
      [0, 1, 12000],
      [1, -700, 9000],
      [2, 5999, 30000],
    ] as const) {
      const waited = new Float32Array(CHANNELS * count).fill(9);
      await reader.readInto(waited, recording, start, count);
      const direct = new Float32Array(CHANNELS * count).fill(8);
      reader.readIntoSync(direct, recording, start, count);
      assert.deepEqual(direct, waited);
    }
    const bytes = await readFile(join(folder.path, manifest.recordings[0]!.file));
    const stored = sampleType === "int16" ? new Int16Array(2 * CHANNELS * 2560) : new Float32Array(2 * CHANNELS * 2560);
    reader.readStoredSync(stored, 0, 3);
    const from = (3 * bytes.length) / 6;
    assert.deepEqual(Buffer.from(stored.buffer), bytes.subarray(from, from + stored.byteLength));
    assert.throws(() => reader.readStoredSync(stored, 0, 5), /invalid frames: 5 to 7 of 6/);
    assert.throws(() => reader.readStoredSync(stored.subarray(1), 0, 0), /expected whole frames/);
  }
});

test("the share of a shifted window is that of its labels, of one in place that of the index", async (context) => {
  const { reader, manifest } = await opened(context);
  const index = indexWindows(manifest, { windowSeconds: 8, strideSeconds: 4 });
  const { windowSamples } = index;
  let shifted = 0;
  for await (const batch of openBatches(reader, index, { batchSize: 4, augment: { timeShiftSeconds: 3 }, seed: 1 }))
    for (const [row, { window, startSample, seizureShare }] of batch.windows.entries()) {
      const [labels, mask] = [batch.labels, batch.mask].map((array) =>
        array.subarray(row * windowSamples, (row + 1) * windowSamples),
      ) as [Float32Array, Float32Array]; // one of each
      const valid = mask.reduce((sum, value) => sum + value, 0);
      const share = labels.reduce((sum, value, i) => sum + value * mask[i]!, 0) / valid;
      const isShifted = startSample !== index.startSample[window];
      assert.equal(seizureShare, isShifted ? share : index.seizureShare[window]);
      if (isShifted && share > 0 && share !== index.seizureShare[window]) shifted += 1;
    }
  assert.ok(shifted > 0);
});

test("an error of another kind keeps its words on the way out of a thread", async (context) => {
  const { reader } = await opened(context);
  const shape = { batchSize: 1, channelCount: CHANNELS, windowSamples: 256 };
  const fillOptions = { windowSamples: 256, seed: 0, epoch: 0 };
  const row = { position: 0, window: 0, recording: 99, startSample: 0, seizureShare: 0 };
  let words = "";
  assert.throws(
    () => createFiller(reader, fillOptions).fillSync(slotOf(shape), [row]),
    ({ message }: Error) => {
      words = message;
      return true;
    },
  );
  const threads = new BatchThreads(1, { reader, shape, fillOptions });
  context.after(() => threads.close());
  await assert.rejects(threads.fill(threads.slots[0]!, [row]), { name: "Error", message: words });
});
