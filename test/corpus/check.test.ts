import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { readCatalogue } from "../../src/corpus/catalogue.js";
import { checkCorpus } from "../../src/corpus/check.js";
import { checkCorpusAnnotations } from "../../src/corpus/check-corpus-annotations.js";
import { encodeEdf } from "../../src/recording/edf-writer.js";
import { folderStore } from "../../src/store/folder-store.js";
import { memoryStore } from "../../src/store/memory-store.js";
import type { Store } from "../../src/store/store.js";

const mini = fileURLToPath(new URL("../../../../shared/data/synthetic/tusz-mini/", import.meta.url));
const skip = existsSync(mini) ? false : `${mini} is absent`;

function edf(seconds: number, labels: string[]): Uint8Array {
  return encodeEdf({
    kind: "EDF",
    recordDurationSeconds: 1,
    signals: labels.map((label) => ({
      ...{ label, physicalMin: -100, physicalMax: 100, samplesPerRecord: 4 },
      samples: new Float32Array(4 * seconds),
    })),
  });
}

function binary(duration: number, ...rows: string[]): string {
  return [`# duration = ${duration}.00 secs`, "channel,start_time,stop_time,label,confidence", ...rows, ""].join("\n");
}

const stem = (split: string, patient: string) => `edf/${split}/${patient}/s001_2000/01_tcp_ar/${patient}_s001_t000`;

/** Three recordings: one with a seizure, one unlabelled, one that is no EDF. */
function smallCorpus(): Record<string, Uint8Array | string> {
  return {
    [`${stem("train", "aaaaaaaa")}.edf`]: edf(100, ["EEG FP1-REF", "EEG C3P-REF", "IBI"]),
    [`${stem("train", "aaaaaaaa")}.csv_bi`]: binary(100, "TERM,10.0000,30.0000,seiz,1.0000"),
    [`${stem("dev", "aaaaaaab")}.edf`]: edf(30, ["EEG FP1-LE"]),
    [`${stem("dev", "aaaaaaac")}.edf`]: "not a recording",
    [`${stem("dev", "aaaaaaac")}.csv_bi`]: binary(50, "TERM,1.0000,2.0000,seiz,1.0000"),
  };
}

test("checkCorpus(store) counts what is labelled, what is unknown and what cannot be read", async () => {
  const report = await checkCorpus(memoryStore(smallCorpus()));
  assert.deepEqual([report.recordings, report.patients, report.seizures], [3, 3, 1]);
  assert.ok(Math.abs(report.hours - 130 / 3600) < 1e-6);
  assert.deepEqual([report.bySplit.dev!.unknown, report.bySplit.train!.seizureSeconds], [2, 20]);
  assert.deepEqual([report.prevalence.recordings, report.prevalence.time], [1, 0.2]);
  assert.deepEqual(report.byType, { seiz: { seizures: 1, seconds: 20 } });
  assert.deepEqual(report.durations, { shortest: 30, median: 65, longest: 100, underOneMinute: 1 });
  assert.deepEqual([report.missingElectrodes.C3, report.missingElectrodes.FP1], [2, undefined]);
  assert.deepEqual(report.rates, { 4: 2 });
  assert.deepEqual(
    report.electrodeSets.map(({ electrodes, recordings, example }) => [
      electrodes.join(),
      recordings,
      example.slice(0, 5),
    ]),
    [["FP1", 2, "dev/a"]], // C3P is no electrode
  );
  assert.equal(report.leftOut[0]!.id, "dev/aaaaaaac/s001_2000/01_tcp_ar/t000");
  assert.deepEqual(
    report.findings.map(({ code }) => code),
    ["no-annotation", "recording-unreadable"],
  );
  assert.equal(report.release, null);
});

test("checkCorpus(store) turns an unknown label into an error finding and an unknown recording", async () => {
  const objects = smallCorpus();
  objects[`${stem("train", "aaaaaaaa")}.csv_bi`] = binary(100, "TERM,10.0000,30.0000,siez,1.0000");
  const { findings, bySplit } = await checkCorpus(memoryStore(objects));
  const found = findings.find(({ code }) => code === "unknown-label");
  assert.deepEqual([found?.line, found?.severity, bySplit.train!.unknown], [3, "error", 1]);
});

test("checkCorpus(store) gives shares without a denominator as NaN", async () => {
  const { [`${stem("dev", "aaaaaaab")}.edf`]: only } = smallCorpus();
  const { prevalence } = await checkCorpus(memoryStore({ "night.edf": only! }));
  assert.deepEqual([prevalence.recordings, prevalence.time], [Number.NaN, Number.NaN]);
});

test("checkCorpus(store) requests each header and each annotation file once, a few at a time", async () => {
  const inner = memoryStore(smallCorpus());
  let open = 0;
  let most = 0;
  const reads: string[] = [];
  const store: Store = {
    ...inner,
    stat: () => Promise.reject(new Error("the listing already says what a stat would")),
    async read(key, options) {
      reads.push(key);
      most = Math.max(most, ++open);
      await new Promise(setImmediate);
      open -= 1;
      return inner.read(key, options);
    },
  };
  await checkCorpus(store, { concurrency: 2 });
  const corpusReads = reads.filter((key) => key !== "synthetic.json");
  assert.equal(new Set(corpusReads).size, corpusReads.length);
  assert.ok(most <= 2, `${most} at a time`);
});

test("checkCorpus(store) throws the errors of the store", async () => {
  const inner = memoryStore(smallCorpus());
  const store: Store = { ...inner, read: () => Promise.reject(new Error("connection reset")) };
  await assert.rejects(checkCorpus(store), /connection reset/);
});

test("checkCorpusAnnotations(store, catalogue) gives a row per recording with its timeline", async () => {
  const store = memoryStore(smallCorpus());
  const rows = await checkCorpusAnnotations(store, await readCatalogue(store));
  assert.deepEqual(
    rows.map(({ id, status, seizureCount, seizureSeconds }) => [id.slice(0, 12), status, seizureCount, seizureSeconds]),
    [
      ["dev/aaaaaaab", "unknown", 0, 0],
      ["dev/aaaaaaac", "unknown", 0, 0],
      ["train/aaaaaa", "labelled", 1, 20],
    ],
  );
  assert.deepEqual(rows[2]!.types, ["seiz"]);
  assert.deepEqual(rows[2]!.seizures[0], { startSeconds: 10, endSeconds: 30, label: "seiz", confidence: 1 });
});

test("checkCorpus(store) reads the shared mini corpus", { skip }, async () => {
  const report = await checkCorpus(folderStore(mini));
  assert.deepEqual([report.layout, report.recordings, report.patients, report.seizures], ["tusz-v2", 8, 7, 6]);
  assert.deepEqual(report.missingElectrodes, { FZ: 1, PZ: 1 });
  assert.deepEqual(report.leftOut, []);
  assert.deepEqual(
    report.findings.map(({ code }) => code),
    ["no-annotation"],
  );
});

test("checkCorpus reports a truncated recording and its longer annotation as errors", async () => {
  const key = stem("train", "aaaaaaaa");
  const whole = edf(20, ["EEG FP1-REF"]);
  const header = whole.byteLength - 20 * 4 * 2;
  const store = memoryStore({
    [`${key}.edf`]: whole.slice(0, header + 10 * 4 * 2),
    [`${key}.csv_bi`]: binary(20, "TERM,0,20,bckg,1"),
  });
  const { findings, bySplit } = await checkCorpus(store);
  assert.deepEqual(
    findings.map(({ file, code, severity }) => [file, code, severity]),
    [
      [`${key}.edf`, "recording-fault", "error"],
      [`${key}.csv_bi`, "duration-differs", "error"],
    ],
  );
  assert.match(findings[0]!.message, /^truncated: /);
  assert.match(findings[1]!.action, /download the recording again if it is truncated/);
  assert.equal(bySplit.train!.unknown, 1);
});

test("checkCorpus finds gaps by the timestamps at both ends of a recording", async () => {
  const samples = new Float32Array(4 * 20);
  const signals = [{ label: "EEG FP1-REF", physicalMin: -100, physicalMax: 100, samplesPerRecord: 4, samples }];
  const jumping = (reserved: string, by: number) =>
    encodeEdf({
      ...{ kind: "EDF+D", reserved, recordDurationSeconds: 1, signals, accept: ["record-overlap"] },
      recordStartSeconds: (record) => 0.25 + record + (record < 19 ? 0 : by),
    });
  const found = async (bytes: Uint8Array) => {
    const key = stem("train", "aaaaaaaa");
    const store = memoryStore({ [`${key}.edf`]: bytes, [`${key}.csv_bi`]: binary(20, "TERM,0,20,bckg,1") });
    const { findings } = await checkCorpus(store);
    return findings.flatMap(({ code, severity, message }) => (code === "recording-gaps" ? [[severity, message]] : []));
  };
  const [[severity, message]] = (await found(jumping("EDF+C", 0.5))) as [[string, string]];
  assert.equal(severity, "error");
  assert.match(message, /^the last record starts at 19.5 s, 19 s expected in a file marked continuous: /);
  assert.equal((await found(jumping("EDF+C", -3)))[0]![0], "error");
  assert.equal((await found(jumping("", 3)))[0]![0], "error");
  assert.equal((await found(jumping("EDF+D", 3)))[0]![0], "warning");
  assert.deepEqual(await found(jumping("EDF+C", 0)), []);
});
