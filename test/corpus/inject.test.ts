/** Generated seizures in recordings of any corpus: the stated ratio, nothing else changed, refusals. */
import assert from "node:assert/strict";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, test } from "node:test";
import { createRandom } from "../../src/base/random.js";
import { readCatalogue } from "../../src/corpus/catalogue.js";
import { injectSeizures } from "../../src/corpus/synthetic/inject.js";
import { readInjected } from "../../src/corpus/synthetic/inject-folder.js";
import { noiseState, whiteInto } from "../../src/corpus/synthetic/noise.js";
import { writeCsvBi, writeHedScoreTsv } from "../../src/recording/annotation-write.js";
import { bytesSource } from "../../src/recording/byte-source.js";
import { readEdfBlocks } from "../../src/recording/edf-blocks.js";
import { readEdfHeader } from "../../src/recording/edf-header.js";
import type { EdfKind } from "../../src/recording/edf-spec.js";
import { encodeEdf } from "../../src/recording/edf-writer.js";
import { sosfiltInto, steadyState } from "../../src/signal/biquads.js";
import { butterworth } from "../../src/signal/butterworth.js";
import { folderStore } from "../../src/store/folder-store.js";

const base = await mkdtemp(join(tmpdir(), "ictal-inject-"));
after(() => rm(base, { recursive: true }));

const LABELS = ["EEG Fp1-REF", "EEG F3-REF", "EEG T7-REF", "EEG O2-REF", "EEG Cz-REF"];

/** A recording of noise at 128 Hz; the last label is flat, an ECG stands beside. */
function recordingBytes(kind: EdfKind, labels: readonly string[], seconds = 40): Uint8Array {
  const signals = [...labels, "ECG"].map((label, i) => {
    const samples = new Float32Array(128 * seconds);
    whiteInto(samples, noiseState(createRandom(5, label)));
    const gain = i === labels.length - 1 ? 0 : 20;
    const range = { physicalMin: -2000, physicalMax: 2000 };
    return { label, samples: samples.map((value) => 300 + gain * value), samplesPerRecord: 128, unit: "uV", ...range };
  });
  return encodeEdf({ kind, recordDurationSeconds: 1, signals });
}

async function put(path: string, content: string | Uint8Array): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, content);
}

/** A BIDS corpus: one free of seizures, one with a seizure, one without annotation, one of bipolar BDF. */
async function makeCorpus(): Promise<string> {
  const dir = await mkdtemp(join(base, "corpus-"));
  const stem = (subject: string) => join(dir, `sub-${subject}/eeg/sub-${subject}_task-rest`);
  const free = writeHedScoreTsv({ events: [], durationSeconds: 40 });
  const events = [{ startSeconds: 5, endSeconds: 15, label: "seiz", confidence: 1 }];
  await put(`${stem("01")}_eeg.edf`, recordingBytes("EDF", LABELS));
  await put(`${stem("01")}_events.tsv`, free);
  await put(`${stem("02")}_eeg.edf`, recordingBytes("EDF", LABELS));
  await put(`${stem("02")}_events.tsv`, writeHedScoreTsv({ events, durationSeconds: 40 }));
  await put(`${stem("03")}_eeg.edf`, recordingBytes("EDF", LABELS));
  await put(`${stem("04")}_eeg.bdf`, recordingBytes("BDF", ["FP1-F7", "F7-T3", "T3-T5", "T5-O1", "P3-O1"]));
  await put(`${stem("04")}_events.tsv`, free);
  return dir;
}

const corpus = await makeCorpus();
const store = folderStore(corpus);
const catalogue = await readCatalogue(store);
const out = join(base, "out");
const report = await injectSeizures(store, catalogue, out, { snrDb: [-6, 0, 12] });

/** Microvolts of every signal. */
async function samplesOf(bytes: Uint8Array): Promise<Float32Array[]> {
  const source = bytesSource("recording.edf", bytes);
  const header = await readEdfHeader(source);
  const signals = header.signals.map(({ index }) => index);
  for await (const { samples } of readEdfBlocks(source, header, { signals, blockSeconds: 1000 })) return samples;
  return [];
}

/** Mean square between 0.5 and 40 Hz over a part of a signal. */
function power(x: Float32Array): number {
  const sections = butterworth(2, { lowCutHz: 0.5, highCutHz: 40 }, 128);
  const filtered = Float64Array.from(x);
  sosfiltInto(filtered, 0, x.length, sections, steadyState(sections, x[0]));
  return filtered.reduce((sum, value) => sum + value * value, 0) / x.length;
}

test("injectSeizures() uses the recordings without seizures, and says why it skips the others", () => {
  assert.deepEqual(
    report.seizures.map(({ patient }) => patient),
    ["sub-01", "sub-04"],
  );
  assert.deepEqual(
    report.skipped.map(({ reason }) => reason),
    ["it has 1 seizures of its own", "it has no certain annotation, so that it may hold seizures"],
  );
});

test("the ratio is as stated in the strongest channel, and nothing but the samples under the seizure changes", async () => {
  for (const { path, startSeconds, endSeconds, channel, written } of report.seizures) {
    const before = await readFile(join(corpus, path));
    const clean = await samplesOf(before);
    const labels = (await readEdfHeader(bytesSource(path, before))).signals.map(({ label }) => label);
    for (const level of report.snrDb) {
      const injected = await readFile(join(out, `snr_${level}`, path));
      assert.equal(injected.length, before.length);
      assert.deepEqual(injected.subarray(0, 256 * (labels.length + 1)), before.subarray(0, 256 * (labels.length + 1)));
      const [from, to] = [Math.round(128 * startSeconds), Math.round(128 * endSeconds)];
      const found = (await samplesOf(injected)).map((x, i) => x.map((value, k) => value - clean[i]![k]!));
      const changes = found.map((x) => [...x.keys()].filter((k) => x[k] !== 0));
      assert.ok(changes.flat().every((k) => k >= from && k < to));
      assert.deepEqual([changes.at(-1), changes.at(-2)], [[], []], "the ECG and the flat channel stay as they are");
      const powers = found.map((x) => power(x.subarray(from, to)));
      const strongest = powers.indexOf(Math.max(...powers));
      assert.equal(labels[strongest], channel);
      const ratio = 10 * Math.log10(powers[strongest]! / power(clean[strongest]!.subarray(from, to)));
      assert.ok(Math.abs(ratio - level) < 0.05, `${ratio} for ${level} dB`);
      assert.ok(Math.abs(written[String(level)]! - level) < 0.05);
    }
  }
});

test("levels hold the same seizure, with an events file whose row is its interval", async () => {
  const [first] = report.seizures;
  const texts = await Promise.all(
    report.snrDb.map((level) =>
      readFile(join(out, `snr_${level}`, first!.path.replace("_eeg.edf", "_events.tsv")), "utf8"),
    ),
  );
  assert.equal(new Set(texts).size, 1);
  const [onset, duration] = texts[0]!.split("\n")[1]!.split("\t").map(Number);
  assert.ok(Math.abs(onset! - first!.startSeconds) < 0.006);
  assert.ok(Math.abs(onset! + duration! - first!.endSeconds) < 0.011);
});

test("the same options complete a folder with the same bytes; others, and foreign files, are refused", async () => {
  const path = join(out, "snr_0", report.seizures[0]!.path);
  const before = await readFile(path);
  await rm(path);
  assert.deepEqual(await injectSeizures(store, catalogue, out, { snrDb: [-6, 0, 12] }), report);
  assert.deepEqual(await readFile(path), before);
  assert.deepEqual(await readInjected(out), JSON.parse(JSON.stringify(report)));
  const mixed = {
    name: "ConfigError",
    message: /holds injected seizures of other options; give an empty or a new folder/,
  };
  await assert.rejects(injectSeizures(store, catalogue, out, { snrDb: [3] }), { name: "ConfigError" });
  await assert.rejects(injectSeizures(store, catalogue, out, { snrDb: [-6, 0, 12], seed: 1 }), mixed);
  const foreign = await mkdtemp(join(base, "foreign-"));
  await writeFile(join(foreign, "notes.md"), "");
  await assert.rejects(injectSeizures(store, catalogue, foreign, { snrDb: [0] }), /holds notes.md/);
  assert.deepEqual(await readdir(foreign), ["notes.md"]);
  await assert.rejects(readInjected(foreign), { name: "NotFoundError", message: /no injected.json in/ });
});

test("levels that are none and a corpus in which nothing can be used are refused in one sentence", async () => {
  const none = join(base, "none");
  for (const snrDb of [[], [1, 1], [Number.NaN], [99]])
    await assert.rejects(injectSeizures(store, catalogue, none, { snrDb }), { name: "RangeError" });
  const poor = await mkdtemp(join(base, "poor-"));
  await put(join(poor, "a_1.edf"), recordingBytes("EDF", ["EEG 31-REF", "PHOTIC"]));
  await put(join(poor, "a_1.csv_bi"), writeCsvBi({ events: [], durationSeconds: 40, recordingName: "a_1" }));
  const other = folderStore(poor);
  await assert.rejects(injectSeizures(other, await readCatalogue(other), none, { snrDb: [0] }), {
    name: "NotFoundError",
    message: /none of the 1 recordings of .*it has 0 channels of known electrodes, 4 are needed\. Give a corpus/,
  });
});

test("injectSeizures() stops between recordings, leaves no temporary file, and carries on", async () => {
  const dir = join(base, "stopped");
  const controller = new AbortController();
  let seen = 0;
  const progress = { update: () => void (++seen === 2 && controller.abort()), finish() {} };
  const options = { snrDb: [0], progress, signal: controller.signal };
  await assert.rejects(injectSeizures(store, catalogue, dir, options), { name: "AbortError" });
  await assert.rejects(readInjected(dir), {
    name: "ConfigError",
    message: /is of an unfinished corpus; run corpus inject again/,
  });
  assert.equal((await injectSeizures(store, catalogue, dir, { snrDb: [0] })).isComplete, true);
  const names = await readdir(dir, { recursive: true });
  assert.deepEqual(
    names.filter((name) => name.includes(".tmp-")),
    [],
  );
});
