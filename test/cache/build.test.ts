import assert from "node:assert/strict";
import { readdir, readFile, rename, stat, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { StoreError } from "@ictal/base/errors";
import { type BuildOptions, buildCache, shardOf } from "../../src/cache/build.js";
import { INT16_SCALE } from "../../src/cache/format.js";
import { manifestText, readManifest, writeManifest } from "../../src/cache/manifest.js";
import { openCache, readFrames } from "../../src/cache/open.js";
import { verifyCache } from "../../src/cache/verify.js";
import { writeSidecar } from "../../src/cache/write-sidecar.js";
import { chainFromConfig } from "../../src/config/layer-options.js";
import { parseConfig } from "../../src/config/load-config.js";
import { readCatalogue } from "../../src/corpus/catalogue.js";
import { bytesSource } from "../../src/recording/byte-source.js";
import { readEdfBlocks } from "../../src/recording/edf-blocks.js";
import { readEdfHeader } from "../../src/recording/edf-header.js";
import { encodeEdf } from "../../src/recording/edf-writer.js";
import { createChain, DEFAULT_CHAIN, REFERENCE_CHAIN } from "../../src/signal/chain.js";
import { ELECTRODES_19 } from "../../src/signal/electrodes.js";
import { folderStore } from "../../src/store/folder-store.js";
import { memoryStore } from "../../src/store/memory-store.js";
import type { Store } from "../../src/store/store.js";
import { temporaryFolder } from "./made-cache.js";
import {
  csvBi,
  hashTree,
  idOf,
  type MadeFile,
  makeObjects,
  type Objects,
  stemOf,
  writeObjects,
} from "./made-corpus.js";

const FILES: readonly MadeFile[] = [
  { patient: "aaaaaaaa", seconds: 25, events: [[3, 9.5, "seiz"]] },
  { patient: "aaaaaaab", seconds: 12, sampleRateHz: 256, events: [] },
  { patient: "aaaaaaac", seconds: 31, sampleRateHz: 400, electrodes: ELECTRODES_19.filter((name) => name !== "PZ") },
  { patient: "aaaaaaad", split: "dev", seconds: 10, constant: ["T4"], events: [[0, 10, "seiz"]] },
];
const OBJECTS = makeObjects(FILES);

async function build(cacheDir: string, objects: Objects | Store = OBJECTS, options: Partial<BuildOptions> = {}) {
  const store = "list" in objects ? (objects as Store) : memoryStore(objects as Objects);
  const catalogue = await readCatalogue(store);
  const report = await buildCache({ store, catalogue, cacheDir, workers: 0, ...options });
  return { report, catalogue, store };
}

/** A recording whose electrodes all carry one sine of so many microvolts. */
function makeEqual(seconds: number, amplitude = 100): Objects {
  const signals = ELECTRODES_19.map((name) => ({
    label: `EEG ${name}-REF`,
    ...{ physicalMin: -3200, physicalMax: 3200, samplesPerRecord: 250 },
    samples: Float32Array.from({ length: 250 * seconds }, (_, i) =>
      Math.max(-3200, Math.min(3200, amplitude * Math.sin(i / 9))),
    ),
  }));
  const bytes = encodeEdf({ kind: "EDF", recordDurationSeconds: 1, signals });
  return { [`${stemOf({ patient: "aaaaaaaa", seconds })}.edf`]: bytes };
}

/** Recording through the chain in one push, normalised in float64 by the plain formulas. */
async function expected(bytes: Uint8Array): Promise<Float64Array[]> {
  const source = bytesSource("made.edf", bytes);
  const header = await readEdfHeader(source);
  const electrodes = header.signals.map((signal) => signal.electrode!);
  const chain = createChain(DEFAULT_CHAIN, { electrodes, sampleRateHz: header.signals[0]!.sampleRateHz });
  const blocks: Float32Array[][] = [];
  const signals = header.signals.map(({ index }) => index);
  for await (const { samples } of readEdfBlocks(source, header, { signals })) blocks.push(chain.push(samples));
  blocks.push(chain.flush());
  return chain.channelNames.map((_, channel) => {
    const whole = Float64Array.from(blocks.flatMap((block) => [...block[channel]!]));
    const mean = whole.reduce((sum, value) => sum + value, 0) / whole.length;
    const std = Math.sqrt(whole.reduce((sum, value) => sum + (value - mean) ** 2, 0) / whole.length);
    return whole.map((value) => Math.max(-10, Math.min(10, (value - mean) / std)));
  });
}

test("buildCache stores the clipped z-score of the chain's output, with labels, fills and flat channels in the sidecar", async (context) => {
  const dir = await temporaryFolder(context);
  const { report } = await build(dir);
  assert.deepEqual([report.built, report.reused, report.excluded], [4, 0, []]);
  assert.equal(report.eegSeconds, 78);
  const cache = await openCache(dir);
  for (const file of FILES) {
    const sidecar = await cache.sidecar(idOf(file));
    assert.equal(sidecar.sampleCount, file.seconds * 256);
    assert.equal(sidecar.durationSeconds, file.seconds);
    assert.deepEqual(sidecar.channels, [...ELECTRODES_19]);
    assert.deepEqual(
      sidecar.filled.map((mark, i) => (mark ? ELECTRODES_19[i] : "")).filter(Boolean),
      file.patient === "aaaaaaac" ? ["PZ"] : [],
    );
    assert.deepEqual(
      sidecar.flat.map((mark, i) => (mark ? ELECTRODES_19[i] : "")).filter(Boolean),
      file.constant ?? [],
    );
    assert.equal(sidecar.labelled, file.events !== undefined);
    assert.deepEqual(
      sidecar.seizures.map(({ startSeconds, endSeconds, label }) => [startSeconds, endSeconds, label]),
      file.events ?? [],
    );
    const z = await expected(OBJECTS[`${stemOf(file)}.edf`] as Uint8Array);
    for await (const { frame, values, validSamples } of readFrames(cache, idOf(file)))
      for (let channel = 0; channel < 19; channel++)
        for (let i = 0; i < validSamples; i++) {
          const stored = values[channel * 2560 + i]! * INT16_SCALE;
          const wanted = sidecar.flat[channel] ? 0 : z[channel]![frame * 2560 + i]!;
          assert.ok(
            Math.abs(stored - wanted) <= INT16_SCALE / 2 + 1e-6,
            `${file.patient} channel ${channel} sample ${i}`,
          );
        }
  }
  assert.deepEqual(report.diagnostics["flat-channel"], 1);
  assert.deepEqual(report.diagnostics["interpolated-channel"], 1);
});

test("a saturated channel is counted as clipped, by its share of samples at either end of the range, in any unit", async (context) => {
  const file: MadeFile = { patient: "aaaaaaaa", seconds: 12, events: [], clipped: ["O1", "CZ"], constant: ["T4"] };
  const other: MadeFile = { ...file, patient: "aaaaaaab", unit: "mV" };
  const dir = await temporaryFolder(context);
  const { report } = await build(dir, makeObjects([file, other]));
  const cache = await openCache(dir);
  for (const each of [file, other]) {
    const { diagnostics } = await cache.sidecar(idOf(each));
    assert.deepEqual([diagnostics["clipped-channel"], diagnostics["flat-channel"]], [2, 1]);
  }
  assert.equal(report.diagnostics["clipped-channel"], 2);
});

test("a recording whose header makes numbers out of bounds is excluded as not finite", async (context) => {
  const objects = makeObjects([FILES[0]!, FILES[1]!]);
  const key = `${stemOf(FILES[1]!)}.edf`;
  const bytes = Uint8Array.from(objects[key] as Uint8Array);
  const physicalMaxima = 256 + 19 * (16 + 80 + 8 + 8);
  bytes.set(new TextEncoder().encode("1E300   "), physicalMaxima);
  const { report } = await build(await temporaryFolder(context), { ...objects, [key]: bytes });
  assert.deepEqual([report.built, report.excluded.map(({ code }) => code)], [1, ["not-finite"]]);
});

test("the bytes are the same for any number of workers, from memory or from the spill file, and hold the source's SHA-256", async (context) => {
  const trees = [];
  for (const options of [{ workers: 0 }, { workers: 1 }, { workers: 3 }, { workers: 0, memoryLimitBytes: 0 }]) {
    const dir = await temporaryFolder(context);
    const { catalogue } = await build(dir, OBJECTS, options);
    await writeManifest(dir, { catalogue });
    trees.push(await hashTree(dir));
  }
  assert.equal(Object.keys(trees[0]!).length, 1 + 2 * FILES.length + 1);
  for (const tree of trees) assert.deepEqual(tree, trees[0]);
  const dir = await temporaryFolder(context);
  await build(dir);
  const { source } = await (await openCache(dir)).sidecar(idOf(FILES[0]!));
  const { createHash } = await import("node:crypto");
  assert.equal(source.sha256, createHash("sha256").update(OBJECTS[source.key]!).digest("hex"));
});

test("a second build reuses all; a changed source, a short file and a damaged sidecar are built again", async (context) => {
  const dir = await temporaryFolder(context);
  const { report } = await build(dir);
  const tree = await hashTree(dir);
  const counts = async (objects: Objects = OBJECTS, options = {}) => {
    const { built, reused, relabelled } = (await build(dir, objects, options)).report;
    return [built, reused, relabelled];
  };
  assert.deepEqual(await counts(), [0, 4, 0]);
  const file = (n: number, ending: string) => join(report.folder, `${idOf(FILES[n]!)}${ending}`);
  await writeFile(file(0, ".i16"), "short");
  await writeFile(file(1, ".json"), "{");
  assert.deepEqual(await counts(), [2, 2, 0]);
  assert.deepEqual(await hashTree(dir), tree);
  const changed = {
    ...OBJECTS,
    [`${stemOf(FILES[2]!)}.edf`]: makeObjects([{ ...FILES[2]!, sampleRateHz: 200 }])[`${stemOf(FILES[2]!)}.edf`]!,
  };
  assert.deepEqual(await counts(changed), [1, 3, 0]);
});

test("a source of the same size with another ETag is built again", async (context) => {
  const dir = await temporaryFolder(context);
  const key = `${stemOf(FILES[1]!)}.edf`;
  await build(dir);
  const edited = Uint8Array.from(OBJECTS[key] as Uint8Array); // edfOf gives bytes
  edited[edited.length - 1]! ^= 0x40;
  const { report } = await build(dir, { ...OBJECTS, [key]: edited });
  assert.deepEqual([report.built, report.reused], [1, 3]);
  const fresh = await temporaryFolder(context);
  await build(fresh, { ...OBJECTS, [key]: edited });
  assert.deepEqual(await hashTree(dir), await hashTree(fresh));
});

test("a whole cache is not written again: neither samples nor sidecars, notes, description or manifest", async (context) => {
  const dir = await temporaryFolder(context);
  const objects = { ...OBJECTS, [`${stemOf({ patient: "aaaaaaae", seconds: 0 })}.edf`]: "no EDF" };
  const inodes = async () => {
    const { catalogue } = await build(dir, objects);
    await writeManifest(dir, { catalogue });
    const files = Object.keys(await hashTree(dir));
    assert.ok(files.some((file) => file.endsWith("manifest.json")) && files.some((file) => file.includes("left-out")));
    return Promise.all(files.map(async (file) => [file, (await stat(join(dir, file))).ino]));
  };
  assert.deepEqual(await inodes(), await inodes());
});

test("recordings of zeros from earlier versions are built again, and a manifest that names them is refused", async (context) => {
  const dir = await temporaryFolder(context);
  const { report, catalogue } = await build(dir);
  const id = idOf(FILES[0]!);
  const sidecar = await (await openCache(dir)).sidecar(id);
  await writeSidecar(report.folder, { ...sidecar, flat: sidecar.flat.map(() => true) });
  await assert.rejects(writeManifest(dir, { catalogue }), { message: /1 of 4 recordings are not in the cache/ });
  const again = await build(dir);
  assert.deepEqual([again.report.built, again.report.reused], [1, 3]);
  const { manifest, path } = await writeManifest(dir, { catalogue });
  const recordings = manifest.recordings.map((each) => (each.id === id ? { ...each, flat: manifest.channels } : each));
  await writeFile(path, manifestText({ ...manifest, recordings }));
  await assert.rejects(readManifest(dir), { tag: "CacheError", message: /1 of 4 recordings hold no signal/ });
});

test("a recording without a signal is excluded: unconnected, saturated, or equal in all electrodes of a bipolar montage", async (context) => {
  const dir = await temporaryFolder(context);
  const flat: MadeFile = { patient: "aaaaaaaa", seconds: 10, constant: ELECTRODES_19, events: [] };
  const one: MadeFile = { patient: "aaaaaaab", seconds: 10, constant: ELECTRODES_19.slice(1), events: [] };
  const objects = makeObjects([flat, one]);
  for (const reference of ["recorded", "average", "tcp20"] as const) {
    for (const chain of [DEFAULT_CHAIN, REFERENCE_CHAIN]) {
      const { report } = await build(join(dir, reference, chain.resample), objects, { chain: { ...chain, reference } });
      assert.deepEqual(
        report.excluded.map(({ id, code }) => [id, code]),
        [[idOf(flat), "no-signal"]],
      );
      assert.match(report.excluded[0]!.reason, /^(\d+) of its \1 electrodes never change/);
    }
  }
  const equal = makeEqual(10);
  const bipolar = await build(join(dir, "equal"), equal, { chain: { ...DEFAULT_CHAIN, reference: "tcp20" } });
  assert.deepEqual(bipolar.report.excluded[0]?.code, "no-signal");
  const saturated = await build(join(dir, "saturated"), makeEqual(10, 1e6));
  assert.deepEqual(saturated.report.excluded[0]?.code, "no-signal");
});

for (const workers of [0, 1])
  test(`a fault of the machine stops the build and blames no recording, ${workers} workers`, async (context) => {
    const dir = await temporaryFolder(context);
    const inner = memoryStore(OBJECTS);
    const store: Store = {
      ...inner,
      async read(key, options) {
        if (key.endsWith(".edf") && key.includes("aaaaaaac"))
          throw Object.assign(new Error("EMFILE: too many open files, open 'x'"), { code: "EMFILE" });
        return inner.read(key, options);
      },
    };
    await assert.rejects(build(dir, store, { workers }), {
      tag: "CacheError",
      message: /this machine cannot continue: too many files are open; allow more \(ulimit -n 4096\).*--workers/,
    });
    const { report } = await build(dir);
    assert.deepEqual([report.built + report.reused, report.excluded], [4, []]);
  });

test("a flipped byte is found and mended by a build with verify, which a plain build would reuse", async (context) => {
  const dir = await temporaryFolder(context);
  const { report } = await build(dir);
  const path = join(report.folder, `${idOf(FILES[0]!)}.i16`);
  const bytes = await readFile(path);
  bytes[123456]! ^= 1;
  await writeFile(path, bytes);
  assert.equal((await build(dir)).report.built, 0);
  assert.equal((await verifyCache(dir)).bad.length, 1);
  assert.equal((await build(dir, OBJECTS, { verify: true })).report.built, 1);
  assert.deepEqual((await verifyCache(dir)).bad, []);
});

test("changed annotations refresh the sidecar only", async (context) => {
  const dir = await temporaryFolder(context);
  const { report } = await build(dir);
  const samples = join(report.folder, `${idOf(FILES[1]!)}.i16`);
  await utimes(samples, 1e9, 1e9);
  const objects = { ...OBJECTS, [`${stemOf(FILES[1]!)}.csv_bi`]: csvBi(12, [[1, 4, "seiz"]]) };
  const again = await build(dir, objects);
  assert.deepEqual([again.report.built, again.report.reused, again.report.relabelled], [0, 4, 1]);
  assert.equal((await stat(samples)).mtimeMs, 1e12);
  const sidecar = await (await openCache(dir)).sidecar(idOf(FILES[1]!));
  assert.deepEqual(sidecar.seizures, [{ startSeconds: 1, endSeconds: 4, label: "seiz", confidence: 1 }]);
  const { [`${stemOf(FILES[1]!)}.csv_bi`]: _labels, ...without } = objects;
  const unlabelled = async (made: typeof objects) => (await build(dir, made)).report.diagnostics["no-annotation"];
  assert.equal(await unlabelled(without), 2);
  assert.equal(await unlabelled(objects), 1, "counted by the labels as they are now");
});

test("a changed chain is a new folder and leaves the old one untouched; options that cannot be are refused", async (context) => {
  const dir = await temporaryFolder(context);
  const { report } = await build(dir);
  const before = await hashTree(report.folder);
  const other = (await build(dir, OBJECTS, { chain: { ...DEFAULT_CHAIN, notchHz: 50 } })).report;
  assert.notEqual(other.key, report.key);
  assert.equal(other.built, 4);
  assert.deepEqual(await hashTree(report.folder), before);
  assert.deepEqual((await readdir(dir)).sort(), [report.key, other.key].sort());
  const floats = (await build(dir, OBJECTS, { sampleType: "float32", chain: REFERENCE_CHAIN })).report;
  assert.equal(floats.bytes, 2 * report.bytes);
  const refused = (chain: object, message: RegExp) =>
    assert.rejects(build(dir, OBJECTS, { chain: { ...DEFAULT_CHAIN, ...chain } }), { tag: "ConfigError", message });
  await refused({ normalize: false }, /int16 holds standard deviations/);
  await refused({ clip: 12 }, /invalid clip: 12/);
  await refused({ highCutHz: 200 }, /highCutHz|200/);
});

test("a configuration's preset \"reference\" is the reference system's chain", () => {
  const config = parseConfig("preprocessing: { preset: reference, notch_freq: 50 }", "a.yaml", {}).config;
  assert.deepEqual(chainFromConfig(config), { ...REFERENCE_CHAIN, notchHz: 50 });
  assert.deepEqual(chainFromConfig(parseConfig("data: {}", "b.yaml", {}).config), DEFAULT_CHAIN);
});

test("recordings that cannot be read are excluded with code and reason, noted for the manifest, and built once they are sound", async (context) => {
  const dir = await temporaryFolder(context);
  const edf = (n: number) => `${stemOf(FILES[n]!)}.edf`;
  const faulty: Objects = {
    ...OBJECTS,
    [edf(1)]: "no EDF at all",
    [edf(2)]: makeObjects([{ ...FILES[2]!, electrodes: ["FP1", "F3", "C3"] }])[edf(2)]!,
    [`${stemOf(FILES[3]!)}.csv_bi`]: csvBi(10, [[1, 2, "zzzz"]]),
  };
  for (const workers of [0, 1]) {
    const { report, catalogue } = await build(dir, faulty, { workers, accept: ["missing-electrodes"] });
    assert.equal(report.built + report.reused, 2);
    assert.deepEqual(
      report.doubtful.map(({ id, finding, accepted }) => [id, finding.code, finding.line, accepted]),
      [[idOf(FILES[3]!), "unknown-label", 5, false]],
    );
    assert.match(report.doubtful[0]!.finding.message, /^unknown label text of 4 characters/);
    assert.deepEqual(
      report.excluded.map(({ id, code, accepted }) => [id, code, accepted]),
      [
        [idOf(FILES[1]!), "not-edf", false],
        [idOf(FILES[2]!), "missing-electrodes", true],
      ],
    );
    assert.match(report.excluded[1]!.reason, /3 of 19 are present/);
    const { manifest } = await writeManifest(dir, { catalogue });
    assert.deepEqual([manifest.recordings.length, manifest.counts.labelled, manifest.leftOut.length], [2, 1, 2]);
    assert.deepEqual((await verifyCache(dir)).bad, []);
  }
  const { report, catalogue } = await build(dir);
  assert.deepEqual([report.built, report.reused, report.excluded, report.doubtful], [2, 2, [], []]);
  assert.equal((await writeManifest(dir, { catalogue })).manifest.counts.labelled, 3);
});

test("one channel in mixed rates, EDF+D gaps, no records: each has its own code", async (context) => {
  const dir = await temporaryFolder(context);
  const signals = (rate: (name: string) => number, seconds: number) =>
    ELECTRODES_19.map((name) => ({
      label: `EEG ${name}-REF`,
      physicalMin: -3200,
      physicalMax: 3200,
      samplesPerRecord: rate(name),
      samples: new Float32Array(seconds * rate(name)).map((_, i) => (i * 37) % 101),
    }));
  const key = (patient: string) => `${stemOf({ patient, seconds: 0 })}.edf`;
  const objects: Objects = {
    [key("mixed")]: encodeEdf({
      kind: "EDF",
      recordDurationSeconds: 1,
      signals: signals((name) => (name === "CZ" ? 125 : 250), 4),
    }),
    [key("gaps")]: encodeEdf({
      kind: "EDF+D",
      recordDurationSeconds: 1,
      recordStartSeconds: (n) => (n < 2 ? n : n + 5),
      signals: signals(() => 250, 4),
      annotations: [],
    }),
    [key("empty")]: encodeEdf({
      kind: "EDF",
      recordDurationSeconds: 1,
      signals: signals(() => 250, 0),
      accept: ["no-records"],
    }),
  };
  const { report } = await build(dir, objects);
  assert.deepEqual(report.excluded.map(({ code }) => code).sort(), [
    "discontinuous",
    "mixed-sample-rates",
    "no-records",
  ]);
});

test("a source that fails while it is read is excluded without a note, so that the manifest waits for it", async (context) => {
  const dir = await temporaryFolder(context);
  const inner = memoryStore(OBJECTS);
  const store: Store = {
    ...inner,
    async read(key, options) {
      if (key.includes("aaaaaaaa") && (options?.range?.start ?? 0) > 0)
        throw new StoreError("connection reset", { key });
      return inner.read(key, options);
    },
  };
  for (const workers of [0, 1]) {
    const { report, catalogue } = await build(dir, store, { workers });
    assert.deepEqual(
      report.excluded.map(({ id, code, reason }) => [id, code, reason]),
      [[idOf(FILES[0]!), "source-unreadable", "connection reset"]],
    );
    await assert.rejects(writeManifest(dir, { catalogue }), {
      tag: "CacheError",
      message: /1 of 4 recordings are not in the cache/,
    });
  }
  const { report } = await build(dir);
  assert.deepEqual([report.built, report.reused], [1, 3]);
});

test("shards are disjoint, cover the catalogue, and together give the bytes of one build", async (context) => {
  const whole = await temporaryFolder(context);
  await build(whole);
  const dir = await temporaryFolder(context);
  for (const index of [2, 0, 1]) await build(dir, OBJECTS, { shard: { index, count: 3 } });
  assert.deepEqual(await hashTree(dir), await hashTree(whole));
  assert.deepEqual(shardOf([1, 2, 3, 4], { index: 1, count: 3 }), [2]);
  assert.throws(() => shardOf([1], { index: 3, count: 3 }), /invalid shard: 3\/3/);
});

test("stopping ends in order with the signal's reason, leaves no temporary file, and the next build continues", async (context) => {
  for (const workers of [0, 1]) {
    const dir = await temporaryFolder(context);
    const inner = memoryStore(OBJECTS);
    const slow: Store = { ...inner, read: (key, options) => sleep(15).then(() => inner.read(key, options)) };
    const controller = new AbortController();
    const progress = { update: () => controller.abort(new DOMException("enough", "AbortError")), finish() {} };
    await assert.rejects(build(dir, slow, { workers, progress, signal: controller.signal }), {
      name: "AbortError",
      message: "enough",
    });
    const [key] = await readdir(dir);
    assert.deepEqual(await readdir(join(dir, key!, ".tmp")), []);
    const { report } = await build(dir);
    assert.ok(report.reused >= 1 && report.built + report.reused === 4);
  }
});

test("a corpus at another place with the same tags is reused; a source of another size is not", async (context) => {
  const dir = await temporaryFolder(context);
  const corpus = await temporaryFolder(context);
  await writeObjects(join(corpus, "a"), OBJECTS);
  await build(dir, folderStore(join(corpus, "a")));
  await rename(join(corpus, "a"), join(corpus, "b"));
  assert.deepEqual((await build(dir, folderStore(join(corpus, "b")))).report.reused, 4);
});
