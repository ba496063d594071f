import assert from "node:assert/strict";
import { test } from "node:test";
import { createRandom } from "../../src/base/random.js";
import {
  classifyShare,
  indexWindows,
  validSamplesOf,
  windowClass,
  windowCountOf,
  windowsOfClass,
} from "../../src/dataset/index-windows.js";
import { labelsInto, maskInto, seizureRanges } from "../../src/dataset/labels.js";
import { exampleWindows } from "../../src/dataset/window-panels.js";
import { makeManifest } from "./made-manifest.js";

const SIZES = { windowSeconds: 60, strideSeconds: 10 };

function rows(index: ReturnType<typeof indexWindows>) {
  return Array.from({ length: index.count }, (_, i) => [
    index.recording[i]!,
    index.startSample[i]! / 256,
    windowClass(index, i),
    index.seizureShare[i]!,
  ]);
}

test("indexWindows classes windows of hand-made events exactly", () => {
  const manifest = makeManifest([
    { sampleCount: 90 * 256, seizures: [[20.25, 62.5]] },
    { sampleCount: 80 * 256, seizures: [[0, 80]] },
    { sampleCount: 70 * 256 },
    { sampleCount: 70 * 256, labelled: false },
  ]);
  assert.deepEqual(rows(indexWindows(manifest, SIZES)), [
    [0, 0, "partial", Math.fround(39.75 / 60)],
    [0, 10, "partial", Math.fround(42.25 / 60)],
    [0, 20, "partial", Math.fround(42.25 / 60)],
    [0, 30, "partial", Math.fround(32.5 / 60)],
    [1, 0, "full", 1],
    [1, 10, "full", 1],
    [1, 20, "full", 1],
    [2, 0, "none", 0],
    [2, 10, "none", 0],
    [3, 0, "unknown", Number.NaN],
    [3, 10, "unknown", Number.NaN],
  ]);
});

test("a length that is a whole number of samples to a millionth is taken, others are refused", () => {
  const manifest = makeManifest([{ sampleCount: 300 }]);
  const countOf = (samples: number) =>
    indexWindows(manifest, { windowSeconds: samples / 256, strideSeconds: 1 }).windowSamples;
  assert.equal(countOf(256 + 5e-7), 256);
  for (const samples of [256 + 1.5e-6, 256.5, 0.4, 0, -256])
    assert.throws(() => countOf(samples), { name: "RangeError" });
});

test("99 % of the valid samples make a window full, one sample less partial, one sample of seizure partial", () => {
  const manifest = makeManifest([
    { sampleCount: 100 * 256, seizures: [[0, 99]] },
    { sampleCount: 100 * 256, seizures: [[0, 99 - 1 / 256]] },
    { sampleCount: 100 * 256, seizures: [[50, 50 + 1 / 256]] },
    { sampleCount: 100 * 256, seizures: [[100, 120]] },
  ]);
  const index = indexWindows(manifest, { windowSeconds: 100, strideSeconds: 100 });
  assert.deepEqual(
    [0, 1, 2, 3].map((window) => windowClass(index, window)),
    ["full", "partial", "partial", "none"],
  );
  assert.deepEqual([0, 0.001, 0.98999, 0.99, 1].map(classifyShare), ["none", "partial", "partial", "full", "full"]);
});

test("tails are covered by one window past the end, short recordings have one padded window", () => {
  const seconds = (count: number) => windowCountOf(count * 256, 60 * 256, 10 * 256);
  assert.deepEqual([5, 60, 61, 70, 70.5, 119].map(seconds), [1, 1, 2, 2, 3, 7]);
  const manifest = makeManifest([
    { sampleCount: 65 * 256, seizures: [[60, 65]] },
    { sampleCount: 30 * 256, seizures: [[0, 30]] },
  ]);
  const index = indexWindows(manifest, SIZES);
  assert.deepEqual(rows(index), [
    [0, 0, "none", 0],
    [0, 10, "partial", Math.fround(5 / 55)],
    [1, 0, "full", 1],
  ]);
  assert.deepEqual(
    [0, 1, 2].map((window) => validSamplesOf(index, window)),
    [60 * 256, 55 * 256, 30 * 256],
  );
});

test("every sample of a recording lies in a window for strides up to the window", () => {
  const random = createRandom(11);
  for (let i = 0; i < 300; i++) {
    const sampleCount = 1 + random.integer(3 * i, 5000);
    const windowSamples = 1 + random.integer(3 * i + 1, 900);
    const strideSamples = 1 + random.integer(3 * i + 2, windowSamples);
    const count = windowCountOf(sampleCount, windowSamples, strideSamples);
    const last = (count - 1) * strideSamples;
    assert.ok(
      last + windowSamples >= sampleCount && last < sampleCount,
      `${sampleCount} ${windowSamples} ${strideSamples}`,
    );
    if (count > 1) assert.ok(last - strideSamples + windowSamples < sampleCount, "no window more than needed");
  }
  assert.equal(windowCountOf(100, 10, 30), 4);
  assert.equal(windowCountOf(85, 10, 30), 3);
});

test("the share of each window equals a count of its labels, for random overlapping events", () => {
  const random = createRandom(7);
  const entries = Array.from({ length: 20 }, (_, n) => ({
    sampleCount: 2000 + random.integer(n, 30000),
    seizures: Array.from({ length: 1 + random.integer(100 + n, 6) }, (_, e) => {
      const start = random.uniform(1000 + 10 * n + e) * 120;
      return [start, start + random.uniform(2000 + 10 * n + e) * 40] as const;
    }),
  }));
  const manifest = makeManifest(entries);
  const index = indexWindows(manifest, { windowSeconds: 12.5, strideSeconds: 3.25 });
  const labels = new Float32Array(index.windowSamples);
  for (let window = 0; window < index.count; window++) {
    const recording = manifest.recordings[index.recording[window]!]!;
    labelsInto(labels, seizureRanges(recording, 256), index.startSample[window]!);
    const positives = labels.reduce((sum, value) => sum + value, 0);
    assert.equal(index.seizureShare[window], Math.fround(positives / validSamplesOf(index, window)));
  }
  assert.ok(windowsOfClass(index, "partial").length > 20);
});

test("samples belong to an event from ceil(start) to ceil(end), with decimals taken as meant", () => {
  const recording = {
    sampleCount: 1000,
    labelled: true,
    seizures: makeManifest([
      {
        sampleCount: 1000,
        seizures: [
          [0.1, 0.3],
          [0.3, 0.7],
          [3, 99],
        ],
      },
    ]).recordings[0]!.seizures,
  };
  assert.deepEqual([...seizureRanges(recording, 10)], [1, 7, 30, 990]);
  assert.deepEqual([...seizureRanges(recording, 256)], [26, 180, 768, 1000]);
});

test("labelsInto and maskInto agree on what lies outside and what is unknown", () => {
  const [known, unknown] = makeManifest([
    { sampleCount: 100, seizures: [[10, 20]] },
    { sampleCount: 100, labelled: false },
  ]).recordings;
  const out = new Float32Array(8);
  labelsInto(out, seizureRanges(known!, 1), 6);
  assert.deepEqual([...out], [0, 0, 0, 0, 1, 1, 1, 1]);
  labelsInto(out, seizureRanges(known!, 1), 15);
  assert.deepEqual([...out], [1, 1, 1, 1, 1, 0, 0, 0]);
  maskInto(out, known!, 96);
  assert.deepEqual([...out], [1, 1, 1, 1, 0, 0, 0, 0]);
  maskInto(out, known!, -2);
  assert.deepEqual([...out], [0, 0, 1, 1, 1, 1, 1, 1]);
  maskInto(out, known!, 200);
  assert.deepEqual([...out], [0, 0, 0, 0, 0, 0, 0, 0]);
  maskInto(out, unknown!, 0);
  assert.deepEqual([...out], [0, 0, 0, 0, 0, 0, 0, 0]);
});

test("eval is opened only by name; splits and patients select", () => {
  const manifest = makeManifest([
    { sampleCount: 256, split: "train", patient: "a" },
    { sampleCount: 256, split: "dev", patient: "b" },
    { sampleCount: 256, split: "eval", patient: "c" },
    { sampleCount: 256, split: "train", patient: "d" },
  ]);
  const chosen = (options: object) => [...indexWindows(manifest, options).recording];
  assert.deepEqual(chosen({}), [0, 1, 3]);
  assert.deepEqual(chosen({ split: "eval" }), [2]);
  assert.deepEqual(chosen({ split: ["train", "eval"] }), [0, 2, 3]);
  assert.deepEqual(chosen({ split: "train", patients: ["d", "b"] }), [3]);
  assert.throws(() => indexWindows(manifest, { windowSeconds: 0.001 }), /invalid windowSeconds: 0.001/);
  assert.throws(() => indexWindows(manifest, { strideSeconds: -1 }), /invalid strideSeconds: -1/);
});

test("exampleWindows takes the first window of the patient seen least", () => {
  const manifest = makeManifest([
    { patient: "a", sampleCount: 180 * 256 },
    { patient: "b", sampleCount: 120 * 256 },
    { patient: "a", sampleCount: 60 * 256 },
  ]);
  const index = indexWindows(manifest, { windowSeconds: 60, strideSeconds: 60 });
  const all = Uint32Array.from({ length: index.count }, (_, i) => i);
  assert.deepEqual(exampleWindows(index, all, 1), [0]);
  assert.deepEqual(exampleWindows(index, all, 2), [0, 3]);
  assert.deepEqual(exampleWindows(index, all, 4), [0, 1, 3, 4]);
});

test("an index takes 13 bytes a window", () => {
  const manifest = makeManifest(Array.from({ length: 10 }, () => ({ sampleCount: 100000 * 10 })));
  const index = indexWindows(manifest, { windowSeconds: 1, strideSeconds: 1 });
  const bytes = [index.recording, index.startSample, index.seizureShare, index.class].reduce(
    (sum, column) => sum + column.byteLength,
    0,
  );
  assert.equal(bytes, 13 * index.count);
});
