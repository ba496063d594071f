/** A recording with gaps, kept as segments: samples, windows, labels, probabilities and events are those of its parts. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type BuildOptions, buildCache } from "../../src/cache/build.js";
import { requireGapPolicy } from "../../src/cache/gap-policy.js";
import { describeRecordings, writeManifest } from "../../src/cache/manifest.js";
import { openCache, readFrames } from "../../src/cache/open.js";
import { verifyCache } from "../../src/cache/verify.js";
import { readCatalogue } from "../../src/corpus/catalogue.js";
import { openBatches } from "../../src/dataset/batches.js";
import { indexWindows, validSamplesOf, windowClass } from "../../src/dataset/index-windows.js";
import { lineLength } from "../../src/dataset/line-length.js";
import { openWindowReader } from "../../src/dataset/window-reader.js";
import { openWindows } from "../../src/dataset/windows.js";
import { type ChainOptions, DEFAULT_CHAIN, REFERENCE_CHAIN } from "../../src/signal/chain.js";
import { memoryStore } from "../../src/store/memory-store.js";
import { temporaryFolder } from "./made-cache.js";
import { csvBi, idOf, type Objects, stemOf } from "./made-corpus.js";
import { encodeKind, GAP_RECORD, GAP_SECONDS, type KindOptions, SECONDS } from "./made-kinds.js";

const RATE = 256;
const jump = (record: number) => (record < GAP_RECORD ? record : record + GAP_SECONDS);
const jumping: KindOptions = { kind: "EDF+D", reserved: "EDF+C", startOf: jump };
const file = (patient: string) => ({ patient, seconds: 0 });
const [SPLIT, FIRST, SECOND] = ["aaaaaaaa", "aaaaaaab", "aaaaaaac"];

function corpusOf(files: Readonly<Record<string, KindOptions>>, seizures: readonly (readonly [number, number])[] = []) {
  const objects: Objects = {};
  for (const [patient, options] of Object.entries(files)) {
    objects[`${stemOf(file(patient))}.edf`] = encodeKind(options);
    const end = (options.startOf ?? ((record: number) => record))(SECONDS - 1) + 1;
    objects[`${stemOf(file(patient))}.csv_bi`] = csvBi(
      options.records ? options.records[1] - options.records[0] : end,
      seizures.map(([from, to]) => [from, to, "seiz"] as const),
    );
  }
  return objects;
}

/** The recording with its gap, and its two parts as recordings of their own. */
const CORPUS = corpusOf(
  {
    [SPLIT]: jumping,
    [FIRST]: { kind: "EDF", records: [0, GAP_RECORD] },
    [SECOND]: { kind: "EDF", records: [GAP_RECORD, SECONDS] },
  },
  [[2, 3]],
);

async function build(cacheDir: string, objects: Objects, options: Partial<BuildOptions> = {}) {
  const store = memoryStore(objects);
  const catalogue = await readCatalogue(store);
  const report = await buildCache({ store, catalogue, cacheDir, workers: 0, gaps: "split", ...options });
  return { report, catalogue };
}

/** All stored samples of a recording, per channel. */
async function samplesOf(dir: string, patient: string): Promise<number[][]> {
  const rows = Array.from({ length: 19 }, () => [] as number[]);
  for await (const { values, validSamples, scale } of readFrames(await openCache(dir), idOf(file(patient))))
    for (const [c, row] of rows.entries())
      row.push(...Array.from(values.subarray(2560 * c, 2560 * c + validSamples), (value) => value * scale));
  return rows;
}

const CHAINS: Readonly<Record<string, ChainOptions>> = {
  causal: DEFAULT_CHAIN,
  "zero-phase": { ...DEFAULT_CHAIN, phase: "zero" },
  reference: REFERENCE_CHAIN,
};

for (const [name, chain] of Object.entries(CHAINS)) {
  for (const workers of [0, 1]) {
    test(`a ${name} chain starts anew behind a gap: segments hold the parts' samples, ${workers} workers`, async (context) => {
      const dir = await temporaryFolder(context);
      const options = { chain: { ...chain, normalize: false }, sampleType: "float32" as const, workers };
      const { report } = await build(dir, CORPUS, options);
      assert.deepEqual([report.built, report.excluded, report.eegSeconds], [3, [], 2 * SECONDS]);
      const [whole, first, second] = await Promise.all([SPLIT, FIRST, SECOND].map((each) => samplesOf(dir, each)));
      for (const [c, row] of whole!.entries()) assert.deepEqual(row, [...first![c]!, ...second![c]!], `channel ${c}`);
      const sidecar = await (await openCache(dir)).sidecar(idOf(file(SPLIT)));
      assert.deepEqual(sidecar.segments, [
        { startSample: 0, sampleCount: GAP_RECORD * RATE },
        { startSample: (GAP_RECORD + GAP_SECONDS) * RATE, sampleCount: (SECONDS - GAP_RECORD) * RATE },
      ]);
      assert.equal(sidecar.sampleCount, (SECONDS + GAP_SECONDS) * RATE);
      assert.equal(sidecar.durationSeconds, SECONDS + GAP_SECONDS);
      assert.deepEqual(sidecar.diagnostics, { "interpolated-channel": 1, discontinuity: 1 });
      assert.deepEqual(sidecar.labelFindings, {});
      const all = whole![3]!;
      const mean = all.reduce((sum, value) => sum + value, 0) / all.length;
      const std = Math.sqrt(all.reduce((sum, value) => sum + (value - mean) ** 2, 0) / all.length);
      assert.ok(Math.abs(sidecar.mean[3]! - mean) < 1e-6 && Math.abs(sidecar.std[3]! / std - 1) < 1e-6);
      assert.equal((await verifyCache(dir)).bad.length, 0);
    });
  }
}

test("windows, labels and masks of segments are those of the parts, and none crosses the gap", async (context) => {
  const dir = await temporaryFolder(context);
  const options = { chain: { ...DEFAULT_CHAIN, normalize: false }, sampleType: "float32" as const };
  const { catalogue } = await build(dir, CORPUS, options);
  const { manifest } = await writeManifest(dir, { catalogue });
  const reader = await openWindowReader(dir, manifest);
  const index = indexWindows(manifest, { windowSeconds: 4, strideSeconds: 1 });
  const windows = openWindows(reader, index);
  const own = (patient: string) =>
    Array.from({ length: index.count }, (_, i) => i).filter(
      (i) => manifest.recordings[index.recording[i]!]!.patient === patient,
    );
  const parts = [...own(FIRST), ...own(SECOND)];
  assert.equal(own(SPLIT).length, parts.length);
  const second = (GAP_RECORD + GAP_SECONDS) * RATE;
  for (const [i, window] of own(SPLIT).entries()) {
    const part = parts[i]!;
    const shift = i < own(FIRST).length ? 0 : second;
    assert.equal(index.startSample[window], index.startSample[part]! + shift);
    assert.equal(validSamplesOf(index, window), validSamplesOf(index, part));
    const [a, b] = [await windows.read(window), await windows.read(part)];
    assert.deepEqual(a.samples, b.samples, `window ${i}`);
    assert.deepEqual(a.mask, b.mask, `window ${i}`);
    assert.deepEqual(windows.readSync(window).samples, b.samples);
    if (shift === 0) assert.deepEqual(a.labels, b.labels);
    else assert.ok(a.labels.every((value) => value === 0) && windowClass(index, window) === "none");
  }
  for await (const batch of openBatches(reader, index, { batchSize: 5, workers: 1, augment: { timeShiftSeconds: 3 } }))
    for (const { id, startSample } of batch.windows.filter((each) => each.id === idOf(file(SPLIT))))
      assert.ok(startSample < GAP_RECORD * RATE || startSample >= second, `${id} at ${startSample}`);
  await reader.close();
});

test("a stretch across the gap is zero inside it, and line length knows no step there", async (context) => {
  const dir = await temporaryFolder(context);
  const { catalogue } = await build(dir, CORPUS);
  const { manifest } = await writeManifest(dir, { catalogue });
  const reader = await openWindowReader(dir, manifest);
  const position = reader.positionOf(idOf(file(SPLIT)));
  const length = (SECONDS + GAP_SECONDS + 2) * RATE;
  const [out, mask] = [new Float32Array(19 * length), new Float32Array(length)];
  await reader.readInto(out, position, -RATE, length);
  reader.maskInto(mask, position, -RATE);
  const recorded = (i: number) =>
    (i >= RATE && i < (1 + GAP_RECORD) * RATE) ||
    (i >= (1 + GAP_RECORD + GAP_SECONDS) * RATE && i < (1 + SECONDS + GAP_SECONDS) * RATE);
  for (let i = 0; i < length; i++) {
    assert.equal(mask[i], recorded(i) ? 1 : 0);
    if (!recorded(i)) assert.equal(out[i], 0);
  }
  const stored = (await samplesOf(dir, SPLIT))[0]!.slice(0, 20);
  assert.deepEqual(out.subarray(RATE, RATE + 20), Float32Array.from(stored));
  const lengths = await lineLength(reader, position, { smoothSeconds: 1 });
  assert.deepEqual([...lengths.subarray(5, 8)], [0, 0, 0]);
  assert.ok(lengths[4]! > 0 && lengths[9]! > 0);
  await reader.close();
});

test("the policy decides anew at each build: gaps refused leave out what was split before, and the other way round", async (context) => {
  const dir = await temporaryFolder(context);
  const refused = await build(dir, CORPUS, { gaps: "refuse" });
  assert.match(
    refused.report.excluded[0]!.reason,
    /record 5 starts at 8\.5 s, 5 s expected: .*data\.gaps: split \(--gaps split\)/,
  );
  const before = await writeManifest(dir, { catalogue: refused.catalogue });
  assert.throws(() => requireGapPolicy(before.manifest, "split"), {
    tag: "CacheError",
    message: /excluded for their gaps/,
  });
  requireGapPolicy(before.manifest, "refuse");
  const split = await build(dir, CORPUS);
  assert.deepEqual([split.report.built, split.report.reused, split.report.key], [1, 2, refused.report.key]);
  const between = await writeManifest(dir, { catalogue: split.catalogue });
  assert.throws(() => requireGapPolicy(between.manifest, "refuse"), { tag: "CacheError", message: /kept in segments/ });
  requireGapPolicy(between.manifest, "split");
  assert.equal(between.manifest.counts.eegSeconds, 2 * SECONDS);
  const again = await build(dir, CORPUS, { gaps: "refuse" });
  assert.deepEqual([again.report.reused, again.report.excluded.map(({ code }) => code)], [2, ["discontinuous"]]);
  const after = await writeManifest(dir, { catalogue: again.catalogue });
  assert.deepEqual(after.manifest, before.manifest);
});

test("split changes nothing for recordings without a gap, and cannot mend overlaps or a gap of years", async (context) => {
  const dir = await temporaryFolder(context);
  const files: Record<string, KindOptions> = {
    [SPLIT]: { kind: "EDF+C" },
    [FIRST]: { kind: "EDF+D", startOf: (record) => (record < 4 ? record : record - 2) },
    [SECOND]: { kind: "EDF+D", startOf: (record) => (record < 4 ? record : record + 1e8) },
  };
  const split = await build(`${dir}/split`, corpusOf(files));
  const refused = await build(`${dir}/refuse`, corpusOf(files), { gaps: "refuse" });
  const codes = ({ excluded }: typeof split.report) => excluded.map(({ code }) => code);
  assert.deepEqual(codes(split.report), ["record-overlap", "gap-too-long"]);
  assert.deepEqual(codes(refused.report), ["record-overlap", "discontinuous"]);
  const sidecars = await Promise.all(
    ["split", "refuse"].map(async (each) => (await openCache(`${dir}/${each}`)).sidecar(idOf(file(SPLIT)))),
  );
  assert.deepEqual(sidecars[0], sidecars[1]);
  assert.equal("segments" in sidecars[0]!, false);
});

test("a segment too short for the filters is dropped and counted; a recording of nothing else is excluded", async (context) => {
  const dir = await temporaryFolder(context);
  const filters = { phase: "zero" as const, targetRateHz: 8, highCutHz: 3, notchHz: null };
  const chain = { ...DEFAULT_CHAIN, ...filters }; // 21 samples of extension: a record of 8 is too short
  const objects = corpusOf({
    [FIRST]: { kind: "EDF+D", startOf: (record) => (record < 11 ? record : record + 50) },
    [SECOND]: { kind: "EDF+D", startOf: (record) => 10 * record },
  });
  const { report } = await build(dir, objects, { chain });
  assert.deepEqual(
    report.excluded.map(({ id, code }) => [id, code]),
    [[idOf(file(SECOND)), "too-short"]],
  );
  assert.deepEqual(report.diagnostics, { gap: 1, "interpolated-channel": 1, "short-segment": 1 });
  const [recording] = (await describeRecordings(dir)).recordings;
  assert.deepEqual(recording!.segments, [{ startSample: 0, sampleCount: 11 * 8 }]);
  assert.deepEqual([recording!.sampleCount, recording!.durationSeconds], [62 * 8, 62]);
});

test("each segment may be flat at its own level: the recording has no signal", async (context) => {
  const dir = await temporaryFolder(context);
  const { report } = await build(dir, corpusOf({ [SPLIT]: { ...jumping, flat: true } }));
  assert.deepEqual(
    report.excluded.map(({ code }) => code),
    ["no-signal"],
  );
});
