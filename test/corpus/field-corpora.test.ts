/** CHB-MIT, Siena, SeizeIT2 and SzCORE's BIDS as they are published: found by themselves, labels read, faults told. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { readCatalogue } from "../../src/corpus/catalogue.js";
import { catalogueKeys } from "../../src/corpus/corpus-source.js";
import { inspectRecordings } from "../../src/corpus/inspect.js";
import { readWfdbSeizures } from "../../src/recording/annotation-wfdb.js";
import { checkAnnotationFiles } from "../../src/recording/check-annotation-files.js";
import { memoryStore } from "../../src/store/memory-store.js";
import { temporaryFolder } from "../cache/made-cache.js";
import { type Objects, writeObjects } from "../cache/made-corpus.js";
import {
  CHB_LABELS,
  chbBlock,
  chbCorpus,
  makeEdf,
  seizeIt1Corpus,
  seizeit2Corpus,
  sienaBlock,
  sienaCorpus,
  szcoreCorpus,
  wfdbSeizures,
} from "./made-field.js";

/** Status, seizures as times, and codes of the findings that are no notes, by id. */
async function labelsIn(objects: Objects) {
  const store = memoryStore(objects);
  const catalogue = await readCatalogue(store);
  const found = await inspectRecordings(store, catalogue);
  const rows = found.map(({ entry, labels: { status, seizures, findings } }) => {
    const times = seizures.map(({ startSeconds, endSeconds, label }) => `${startSeconds}-${endSeconds} ${label}`);
    const codes = findings.filter(({ severity }) => severity !== "info").map(({ code }) => code);
    return [entry.id, [status, ...times, ...codes].join(", ")] as const;
  });
  return { catalogue, rows: Object.fromEntries(rows) };
}

test("CHB-MIT is recognised, chb21 is the patient of chb01, and labels come from marks and summaries", async () => {
  const { catalogue, rows } = await labelsIn(chbCorpus());
  assert.equal(catalogue.layout, "chb-mit");
  assert.deepEqual(rows, {
    "all/chb01/chb01/any/01": "labelled",
    "all/chb01/chb01/any/03": "labelled, 6-11 seiz",
    "all/chb01/chb21/any/01": "labelled",
    "all/chb02/chb02/any/16+": "labelled, 2-5 seiz, 9-12 seiz",
    "all/chb02/chb02/any/27": "labelled",
  });
  assert.deepEqual(catalogue.findings, []);
  assert.equal(catalogue.listed.all!.patients, 2);
  const keys = catalogueKeys(catalogue);
  assert.equal(keys.length, new Set(keys).size);
  assert.equal(keys.length, Object.keys(chbCorpus()).length);
});

test("marks are read as wfdb 4.3.1 writes them, with a time resolution and by the recording's rate without one", () => {
  const seizures = [
    [2996, 3036],
    [3100, 3201.5],
  ] as const; // wfdb.wrann of these at 256 Hz gives the bytes below
  const note = "005817fc23232074696d65207265736f6c7574696f6e3a203235360000ecffffffff0100";
  const marks = "00ec0b0000b4008000ec00000028008400ec00000040008000ec0000806500840000";
  assert.equal(Buffer.from(wfdbSeizures(seizures)).toString("hex"), note + marks);
  for (const hex of [note + marks, marks]) {
    const { events, findings } = readWfdbSeizures(Buffer.from(hex, "hex"), { file: "a.seizures", sampleRateHz: 256 });
    assert.deepEqual(
      events.map(({ startSeconds, endSeconds }) => [startSeconds, endSeconds]),
      seizures,
    );
    assert.deepEqual(findings, []);
  }
  const read = (bytes: Uint8Array) => readWfdbSeizures(bytes, { file: "a.seizures" });
  assert.throws(() => read(Buffer.from(marks, "hex")), /a\.seizures: no time resolution found/);
  assert.throws(() => read(Buffer.from("<html>not found</html>")), /not a WFDB annotation file|no time resolution/);
  assert.throws(() => read(new Uint8Array(0)), /the file is empty/);
});

test("a file of CHB-MIT whose labels are in doubt is unknown, with the reason, and never background", async () => {
  const edf = makeEdf({ labels: CHB_LABELS, seconds: 20 });
  const summary = [
    chbBlock("chb05_01.edf", []),
    chbBlock("chb05_02.edf", [[2, 5]]).replace(": 1\n", ": 2\n"),
    chbBlock("chb05_03.edf", []),
    chbBlock("CHB05_04.EDF", [[3, 4]]),
    chbBlock("chb05_06.edf", [[2, 5]]),
    chbBlock("chb05_06.edf", [[2, 6]]),
    chbBlock("chb05_07.edf", [[15, 28]]),
    chbBlock("chb05_08.edf", [[30, 48]]),
  ].join("");
  const names = ["01", "02", "03", "04", "05", "06", "07", "08", "09", "10"];
  const { rows } = await labelsIn({
    ...Object.fromEntries(names.map((name) => [`chb05/chb05_${name}.edf`, edf])),
    "chb05/chb05-summary.txt": summary,
    "chb05/chb05_03.edf.seizures": wfdbSeizures([[7, 9]]),
    "chb05/chb05_09.edf.seizures": wfdbSeizures([
      [7, 9],
      [12, 14.5],
    ]),
    "chb05/chb05_10.edf.seizures": wfdbSeizures([[7, 9]]).subarray(0, -4),
  });
  const of = (name: string) => rows[`all/chb05/chb05/any/${name}`];
  assert.equal(of("01"), "labelled");
  assert.equal(of("02"), "unknown, labels-incomplete");
  assert.equal(of("03"), "unknown, seizures-in-one-file-only");
  assert.equal(of("04"), "labelled, 3-4 seiz");
  assert.equal(of("05"), "unknown, no-annotation");
  assert.equal(of("06"), "unknown, contradictory-rows");
  assert.equal(of("07"), "labelled, 15-20 seiz, past-the-end");
  assert.equal(of("08"), "unknown, starts-past-the-end");
  assert.equal(of("09"), "labelled, 7-9 seiz, 12-14.5 seiz");
  assert.match(of("10")!, /^unknown, labels-incomplete/);
});

test("Siena is recognised, and its lists are read through midnight and their spelling faults, with a warning for each", async () => {
  const { catalogue, rows } = await labelsIn(sienaCorpus());
  assert.equal(catalogue.layout, "siena");
  assert.deepEqual(catalogue.findings, []);
  const warned = (count: number) => Array<string>(count).fill("spelling-corrected").join(", ");
  assert.deepEqual(rows, {
    "all/PN06/root/any/1": `labelled, 20-40 cpsz, ${warned(1)}`, // the name with a letter O
    "all/PN06/root/any/2": `labelled, 25-40 cpsz, start-differs, ${warned(3)}`,
    "all/PN11/root/any/1": `labelled, 5-15 seiz, start-differs, ${warned(1)}, unknown-label`, // a withheld start, the name without its number
  });
});

test("SeizeIT1 is recognised, its tables give seizures and types, and those of what is seen behind the ear are passed over", async (context) => {
  const objects = seizeIt1Corpus();
  const { catalogue, rows } = await labelsIn(objects);
  assert.equal(catalogue.layout, "seizeit1");
  assert.deepEqual(catalogue.findings, []);
  assert.deepEqual(rows, {
    "all/P_ID10/root/any/r1": "labelled, 5-12 cpsz, 20-26 fnsz",
    "all/P_ID10/root/any/r2": "labelled",
    "all/P_ID11/root/any/r1": "unknown, time-not-a-number", // a seizure without an end
    "all/P_ID11/root/any/r2": "unknown, unreadable", // a type that is not one of the corpus
    "all/P_ID11/root/any/r3": "unknown, no-annotation",
  });
  const dir = await temporaryFolder(context);
  await writeObjects(dir, objects);
  const checked = await checkAnnotationFiles(dir);
  const places = checked.findings.map(({ file, code }) => `${file.slice(dir.length + 1)} ${code}`);
  assert.deepEqual(places.sort(), [
    "P_ID11/P_ID11_r1_a1.tsv time-not-a-number",
    "P_ID11/P_ID11_r2_a1.tsv unreadable",
    "P_ID11/P_ID11_r3.edf no-annotation",
  ]);
});

test("a list of Siena without a time or a recording, and the end an hour late in PN00-3, are told", async () => {
  const edf = (start: string) => makeEdf({ labels: ["EEG Fp1", "EEG F3"], seconds: 900, sampleRateHz: 8, start });
  const block = (number: number, name: string, start: string, end: string) =>
    sienaBlock(number, [
      `File name: ${name}`,
      "Registration start time: 18.20.00",
      `Seizure start time: ${start}`,
      `Seizure end time: ${end}`,
    ]);
  const { rows } = await labelsIn({
    "PN00/PN00-1.edf": edf("18.20.00"),
    "PN00/PN00-2.edf": edf("18.20.00"),
    "PN00/PN00-3.edf": edf("18.20.00"),
    "PN00/Seizures-list-PN00.txt": [
      block(1, "PN00-1.edf", "18.22.00", "soon after"),
      block(3, "PN00-3.edf", "18.28.29", "19.29.29"),
    ].join(""),
  });
  assert.match(rows["all/PN00/root/any/1"]!, /^unknown, time-not-a-number/);
  assert.equal(rows["all/PN00/root/any/2"], "unknown, no-annotation");
  assert.equal(rows["all/PN00/root/any/3"], "labelled, 509-569 seiz, spelling-corrected");
});

test("annotations of CHB-MIT and Siena are checked in their folders too, by the same rules", async (context) => {
  const dir = await temporaryFolder(context);
  await writeObjects(dir, { ...chbCorpus(), ...sienaCorpus() });
  const report = await checkAnnotationFiles(dir);
  assert.deepEqual(
    report.findings.filter(({ severity }) => severity === "error"),
    [],
  );
  assert.deepEqual([report.seizureCount, report.seizureSeconds, report.unknownSeconds], [6, 56, 0]);
  assert.equal(report.perFile.filter(({ format }) => format === "seizures").length, 1);
  const one = await checkAnnotationFiles(join(dir, "chb01", "chb01_03.edf"));
  assert.deepEqual([one.seizureCount, one.perFile.length], [1, 2]);
});

test("SeizeIT2 is BIDS: its other modalities are no recordings, and an impedance check is neither seizure nor error", async () => {
  const { catalogue, rows } = await labelsIn(seizeit2Corpus());
  assert.equal(catalogue.layout, "bids");
  assert.deepEqual(rows, { "all/sub-001/ses-01/eeg/task-szMonitoring_run-01": "labelled, 10-22 cpsz" });
  assert.deepEqual(catalogue.excluded, []);
});

test("SzCORE's BIDS of bipolar recordings is read as any other", async () => {
  const { catalogue, rows } = await labelsIn(szcoreCorpus(CHB_LABELS.slice(0, 18)));
  assert.equal(catalogue.layout, "bids");
  assert.deepEqual(Object.values(rows), Array<string>(3).fill("labelled, 8-14 seiz"));
});
